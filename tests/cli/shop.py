"""A small portfolio of its own, made rows, and a way to call the command line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from typer.testing import CliRunner

from workbench.cli import app

TOML = """
name = "shop_loans"
title = "Shop loans"
kind = "application"
row_key = "id"

[outcome]
column = "bad"
bad = ["1"]
good = ["0"]

[requirements]
auc = 0.6

[[characteristics]]
name = "income"
title = "Monthly income"
low = 0

[[characteristics]]
name = "age_of_account"
unit = "months"

[[characteristics]]
name = "purpose"
kind = "category"
"""


@dataclass(frozen=True)
class Answer:
    """What a call left behind."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.out)


@dataclass(frozen=True)
class Place:
    """A folder with a portfolio, a file of made loans, and an empty home."""

    folder: Path

    @property
    def portfolio(self) -> str:
        return str(self.folder / "shop_loans.toml")

    @property
    def data(self) -> str:
        return str(self.folder / "loans.csv")

    def call(self, *arguments: str) -> Answer:
        result = CliRunner().invoke(app, list(arguments), env={"WORKBENCH_HOME": str(self.folder / "home")})
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return Answer(result.exit_code, result.stdout, result.stderr)


def loans(n: int = 1200, seed: int = 3) -> pd.DataFrame:
    """Made loans whose risk falls with income and the account's age."""
    rng = np.random.default_rng(seed)
    income = rng.lognormal(8, 0.5, n).round()
    age = rng.integers(0, 120, n)
    purpose = rng.choice(["car", "kitchen", "travel"], n)
    margin = -1.2 - 1.3 * (np.log(income) - 8) - 0.02 * (age - 60) + 0.6 * (purpose == "travel")
    bad = (rng.random(n) < 1 / (1 + np.exp(-margin))).astype(int)
    return pd.DataFrame(
        {"id": np.arange(n), "income": income, "age_of_account": age, "purpose": purpose, "bad": bad}
    )


def place(folder: Path) -> Place:
    """Write the portfolio and the loans into a folder."""
    (folder / "shop_loans.toml").write_text(TOML)
    loans().to_csv(folder / "loans.csv", index=False)
    return Place(folder)
