"""Places that are not there, not ours or not folders: a sentence and status 2, never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.shop import Answer, Place
from tests.cli.test_calls import terminal


def told(done: object, code: str) -> None:
    assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
    assert done.stderr.startswith("workbench: ") and done.stderr.strip().endswith(f"[{code}]")


def test_a_home_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    told(terminal("models", home=tmp_path / "taken"), "STORE")
    told(terminal("models", home=Path("/proc/workbench")), "SYSTEM")


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("nonsense", "SETTINGS"),
        ("nosuch://user@host/workbench", "SETTINGS"),
        ("postgresql://ana:secret@127.0.0.1:1/workbench", "NO_DATABASE"),
        ("sqlite:////proc/workbench/workbench.db", "SYSTEM"),
    ],
)
def test_a_database_that_cannot_be_is_told_without_its_password(tmp_path: Path, url: str, code: str) -> None:
    done = terminal("models", home=tmp_path, WORKBENCH_DATABASE_URL=url)
    told(done, code)
    assert "secret" not in done.stderr


def test_what_cannot_be_written_is_told_before_or_after_the_work(trained: tuple[Place, Answer]) -> None:
    here, _ = trained
    for call in (
        ("score", "shop_loans@latest", here.data, "--out", "/proc/scored.csv"),
        ("score", "shop_loans@latest", here.data, "--out", str(here.folder / "gone" / "scored.csv")),
        ("check", here.data, "--portfolio", here.portfolio, "--refused", "/proc/refused.csv"),
        ("generate", "counterparty", "--rows", "100", "--out", "/proc/made.csv"),
        ("portfolio", "infer", here.data, "--bad", "bad", "--out", str(here.folder / "gone" / "x.toml")),
    ):
        answer = here.call(*call, "--json")
        assert (answer.status, answer.json["error"]) == (2, "OUT_FOLDER"), answer.err
    answer = here.call("portfolio", "infer", here.data, "--bad", "bad", "--out", "/proc/x.toml", "--json")
    assert (answer.status, answer.json["error"]) == (2, "SYSTEM")


@pytest.mark.parametrize("arguments", [("--force", "--why", "x"), ("--deploy", "--force")])
def test_force_needs_deploying_and_a_reason(shop: Place, arguments: tuple[str, ...]) -> None:
    call = ("train", shop.data, "--portfolio", shop.portfolio, *arguments, "--json")
    answer = shop.call(*call)
    assert (answer.status, answer.json["error"]) == (2, "FORCE")
    assert "--deploy --force --why REASON" in answer.err
    assert not list((shop.folder / "home").glob("datasets/*"))
