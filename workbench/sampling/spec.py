"""How a data set is to be divided into samples."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from workbench.errors import InputError, Problem
from workbench.portfolio import shares

Kind = Literal["random", "grouped", "out-of-time"]
KINDS = ("random", "grouped", "out-of-time")


@dataclass(frozen=True)
class SamplingSpec:
    """How a data set is divided into samples.

    Parameters
    ----------
    kind : {"random", "grouped", "out-of-time"}
        Random: every sample is drawn at random, stratified by outcome. Grouped: the same, but all rows
        of a customer are in one sample, and each outcome meets its shares as nearly as whole customers
        allow. Out-of-time: the latest
        applicants, by whole dates, are the out-of-time sample, and only the earlier ones are
        divided at random.
    hold_out, validation, calibration : float
        Shares of the rows that are divided at random: all rows with a known outcome, or those
        before the out-of-time sample. What is left is development. Together below 1. A hold-out
        beside an out-of-time sample gives both kinds of evidence.
    out_of_time_from : str
        ISO date; applicants of that day and later are out-of-time.
    out_of_time_share : float
        Share of the latest rows that are out-of-time, where no date is given. The cut falls
        between two dates, at the one that comes nearest to the share.
    seed : int
        Same seed and data, same samples.
    """

    kind: Kind = "random"
    hold_out: float = 0.0
    validation: float = 0.0
    calibration: float = 0.0
    out_of_time_from: str = ""
    out_of_time_share: float = 0.0
    seed: int = 42

    def __post_init__(self) -> None:
        problems = list(self._problems())
        if problems:
            raise InputError.of([Problem("SAMPLING", what, "", remedy) for what, remedy in problems])

    def _problems(self) -> list[tuple[str, str]]:
        numbers = (self.hold_out, self.validation, self.calibration, self.out_of_time_share)
        found = []
        if self.kind not in KINDS:
            found.append(
                (f"there is no sampling {self.kind!r}", f"Take {', '.join(KINDS[:2])} or {KINDS[2]}.")
            )
        if not all(math.isfinite(share) and 0 <= share < 1 for share in numbers):
            found.append(("a share is not a number from 0 to below 1", "Give shares such as 0.3."))
        elif sum(numbers[:3]) >= 1:
            found.append(("nothing is left for development", "Give shares that add to less than 1."))
        if self.out_of_time_from and not _is_iso_date(self.out_of_time_from):
            what = f"the start of the out-of-time sample, {self.out_of_time_from!r}, is no date"
            found.append((what, "Write it as 2011-07-01."))
        if self.kind == "out-of-time" and not (self.out_of_time_from or self.out_of_time_share):
            found.append(("out-of-time sampling needs a first date or a share", "Give one of them."))
        if self.kind in KINDS[:2] and (self.out_of_time_from or self.out_of_time_share):
            found.append((f"{self.kind} sampling has no out-of-time sample", "Take out-of-time sampling."))
        return found

    @classmethod
    def from_split(
        cls,
        split: str,
        kind: Kind = "random",
        seed: int = 42,
        out_of_time_from: str = "",
        out_of_time_share: float = 0.0,
    ) -> SamplingSpec:
        """Return the specification that a split such as ``70/15/15`` stands for.

        Parameters
        ----------
        split : str
            ``70/30`` is development and the last sample; ``70/15/15`` has validation between them;
            ``55/15/15/15`` validation and calibration.
        kind : {"random", "grouped", "out-of-time"}
            The last sample is the hold-out of a random or grouped split, and the out-of-time sample (the
            latest share of the rows; no hold-out besides) of an out-of-time one.
        out_of_time_from, out_of_time_share
            With out-of-time, they replace the last part of the split; the parts before it keep
            their proportions over the earlier rows.

        Raises
        ------
        InputError
            ``SAMPLING`` where the split is not written like that.

        Examples
        --------
        >>> SamplingSpec.from_split("70/15/15").hold_out
        0.15
        >>> spec = SamplingSpec.from_split("60/20/20", "out-of-time")
        >>> spec.hold_out, round(spec.validation, 6), spec.out_of_time_share
        (0.0, 0.25, 0.2)
        """
        try:
            parts = shares(split)
        except ValueError as error:
            raise InputError("SAMPLING", str(error), remedy="Write it like 70/15/15.") from None
        between = dict(zip(("validation", "calibration"), parts[1:-1], strict=False))
        if kind != "out-of-time":
            return cls(kind, hold_out=parts[-1], seed=seed, **between)
        earlier = sum(parts[:-1])
        share = 0.0 if out_of_time_from else out_of_time_share or parts[-1]
        between = {name: part / earlier for name, part in between.items()}
        return cls(kind, out_of_time_from=out_of_time_from, out_of_time_share=share, seed=seed, **between)

    def to_json(self) -> dict[str, Any]:
        """Return the specification as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> SamplingSpec:
        """Return the specification that `to_json` wrote."""
        return cls(**values)


def _is_iso_date(text: str) -> bool:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return False
    try:
        np.datetime64(text)
    except ValueError:
        return False
    return True
