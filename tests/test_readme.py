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


@pytest.mark.slow
@pytest.mark.skipif(
    not (TAIWAN.exists() and GERMAN.exists()), reason="WORKBENCH_PUBLIC_DATA names no public data"
)
def test_the_other_commands_run(tmp_path: Path) -> None:
    (tmp_path / "taiwan.csv").symlink_to(TAIWAN)
    (tmp_path / "loans.csv").symlink_to(GERMAN)
    shell = "".join(blocks("sh"))
    first, second = shell.split("workbench portfolio infer", 1)
    script = "\n".join([
        "set -euo pipefail",
        f'workbench() {{ "{sys.executable}" -m workbench "$@"; }}',
        first,
        f"\"{sys.executable}\" - <<'PYTHON'\n{''.join(blocks('python'))}PYTHON",
        f"workbench portfolio infer{second}",
    ])  # fmt: skip
    env = os.environ | {"WORKBENCH_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True,
        stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Traceback" not in done.stderr
    assert len((tmp_path / "scored.csv").read_text().splitlines()) == 30_001
    assert list((tmp_path / "home" / "reports").glob("*/training_report.html"))
