"""What is imported is declared, and what is declared is pinned: nothing is there by luck."""

from __future__ import annotations

import ast
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def _declared(*lists: list[str]) -> dict[str, Requirement]:
    found = [Requirement(line) for lines in lists for line in lines]
    return {canonicalize_name(one.name): one for one in found}


def _imported(*places: str) -> set[str]:
    """Return the packages that Python files of these places import, by the name they are installed by."""
    modules = set()
    for path in (path for place in places for path in ROOT.glob(place)):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                modules |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                modules.add((node.module or "").partition(".")[0])
    known = packages_distributions()
    others = modules - set(sys.stdlib_module_names) - {"workbench", "tests"}
    return {canonicalize_name(known.get(name, [name])[0]) for name in others}


def test_what_is_imported_is_declared() -> None:
    needed = _declared(PROJECT["dependencies"])
    assert _imported("workbench/**/*.py", "pages/*.py", "app.py") - needed.keys() == set()
    for_tests = _declared(PROJECT["dependencies"], PROJECT["optional-dependencies"]["test"])
    assert _imported("tests/**/*.py") - for_tests.keys() == set()
    assert needed["psycopg"].extras == {"binary"}  # the driver of PostgreSQL is imported by its address alone


def test_what_is_declared_is_pinned_and_the_workbench_itself_comes_last() -> None:
    lines = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if line[:1] != "#"]
    assert lines[-1] == "-e ." and lines.count("-e .") == 1
    pins = _declared(lines[:-1])
    assert all([s.operator for s in pin.specifier] == ["=="] for pin in pins.values())
    declared = _declared(PROJECT["dependencies"], PROJECT["optional-dependencies"]["test"])
    assert declared.keys() - pins.keys() == set() and "psycopg-binary" in pins
    for name, asked in declared.items():
        pinned = next(iter(pins[name].specifier)).version
        assert asked.specifier.contains(pinned), f"{name} is pinned to {pinned}"
