"""Each characteristic of an extract against development, on bins that development froze."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from workbench.drift import stability
from workbench.drift.bins import Bins, learn, shown
from workbench.drift.distance import NAN, cramers_v, jensen_shannon, ks_and_wasserstein, ks_p_value
from workbench.evaluation import benjamini_hochberg
from workbench.portfolio import Characteristic
from workbench.run import Run

Made = TypeVar("Made")
COLUMNS = (
    "characteristic", "title", "kind", "n", "n_development", "psi", "psi_expected", "psi_95", "psi_99",
    "false_alarm", "ks", "ks_p", "chi_squared", "cramers_v", "jensen_shannon", "wasserstein", "missing",
    "missing_development", "missing_p", "unseen", "unseen_p", "middle", "middle_development", "moved",
    "p_value", "q_value",
)  # fmt: skip
BINS = ("characteristic", "bin", "label", "n_development", "share_development", "n", "share", "psi")


@dataclass(frozen=True, eq=False)
class Known:
    """What development holds of one characteristic; learned once, it serves every extract.

    Attributes
    ----------
    bins : Bins
    counts : array, shape (bins,)
        Rows in each; with weights their shares of `n` rows.
    effect : float
        Rows that tell as much as an independent one, see `stability.design_effect`.
    values : array
        Of a number those that are neither missing nor special, sorted.
    weight : array, optional
        Running sum of their weights, from 0; None where every row counts once.
    spread : float
        Their standard deviation.
    """

    about: Characteristic
    bins: Bins
    n: int
    counts: np.ndarray
    effect: float
    values: np.ndarray
    weight: np.ndarray | None
    spread: float


@dataclass(frozen=True, eq=False)
class _Held:
    """One characteristic of some rows, counted in given bins."""

    counts: np.ndarray
    effect: float
    values: np.ndarray
    weight: np.ndarray | None


def know(
    frame: pd.DataFrame,
    every: Sequence[Characteristic],
    weight: np.ndarray | None = None,
    code: np.ndarray | None = None,
    run: Run | None = None,
) -> tuple[Known, ...]:
    """Return what development rows hold of each characteristic.

    Parameters
    ----------
    frame : DataFrame
        Numbers as float64, attributes as a category of str; missing as NaN.
    weight, code : array, shape (n,), optional
        Sampling weights, and each row's customer as from `evaluation.rates.customer_codes`.
    """

    def one(about: Characteristic) -> Known:
        values = frame[about.name]
        bins = learn(values, about)
        held = _held(values, bins, weight, code)
        return Known(
            about, bins, len(values), held.counts, held.effect, held.values, held.weight, _spread(held)
        )

    return tuple(_each(one, every, run or Run(), "Development"))


def compare(
    known: Sequence[Known],
    frame: pd.DataFrame,
    weight: np.ndarray | None = None,
    code: np.ndarray | None = None,
    run: Run | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compare later rows with development.

    Parameters
    ----------
    frame, weight, code
        As in `know`, of the later rows.

    Returns
    -------
    characteristics : DataFrame
        One line a characteristic, in the order of `known`: n, n_development; psi, psi_expected (its mean
        where nothing changed, at these sizes), psi_95 and psi_99 (95 and 99 in 100 stay below them then) and
        false_alarm (how often it then passes 0.10);
        ks with ks_p (numbers that are neither missing nor special), chi_squared and cramers_v over the bins,
        jensen_shannon (0 to 1), wasserstein (in standard deviations of development); missing and unseen
        (shares of rows) with the p value of each; middle (medians of numbers); moved (in words);
        p_value (Pearson's chi-squared over the bins) and q_value (Benjamini-Hochberg over the lines).
    bins : DataFrame
        characteristic, bin, label, n_development, share_development, n, share, psi (what the bin adds).

    Notes
    -----
    Effects use weights as they are; tests and levels count as many rows as are as informative, with weights
    and with several rows a customer.
    """

    def one(item: Known) -> tuple[dict[str, object], np.ndarray]:
        values = frame[item.about.name]
        held = _held(values, item.bins, weight, code)
        return _line(item, held, len(values)), held.counts

    found = list(_each(one, known, run or Run(), "Extract"))
    lines = pd.DataFrame([line for line, _ in found], columns=list(COLUMNS[:-1]))
    lines["q_value"] = benjamini_hochberg(lines["p_value"].to_numpy(float))
    if not found:
        return lines, pd.DataFrame(columns=list(BINS))
    return lines, bin_table(known, [counts for _, counts in found])


