"""How often months that are alike are called apart, of rows and of customers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests import made
from workbench.dataset import Dataset, build, from_frame
from workbench.drift.stability import design_effect, elsewhere, psi, reference, unlike
from workbench.evaluation import benjamini_hochberg
from workbench.extract import against, by_month
from workbench.run import Run


@pytest.mark.parametrize("rows", [100, 200, 1000])
def test_months_that_are_alike_are_not_apart(rows: int) -> None:
    found, extracts, characteristics = 0, 60, 6
    for seed in range(extracts):
        rng = np.random.default_rng(seed)
        p_values = []
        for _ in range(characteristics):
            counts = rng.multinomial(rows, rng.dirichlet(np.ones(8)), 24)
            p_values.append(unlike(counts, elsewhere(counts, reference(counts))))
        found += bool((benjamini_hochberg(np.concatenate(p_values)) < 0.05).any())
    assert found / extracts <= 0.12, found


def test_what_chance_makes_of_few_rows_is_what_it_makes() -> None:
    share, rng = np.array([0.02, 0.03, 0.05, 0.2, 0.3, 0.4]), np.random.default_rng(4)
    index, chance, _ = psi(rng.multinomial(150, share, 400), rng.multinomial(3000, share, 400))
    assert 0.03 < (index > chance).mean() < 0.07


def test_customers_with_several_rows_are_no_more_apart_than_customers() -> None:
    found = np.zeros(2)
    for seed in range(60):
        rng = np.random.default_rng(seed)
        code, month = np.repeat(np.arange(60), 6), np.repeat(np.arange(60) % 6, 6)
        bins = np.repeat(rng.integers(0, 4, 60), 6)
        counts = np.bincount(month * 4 + bins, minlength=24).reshape(6, 4)
        whole = np.zeros(360, int)
        for i, own in enumerate((None, code)):
            effect = design_effect(bins, month, 6, own)
            others = float(design_effect(bins, whole, 1, own)[0])
            alike = elsewhere(counts, reference(counts, effect, others))
            found[i] += benjamini_hochberg(psi(counts, alike, effect, others)[2]).min() < 0.05
    assert found[0] > 40 and found[1] <= 7, found


def test_a_value_that_one_month_alone_has_is_found_among_many() -> None:
    counts = np.tile([0, 300], (400, 1))
    counts[7] = 300, 0
    assert not reference(counts)[7] and reference(counts).sum() == 399
    p_value = unlike(np.array([[3, 0, 0], [0, 0, 0]]), np.array([[9, 0, 0], [5, 5, 5]]))
    assert p_value[0] == 1 and np.isnan(p_value[1])


def _told_six_times(seed: int) -> Dataset:
    """Return rows of 60 customers, ten in each of six months, alike but for their keys."""
    rows = made.frame(60, seed)
    rows["opened"] = pd.date_range("2024-01-15", periods=6, freq="MS").repeat(10)
    rows = rows.loc[rows.index.repeat(6)].reset_index(drop=True)
    rows["who"] = rows["id"]
    rows["id"] = [f"{i:06d}" for i in range(len(rows))]
    return build(from_frame(rows), made.portfolio(group="who"))


def test_extracts_of_customers_are_alike() -> None:
    found = np.zeros(2, int)
    for seed in range(10):
        now, before = _told_six_times(seed), _told_six_times(seed + 100)
        months = by_month(now, Run(1))
        assert months is not None
        found += bool(len(months.apart)), bool(against(now, before).changes["apart"].any())
    assert (found <= 2).all(), found
