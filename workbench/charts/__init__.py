"""A value in, a plotly figure out; nothing is computed here, so every picture has its table."""

from __future__ import annotations

from workbench.charts.batch import spread_of_pd, spread_of_points
from workbench.charts.comparison import (
    auc_by_month,
    bad_rates,
    differences,
    ks_curves,
    lift,
    precision_recall,
    swap_set,
)
from workbench.charts.drift import grades, psi_bars, psi_by_month, scores_by_month, two_distributions
from workbench.charts.evaluation import calibration, deciles, gains, ks, roc
from workbench.charts.explanation import sensitivity, waterfall
from workbench.charts.explanation_effects import by_group, local, partial, permutation
from workbench.charts.explanation_global import dependence, pairs, seen_against_predicted, swarm
from workbench.charts.extract import month_cells, outcome_by_month
from workbench.charts.importance import coefficients, importance
from workbench.charts.profile import profile_bins
from workbench.charts.sampling import by_month, sample_sizes
from workbench.charts.scoring import points_band

__all__ = [
    "auc_by_month",
    "bad_rates",
    "by_group",
    "by_month",
    "calibration",
    "coefficients",
    "deciles",
    "dependence",
    "differences",
    "gains",
    "grades",
    "importance",
    "ks",
    "ks_curves",
    "lift",
    "local",
    "month_cells",
    "outcome_by_month",
    "pairs",
    "partial",
    "permutation",
    "points_band",
    "precision_recall",
    "profile_bins",
    "psi_bars",
    "psi_by_month",
    "roc",
    "sample_sizes",
    "scores_by_month",
    "seen_against_predicted",
    "sensitivity",
    "spread_of_pd",
    "spread_of_points",
    "swap_set",
    "swarm",
    "two_distributions",
    "waterfall",
]
