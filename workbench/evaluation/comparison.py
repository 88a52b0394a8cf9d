"""Several models on the same rows: which is better, by how much, and whether it could be chance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from workbench.errors import InputError
from workbench.evaluation.approval import AtApproval, Ranks, ranks
from workbench.evaluation.measure import wilson
from workbench.evaluation.paired import auc_pairs, one_sided, pairs_frame, turned
from workbench.evaluation.summary import Evaluation, evaluate
from workbench.evaluation.verdict import CHAMPION, best, verdict
from workbench.policy import Policy
from workbench.run import seed_for

MOST = 6
APPROVAL = 0.70
METRICS = (
    "auc", "gini", "ks", "average_precision", "precision_at_10pct_recall", "lift_top_decile", "h_measure",
    "brier", "log_loss", "ece", "calibration_slope",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Comparison:
    """Several models on the same rows.

    Attributes
    ----------
    reference : str
        The model others are held against.
    role : str
        Why it: "champion", "first trained", "first named".
    n, n_bad : int
        Rows all are judged on, and how many ended bad.
    customers : int, optional
        Groups the rows come in; None where every row stands alone.
    models : DataFrame
        model, kind ("model" or "baseline"), then for each of `METRICS` its value, ``<metric>_low`` and
        ``<metric>_high``; bad_rate_approved with its interval at the approval rate; best_auc, best_ks,
        best_bad_rate_approved: True where the lead over every other model is beyond noise.
    tests : DataFrame
        a, b, difference (AUC of b less that of a), low, high, z, p_value, p_adjusted, beyond_noise,
        reason: DeLong for each pair of models, intervals and p adjusted together by Bonferroni.
    ks_tests : DataFrame
        The same for KS, by bootstrap.
    approval : AtApproval
        What happens where each model approves the same share.
    evaluations : dict of str to Evaluation
        Of models, then of baselines, for curves.
    ranks : Ranks
        What another approval rate needs; see `at`.
    verdict : str
        The answer in one sentence.
    """

    reference: str
    role: str
    n: int
    n_bad: int
    customers: int | None
    models: pd.DataFrame
    tests: pd.DataFrame
    ks_tests: pd.DataFrame
    approval: AtApproval
    evaluations: dict[str, Evaluation]
    ranks: Ranks
    verdict: str

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the models, without baselines."""
        return self.ranks.names

    @property
    def swap(self) -> pd.DataFrame:
        """Who is swapped in and out at the approval rate; see `AtApproval`."""
        return self.approval.swap

    @property
    def best(self) -> str:
        """The model with the highest AUC among those that are not the reference."""
        return best(self.reference, self.names, self.evaluations)

    def at(self, approval: float) -> AtApproval:
        """Return what happens at another approval rate, 0 to 1; no row is scored or sorted again."""
        return self.ranks.at(approval)

    def verdict_at(self, at: AtApproval) -> str:
        """Return the verdict with the bad rates of another approval rate."""
        return verdict(self.reference, self.role, self.evaluations, self.tests, at, self.names)

    def pair(self, a: str, b: str, tests: pd.DataFrame | None = None) -> dict[str, Any]:
        """Return one line of `tests`, turned so that the difference is that of `b` less that of `a`."""
        return turned(self.tests if tests is None else tests, a, b)

    def note(self) -> str:
        """Return how differences were judged, and what to mind, in words."""
        pairs = len(self.tests)
        said = [
            f"Reference: {self.role}",
            "DeLong for AUC, bootstrap for KS and bad rates, on the same rows; intervals are 95% each",
        ]
        if pairs > 1:
            said[1] = said[1].replace(
                "95% each", f"95% for all {pairs} pairs together, as p is adjusted (Bonferroni)"
            )
        if len(self.names) > 2:
            said.append("the best was picked on these rows, which flatters it a little")
        if self.customers is not None:
            said.append(f"rows of one customer count together ({self.customers:,} customers)")
        return "; ".join(said) + "."

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as plain values; undefined is None."""
        return {
            "reference": self.reference,
            "reference_is": self.role,
            "n": self.n,
            "n_bad": self.n_bad,
            "customers": self.customers,
            "models": _records(self.models),
            "tests": _records(self.tests),
            "ks_tests": _records(self.ks_tests),
            "approval": self.approval.approval,
            "at_approval": _records(self.approval.models),
            "bad_rate_tests": _records(self.approval.tests),
            "swap": _records(self.swap),
            "verdict": self.verdict,
            "note": self.note(),
        }


def compare(
    bad: np.ndarray,
    p_bad: Mapping[str, np.ndarray],
    *,
    reference: str = "",
    role: str = "",
    weight: np.ndarray | None = None,
    group: np.ndarray | None = None,
    policies: Mapping[str, Policy] | None = None,
    baselines: Mapping[str, Evaluation] | None = None,
    evaluations: Mapping[str, Evaluation] | None = None,
    approval: float = APPROVAL,
    seed: int = 0,
    threads: int = 1,
) -> Comparison:
    """Compare up to six models on the same rows.

    Parameters
    ----------
    bad : array, shape (n,)
        1 bad, 0 good; indeterminates left out.
    p_bad : mapping of str to array, shape (n,)
        PDs by model.
    reference : str
        Model the others are held against; the first where empty.
    role : str
        Why it; "champion" where a reference is named and nothing said. Only against a champion is the
        verdict about the reference: else it is about the model with the highest AUC.
    weight : array, shape (n,), optional
        Sampling weights.
    group : array, shape (n,), optional
        Customer: rows of one are resampled and counted together.
    policies : mapping of str to Policy, optional
        Each model's own, for bands and cut-off of its evaluation.
    baselines : mapping of str to Evaluation, optional
        What any model must beat, on the same rows: shown beside, not tested.
    evaluations : mapping of str to Evaluation, optional
        Of models that were measured on these very rows before, with their policies; the others are
        measured here.
    approval : float
        Share of applicants every model approves.
    threads : int
        Models measured at a time; the result does not hang on it.

    Raises
    ------
    InputError
        ``COMPARE``: fewer than two models or more than six, an unknown reference, a share outside 0 to 1;
        ``SCORES`` as in `evaluate`.

    Examples
    --------
    >>> bad = np.array([0, 1] * 300)
    >>> noise = np.random.default_rng(0).normal(size=600)
    >>> scores = {"A": noise + 0.5 * bad, "B": noise + 1.5 * bad}
    >>> c = compare(bad, {name: 1 / (1 + np.exp(-s)) for name, s in scores.items()})
    >>> c.verdict.startswith("B is better than A by .")
    True
    """
    names = list(p_bad)
    role = role or (CHAMPION if reference else "first named")
    reference = reference or (names[0] if names else "")
    _refuse(names, reference, approval)

    def judge(name: str) -> Evaluation:
        return (evaluations or {}).get(name) or evaluate(
            bad, p_bad[name], weight=weight, group=group, policy=(policies or {}).get(name),
            seed=seed_for(seed, "evaluate"),
        )  # fmt: skip

    with ThreadPoolExecutor(max(threads, 1)) as pool:
        judged = dict(zip(names, pool.map(judge, names), strict=True))
    bad, p_bad, weight, group = _that_count(np.asarray(bad), p_bad, weight, group)
    ranked, placed = ranks(
        bad, p_bad, weight=weight, group=group, seed=seed_for(seed, "resampling"), threads=threads
    )
    used = np.asarray(group) if ranked.grouped else None
    tests = auc_pairs(names, ranked.bad, placed, ranked.weight, used)
    at = ranked.at(approval)
    ks_tests = _ks_pairs(names, judged, ranked)
    both = judged | dict(baselines or {})
    customers = None if used is None else len(pd.unique(used))
    return Comparison(
        reference=reference, role=role, n=len(bad), n_bad=int((bad == 1).sum()),
        customers=customers, models=_models(both, names, tests, ks_tests, at, customers),
        tests=tests, ks_tests=ks_tests, approval=at,
        evaluations=both, ranks=ranked,
        verdict=verdict(reference, role, judged, tests, at, ranked.names),
    )  # fmt: skip


def _refuse(names: list[str], reference: str, approval: float) -> None:
    if not 2 <= len(names) <= MOST:
        raise InputError(
            "COMPARE", f"{len(names)} models cannot be compared", remedy=f"Name two to {MOST} of them."
        )
    if reference not in names:
        raise InputError("COMPARE", f"{reference} is not among the models", remedy="Name it too.")
    if not 0 < approval < 1:
        raise InputError("COMPARE", "the approval rate is not between 0 and 1", remedy="Give 0.7, say.")


def _that_count(
    bad: np.ndarray, p_bad: Mapping[str, np.ndarray], weight: np.ndarray | None, group: np.ndarray | None
) -> tuple[np.ndarray, Mapping[str, np.ndarray], np.ndarray | None, np.ndarray | None]:
    """Return the rows without those that weigh nothing."""
    if weight is None or (np.asarray(weight) > 0).all():
        return bad, p_bad, weight, group
    kept = np.asarray(weight) > 0
    group = None if group is None else np.asarray(group)[kept]
    return (
        bad[kept],
        {name: np.asarray(p)[kept] for name, p in p_bad.items()},
        np.asarray(weight)[kept],
        group,
    )


def _ks_pairs(names: list[str], evaluations: Mapping[str, Evaluation], ranked: Ranks) -> pd.DataFrame:
    values = [evaluations[name].value("ks") for name in names]
    differences = [b - a for a, b in combinations(values, 2)]
    errors = [0.0 if d == 0 else e for d, e in zip(differences, ranked.ks_errors(), strict=True)]
    why = one_sided(len(ranked.bad), int(ranked.bad.sum())) or "too few rows"
    return pairs_frame(names, differences, errors, why)


def _models(
    evaluations: Mapping[str, Evaluation],
    names: list[str],
    tests: pd.DataFrame,
    ks_tests: pd.DataFrame,
    at: AtApproval,
    customers: int | None,
) -> pd.DataFrame:
    rates = at.models.set_index("model")
    lines = []
    for name, e in evaluations.items():
        line: dict[str, Any] = {"model": name, "kind": "model" if name in names else "baseline"}
        for metric in METRICS:
            measure = e.measure(metric)
            line |= {metric: measure.value, f"{metric}_low": measure.low, f"{metric}_high": measure.high}
        if name in names:
            line |= {f"bad_rate_approved{end}": rates.loc[name, column] for end, column in _ENDS.items()}
        else:
            ends = bad_rate_interval_at(e, at.approval, customers)
            values = (bad_rate_at(e, at.approval), *ends)
            line |= {f"bad_rate_approved{end}": value for end, value in zip(_ENDS, values, strict=True)}
        own = name in names
        line["best_auc"] = own and leads(name, tests, 1)
        line["best_ks"] = own and leads(name, ks_tests, 1)
        line["best_bad_rate_approved"] = own and leads(name, at.tests, -1)
        lines.append(line)
    return pd.DataFrame(lines)


NOT_TESTED = float("nan")
_ENDS = {"": "bad_rate", "_low": "low", "_high": "high"}


def bad_rate_at(e: Evaluation, approval: float) -> float:
    """Return the bad rate among the safest `approval` of applicants; ties count in proportion."""
    if e.gains.empty:
        return NOT_TESTED
    declined = float(np.interp(1 - approval, e.gains["share_applicants"], e.gains["share_bads"]))
    return (1 - declined) * e.value("bad_rate") / approval


def bad_rate_interval_at(e: Evaluation, approval: float, customers: int | None) -> tuple[float, float]:
    """Return the 95% interval (Wilson) of `bad_rate_at`.

    NaN where rows are weighted or customers have several: an evaluation does not hold how they spread.
    """
    rate, n = bad_rate_at(e, approval), approval * e.n
    if math.isnan(rate) or customers is not None or e.weight_sum != e.n:
        return NOT_TESTED, NOT_TESTED
    low, high = wilson(rate * n, n)
    return float(low), float(high)


def leads(name: str, tests: pd.DataFrame, sign: int) -> bool:
    """Return whether a model is ahead of every other beyond noise; `sign` is -1 where less is better."""
    first, second = (tests[side].to_numpy(object) == name for side in "ab")
    own = first | second
    ahead = np.where(first, -1, 1) * sign * tests["difference"].to_numpy(float) > 0
    return bool((ahead & tests["beyond_noise"].to_numpy(bool))[own].all())


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    def plain(value: Any) -> Any:
        value = value.item() if isinstance(value, np.generic) else value
        return None if isinstance(value, float) and not math.isfinite(value) else value

    return [{str(k): plain(v) for k, v in line.items()} for line in frame.to_dict("records")]
