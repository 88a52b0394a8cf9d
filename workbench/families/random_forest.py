"""Random forest by scikit-learn on ordered codes: many deep trees on samples of the rows, averaged."""

from __future__ import annotations

import json
import zipfile
from functools import cached_property
from threading import Thread
from types import SimpleNamespace
from typing import Any

import numpy as np

from workbench.errors import ArtifactError
from workbench.families.family import Family, FitRows, FitSpec, Fitted, directions
from workbench.families.one_row import ByThread, Nodes, OneRow, booster_of
from workbench.families.ranges import SHARE, Range, settled
from workbench.features import Encoder, NumberColumn
from workbench.run import Run
from workbench.trees import Ensemble, of_nodes

FILE, FILL_FILE = "random_forest.skops", "random_forest.json"
# grown out to single rows a forest takes three times as long and ranks worse
DEFAULTS = (("trees", 200), ("min_samples_leaf", 15), ("max_samples", 0.3), ("max_features", "sqrt"))
RANGES = (
    ("trees", Range(1, 10_000)),
    ("min_samples_leaf", Range(1, 1_000_000)),
    ("max_samples", SHARE),
    ("max_features", Range(0.01, 1, words=("sqrt", "log2"))),
)
BATCHES = 20
P_LOW, P_HIGH = 1e-4, 1 - 1e-4
LOWEST = -3.4e38
TRUSTED = ("numpy.dtype", "sklearn.tree._tree.Tree")


class Forest:
    """A scikit-learn forest; its own probability is the mean of the bad share in each tree's leaf.

    Parameters
    ----------
    estimator : RandomForestClassifier
        Fitted on outcomes 0 and 1.
    fill : tuple of float
        What stands for a missing value, one a column; empty where missing values go their own way.

    Notes
    -----
    The margin is the log-odds of the probability, clipped to [.0001, .9999]: a leaf without bads says
    "fewer than we can see", not "never". A sigmoid on log-odds can stretch and shift PDs as for any other
    family, which one on the probability could not. What the forest itself adds up is `probability`.

    Values are rounded to single precision as scikit-learn does, and trees are added in their order: for
    a table by scikit-learn's own trees, for one applicant by LightGBM's single-row entry on the same trees.
    """

    def __init__(self, estimator: Any, fill: tuple[float, ...]) -> None:
        self.estimator = estimator
        self.fill = fill
        self._of_thread = ByThread(self._one_row)

    @property
    def trees(self) -> int:
        """Number of trees."""
        return len(self.estimator.estimators_)

    def probability(self, x: np.ndarray) -> np.ndarray:
        """Return the mean over trees of the bad share in each row's leaf; shape (n,)."""
        rows = as_rows(x, self.fill)
        total = np.zeros(len(rows))
        for one in self.estimator.estimators_:
            total += one.tree_.value[:, 0, 1].take(one.tree_.apply(rows))
        return total / self.trees

    def margin(self, x: np.ndarray) -> np.ndarray:
        """Return the log-odds of the clipped probability; shape (n,)."""
        return _log_odds(self.probability(x))

    def margin_of_one(self, x: list[float]) -> float:
        """Return the log-odds of the clipped probability of one applicant."""
        row = as_rows(np.array([x]), self.fill)[0].tolist()
        return float(_log_odds(np.array([self._of_thread(row) / self.trees]))[0])

    @cached_property
    def _booster(self) -> Any:
        nodes = [_nodes(one.tree_) for one in self.estimator.estimators_]
        return booster_of(nodes, int(self.estimator.n_features_in_))

    def _one_row(self, width: int) -> OneRow:
        return OneRow(self._booster, width)

    def ensemble(self) -> Ensemble:
        """Return the trees; a leaf's value is its bad share."""
        trees = [
            # nodes alone are what was learned, and what the digest is made of
            SimpleNamespace(**vars(_nodes(one.tree_)), cover=one.tree_.weighted_n_node_samples)
            for one in self.estimator.estimators_
        ]
        return of_nodes(trees, int(self.estimator.n_features_in_), single=True)

    def filled(self, x: np.ndarray) -> np.ndarray:
        """Return rows with what stands for missing values, where anything does."""
        return np.where(np.isnan(x), np.asarray(self.fill), x) if self.fill else x

    def margin_of(self, sums: np.ndarray) -> np.ndarray:
        """Return the log-odds of the clipped mean over the trees; shape (n,)."""
        return _log_odds(sums / self.trees)

    def to_files(self) -> dict[str, bytes]:
        """Return the forest as skops wrote it, and what stands for missing values."""
        return {FILE: self._content, FILL_FILE: json.dumps({"fill": list(self.fill)}).encode()}

    @cached_property
    def _content(self) -> bytes:
        import skops.io

        return skops.io.dumps(self.estimator, compression=zipfile.ZIP_DEFLATED, compresslevel=1)

    def canonical(self) -> bytes:
        """Return every tree's nodes and the fill; what skops writes has addresses and the time in it."""
        parts = [json.dumps(list(self.fill)).encode()]
        for one in self.estimator.estimators_:
            nodes = _nodes(one.tree_)
            parts += [np.ascontiguousarray(a).tobytes() for a in vars(nodes).values()]
        return b"".join(len(part).to_bytes(8, "little") + part for part in parts)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.estimator, self.fill)


