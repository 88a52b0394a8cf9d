"""The whole of it: kills, damage, full disks, crowds, bad files, on homes of their own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from workbench.run import Run
from workbench.selftest import disks, inputs, kills, mutants, writers
from workbench.selftest.tally import Tally


@dataclass(frozen=True)
class Effort:
    """How much is tried.

    Parameters
    ----------
    kills : int
        Publishers killed.
    mutants : int
        Of each kept file.
    damaged : int
        Parquet files, and as many workbooks.
    writers, times : int
        Programs that write at once, and how often each.
    """

    kills: int
    mutants: int
    damaged: int
    writers: int
    times: int


EFFORTS = {
    "short": Effort(kills=10, mutants=10, damaged=15, writers=8, times=3),
    "long": Effort(kills=1000, mutants=300, damaged=500, writers=16, times=25),
}


def try_faults(folder: Path, effort: Effort, run: Run) -> Tally:
    """Try everything that can go wrong in `folder`, which must be empty, and count what came of it.

    Parameters
    ----------
    folder : Path
        Nothing outside it is read or written.
    effort : Effort
        One of `EFFORTS`.
    run : Run

    Returns
    -------
    Tally
    """
    tally = kills.kill_publishers(folder / "kills", effort.kills, run.part(0.0, 0.4))
    tally += disks.fill_disk(folder / "disk", run.part(0.4, 0.45))
    run.step(f"{effort.writers} writers at once", 0.45)
    tally += writers.crowd(folder / "crowd", effort.writers, effort.times)
    tally += mutants.damage_what_is_kept(folder / "kept", effort.mutants, run.part(0.5, 0.85))
    files = [*inputs.bad_files(), *inputs.damaged_files(effort.damaged)]
    return tally + inputs.try_files(folder / "files", files, run.part(0.85, 1.0))
