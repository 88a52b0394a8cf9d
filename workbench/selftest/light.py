"""A model so light that it can be published a thousand times: a line in one characteristic."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from workbench.dataset import REFUSED_COLUMNS, Dataset, Source
from workbench.portfolio import Portfolio, from_values
from workbench.settings import Settings

if TYPE_CHECKING:
    from workbench.registry import ModelRow
    from workbench.registry.registry import Registry

WHEN = datetime(2026, 1, 2, 9, 30, tzinfo=UTC)
WHO = "selftest"
PORTFOLIO = from_values(
    {
        "name": "cards",
        "title": "Cards",
        "outcome": {"column": "default", "bad": ["1"], "horizon": "12 months"},
        "row_key": "id",
        "date": "opened",
        "characteristics": [
            {"name": "income", "kind": "number"},
            {"name": "status", "kind": "category"},
            {"name": "since", "kind": "date"},
        ],
        "protected": [{"name": "age", "kind": "number"}],
    },
    "selftest",
)
DATA = "d" * 64


@dataclass(frozen=True)
class LightModel:
    """A logistic line in one characteristic, kept as JSON."""

    slope: float
    intercept: float = 0.0
    family: str = "logistic"
    portfolio: Portfolio = PORTFOLIO

    @property
    def digest(self) -> str:
        """Digest of what it learned."""
        return hashlib.sha256(repr((self.slope, self.intercept, self.family)).encode()).hexdigest()

    def to_files(self) -> dict[str, bytes]:
        """Return its files."""
        values = {"slope": self.slope, "intercept": self.intercept, "family": self.family}
        return {"line.json": json.dumps(values).encode(), "portfolio.json": b"{}"}


def read_light(files: dict[str, bytes]) -> LightModel:
    """Return the model in its files."""
    return LightModel(**json.loads(files["line.json"]))


def score_light(model: LightModel, frame: pd.DataFrame) -> np.ndarray:
    """Return the PD of each row."""
    income = frame["income"].fillna(0.0).to_numpy()
    # the slope of a damaged model may be beyond all measure
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-(model.intercept + model.slope * income)))


def made_frame(n: int = 64, seed: int = 1) -> pd.DataFrame:
    """Return typed rows of the portfolio, some values missing."""
    random = np.random.default_rng(seed)
    income = random.normal(size=n)
    income[0] = np.nan
    status = pd.Categorical(random.choice(["b", "a"], n), categories=pd.Index(["c", "b", "a"], dtype="str"))
    since = pd.Series(pd.date_range("2020-01-01", periods=n), dtype="datetime64[s]")
    since[1] = pd.NaT
    return pd.DataFrame({"income": income, "status": status, "since": since})


def made_dataset(n: int = 200, *, sha: str = DATA, protected_sha: str = "e" * 64, seed: int = 1) -> Dataset:
    """Return a data set of the portfolio that says it has the digest `sha`."""
    random = np.random.default_rng(seed)
    refused = pd.DataFrame([[7, "income", "NOT_A_NUMBER", "is not a number", "x**"]], columns=REFUSED_COLUMNS)
    return Dataset(
        portfolio=PORTFOLIO,
        frame=made_frame(n, seed),
        row_key=pd.Series([f"{i:05d}" for i in range(n)], name="id", dtype="str"),
        date=pd.Series(pd.date_range("2024-01-01", periods=n), name="opened", dtype="datetime64[s]"),
        record=np.arange(1, n + 1),
        refused=refused,
        source=Source("cards.csv", "f" * 64, 1234, "csv", ",", ".", "utf-8", ("comma",)),
        outcome=(random.random(n) < 0.2).astype(np.int8),
        weight=random.random(n) + 0.5,
        group=None,
        protected=pd.DataFrame({"age": random.integers(18, 80, n).astype(float)}),
        sha256=sha,
        protected_sha256=protected_sha,
    )


def open_light(home: Path, **values: Any) -> Registry:
    """Return a registry of `home` that reads and scores light models."""
    from workbench.registry.registry import open_registry

    return open_registry(Settings(home=home, **values), reader=read_light, score=score_light)


def publish(
    registry: Registry, model: LightModel, *, auc: float = 0.7, passed: bool = True, **more: Any
) -> ModelRow:
    """Register a light model; `more` replaces what is said of it."""
    metrics = {
        "auc": auc,
        "auc_low": auc - 0.02,
        "auc_high": auc + 0.02,
        "ks": 0.3,
        "brier": 0.1,
        "n": 60,
        "n_bad": 12,
    }
    reason = "AUC 0.70 is above 0.60" if passed else "AUC 0.52 is below 0.60"
    asked: dict[str, Any] = {
        "metrics": metrics,
        "samples": {"development": metrics | {"auc": 0.75, "n": 140}, "hold-out": metrics},
        "gate": {"passed": passed, "reason": reason},
        "dataset_sha256": DATA,
        "spec": {"family": model.family, "seed": 42},
        "study_id": None,
        "golden": made_frame(),
        "who": WHO,
        "when": WHEN,
    }
    return registry.register(model, **(asked | more))
