"""Measures in words and figures as screens, command line and reports show them."""

from __future__ import annotations

import math

TITLES = {
    "auc": "AUC",
    "gini": "Gini",
    "ks": "KS",
    "ks_at": "PD where KS occurs",
    "average_precision": "Average precision",
    "precision_at_10pct_recall": "Precision at 10% recall",
    "lift_top_decile": "Lift of the riskiest tenth",
    "h_measure": "H-measure",
    "brier": "Brier score",
    "rmse": "Root mean squared error",
    "mae": "Mean absolute error",
    "log_loss": "Log loss",
    "ece": "Calibration error (ECE)",
    "ece_null": "Calibration error if the PDs were right",
    "calibration_slope": "Calibration slope",
    "calibration_intercept": "Calibration intercept",
    "bad_rate": "Bad rate",
    "mean_p_bad": "Mean PD",
    "accuracy": "Accuracy",
    "precision": "Precision",
    "recall": "Recall (bads caught)",
    "specificity": "Specificity (goods approved)",
    "f1": "F1",
    "approval_rate": "Approval rate",
    "approved_or_referred_rate": "Approved or referred",
    "bad_rate_approved": "Bad rate among approved",
}
AS_PERCENT = frozenset(
    {
        "ks_at",
        "bad_rate",
        "mean_p_bad",
        "accuracy",
        "precision",
        "precision_at_10pct_recall",
        "recall",
        "specificity",
        "approval_rate",
        "approved_or_referred_rate",
        "bad_rate_approved",
        "ece",
        "ece_null",
    }
)
SIGNED = frozenset(("calibration_slope", "calibration_intercept", "lift_top_decile"))

CONVENTIONS = {
    "application": (
        (0.50, "worse than chance: the scores may be upside down"),
        (0.60, "hardly better than chance"),
        (0.70, "acceptable"),
        (0.80, "good"),
        (0.90, "excellent"),
        (math.inf, "unusually high for applications: look for leakage"),
    ),
    "behavioural": (
        (0.50, "worse than chance: the scores may be upside down"),
        (0.70, "weak for behavioural data"),
        (0.80, "acceptable"),
        (0.90, "good"),
        (0.95, "excellent"),
        (math.inf, "unusually high even for behavioural data: look for leakage"),
    ),
}


def words_for_auc(auc: float, kind: str) -> str:
    """Return what an AUC is usually called on this kind of portfolio: a convention, not a test.

    Parameters
    ----------
    auc : float
    kind : {"application", "behavioural", "fraud"}
        Fraud has no convention for the AUC: average precision against the bad rate is read there.

    Examples
    --------
    >>> words_for_auc(0.78, "application")
    'good by convention for an application portfolio'
    """
    if math.isnan(auc):
        return "not defined"
    if kind == "fraud":
        return "no convention for fraud: read average precision against the share of fraud"
    article = "an application" if kind == "application" else f"a {kind}"
    for below, words in CONVENTIONS[kind]:
        if auc < below and ":" in words:
            return f"{words} (convention)"
        if auc < below:
            return f"{words} by convention for {article} portfolio"
    raise AssertionError("unreachable: the last convention is open")


def format_figure(name: str, value: float) -> str:
    """Return one number as screens show it: ``.781``, PD as ``3.4%``, KS x 100.

    Examples
    --------
    >>> format_figure("auc", 0.7812), format_figure("mean_p_bad", 0.034), format_figure("ks", 0.4218)
    ('.781', '3.4%', '42.2')
    """
    if math.isnan(value):
        return "not defined"
    if name == "ks":
        return f"{100 * value:.1f}"
    if name in AS_PERCENT:
        return format_percent(value)
    text = f"{value:.2f}" if name in SIGNED else f"{value:.3f}"
    text = text.removeprefix("-") if float(text) == 0 else text
    return text if name in SIGNED or abs(float(text)) >= 1 else text.replace("0.", ".", 1)


def format_percent(value: float) -> str:
    """Return a share as percent: one decimal, more below 1% so that small ones do not read as 0.

    Examples
    --------
    >>> format_percent(0.2212), format_percent(0.00042), format_percent(0.0)
    ('22.1%', '0.042%', '0.0%')
    """
    if value == 0 or abs(value) >= 0.01 or abs(value) < 1e-6:
        return f"{value:.1%}"
    return f"{value:.2%}" if abs(value) >= 0.001 else f"{value:.3%}"


def format_metric(
    name: str, value: float, low: float = math.nan, high: float = math.nan, reason: str = ""
) -> str:
    """Return a measure with its interval as screens, command line and reports print it.

    Examples
    --------
    >>> format_metric("auc", 0.7812, 0.7691, 0.7931)
    '.781 (.769 to .793)'
    >>> format_metric("auc", float("nan"), reason="no bads in this group")
    'not defined: no bads in this group'
    """
    if value is None or math.isnan(value):
        return f"not defined: {reason}" if reason else "not defined"
    text = format_figure(name, value)
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return text
    return f"{text} ({format_figure(name, low)} to {format_figure(name, high)})"


def format_difference(value: float, digits: int = 3) -> str:
    """Return an AUC, or a difference of AUCs, without its leading zero.

    Examples
    --------
    >>> format_difference(0.0123), format_difference(-0.0004), format_difference(-0.01)
    ('.012', '.000', '-.010')
    """
    if math.isnan(value):
        return "not defined"
    text = f"{value:.{digits}f}"
    text = text.removeprefix("-") if float(text) == 0 else text
    return text.replace("0.", ".", 1) if abs(float(text)) < 1 else text


def format_p(p_value: float) -> str:
    """Return a p-value with its name.

    Examples
    --------
    >>> format_p(0.1547), format_p(0.00001), format_p(0.03)
    ('p .155', 'p < .0001', 'p .030')
    """
    if math.isnan(p_value):
        return "p not defined"
    if p_value < 0.0001:
        return "p < .0001"
    digits = 4 if p_value < 0.001 else 3
    return f"p {p_value:.{digits}f}".replace("0.", ".", 1)
