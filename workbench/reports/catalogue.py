"""Which reports there are, and what each may be asked."""

from __future__ import annotations

import ast
import difflib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.errors import InputError, MissingError, Problem
from workbench.policy import not_a_share

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
TRUE, FALSE = ("true", "yes", "1"), ("false", "no", "0")
SHARES = ("approval",)
"""Parameters that are shares of applicants to approve, in every report that has one."""
TYPES = ("str", "int", "float", "bool")


@dataclass(frozen=True)
class Parameter:
    """One parameter of a report, as its notebook declares it.

    Attributes
    ----------
    name, help : str
    type : {"str", "int", "float", "bool"}
    default : str, int, float or bool
    """

    name: str
    type: str
    default: Any
    help: str

    def value(self, given: Any) -> Any:
        """Return `given` as this parameter's type; text is read, anything else must have it already.

        Raises
        ------
        InputError
            ``PARAMETER``.

        Examples
        --------
        >>> Parameter("seed", "int", 42, "").value("7")
        7
        """
        read = _READERS[self.type](given)
        if read is None:
            kind = {"str": "text", "int": "a whole number", "float": "a number", "bool": "true or false"}[
                self.type
            ]
            shown = repr(given) if isinstance(given, str | int | float) else f"a {type(given).__name__}"
            raise InputError(
                "PARAMETER", f"{shown} is not {kind}", f"parameter {self.name}", f"Give {kind}: {self.help}."
            )
        if self.name in SHARES and (problem := not_a_share(read)):
            raise InputError("PARAMETER", problem[0], f"parameter {self.name}", problem[1])
        return read


def names(folder: Path = NOTEBOOKS) -> tuple[str, ...]:
    """Return the names of the reports there are, without ``_report``."""
    return tuple(sorted(p.stem.removesuffix("_report") for p in folder.glob("*.ipynb")))


def path_of(name: str, folder: Path = NOTEBOOKS) -> Path:
    """Return the notebook of a report; ``_report`` may be left off its name.

    Raises
    ------
    MissingError
        ``NO_REPORT``.
    """
    stem = name.removesuffix("_report")
    if stem not in names(folder):
        there = ", ".join(names(folder)) or f"none in {folder}"
        raise MissingError("NO_REPORT", f"there is no report {name!r}", remedy=f"Take one of: {there}.")
    report = folder / f"{stem}_report.ipynb"
    return report if report.exists() else folder / f"{stem}.ipynb"


def title_of(path: Path) -> str:
    """Return what a report is called: the heading its notebook opens with."""
    return _first_cell(path)[0].removeprefix("# ").strip() or path.stem


def question_of(path: Path) -> str:
    """Return the question a report answers: the line below its heading."""
    return next((line for line in _first_cell(path)[1:] if line.strip()), "")


def heading_before(notebook: Any, position: int) -> str:
    """Return the last heading before a cell of a notebook: the chapter that the cell belongs to."""
    lines = [line for cell in notebook.cells[:position] if cell.cell_type == "markdown"
             for line in cell.source.splitlines() if line.startswith("#")]  # fmt: skip
    return lines[-1].lstrip("# ").strip() if lines else "Beginning"


def _first_cell(path: Path) -> list[str]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    source = cells[0]["source"] if cells else ""
    return "".join(source).splitlines() or [""]


def parameters(path: Path) -> dict[str, Parameter]:
    """Return the parameters that a notebook declares, by name."""
    import papermill

    found = papermill.inspect_notebook(verbatim(path))
    declared = {}
    for name, told in found.items():
        default = ast.literal_eval(told["default"])
        kind = told["inferred_type_name"]
        kind = kind if kind in TYPES else type(default).__name__
        declared[name] = Parameter(name, kind, default, told["help"].strip().rstrip("."))
    return declared


def checked(declared: Mapping[str, Parameter], given: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the given parameters in the types that the notebook declares.

    Raises
    ------
    InputError
        ``UNKNOWN_PARAMETER`` or ``PARAMETER``: every wrong one, before anything runs.
    """
    problems, values = [], {}
    for name, value in given.items():
        if not isinstance(name, str) or name not in declared:
            known = ", ".join(declared) or "none"
            what = f"the report has no parameter {str(name)[:80]!r}"
            close = difflib.get_close_matches(str(name), declared, 1)
            meant = f"Did you mean {close[0]}? " if close else ""
            problems.append(Problem("UNKNOWN_PARAMETER", what, "", f"{meant}Its parameters: {known}."))
            continue
        try:
            values[name] = declared[name].value(value)
        except InputError as error:
            problems.extend(error.problems)
    if problems:
        raise InputError.of(problems)
    return values


def verbatim(path: Path) -> str:
    """Return a path as papermill takes it, which would otherwise format braces in it."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _text(given: Any) -> str | None:
    return given if type(given) is str and "\0" not in given else None


def _whole(given: Any) -> int | None:
    if type(given) is int:
        return given
    digits = given.removeprefix("-") if type(given) is str else ""
    return int(given) if digits.isascii() and digits.isdigit() and len(digits) < 19 else None


def _number(given: Any) -> float | None:
    if type(given) in (int, float):
        return float(given) if math.isfinite(given) else None
    try:
        read = float(given) if type(given) is str and given.isascii() and "_" not in given else math.nan
    except ValueError:
        return None
    return read if math.isfinite(read) else None


def _truth(given: Any) -> bool | None:
    if type(given) is bool:
        return given
    word = given.lower() if type(given) is str else ""
    return True if word in TRUE else False if word in FALSE else None


_READERS = {"str": _text, "int": _whole, "float": _number, "bool": _truth}