def as_rows(x: np.ndarray, fill: tuple[float, ...]) -> np.ndarray:
    """Return rows in single precision, as the trees compare them; shape as `x`, row by row."""
    rows = np.ascontiguousarray(x, np.float32)
    return np.where(np.isnan(rows), np.asarray(fill, np.float32), rows) if fill else rows


def _log_odds(probability: np.ndarray) -> np.ndarray:
    p = np.clip(probability, P_LOW, P_HIGH)
    return np.log(p / (1 - p))


def _nodes(tree: Any) -> Nodes:
    return Nodes(
        tree.feature.astype(np.int64), tree.threshold, tree.children_left.astype(np.int64),
        tree.children_right.astype(np.int64), tree.missing_go_to_left.astype(bool), tree.value[:, 0, 1],
    )  # fmt: skip


def read(files: dict[str, bytes]) -> Forest:
    """Return the model that `Forest.to_files` wrote.

    Raises
    ------
    ArtifactError
        ``ARTIFACT_TYPES`` where the file holds anything but a forest; nothing of it is made.
    """
    import skops.io

    content = files[FILE]
    strangers = set(skops.io.get_untrusted_types(data=content)) - set(TRUSTED)
    if strangers:
        raise _no_forest(f"holds {', '.join(sorted(strangers))}")
    estimator = skops.io.loads(content, trusted=list(TRUSTED))
    kind = f"{type(estimator).__module__}.{type(estimator).__name__}"
    if kind != "sklearn.ensemble._forest.RandomForestClassifier":
        raise _no_forest(f"is a {kind}")
    estimator.n_jobs = 1
    forest = Forest(estimator, tuple(json.loads(files[FILL_FILE])["fill"]))
    forest.__dict__["_content"] = content
    return forest


def _no_forest(what: str) -> ArtifactError:
    return ArtifactError(
        "ARTIFACT_TYPES", f"{what}, which no forest of ours does; it was not read", FILE,
        "Restore it from a backup, or train again.",
    )  # fmt: skip


def fit(
    encoder: Encoder, development: FitRows, validation: FitRows | None, spec: FitSpec, run: Run
) -> Forest:
    """Fit a forest in batches of trees; the validation sample is not used.

    Notes
    -----
    Each tree has a seed of its own, so that neither batches nor threads change the forest.
    Where the portfolio declares directions scikit-learn takes no missing values; they are then filled:
    by the typical value where a direction is declared, else by a value below all others, which a tree
    can split off.
    """
    from sklearn.ensemble import RandomForestClassifier

    params = settled(DEFAULTS, spec.params)
    trees, declared = int(params["trees"]), directions(encoder)
    fill = _fill(encoder) if any(declared) else ()
    rows = as_rows(development.x, fill)
    estimator = RandomForestClassifier(
        n_estimators=0, min_samples_leaf=int(params["min_samples_leaf"]),
        max_samples=float(params["max_samples"]), max_features=params["max_features"],
        monotonic_cst=declared if any(declared) else None,
        warm_start=True, n_jobs=run.threads, random_state=spec.seed,
    )  # fmt: skip
    # what keeps a forest takes half a second to load: done while trees grow, when all they need is loaded
    loading = Thread(target=_load)
    batches = min(BATCHES, trees)
    for k in range(batches):
        done = trees * (k + 1) // batches
        run.step(f"tree {done:,} of {trees:,}", k / batches)
        estimator.n_estimators = done
        estimator.fit(rows, development.bad.astype(np.int8), sample_weight=development.weight)
        if k == 0 and run.spare:
            loading.start()
    if run.spare:
        loading.join()
    run.step(f"tree {trees:,} of {trees:,}", 1.0)
    estimator.n_jobs, estimator.warm_start = 1, False
    return Forest(estimator, fill)


def _load() -> None:
    import skops.io  # noqa: F401


def _fill(encoder: Encoder) -> tuple[float, ...]:
    return tuple(
        column.typical if isinstance(column, NumberColumn) and (column.monotone or not column.missing_share)
        else LOWEST
        for column in encoder.columns
    )  # fmt: skip


def importance(encoder: Encoder, fitted: Fitted, rows: FitRows) -> np.ndarray:
    """Return each characteristic's share of the impurity that splits took away."""
    assert isinstance(fitted, Forest)
    return np.asarray(fitted.estimator.feature_importances_, dtype=float)


FAMILY = Family(
    name="random_forest",
    title="Random forest",
    purpose="Hundreds of deep trees, each on a sample of the rows and characteristics, averaged.",
    strengths="Finds bends and interactions with little tuning; steady; a good second opinion to boosting.",
    limits="Usually ranks a little below boosted trees; large; cannot be read as a formula.",
    when="As a challenger that works differently, or where boosting overfits few bads.",
    importance_title="share of impurity taken away by splits on the characteristic",
    encoding="ordered",
    defaults=DEFAULTS,
    ranges=RANGES,
    fit=fit,
    read=read,
    importance=importance,
)
