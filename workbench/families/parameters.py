"""What a family may be asked: the parameters it names in its defaults, each with a value in its range."""

from __future__ import annotations

import difflib

from workbench.errors import InputError, Problem
from workbench.families.family import Family, Scalar
from workbench.families.ranges import Range, is_whole


def require_known(family: Family, params: tuple[tuple[str, Scalar], ...]) -> None:
    """Raise where a parameter is none of the family's, its value is of another kind or out of range.

    An engine passes over a name that it does not know, and trains something else than was asked for;
    at a value that it cannot use it ends in the midst of a fit.

    Raises
    ------
    InputError
        ``FAMILY_PARAMETER`` with every mistake.
    """
    defaults, ranges = dict(family.defaults), dict(family.ranges)
    problems = []
    for name, value in params:
        if name not in defaults:
            near = difflib.get_close_matches(name, list(defaults), n=1, cutoff=0.7)
            what = f"has no parameter {name!r}" + (f" (is it {near[0]}?)" if near else "")
            problems.append(_problem(family, what, f"Take one of: {', '.join(defaults)}."))
        elif expected := _expected(defaults[name], ranges[name], value):
            what = f"has a parameter {name} that is {expected}, not {value!r}"
            key = f"family_parameters.{family.name}.{name}"
            problems.append(_problem(family, what, f"Give {key} a value such as {defaults[name]!r}."))
    if problems:
        raise InputError.of(problems)


def _problem(family: Family, what: str, remedy: str) -> Problem:
    return Problem("FAMILY_PARAMETER", what, family.name, remedy)


def _expected(default: Scalar, allowed: Range, value: Scalar) -> str:
    """Return what a value should have been; empty where it may be as it is."""
    if isinstance(value, bool) or isinstance(value, str) and not allowed.words:
        return f"a number {allowed.said}"
    if isinstance(default, int) and not isinstance(value, str) and not is_whole(value):
        return f"a whole number {allowed.said}"
    return "" if allowed.holds(value) else allowed.said
