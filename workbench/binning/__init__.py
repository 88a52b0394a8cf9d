"""Bins of a characteristic: fine ones, the exact best merge of them, their WoE and IV."""

from __future__ import annotations

from workbench.binning.making import Binning, bin_characteristic, measure
from workbench.binning.optimal import Fine, Merged, merge
from workbench.binning.values import TRENDS, Bins, BinSpec, woe_of

__all__ = [
    "TRENDS",
    "BinSpec",
    "Binning",
    "Bins",
    "Fine",
    "Merged",
    "bin_characteristic",
    "measure",
    "merge",
    "woe_of",
]
