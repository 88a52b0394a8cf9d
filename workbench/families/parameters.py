"""What a family may be asked: the parameters it names in its defaults, each with a value of their kind."""

from __future__ import annotations

import difflib

from workbench.errors import InputError, Problem
from workbench.families.family import Family, Scalar


def require_known(family: Family, params: tuple[tuple[str, Scalar], ...]) -> None:
    """Raise where a parameter is none of the family's, or its value is of another kind.

    An engine passes over a name that it does not know, and trains something else than was asked for.

    Raises
    ------
    InputError
        ``FAMILY_PARAMETER`` with every mistake.
    """
    defaults = dict(family.defaults)
    problems = []
    for name, value in params:
        if name not in defaults:
            near = difflib.get_close_matches(name, list(defaults), n=1, cutoff=0.7)
            what = f"has no parameter {name!r}" + (f" (is it {near[0]}?)" if near else "")
            problems.append(_problem(family, what, f"Take one of: {', '.join(defaults)}."))
        elif expected := _expected(defaults[name], value):
            what = f"has a parameter {name} that is {expected}, not {value!r}"
            problems.append(_problem(family, what, f"Give a value such as {defaults[name]!r}."))
    if problems:
        raise InputError.of(problems)


def _problem(family: Family, what: str, remedy: str) -> Problem:
    return Problem("FAMILY_PARAMETER", what, family.name, remedy)


def _expected(default: Scalar, value: Scalar) -> str:
    """Return what a value should have been; empty where it is of the default's kind.

    A text default, such as auto, may give way to a number.
    """
    if isinstance(default, bool):
        return "" if isinstance(value, bool) else "true or false"
    if isinstance(default, str):
        return ""
    if isinstance(value, bool | str):
        return "a number"
    if isinstance(default, int) and value != int(value):
        return "a whole number"
    return ""
