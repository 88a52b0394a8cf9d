"""The corrected test over splits: a known answer, its definition, and how often it is wrong."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from workbench.evaluation import nadeau_bengio


def test_the_known_answer_of_scikit_learns_example():
    from sklearn.datasets import make_moons
    from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score
    from sklearn.svm import SVC

    x, y = make_moons(noise=0.352, random_state=1, n_samples=100)
    folds = RepeatedStratifiedKFold(n_splits=10, n_repeats=10, random_state=0)
    first, second = (
        cross_val_score(SVC(kernel=kernel, random_state=0), x, y, scoring="roc_auc", cv=folds)
        for kernel in ("rbf", "linear")
    )
    t, p_value, _ = nadeau_bengio(first - second, 90, 10)
    assert (round(t, 3), round(p_value, 3)) == (0.750, 0.227)
    plain = stats.ttest_1samp(first - second, 0, alternative="greater")
    assert (round(float(plain.statistic), 3), round(float(plain.pvalue), 3)) == (2.611, 0.005)


def test_without_overlap_it_is_the_plain_test_and_a_swap_turns_it_round():
    d = np.random.default_rng(1).normal(0.01, 0.02, 30)
    plain = stats.ttest_1samp(d, 0, alternative="greater")
    t, p_value, error = nadeau_bengio(d, 1e18, 1.0)
    assert (t, p_value) == pytest.approx((plain.statistic, plain.pvalue))
    assert error == pytest.approx(d.std(ddof=1) / np.sqrt(30))
    back = nadeau_bengio(-d, 700, 300)
    assert back[0] == pytest.approx(-nadeau_bengio(d, 700, 300)[0])
    assert back[1] == pytest.approx(1 - nadeau_bengio(d, 700, 300)[1])


@pytest.mark.parametrize("d", [[], [0.1], [0.0, 0.0, 0.0]])
def test_what_cannot_be_told_is_not(d):
    assert np.isnan(nadeau_bengio(np.array(d), 700, 300)).all()
