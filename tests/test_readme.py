"""The README's commands do what it says, in its order, in a folder and a home of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
PUBLIC = Path(os.environ.get("WORKBENCH_PUBLIC_DATA", "absent"))
TAIWAN = PUBLIC / "taiwan_cards" / "taiwan.csv"
ROWS = 6_000  # what all 30,000 give is tested where the families are
TRIED = "workbench selftest --faults\n"  # called in tests/selftest, with less effort
GERMAN = PUBLIC / "german_credit" / "german_labelled.csv"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.S | re.M)


def test_the_two_commands_stand_there() -> None:
    assert "pip install -r requirements.txt\nstreamlit run app.py\n" in README
    assert "pip install -r requirements.txt && pytest\n" in README


def test_every_setting_is_told() -> None:
    from workbench.settings import Settings

    assert set(re.findall(r"^\| `(WORKBENCH_\w+)`", README, flags=re.M)) == {
        f"WORKBENCH_{name.upper()}" for name in Settings.model_fields
    }


def test_every_link_and_picture_is_there() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", README):
        assert (ROOT / target).exists(), target


def run(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run lines of the README in a folder of their own."""
    env = os.environ | {"WORKBENCH_HOME": str(folder / "home"), "PYTHONPATH": str(ROOT)}
    start = f'set -euo pipefail\nworkbench() {{ "{sys.executable}" -m workbench "$@"; }}\n'
    done = subprocess.run(
        ["bash", "-c", start + script], cwd=folder, env=env, capture_output=True, text=True,
        stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Traceback" not in done.stderr
    return done


@pytest.mark.slow
def test_made_data_lead_to_a_model_that_is_handed_on(tmp_path: Path) -> None:
    (made,) = (block for block in blocks("sh") if block.startswith("workbench generate"))
    done = run(made, tmp_path)
    assert len((tmp_path / "made.csv").read_text().splitlines()) == 4001
    assert "Deployed: " in done.stdout and "fitted on balanced weights" in done.stdout
    assert "more than noise?" in done.stdout
    assert "consumer_credit-1 came out again identical" in done.stdout
    assert (tmp_path / "handed_on").is_dir()


@pytest.mark.slow
@pytest.mark.skipif(
    not (TAIWAN.exists() and GERMAN.exists()), reason="WORKBENCH_PUBLIC_DATA names no public data"
)
def test_the_other_commands_run(tmp_path: Path) -> None:
    lines = TAIWAN.read_text().splitlines(keepends=True)
    (tmp_path / "taiwan.csv").write_text("".join(lines[: 1 + ROWS]))
    (tmp_path / "loans.csv").symlink_to(GERMAN)
    shell = "".join(block for block in blocks("sh") if not block.startswith("workbench generate"))
    assert TRIED in shell
    first, second = shell.replace(TRIED, "").split("workbench portfolio infer", 1)
    script = "\n".join([
        first,
        f"\"{sys.executable}\" - <<'PYTHON'\n{''.join(blocks('python'))}PYTHON",
        f"workbench portfolio infer{second}",
    ])  # fmt: skip
    run(script, tmp_path)
    assert len((tmp_path / "scored.csv").read_text().splitlines()) == 1 + ROWS
    assert (tmp_path / "refused.csv").read_text() == "record,ID,column,code,reason,text\n"
    assert list((tmp_path / "home" / "reports").glob("*/training_report.html"))


def test_the_pages_it_leads_through_are_there_and_none_goes_untold() -> None:
    pages = {path.stem.partition("_")[2] for path in (ROOT / "pages").glob("*.py")}
    steps = re.findall(r"^\d\. \*\*(\w+)\*\*", README, flags=re.M)
    assert steps and set(steps) <= pages
    assert not [page for page in pages if not re.search(rf"\b{page}\b", README)]
