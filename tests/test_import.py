"""Starting must be quick: nothing heavy is loaded before it is used."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIBRARIES = set(tomllib.loads((ROOT / "architecture.toml").read_text())["libraries"])
HEAVY = sorted(LIBRARIES | {"numpy", "pandas"})
DOOR_HEAVY = sorted(LIBRARIES - {"typer", "rich", "pydantic", "pydantic_settings"} | {"numpy", "pandas"})


def loaded_by(statement: str) -> set[str]:
    code = f"{statement}; import sys; print(*{{m.split('.')[0] for m in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split())


def seconds_of(statement: str) -> float:
    code = f"import time; t = time.perf_counter(); {statement}; print(time.perf_counter() - t)"
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
        for _ in range(3)
    ]
    return min(float(run.stdout) for run in runs)


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert not loaded_by("import workbench") & set(HEAVY)


def test_importing_the_package_is_quick() -> None:
    assert seconds_of("import workbench") < 0.3


def test_the_command_line_starts_without_anything_heavy() -> None:
    pytest.importorskip("workbench.cli")
    assert not loaded_by("import workbench.cli") & set(DOOR_HEAVY)
