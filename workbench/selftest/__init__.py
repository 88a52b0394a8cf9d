"""What happens when things go wrong: kills, damage, full disks, crowds, bad files, tried on homes apart."""

from workbench.selftest.faults import EFFORTS, Effort, try_faults
from workbench.selftest.tally import Tally

__all__ = ["EFFORTS", "Effort", "Tally", "try_faults"]
