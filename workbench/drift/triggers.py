"""From when a change counts, and what is done then: an editable table, not law."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from workbench.errors import InputError, Problem

ACTIONS = {
    "investigate": "Investigate the source before anything else: data feed, channel, policy change",
    "recalibrate": "Recalibrate: the PDs are off, the ranking may still hold",
    "retrain": "Retrain on recent data",
}


@dataclass(frozen=True)
class Trigger:
    """From when one measure is amber and red.

    Attributes
    ----------
    item : str
        What is looked at, a key of `DEFAULT`.
    amber, red : float
        Effects from which it counts.
    amber_q, red_q : float
        And only where chance alone would seldom do it: the q value has to be below.
    action : str
        A key of `ACTIONS`.
    source : str
        Where the limits come from.
    """

    item: str
    title: str
    measure: str
    amber: float
    red: float
    action: str
    source: str
    amber_q: float = 0.05
    red_q: float = 0.01
    percent: bool = False

    def shown(self, value: float) -> str:
        """Return an effect as people read it."""
        if math.isnan(value):
            return "not defined"
        if self.percent:
            return f"{value:.1%}"
        return f"{value:.0f}" if self.item == "grades" else f"{value:.3f}".replace("0.", ".", 1)


@dataclass(frozen=True)
class Triggers:
    """A table of triggers.

    Attributes
    ----------
    version : int
        0 as shipped; counted up each time it is saved.
    """

    rows: tuple[Trigger, ...]
    version: int = 0

    def of(self, item: str) -> Trigger:
        """Return the trigger of one item."""
        return next(row for row in self.rows if row.item == item)

    def to_json(self) -> dict[str, Any]:
        """Return the table as plain values."""
        return {"version": self.version, "rows": [asdict(row) for row in self.rows]}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Triggers:
        """Return the table that `to_json` wrote."""
        return cls(tuple(Trigger(**row) for row in values["rows"]), values["version"])

    def changed(self, edits: Mapping[str, Mapping[str, Any]]) -> Triggers:
        """Return the table with some limits changed, as the next version.

        Parameters
        ----------
        edits : mapping
            Item -> amber, red, amber_q, red_q or action, those that are new.

        Raises
        ------
        InputError
            ``TRIGGERS``: every limit that cannot be.
        """
        problems = [p for item, values in edits.items() for p in _wrong(self, item, values)]
        if problems:
            raise InputError.of(problems)
        edited = tuple(
            replace(row, **edits[row.item], source="set here") if _differs(row, edits) else row
            for row in self.rows
        )
        return Triggers(edited, self.version + 1)


def _differs(row: Trigger, edits: Mapping[str, Mapping[str, Any]]) -> bool:
    return any(getattr(row, name) != value for name, value in edits.get(row.item, {}).items())


def _wrong(table: Triggers, item: str, values: Mapping[str, Any]) -> list[Problem]:
    known = {row.item: row for row in table.rows}
    if item not in known:
        return [Problem("TRIGGERS", f"there is no trigger {item!r}", "", f"Take one of: {', '.join(known)}.")]
    told = asdict(known[item]) | dict(values)
    where, found = known[item].title, []
    numbers = [told[name] for name in ("amber", "red", "amber_q", "red_q")]
    if not all(isinstance(v, int | float) and math.isfinite(v) and v >= 0 for v in numbers):
        return [Problem("TRIGGERS", "a limit is not a number from 0 up", where, "Give numbers such as 0.10.")]
    if told["red"] < told["amber"]:
        what = f"red starts at {told['red']:g}, below amber at {told['amber']:g}"
        found.append(Problem("TRIGGERS", what, where, "Set red at or above amber."))
    if not (0 < told["red_q"] <= told["amber_q"] < 1):
        what = f"amber needs q below {told['amber_q']:g} and red below {told['red_q']:g}"
        found.append(Problem("TRIGGERS", what, where, "Give shares below 1, red's not above amber's."))
    if told["action"] not in ACTIONS:
        what = f"{told['action']!r} is no action"
        found.append(Problem("TRIGGERS", what, where, f"Take one of: {', '.join(ACTIONS)}."))
    return found


_PSI = "rule of thumb (Lewis 1994; Siddiqi), a convention"
_OWN = "set by this workbench, a convention"
DEFAULT = Triggers(
    (
        Trigger("missing", "Missing values", "change of the missing share", 0.01, 0.05, "investigate",
                "monitoring practice, a convention", percent=True),
        Trigger("unseen", "Attributes not seen in development", "share of rows", 0.001, 0.01, "investigate",
                "monitoring practice, a convention: any new attribute; here from 1 in 1,000 rows",
                percent=True),
        Trigger("characteristic", "Characteristic", "PSI (CSI); red only among the five that weigh most",
                0.10, 0.25, "investigate", _PSI),
        Trigger("score", "Score", "PSI of the points", 0.10, 0.25, "investigate", _PSI),
        Trigger("approval", "Approval rate", "change of the rate", 0.05, 0.10, "investigate", _OWN,
                percent=True),
        Trigger("gini", "Gini", "share lost against the reference", 0.05, 0.10, "retrain",
                "monitoring practice with DeLong's test, a convention", percent=True),
        Trigger("calibration", "Bads over expected", "distance from 1", 0.10, 0.20, "recalibrate",
                "0.9 to 1.1, a convention, with Jeffreys' test", percent=True),
        Trigger("grades", "Grades", "bands whose PD is too low", 1, 2, "recalibrate",
                "Jeffreys' test by band, as the ECB's validation reporting; limits a convention"),
    )
)  # fmt: skip
"""The table as shipped; every limit is a convention of the field, and can be edited."""
TOP = 5
