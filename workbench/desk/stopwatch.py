"""How long fits and single applicants take: told by who watches, kept beside the study, never in it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import replace

from workbench.families import FAMILIES
from workbench.run import Run
from workbench.scoring import Scorer
from workbench.study import Study

TIMED_ROWS = 15


class Stopwatch:
    """Seconds of each family's fit on development, folds and calibration apart.

    Attributes
    ----------
    seconds : dict of str to float
        By family, of those whose fit has ended.
    """

    def __init__(self, families: Sequence[str]) -> None:
        self.seconds: dict[str, float] = {}
        self._starts = {f"fitting {FAMILIES[name].title} on ": name for name in families if name in FAMILIES}
        self._running = ("", 0.0)

    def watching(self, run: Run) -> Run:
        """Return `run`, with its steps timed on their way."""

        def watch(what: str, done: float) -> None:
            self._hear(what)
            run.watch(what, done)

        return replace(run, watch=watch)

    def _hear(self, what: str) -> None:
        family, since = self._running
        if family and what == "calibrating":
            self.seconds[family] = time.perf_counter() - since
            self._running = ("", 0.0)
        started = next((name for start, name in self._starts.items() if what.startswith(start)), "")
        if started:
            self._running = (started, time.perf_counter())


def one_row_seconds(scorer: Scorer) -> float:
    """Return the median seconds of scoring the typical applicant."""
    typical = scorer.typical()
    times = []
    for _ in range(TIMED_ROWS):
        started = time.perf_counter()
        scorer.score(typical)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def one_row(study: Study) -> dict[str, float]:
    """Return the seconds one applicant takes, by family, of a study that has just been run."""
    return {m.family: one_row_seconds(Scorer(m.model)) for m in study.models if m.model is not None}
