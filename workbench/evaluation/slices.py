"""Where a model is wrong: months, segments and single applicants."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from workbench.evaluation.discrimination import delong
from workbench.evaluation.measure import NAN, Z95
from workbench.evaluation.paired import LEVEL, benjamini_hochberg, one_sided
from workbench.evaluation.rates import customer_codes, rates

LEAST = 50
POOLED_BADS = 20
"""Bads a point of a chart by month needs."""
QUARTERS = 4
MOST_LEVELS = 20
MISSING = "missing"
SLICE_COLUMNS = (
    "n", "n_bad", "mean_p_bad", "bad_rate", "low", "high", "difference", "p_value", "auc", "auc_low",
    "auc_high", "auc_elsewhere", "auc_p",
)  # fmt: skip


def by_month(
    bad: np.ndarray,
    p_bad: np.ndarray,
    date: pd.Series,
    *,
    weight: np.ndarray | None = None,
    group: np.ndarray | None = None,
    bads: int = 1,
) -> pd.DataFrame:
    """Return discrimination and bad rate by calendar month.

    Parameters
    ----------
    bads : int
        Consecutive months are pooled until they hold as many.

    Returns
    -------
    DataFrame
        month ("2011-07", pooled "2011-07 to 2011-09"), n, n_bad, auc, auc_low, auc_high (95%), mean_p_bad,
        bad_rate, low, high (95% Wilson), reason (why the AUC is not defined). Rows without a date
        are left out. Intervals count whole customers where `group` says whose row each is.
    """
    days = date.to_numpy("datetime64[s]").astype("datetime64[M]")
    columns = ["month", "n", "n_bad", "auc", "auc_low", "auc_high", "mean_p_bad", "bad_rate", "low", "high"]
    lines = []
    for first, last in _pools(days, np.asarray(bad) == 1, bads):
        month = str(first) if first == last else f"{first} to {last}"
        cell = _cell(
            (days >= first) & (days <= last), np.asarray(bad), np.asarray(p_bad, dtype=float), weight, group
        )
        reason = one_sided(cell["n"], cell["n_bad"])
        lines.append({"month": month} | {name: cell[name] for name in columns[1:]} | {"reason": reason})
    return pd.DataFrame(lines, columns=[*columns, "reason"])


def _pools(days: np.ndarray, bad: np.ndarray, least: int) -> list[tuple[Any, Any]]:
    """Return first and last month of each pool; what is left at the end joins the pool before."""
    months, at = np.unique(days[~np.isnat(days)], return_inverse=True)
    if least <= 1:
        return [(month, month) for month in months]
    counts = np.bincount(at, weights=bad[~np.isnat(days)], minlength=len(months))
    pools: list[tuple[Any, Any]] = []
    held, start = 0.0, 0
    for i, count in enumerate(counts):
        held += count
        if held >= least:
            pools.append((months[start], months[i]))
            held, start = 0.0, i + 1
    if start < len(months):
        first = pools.pop()[0] if pools else months[start]
        pools.append((first, months[-1]))
    return pools


def segments(frame: pd.DataFrame) -> pd.DataFrame:
    """Return each characteristic as segments: numbers and dates by quarters, categories by level.

    Returns
    -------
    DataFrame
        Same rows and columns, text: "12 to 34", a level, "other" (all but the 20 commonest), "missing".
    """
    return pd.DataFrame({name: _segment(frame[name]) for name in frame}, index=frame.index)


def _segment(column: pd.Series) -> np.ndarray:
    missing = column.isna().to_numpy()
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        if missing.all():
            return np.full(len(column), MISSING, dtype=object)
        dated = pd.api.types.is_datetime64_any_dtype(column)
        edges = np.unique(column.quantile(np.linspace(0, 1, QUARTERS + 1)).to_numpy())
        code = np.clip(
            np.searchsorted(edges[1:-1], column.to_numpy(), side="left"), 0, max(len(edges) - 2, 0)
        )
        told = [str(e)[:10] if dated else f"{e:,.0f}" if abs(e) >= 1000 else f"{e:.4g}" for e in edges]
        names = [f"{low} to {high}" for low, high in zip(told[:-1], told[1:], strict=True)] or told[:1]
        return np.where(missing, MISSING, np.array(names, dtype=object)[code])
    text = column.astype("str").to_numpy(object)
    common = set(column.value_counts().head(MOST_LEVELS).index.astype("str"))
    codes, levels = pd.factorize(text, use_na_sentinel=False)
    known = np.array([value in common for value in levels])
    return np.where(missing, MISSING, np.where(known[codes], text, "other"))


def worst_slices(
    bad: np.ndarray,
    p_bad: np.ndarray,
    cells: pd.DataFrame,
    *,
    weight: np.ndarray | None = None,
    group: np.ndarray | None = None,
    least: int = LEAST,
) -> pd.DataFrame:
    """Return every segment with how far its PDs and its ranking are off, the surest first.

    Parameters
    ----------
    cells : DataFrame
        As from `segments`: one column a characteristic, the segment of each row.
    least : int
        Segments with fewer rows, or with all rows, are left out.

    Returns
    -------
    DataFrame
        characteristic, segment, n, n_bad, mean_p_bad, bad_rate, low, high (95%), difference (bad rate less
        mean PD), p_value (that the PDs are right there), auc, auc_low, auc_high, auc_elsewhere, auc_p (that
        the ranking is as good as elsewhere), q_value and auc_q (Benjamini-Hochberg over all segments and
        both questions), worse (either q below 5% with PDs off or a lower AUC).
    """
    bad, p_bad = np.asarray(bad), np.asarray(p_bad, dtype=float)
    lines = []
    for name in cells:
        codes, levels = pd.factorize(cells[name])
        for code, level in enumerate(levels):
            inside = codes == code
            size = int(inside.sum())
            if least <= size < len(bad):
                cell = _against_elsewhere(inside, bad, p_bad, weight, group)
                lines.append({"characteristic": str(name), "segment": str(level)} | cell)
    frame = pd.DataFrame(lines, columns=["characteristic", "segment", *SLICE_COLUMNS])
    both = benjamini_hochberg(np.concatenate([frame["p_value"], frame["auc_p"]]).astype(float))
    frame["q_value"], frame["auc_q"] = both[: len(frame)], both[len(frame) :]
    lower = (frame["auc"] < frame["auc_elsewhere"]) & (frame["auc_q"] < LEVEL)
    frame["worse"] = (frame["q_value"] < LEVEL) | lower
    surest = frame[["q_value", "auc_q"]].min(axis=1)
    return frame.iloc[np.argsort(surest.fillna(1.0), kind="stable")].reset_index(drop=True)


def _against_elsewhere(
    inside: np.ndarray,
    bad: np.ndarray,
    p_bad: np.ndarray,
    weight: np.ndarray | None,
    group: np.ndarray | None,
) -> dict[str, float]:
    from scipy.special import ndtr

    cell = _cell(inside, bad, p_bad, weight, group)
    elsewhere = _cell(~inside, bad, p_bad, weight, group)
    error = np.hypot(cell["auc_error"], elsewhere["auc_error"])
    z = (cell["auc"] - elsewhere["auc"]) / error if error > 0 else NAN
    gap, spread = cell["bad_rate"] - cell["mean_p_bad"], cell["spread"]
    return {name: cell[name] for name in SLICE_COLUMNS if name in cell} | {
        "difference": gap,
        "p_value": float(2 * ndtr(-abs(gap / spread))) if spread > 0 else NAN,
        "auc_elsewhere": elsewhere["auc"],
        "auc_p": float(2 * ndtr(-abs(z))),
    }


def _cell(
    inside: np.ndarray,
    bad: np.ndarray,
    p_bad: np.ndarray,
    weight: np.ndarray | None,
    group: np.ndarray | None,
) -> dict[str, float]:
    """Return counts, rates and the AUC of the rows in a mask; `spread` is that of bad rate less mean PD."""
    own_bad, p = bad[inside], np.clip(p_bad[inside], 0, 1)
    w = np.ones(len(p)) if weight is None else np.asarray(weight, dtype=float)[inside]
    own_group = None if group is None else np.asarray(group)[inside]
    aucs, covariance = delong(own_bad, p[None], weight=w, group=own_group)
    auc, error = float(aucs[0]), float(np.sqrt(max(covariance[0, 0], 0.0)))
    whole = float(w.sum())
    codes = customer_codes(own_group)
    (rate,), (low,), (high,) = rates(own_bad, np.zeros(len(p), np.intp), 1, w, codes)
    if codes is None:
        variance = float(w**2 @ (p * (1 - p)))
    else:
        variance = float((np.bincount(codes, w * ((own_bad == 1) - p)) ** 2).sum())
    return {
        "n": int(inside.sum()), "n_bad": int((own_bad == 1).sum()),
        "mean_p_bad": float(w @ p) / whole if whole else NAN, "bad_rate": float(rate), "low": float(low),
        "high": float(high), "auc": auc, "auc_low": max(auc - Z95 * error, 0.0) if error > 0 else NAN,
        "auc_high": min(auc + Z95 * error, 1.0) if error > 0 else NAN, "auc_error": error,
        "spread": np.sqrt(variance) / whole if whole else NAN,
    }  # fmt: skip


def confident_errors(bad: np.ndarray, p_bad: np.ndarray, most: int = 25) -> pd.DataFrame:
    """Return the applicants the model was surest about, and wrong.

    Returns
    -------
    DataFrame
        row (position), error ("bad with a low PD" or "good with a high PD"), p_bad, surprise (log loss of
        the row), at most `most` of each kind, the greatest surprise first.
    """
    bad, p_bad = np.asarray(bad) == 1, np.clip(np.asarray(p_bad, dtype=float), 1e-15, 1 - 1e-15)
    surprise = -np.log(np.where(bad, p_bad, 1 - p_bad))
    parts = []
    for side, word in ((bad, "bad with a low PD"), (~bad, "good with a high PD")):
        rows = np.flatnonzero(side)
        rows = rows[np.argsort(-surprise[rows], kind="stable")][:most]
        values = {"row": rows, "error": [word] * len(rows), "p_bad": p_bad[rows], "surprise": surprise[rows]}
        parts.append(pd.DataFrame(values))
    return pd.concat(parts, ignore_index=True).sort_values(
        ["error", "surprise"], ascending=[True, False], ignore_index=True
    )
