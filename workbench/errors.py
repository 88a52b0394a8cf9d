"""What can go wrong, in words a risk analyst can act on.

WorkbenchError
├── InputError      the data, the portfolio or the call is wrong
├── GateError       a check or a gate said no
├── MissingError    what was asked for is not there
├── ArtifactError   a stored artifact is not what was stored
└── BusyError       something else holds what is needed; try again

Each says what is wrong, where, and what to do. Bugs stay plain exceptions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Parameters
    ----------
    code : str
        Stable upper-case name, such as ``RAGGED_ROWS``; other programs rely on it.
    what : str
        What is wrong, one clause without a full stop. Values of applicants are masked.
    where : str
        File, row, column or key; empty where the whole input is meant.
    remedy : str
        What to do, one imperative sentence.
    """

    code: str
    what: str
    where: str = ""
    remedy: str = ""

    def sentence(self) -> str:
        """Return the problem as one sentence: where, what, what to do."""
        text = f"{self.where}: {self.what}" if self.where else self.what
        text = text.rstrip(".")
        return f"{text}. {self.remedy}" if self.remedy else f"{text}."


class WorkbenchError(Exception):
    """Base of all errors that are the caller's to mend.

    Parameters
    ----------
    code, what, where, remedy : str
        As in `Problem`.
    problems : sequence of Problem
        Everything that is wrong, where one call found several things; the first gives the code.
    """

    exit_status = 2

    def __init__(
        self, code: str, what: str, where: str = "", remedy: str = "", problems: Sequence[Problem] = ()
    ) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems) or (Problem(code, what, where, remedy),)
        self.code = self.problems[0].code
        super().__init__(" ".join(problem.sentence() for problem in self.problems))

    @classmethod
    def of(cls, problems: Sequence[Problem]) -> WorkbenchError:
        """Return one error that lists every problem in `problems` (at least one)."""
        first = problems[0]
        return cls(first.code, first.what, first.where, first.remedy, problems)

    def __reduce__(self) -> tuple[Any, ...]:
        # the default would call the class with the sentence alone, and jobs send errors between processes
        first = self.problems[0]
        return type(self), (first.code, first.what, first.where, first.remedy, self.problems)

    def to_json(self) -> dict[str, Any]:
        """Return the error as plain values: ``error`` (the code), ``message`` and ``problems``."""
        return {
            "error": self.code,
            "message": str(self),
            "problems": [
                {"code": p.code, "what": p.what, "where": p.where, "remedy": p.remedy} for p in self.problems
            ],
        }


class InputError(WorkbenchError):
    """The data, the portfolio or the call is wrong."""


class GateError(WorkbenchError):
    """A check or a gate said no; nothing is broken."""

    exit_status = 1


class MissingError(WorkbenchError):
    """What was asked for is not there."""


class ArtifactError(WorkbenchError):
    """A stored artifact is not what was stored, or cannot be verified."""


class BusyError(WorkbenchError):
    """Something else holds what is needed; nothing was changed."""
