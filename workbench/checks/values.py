"""What a check says: one finding, and all of them together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

import pandas as pd

from workbench.dataset import Acknowledged
from workbench.portfolio import Portfolio

LEVELS = ("block", "warn", "note")
WARN_AUC = 0.90
BLOCK_AUC = 0.97
ABOUT_A_COLUMN = frozenset(
    {"ALL_MISSING", "CONSTANT", "LEAKAGE_DATE", "LEAKAGE_NAME", "LEAKAGE_SINGLE", "NON_FINITE"}
)
ABOUT_ALL = frozenset({"LEAKAGE_JOINT", "REFUSED_ROWS"})
"""Codes of findings that can be acknowledged: those about one column, and those about the data set."""
JOINT_COLUMNS = ("without", "auc", "low", "high", "n", "n_bad")


def in_the_file(portfolio: Portfolio) -> str:
    """Return where a portfolio is changed in what no page offers, for who has only the pages too."""
    name = portfolio.name
    return (
        f"in the portfolio's file, as no page does it: workbench portfolio show {name} --toml > {name}.toml "
        f"writes the file; raise the version in it and give it as --portfolio {name}.toml"
    )


@dataclass(frozen=True)
class Finding:
    """One thing found in the data, with what it means and what to do.

    Attributes
    ----------
    level : {"block", "warn", "note"}
        A block stops training until it is mended or acknowledged with a reason.
    code : str
        Stable upper-case name, such as ``LEAKAGE_NAME``.
    column : str
        The column concerned; empty where it is the whole data set.
    rows : int, optional
        Rows concerned; None where rows are not what is counted.
    message, why, remedy : str
        What was found, why it matters, what to do; a sentence each.
    example : str
        One instance, masked where it could tell who it is.
    acknowledgeable : bool
        Whether a reason given by a person lifts a block.
    fix : {"", "leave_out", "special", "drop_duplicates", "acknowledge"}
        The remedy that a button can carry out.
    value : str
        What the fix needs: the special code; the columns to leave out, one a line, where there are
        several.
    """

    level: Literal["block", "warn", "note"]
    code: str
    column: str = ""
    rows: int | None = None
    message: str = ""
    why: str = ""
    remedy: str = ""
    example: str = ""
    acknowledgeable: bool = False
    fix: Literal["", "leave_out", "special", "drop_duplicates", "acknowledge"] = ""
    value: str = ""

    def __post_init__(self) -> None:
        codes = ABOUT_A_COLUMN if self.column else ABOUT_ALL
        if self.acknowledgeable and self.code not in codes:
            raise ValueError(f"{self.code} can be acknowledged, but is not listed so")

    @property
    def named(self) -> str:
        """CODE:COLUMN, or the code alone where the finding is about the whole data set."""
        return f"{self.code}:{self.column}" if self.column else self.code

    def to_json(self, acknowledged: str | None = None) -> dict[str, Any]:
        """Return the finding as plain values, with the reason it was acknowledged with, if it was."""
        return asdict(self) | {"acknowledged": acknowledged}


@dataclass(frozen=True, eq=False)
class Checks:
    """Everything found in a data set before anything is trained.

    Attributes
    ----------
    findings : tuple of Finding
        Blocks first, then warnings, then notes.
    auc : DataFrame
        One row a characteristic, the largest first: `characteristic`, `auc` (alone, in its better
        direction, 0.5 to 1 up to noise), `low`, `high` (95%, DeLong), `n`, `n_bad`.
    joint_auc : float, optional
        Cross-validated AUC of a quick booster on all characteristics; None with too few rows.
    joint : DataFrame
        `without`, `auc`, `low`, `high` (95%), `n`, `n_bad`: the AUC as one characteristic after the
        other is taken away, on the same rows; the first line has all of them, and is `joint_auc`.
    acknowledged : dict
        (code, column) -> the reason given.
    """

    findings: tuple[Finding, ...]
    auc: pd.DataFrame
    joint_auc: float | None = None
    joint: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(JOINT_COLUMNS)))
    acknowledged: Acknowledged = field(default_factory=dict)

    def reason(self, finding: Finding) -> str | None:
        """Return the reason a finding was acknowledged with, or None."""
        given = self.acknowledged.get((finding.code, finding.column), "").strip()
        return given if given and finding.acknowledgeable else None

    def blocking(self) -> tuple[Finding, ...]:
        """Return the blocks that nobody has acknowledged with a reason."""
        return tuple(f for f in self.findings if f.level == "block" and self.reason(f) is None)

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain values; undefined numbers are None."""
        return {
            "findings": [f.to_json(self.reason(f)) for f in self.findings],
            "auc": _records(self.auc),
            "joint_auc": self.joint_auc,
            **{f"joint_{name}": self._first(name) for name in ("low", "high", "n", "n_bad")},
            "joint": _records(self.joint),
        }

    def _first(self, name: str) -> Any:
        if not len(self.joint) or name not in self.joint:
            return None
        value = self.joint[name].iloc[0]
        return None if pd.isna(value) else int(value) if name.startswith("n") else float(value)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Checks:
        """Return the checks that `to_json` wrote."""
        names = {f.name for f in fields(Finding)}
        findings = tuple(Finding(**{k: v for k, v in f.items() if k in names}) for f in values["findings"])
        given = {(f["code"], f["column"]): f["acknowledged"] for f in values["findings"] if f["acknowledged"]}
        auc = pd.DataFrame(values["auc"], columns=["characteristic", "auc", "low", "high", "n", "n_bad"])
        joint = pd.DataFrame(values["joint"], columns=list(JOINT_COLUMNS))
        return cls(findings, auc, values["joint_auc"], joint, given)


def ordered(findings: list[Finding]) -> tuple[Finding, ...]:
    """Return findings with blocks first and notes last, otherwise as they came."""
    return tuple(sorted(findings, key=lambda f: LEVELS.index(f.level)))


def counted(n: int, one: str = "row", many: str = "rows") -> str:
    """Return a count with its noun, such as ``1 row`` or ``1,200 rows``."""
    return f"{n:,} {one if n == 1 else many}"


def held(n: int, column: str) -> str:
    """Return the start of a sentence on cells, such as ``2 rows of income hold``."""
    return counted(n, f"row of {column} holds", f"rows of {column} hold")


def said(value: float) -> str:
    """Return a number as it is written in a sentence: 12,000 or 0.0135."""
    if abs(value) < 1e15 and value == int(value):
        return f"{int(value):,}"
    return f"{float(f'{value:.6g}'):,}"


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    rows = frame.to_dict("records")
    return [
        {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in row.items()}
        for row in rows
    ]
