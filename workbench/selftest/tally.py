"""What was tried, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

TOLD = 50


@dataclass(frozen=True)
class Tally:
    """Counts of what was tried and of what must not happen.

    Attributes
    ----------
    faults : int
        Kills, damaged files and failed writes.
    bad_inputs : int
        Files that must not be taken for data.
    writers : int
        Programs that wrote at once.
    lost : int
        Things acknowledged that were not there afterwards, or not whole.
    silent : int
        Wrong things that were taken, or served, without a word.
    unclear : int
        Errors that did not say what, where and what to do; processes that died where none may.
    details : tuple of str
        A sentence for each of the last three, the first `TOLD`.
    """

    faults: int = 0
    bad_inputs: int = 0
    writers: int = 0
    lost: int = 0
    silent: int = 0
    unclear: int = 0
    details: tuple[str, ...] = ()

    def __add__(self, other: Tally) -> Tally:
        counts = {f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        return Tally(**(counts | {"details": (self.details + other.details)[:TOLD]}))

    @property
    def ok(self) -> bool:
        """Whether nothing was lost, silent or unclear."""
        return not (self.lost or self.silent or self.unclear)

    def sentence(self) -> str:
        """Return the counts as one line."""
        tried = f"faults {self.faults:,}, bad inputs {self.bad_inputs:,}, writers {self.writers:,}"
        return f"{tried}: lost {self.lost:,}, silent {self.silent:,}, unclear {self.unclear:,}"

    def to_json(self) -> dict[str, Any]:
        """Return the counts as plain values."""
        return {f.name: getattr(self, f.name) for f in fields(self)} | {"details": list(self.details)}


def lost(what: str) -> Tally:
    """Return that something acknowledged is gone."""
    return Tally(lost=1, details=(f"lost: {what}",))


def silent(what: str) -> Tally:
    """Return that something wrong was taken without a word."""
    return Tally(silent=1, details=(f"silent: {what}",))


def unclear(what: str) -> Tally:
    """Return that something went wrong and was not said as it should be."""
    return Tally(unclear=1, details=(f"unclear: {what}",))
