"""The plain rules of the field, and how often each would cry wolf at the sizes at hand."""

from __future__ import annotations

import pandas as pd

from workbench.drift.performance import Performance, fell
from workbench.drift.score import ScoreDrift
from workbench.drift.stability import MOVED

COLUMNS = ("rule", "fires", "raised_by", "chance", "basis")
LEVEL = 0.05
FALL = 0.05


def rules(lines: pd.DataFrame, score: ScoreDrift, performance: Performance) -> pd.DataFrame:
    """Return what plain rules say of an extract, and how often they would say so where nothing changed.

    Parameters
    ----------
    lines : DataFrame
        As from `characteristics.compare`.

    Returns
    -------
    DataFrame
        rule, fires, raised_by (how many of what), chance (that it fires although nothing changed, 0 to 1),
        basis (the sizes that hangs on).

    Notes
    -----
    The chances of several characteristics are those of independent ones; the fall of a figure takes the
    figure of the reference as known.
    """
    numbers = lines[lines["ks_p"].notna()]
    k, n = len(numbers), int(lines["n"].max()) if len(lines) else 0
    low = int((numbers["ks_p"] < LEVEL).sum())
    found = [
        ("KS p below 0.05 in any characteristic", low > 0, f"{low} of {k}", 1 - (1 - LEVEL) ** k,
         f"{k} characteristics"),
    ]  # fmt: skip
    for rule, part in (
        ("PSI above 0.10 in any characteristic", lines),
        ("PSI above 0.10 of the score", score.stability),
    ):
        moved = int((part["psi"] > MOVED).sum())
        found.append((rule, moved > 0, f"{moved} of {len(part)}", _any_psi(part), f"{n:,} rows"))
    for name, title in (("auc", "AUC"), ("gini", "Gini")):
        fall, reference = performance.value(name, "fall"), performance.value(name, "reference")
        error = performance.auc_error * (2 if name == "gini" else 1)
        told = f"{abs(fall):.1%} {'higher' if fall < 0 else 'lower'}" if fall == fall else "not defined"
        chance = false_alarm(reference, error)
        found.append(
            (f"{title} more than 5% lower", fall > FALL, told, chance, f"{performance.n_bad:,} bads")
        )
    return pd.DataFrame(found, columns=list(COLUMNS))


def false_alarm(reference: float, error: float, fall: float = FALL) -> float:
    """Return how often an unchanged figure is measured more than `fall` of itself lower, by chance.

    Examples
    --------
    >>> round(false_alarm(0.75, 0.0291), 3), round(false_alarm(0.75, 0.0203), 3)
    (0.099, 0.032)
    """
    return fell(-fall * reference, error)


def _any_psi(lines: pd.DataFrame) -> float:
    """Return how often any of the PSIs passes 0.10 where nothing changed, at the sizes they rest on."""
    return float(1 - (1 - lines["false_alarm"].fillna(0.0)).prod())
