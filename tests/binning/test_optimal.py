"""The merge is the best there is: held against every merge there could be."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.binning import BinSpec, Fine, merge
from workbench.binning.optimal import U_SHAPE_GAIN, U_SHAPE_SHARE, trend_of
from workbench.errors import InputError

CELLS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 25)), min_size=1, max_size=8).filter(
    lambda cells: sum(g for g, _ in cells) > 0 and sum(b for _, b in cells) > 0
)
SPECS = st.builds(
    BinSpec,
    trend=st.sampled_from(["rising", "falling", "peak", "valley", "auto"]),
    max_bins=st.integers(2, 5),
    min_share=st.sampled_from([0.0, 0.05, 0.2]),
    min_bads=st.sampled_from([1, 5, 12]),
    chance=st.sampled_from([0.0, 1.0]),
)


def fine(cells: list[tuple[int, int]], more: tuple[float, float] = (0.0, 0.0)) -> Fine:
    g, b = np.array(cells, dtype=float).T
    return Fine(g, b, g.astype(int), b.astype(int), g.sum() + more[0], b.sum() + more[1])


def every(of: Fine, spec: BinSpec, trends: set[str]) -> float:
    """The worth of the best allowed merge, by trying each; -inf where none is allowed."""
    p, best = len(of.goods), -np.inf
    cost = spec.chance * (1 / of.n_good.sum() + 1 / of.n_bad.sum())
    for k in range(spec.max_bins):
        for cuts in combinations(range(1, p), k):
            bounds = [0, *cuts, p]
            g = np.array([of.goods[i:j].sum() for i, j in zip(bounds, bounds[1:], strict=False)])
            b = np.array([of.bads[i:j].sum() for i, j in zip(bounds, bounds[1:], strict=False)])
            total = of.total_goods + of.total_bads
            if (g + b < spec.min_share * total - 1e-9).any() or min(g.min(), b.min()) < spec.min_bads:
                continue
            rates = b / (g + b)
            if (np.diff(rates) == 0).any() or trend_of(rates) not in trends:
                continue
            x, y = g / of.total_goods, b / of.total_bads
            best = max(best, float(((x - y) * np.log(x / y)).sum()) - cost * len(g))
    return best


def worth(of: Fine, starts: tuple[int, ...], spec: BinSpec) -> float:
    x = np.add.reduceat(of.goods, starts) / of.total_goods
    y = np.add.reduceat(of.bads, starts) / of.total_bads
    cost = spec.chance * (1 / of.n_good.sum() + 1 / of.n_bad.sum())
    return float(((x - y) * np.log(x / y)).sum()) - cost * len(starts)


@settings(max_examples=300, deadline=None)
@given(cells=CELLS, spec=SPECS, apart=st.sampled_from([(0.0, 0.0), (40.0, 10.0)]))
def test_no_other_merge_is_better(
    cells: list[tuple[int, int]], spec: BinSpec, apart: tuple[float, float]
) -> None:
    of = fine(cells, apart)
    merged = merge(of, spec)
    monotone = {name: every(of, spec, {name, "one bin"}) for name in ("rising", "falling")}
    u_shaped = every(of, spec, {"rising", "falling", "peak", "one bin"})
    valley = every(of, spec, {"rising", "falling", "valley", "one bin"})
    best = monotone | {"peak": u_shaped, "valley": valley}
    one, two = max(monotone.values()), max(u_shaped, valley)
    turns = np.isfinite(one) and two >= one + max(U_SHAPE_GAIN, U_SHAPE_SHARE * one)
    wanted = (two if turns else one) if spec.trend == "auto" else best[spec.trend]
    if spec.trend == "auto" and abs(two - one - max(U_SHAPE_GAIN, U_SHAPE_SHARE * one)) < 1e-9:
        return
    if not np.isfinite(one):
        # no merge is large enough, or only a turning one, which auto does not take by itself
        assert merged.starts == (0,) or spec.trend in ("peak", "valley")
        return
    assert worth(of, merged.starts, spec) == pytest.approx(wanted, abs=1e-9)
    assert merged.iv == pytest.approx(worth(of, merged.starts, BinSpec(chance=0)), abs=1e-9)


def test_a_turn_is_taken_where_it_is_worth_it() -> None:
    bend = fine([(100, 30), (100, 10), (100, 5), (100, 10), (100, 30)])
    assert merge(bend, BinSpec(min_bads=1)).trend == "valley"
    assert merge(bend, BinSpec(min_bads=1, trend="rising")).trend == "rising"
    ripple = fine([(1000, 100), (1000, 60), (1000, 62), (1000, 30)])
    assert merge(ripple, BinSpec(min_bads=1)).trend == "falling"


def test_too_few_rows_are_one_bin() -> None:
    assert merge(fine([(3, 1), (2, 2)]), BinSpec(min_bads=10)).starts == (0,)


def test_what_cannot_be_asked_is_told_at_once() -> None:
    with pytest.raises(InputError, match="trend 'up'.*min_bads"):
        BinSpec(trend="up", min_bads=0)