def _each(work: Callable[[Any], Made], items: Sequence[Any], run: Run, what: str) -> Iterator[Made]:
    """Yield what `work` gives of each item, in order, some of them at a time."""
    with ThreadPoolExecutor(max(run.threads, 1)) as pool:
        for i, made in enumerate(pool.map(work, items) if run.threads > 1 else map(work, items)):
            about = getattr(items[i], "about", items[i])
            run.step(f"{what}: {about.shown}", (i + 1) / max(len(items), 1))
            yield made


def _held(values: pd.Series, bins: Bins, weight: np.ndarray | None, code: np.ndarray | None) -> _Held:
    n = len(values)
    ordinary, running = np.zeros(0), None
    if bins.category or (code is not None and len(code)):
        at = bins.place(values)
        counts = np.bincount(at, weight, bins.size).astype(float)
        effect = float(stability.design_effect(at, np.zeros(n, int), 1, code, weight)[0])
    else:
        counts, effect = np.zeros(bins.size), 1.0
        if weight is not None and n:
            effect = float(n * (weight**2).sum() / weight.sum() ** 2)
    if not bins.category:
        ordinary, running, counts = _sorted(values.to_numpy(dtype=float), bins, weight)
    scale = 1.0 if weight is None or not n else n / weight.sum()
    return _Held(counts * scale, effect, ordinary, running)


