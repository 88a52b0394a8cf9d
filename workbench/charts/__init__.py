"""A value in, a plotly figure out; nothing is computed here, so every picture has its table."""

from __future__ import annotations

from workbench.charts.evaluation import calibration, deciles, gains, ks, roc
from workbench.charts.importance import coefficients, importance
from workbench.charts.profile import profile_bins
from workbench.charts.sampling import by_month, sample_sizes
from workbench.charts.scoring import points_band

__all__ = [
    "by_month",
    "calibration",
    "coefficients",
    "deciles",
    "gains",
    "importance",
    "ks",
    "points_band",
    "profile_bins",
    "roc",
    "sample_sizes",
]
