"""The order of the rooms and the rules of the house, read from the code itself."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "workbench"
RULES = tomllib.loads((ROOT / "architecture.toml").read_text())
ROOMS: list[str] = RULES["rooms"]
LIBRARIES: dict[str, dict[str, list[str]]] = RULES["libraries"]
MODULES = sorted(p for p in PACKAGE.rglob("*.py") if "migrations" not in p.parts)
PAGES = sorted(p for p in (ROOT / "app.py", *(ROOT / "pages").glob("*.py")) if p.exists())
PURE = ROOMS[: ROOMS.index(RULES["pure_until"]) + 1]
JOBLIB_ONLY_IN = [PACKAGE / name for name in RULES["forbidden"]["joblib_only_in"]]
IMPURE_MODULES = {"os", "socket", "subprocess", "time", "random", "requests", "urllib", "http", "tempfile"}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def imports(tree: ast.Module) -> Iterator[tuple[str, int, bool]]:
    """Every absolute import: its dotted name, its line, and whether it stands at the top of the module."""
    inside = {
        child
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno, node not in inside
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: write the import in full"
            if node.module == "workbench":
                for alias in node.names:
                    yield f"workbench.{alias.name}", node.lineno, node not in inside
            else:
                yield str(node.module), node.lineno, node not in inside


def said(path: Path, line: int, what: str) -> str:
    return f"{path.relative_to(ROOT)}:{line} {what}"


def test_every_module_belongs_to_a_room() -> None:
    strangers = {room_of(p) for p in MODULES} - set(ROOMS) - {"__init__", "__main__"}
    assert not strangers, f"rooms missing from architecture.toml: {sorted(strangers)}"


def test_rooms_import_only_earlier_rooms() -> None:
    wrong = []
    for path in MODULES:
        room = room_of(path)
        if room not in ROOMS:
            continue
        allowed = set(ROOMS[: ROOMS.index(room) + 1])
        for name, line, _ in imports(tree_of(path)):
            parts = name.split(".")
            if parts[0] == "workbench" and (len(parts) < 2 or parts[1] not in allowed):
                wrong.append(said(path, line, f"imports {name}, which stands later"))
    assert not wrong, "\n".join(wrong)


def test_heavy_libraries_stay_in_their_rooms() -> None:
    wrong = []
    for path in MODULES:
        room = room_of(path)
        for name, line, at_top in imports(tree_of(path)):
            rule = LIBRARIES.get(name.split(".")[0])
            if rule is None:
                continue
            if room not in rule["rooms"]:
                wrong.append(said(path, line, f"imports {name}; that is for {', '.join(rule['rooms'])}"))
            elif at_top and room not in rule["top"]:
                wrong.append(said(path, line, f"imports {name} at the top; do it where it is used"))
    assert not wrong, "\n".join(wrong)


def test_nothing_that_runs_code_from_a_file_is_loaded() -> None:
    forbidden = set(RULES["forbidden"]["modules"])
    wrong = []
    for path in (*MODULES, *PAGES):
        tree = tree_of(path)
        for name, line, _ in imports(tree):
            if name == "joblib" and path in JOBLIB_ONLY_IN:
                continue
            if name.split(".")[0] in forbidden:
                wrong.append(said(path, line, f"imports {name}"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in {"read_pickle", "to_pickle"}:
                wrong.append(said(path, node.lineno, node.attr))
            if (
                isinstance(node, ast.keyword)
                and node.arg == "allow_pickle"
                and ast.unparse(node.value) != "False"
            ):
                wrong.append(said(path, node.lineno, "allow_pickle"))
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"eval", "exec", "compile"}:
                wrong.append(said(path, node.lineno, f"calls {ast.unparse(node.func)}"))
    assert not wrong, "\n".join(wrong)


def test_joblib_is_read_only_by_the_process_that_proves_an_export() -> None:
    calls = [
        (path.relative_to(PACKAGE).as_posix(), ast.unparse(node.func))
        for path in MODULES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("joblib.")
    ]
    assert calls == [
        ("exports/joblib_layout.py", "joblib.dump"),
        ("exports/proof_child.py", "joblib.load"),
    ]


def test_pure_rooms_touch_nothing_outside() -> None:
    wrong = []
    for path in (p for p in MODULES if room_of(p) in PURE):
        tree = tree_of(path)
        for name, line, _ in imports(tree):
            if name.split(".")[0] in IMPURE_MODULES:
                wrong.append(said(path, line, f"imports {name}"))
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            if called in {"open", "print", "input"} or called.endswith((".now", ".utcnow", ".today")):
                wrong.append(said(path, node.lineno, f"calls {called}"))
            if called.endswith("default_rng") and not node.args:
                wrong.append(said(path, node.lineno, "draws without a seed"))
    assert not wrong, "\n".join(wrong)


def test_no_blind_except() -> None:
    wrong = []
    for path in (*MODULES, *PAGES):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ExceptHandler):
                caught = ast.unparse(node.type) if node.type else ""
                if caught in {"", "Exception"}:
                    wrong.append(said(path, node.lineno, "catches everything"))
    assert not wrong, "\n".join(wrong)


def test_files_and_functions_hold_one_subject() -> None:
    limits = RULES["limits"]
    wrong = []
    for path in MODULES:
        lines = len(path.read_text().splitlines())
        if lines > limits["file_lines"]:
            wrong.append(said(path, lines, "lines"))
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = lines_of_code(node)
                if length > limits["function_lines"]:
                    wrong.append(said(path, node.lineno, f"{node.name} has {length} lines"))
    assert not wrong, "\n".join(wrong)


def lines_of_code(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring: a long explanation is no second subject."""
    first = node.body[0]
    told = first.end_lineno - first.lineno + 1 if ast.get_docstring(node) is not None else 0
    return int(node.end_lineno or node.lineno) - node.lineno + 1 - told


def test_names_say_what_is_inside() -> None:
    nameless = set(RULES["forbidden"]["names"])
    wrong = [
        p for p in MODULES if nameless & {part.removesuffix(".py") for part in p.relative_to(PACKAGE).parts}
    ]
    assert not wrong, f"modules named after nothing: {wrong}"


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_pages_hold_no_logic(path: Path) -> None:
    tree = tree_of(path)
    defined = [n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef)]
    assert not defined, f"{path.name} defines {defined}; put it into workbench.ui"
    computing = {n for n, _, _ in imports(tree) if n.split(".")[0] in {"pandas", "numpy", "scipy", "sklearn"}}
    assert not computing, f"{path.name} imports {computing}"
    assert len(path.read_text().splitlines()) <= RULES["limits"]["page_lines"]
