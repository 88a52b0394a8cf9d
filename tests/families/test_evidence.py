"""What chooses a card's characteristics sees rows as heavy as they are."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from workbench.families.evidence import _uncorrelated


@pytest.mark.parametrize("weighted", [True, False])
def test_a_heavy_row_correlates_as_often_as_it_weighs(weighted: bool) -> None:
    rng = np.random.default_rng(1)
    woe = rng.normal(size=(200, 2))
    woe[:20, 1] = woe[:20, 0]
    weight = np.where(np.arange(200) < 20, 60.0, 1.0)
    bins = tuple(SimpleNamespace(name=name) for name in "ab")
    repeated = np.repeat(woe, weight.astype(int), axis=0)
    given = (woe, weight) if weighted else (repeated, None)
    reasons: dict[int, str] = {}
    assert _uncorrelated([0, 1], bins, *given, 0.7, reasons) == [0]
    said = f"{np.corrcoef(repeated.T)[0, 1]:.2f}"
    assert reasons == {1: f"correlates {said} with a, which is stronger"}
