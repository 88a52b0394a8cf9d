"""Made data of shipped portfolios: written to a file, or checked and kept like data that were brought."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench import synthetic
from workbench.dataset import Dataset, from_frame
from workbench.desk import tables
from workbench.desk.calls import made_name
from workbench.run import Run

if TYPE_CHECKING:
    from workbench.desk.desk import Desk


def generate_file(name: str, out: Path, rows: int | None, seed: int) -> dict[str, Any]:
    """Write made data; see `Desk.generate`."""
    recipe = synthetic.find(name)
    tables.check_target(out, recipe.rows if rows is None else rows)
    frame = synthetic.generate(name, rows, seed)
    replaced = out.exists()
    tables.write(frame, out)
    bad = frame.iloc[:, -1]
    return {
        "portfolio": name,
        "rows": len(frame),
        "n_bad": int(bad.sum()),
        "bad_rate": float(bad.mean()),
        "seed": seed,
        "sha256": hashlib.sha256(out.read_bytes()).hexdigest(),
        "out": str(out),
        "replaced": replaced,
    }


def keep_generated(desk: Desk, name: str, rows: int | None, seed: int, run: Run) -> Dataset:
    """Make data and keep them; see `Desk.keep_generated`."""
    portfolio = desk.portfolio(name)
    run.step("drawing rows", 0.05)
    frame = synthetic.generate(name, rows, seed)
    run.step(f"checking and keeping {len(frame):,} rows", 0.5)
    return desk.keep(from_frame(frame, made_name(name, seed)), portfolio)
