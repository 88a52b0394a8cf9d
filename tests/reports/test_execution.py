"""Running a report: its kernel, its HTML, and what happens when a cell fails. The notebooks are made here."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest

from workbench.errors import GateError, InputError, MissingError
from workbench.reports import run
from workbench.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}


def written(folder: Path, *sources: str) -> Path:
    """A notebook named ``toy_report`` whose first cell declares the parameters."""
    new = nbformat.v4
    cells = [
        new.new_markdown_cell("# Toy"),
        new.new_code_cell("word: str = 'x'  # a word", metadata={"tags": ["parameters"]}),
    ]
    cells += [new.new_code_cell(source) for source in sources]
    folder.mkdir(exist_ok=True)
    path = folder / "toy_report.ipynb"
    nbformat.write(new.new_notebook(cells=cells, metadata={"kernelspec": KERNELSPEC}), path)
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home {of} someone")


def test_a_report_is_one_quiet_html_file_that_comes_out_the_same_twice(
    tmp_path: Path, settings: Settings
) -> None:
    folder = written(
        tmp_path / "notebooks",
        "import sys, plotly.graph_objects as go\nprint(sys.executable)",
        "go.Figure(go.Scatter(x=[1, 2], y=[3, 4]))",
        "from workbench.reports.block import Block, prose\nBlock((prose(word), go.Figure(go.Bar(y=[1]))))",
        "print('noise', file=sys.stderr)",
    )
    word = "<script>alert(1)</script>"
    seen: list[float] = []
    first = run(
        "toy", {"word": word}, tmp_path / "{one}", settings, folder=folder, watch=lambda _, d: seen.append(d)
    )
    second = run("toy", {"word": word}, None, settings, folder=folder)
    html = first.html.read_text()
    assert html == second.html.read_text()
    assert sys.executable in html
    assert html.count("plotly-graph-div") >= 2
    assert "noise" not in html
    assert "word: str" not in html and "go.Figure" not in html
    assert word not in html and "&lt;script&gt;alert(1)" in html
    markup = re.sub(r"<script.*?</script>", "", html, flags=re.S)
    assert not re.search(r'(?:src|href)="(?!#|data:)', markup)
    assert seen and seen == sorted(seen) and seen[-1] == 1.0
    assert second.html.is_relative_to(settings.home / "reports") and second.html.parent.name.endswith("-toy")
    assert json.loads((first.html.parent / "parameters.json").read_text()) == {"word": word}
    assert not list(first.html.parent.glob(".*"))


def test_nothing_runs_where_a_parameter_is_wrong(tmp_path: Path, settings: Settings) -> None:
    mark = tmp_path / "ran"
    folder = written(tmp_path / "notebooks", f"open({str(mark)!r}, 'w')")
    secret = "canary-param"
    for name in ("wrod", f"a=1\nopen({str(mark)!r}, 'w')#", "__builtins__", "password", 7, ""):
        with pytest.raises(InputError, match="no parameter") as caught:
            run("toy", {name: secret}, tmp_path / "out", settings, folder=folder)
        assert secret not in str(caught.value)
        assert ("Did you mean word?" in str(caught.value)) == (name in ("wrod", "password"))
    for value in (Path("x"), object(), ("a",), {"a": 1}, b"x", None, "a\0b"):
        with pytest.raises(InputError, match="is not text"):
            run("toy", {"word": value}, tmp_path / "out", settings, folder=folder)
    for name in ("../toy", "/etc/passwd", "toy_report.ipynb", ""):
        with pytest.raises(MissingError, match="no report"):
            run(name, {}, tmp_path / "out", settings, folder=folder)
    assert not mark.exists()
    assert not (tmp_path / "out").exists()


def test_a_value_is_never_code(tmp_path: Path, settings: Settings) -> None:
    mark = tmp_path / "ran"
    folder = written(tmp_path / "notebooks", "print(len(word))")
    text = f"'''\"\"\"'\n__import__('os').system('touch {mark}')\n#$(touch {mark})\\"
    done = run("toy", {"word": text}, tmp_path / "out", settings, folder=folder)
    assert str(len(text)) in done.html.read_text()
    assert not mark.exists()


@pytest.mark.parametrize(
    ("source", "kind", "told"),
    [
        ("1 / 0", InputError, "cell 3 failed with ZeroDivisionError. The notebook"),
        ("float('Mrs Smith')", InputError, "cell 3 failed with ValueError. The notebook"),
        ("from workbench.errors import *\nraise MissingError('X', 'it is gone')", InputError, "it is gone"),
        ("from workbench.errors import *\nraise GateError('X', 'no further')", GateError, "no further"),
        ("import os\nos._exit(3)", InputError, "its Python process ended"),
    ],
)
def test_a_failing_cell_is_told_and_the_notebook_kept(
    tmp_path: Path, settings: Settings, source: str, kind: type[Exception], told: str
) -> None:
    folder = written(tmp_path / "notebooks", source)
    with pytest.raises(kind, match=re.escape(told)) as caught:
        run("toy", {}, tmp_path / "out", settings, folder=folder)
    assert "Traceback" not in str(caught.value) and "\n" not in str(caught.value)
    assert "Smith" not in str(caught.value)
    assert (tmp_path / "out" / "toy_report.ipynb").stat().st_mode & 0o077 == 0
    assert str(tmp_path / "out" / "toy_report.ipynb") in str(caught.value)
    assert (tmp_path / "out" / "toy_report.ipynb").exists()
    assert not (tmp_path / "out" / "toy_report.html").exists()


def test_no_secret_of_the_environment_reaches_the_report(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BANK_TOKEN", "canary-4711")
    url = f"sqlite:///{tmp_path}/canary-0815.db"
    folder = written(tmp_path / "notebooks", "word")
    run("toy", {}, tmp_path / "out", Settings(home=settings.home, database_url=url), folder=folder)
    for path in (tmp_path / "out").iterdir():
        assert "canary-" not in path.read_text(), path


@pytest.mark.browser
def test_the_html_draws_offline_and_prints_to_a4(
    tmp_path: Path, settings: Settings, chromium: Browser
) -> None:
    folder = written(tmp_path / "notebooks", "import plotly.express as px\npx.bar(y=[1, 2])")
    html = run("toy", {}, tmp_path / "out", settings, folder=folder).html
    context = chromium.new_context(offline=True)
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.on(
        "request",
        lambda r: wrong.append(r.url) if not r.url.startswith(("file:", "data:", "blob:")) else None,
    )
    page.goto(html.as_uri())
    page.wait_for_selector(".main-svg")
    assert page.pdf(format="A4", prefer_css_page_size=True).startswith(b"%PDF")
    context.close()
    assert not wrong


def test_the_room_loads_nothing_heavy_until_it_runs() -> None:
    code = "import workbench.reports, sys; print(*{m.split('.')[0] for m in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"papermill", "nbconvert", "plotly", "pandas"} & set(loaded.split())
