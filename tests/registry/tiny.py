"""A tiny honest model and data, so that faults can be tried many times."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from workbench.dataset import REFUSED_COLUMNS, Dataset, Source
from workbench.portfolio import Portfolio, from_values
from workbench.registry.registry import Registry, open_registry
from workbench.registry.rows import ModelRow
from workbench.settings import Settings

WHEN = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
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
    "test",
)


@dataclass(frozen=True)
class LineModel:
    """A logistic line in one characteristic, kept as JSON."""

    slope: float
    intercept: float = 0.0
    family: str = "logistic"
    portfolio: Portfolio = PORTFOLIO

    @property
    def digest(self) -> str:
        return hashlib.sha256(repr((self.slope, self.intercept, self.family)).encode()).hexdigest()

    def to_files(self) -> dict[str, bytes]:
        values = {"slope": self.slope, "intercept": self.intercept, "family": self.family}
        return {"line.json": json.dumps(values).encode(), "portfolio.json": b"{}"}


def read_line(files: dict[str, bytes]) -> LineModel:
    assert set(files) == {"line.json", "portfolio.json"}
    return LineModel(**json.loads(files["line.json"]))


def score_line(model: LineModel, frame: pd.DataFrame) -> np.ndarray:
    income = frame["income"].fillna(0.0).to_numpy()
    return 1 / (1 + np.exp(-(model.intercept + model.slope * income)))


def made_frame(n: int = 64, seed: int = 1) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    income = random.normal(size=n)
    income[0] = np.nan
    status = pd.Categorical(random.choice(["b", "a"], n), categories=pd.Index(["c", "b", "a"], dtype="str"))
    since = pd.Series(pd.date_range("2020-01-01", periods=n), dtype="datetime64[s]")
    since[1] = pd.NaT
    return pd.DataFrame({"income": income, "status": status, "since": since})


def made_dataset(
    n: int = 200, *, sha: str = "d" * 64, protected_sha: str = "e" * 64, seed: int = 1
) -> Dataset:
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


def settings_of(home: Path, **values: object) -> Settings:
    return Settings(home=home, **values)  # type: ignore[arg-type]


def open_tiny(home: Path, **values: object) -> Registry:
    return open_registry(settings_of(home, **values), reader=read_line, score=score_line)


def place(registry: Registry) -> dict[str, object]:
    """Return where a registry is, for `open_tiny` in another process or once more in this one."""
    store = registry.store
    return {"home": store.home, "database_url": store.database.url.render_as_string(hide_password=False)}


def reopened(registry: Registry, **values: object) -> Registry:
    """Open the same home and database once more."""
    return open_tiny(**(place(registry) | values))  # type: ignore[arg-type]


def register(
    registry: Registry, model: LineModel, *, auc: float = 0.7, passed: bool = True, **more: object
) -> ModelRow:
    metrics = {
        "auc": auc,
        "auc_low": auc - 0.02,
        "auc_high": auc + 0.02,
        "ks": 0.3,
        "brier": 0.1,
        "n": 60,
        "n_bad": 12,
    }
    asked = {
        "metrics": metrics,
        "samples": {"development": metrics | {"auc": 0.75, "n": 140}, "hold-out": metrics},
        "gate": {
            "passed": passed,
            "reason": "AUC 0.70 is above 0.60" if passed else "AUC 0.52 is below 0.60",
        },
        "dataset_sha256": "d" * 64,
        "spec": {"family": model.family, "seed": 42},
        "study_id": None,
        "golden": made_frame(),
        "who": "ana",
        "when": WHEN,
    }
    return registry.register(model, **(asked | more))  # type: ignore[arg-type]
