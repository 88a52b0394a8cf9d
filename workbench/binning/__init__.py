"""Bins of a characteristic: fine ones, the exact best merge of them, their WoE and IV."""

from __future__ import annotations

from workbench.binning.making import Binning, bin_characteristic, measure
from workbench.binning.optimal import Fine, Merged, merge
from workbench.binning.values import TRENDS, Bins, BinSpec, effective_rows, woe_of

__all__ = [
    "TRENDS",
    "BinSpec",
    "Binning",
    "Bins",
    "Fine",
    "Merged",
    "bin_characteristic",
    "effective_rows",
    "measure",
    "merge",
    "woe_of",
]