def _sorted(
    x: np.ndarray, bins: Bins, weight: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
    """Return the ordinary numbers sorted, the running sum of their weights, and the rows in each bin."""
    mass = np.ones(1) if weight is None else weight
    missing = np.isnan(x)
    apart = missing.copy()
    special = []
    for code in bins.codes:
        rows = x == code
        apart |= rows
        special.append(float(rows.sum() if weight is None else mass[rows].sum()))
    absent = float(missing.sum() if weight is None else mass[missing].sum())
    inside = x[~apart] if apart.any() else x
    if weight is None:
        inside, running = np.sort(inside), None
    else:
        order = np.argsort(inside, kind="stable")
        running = np.concatenate([[0.0], np.cumsum(weight[~apart][order])])
        inside = inside[order]
    counts = bins.count_sorted(inside, running)
    start = bins.missing - len(bins.codes)
    counts[start : bins.missing] = special
    counts[bins.missing] = absent
    return inside, running, counts


def _spread(held: _Held) -> float:
    if len(held.values) < 2:
        return NAN
    if held.weight is None:
        return float(held.values.std())
    w = np.diff(held.weight) / held.weight[-1]
    middle = float(w @ held.values)
    return float(np.sqrt(w @ (held.values - middle) ** 2))


def _line(item: Known, held: _Held, n: int) -> dict[str, object]:
    a, b, effects = held.counts, item.counts, (held.effect, item.effect)
    levels = stability.by_chance(a, b, *effects)
    chi, v = cramers_v(a / held.effect, b / item.effect)
    ks, moved = ks_and_wasserstein(item.values, held.values, item.weight, held.weight)
    missing, missing_p = _part(a, b, item.bins.missing, effects)
    unseen, unseen_p = _part(a, b, item.bins.unseen, effects)
    middles = [middle(part.values, part.weight) for part in (held, item)]
    return {
        "characteristic": item.about.name,
        "title": item.about.shown,
        "kind": item.about.kind,
        "n": n,
        "n_development": item.n,
        "psi": float(stability.index(a, b)),
        "psi_expected": float(stability.expected(a, b, *effects)),
        "psi_95": float(levels[0]),
        "psi_99": float(levels[1]),
        "false_alarm": _false_alarm(a / held.effect, b / item.effect),
        "ks": ks,
        "ks_p": ks_p_value(ks, len(held.values) / held.effect, len(item.values) / item.effect),
        "chi_squared": chi,
        "cramers_v": v,
        "jensen_shannon": jensen_shannon(a, b),
        "wasserstein": moved / item.spread if item.spread > 0 else NAN,
        "missing": missing[0],
        "missing_development": missing[1],
        "missing_p": missing_p,
        "unseen": unseen[0],
        "unseen_p": unseen_p,
        "middle": middles[0],
        "middle_development": middles[1],
        "moved": in_words(item, a, middles),
        "p_value": float(stability.unlike(a / held.effect, b / item.effect)),
    }


def _false_alarm(a: np.ndarray, b: np.ndarray) -> float:
    bins = int(((a + b) > 0).sum())
    return stability.chance_beyond(stability.MOVED, bins, float(a.sum()), float(b.sum()))


def _part(
    a: np.ndarray, b: np.ndarray, place: int, effects: tuple[float, float]
) -> tuple[tuple[float, float], float]:
    """Return the share of one bin in both sets, and the p value that it is the same."""
    shares = tuple(float(x[place] / x.sum()) if x.sum() else NAN for x in (a, b))
    pairs = [np.array([x.sum() - x[place], x[place]]) / e for x, e in zip((a, b), effects, strict=True)]
    one = (pairs[0] + pairs[1] == 0).any()
    return shares, NAN if one else float(stability.unlike(*pairs))


def middle(values: np.ndarray, weight: np.ndarray | None) -> float:
    """Return the median of sorted numbers, NaN where there are none."""
    if not len(values):
        return NAN
    if weight is None:
        half = len(values) // 2
        return float(values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2)
    return float(values[min(int(np.searchsorted(weight[1:], weight[-1] / 2)), len(values) - 1)])


def in_words(item: Known, counts: np.ndarray, middles: list[float]) -> str:
    """Say how a characteristic moved: by its median, or by the bin whose share changed the most."""
    now, before = middles
    if not counts.sum() or not item.counts.sum():
        return ""
    shares, known = counts / counts.sum(), item.counts / item.counts.sum()
    most = int(np.abs(shares - known).argmax())
    label = item.bins.labels[most]
    share = f"{label}: {shares[most]:.1%} of rows, {known[most]:.1%} at development"
    if item.bins.category or most >= item.bins.missing or now != now or now == before:
        return share
    if before > 0 and now > 0 and abs(now - before) > 0.1 * item.spread:
        if not 0.8 < now / before < 1.25:
            return f"its median is {now / before:.2g} times the development's"
        return f"its median is {shown(now)}, {shown(before)} at development"
    return share


def bin_table(items: Sequence[Known], counts: Sequence[np.ndarray]) -> pd.DataFrame:
    """Return both distributions of characteristics on their frozen bins, without bins that stay empty."""
    columns: dict[str, list[Any]] = {name: [] for name in BINS}
    for item, now in zip(items, counts, strict=True):
        both = (now + item.counts) > 0
        bins = np.flatnonzero(both | (np.arange(item.bins.size) < item.bins.missing))
        parts = stability.parts(now, item.counts)
        shares = [x / x.sum() if x.sum() else np.full(len(x), NAN) for x in (item.counts, now)]
        rows = [np.rint(x).astype(np.int64) for x in (item.counts, now)]
        columns["characteristic"].extend([item.about.name] * len(bins))
        columns["label"].extend(item.bins.labels[i] for i in bins)
        told = {"bin": np.arange(item.bins.size), "n_development": rows[0], "share_development": shares[0]}
        for name, values in (told | {"n": rows[1], "share": shares[1], "psi": parts}).items():
            columns[name].append(values[bins])
    named = {"characteristic", "label"}
    return pd.DataFrame(
        {name: parts if name in named else np.concatenate(parts) for name, parts in columns.items()}
    )
