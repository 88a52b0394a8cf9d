"""How the command line answers a call: help, exit statuses, one sentence for what is wrong."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.shop import Place
from workbench.reports import catalogue

VERBS = (
    "portfolios", "portfolio show", "portfolio infer", "generate", "check", "train", "models", "show",
    "evaluate", "compare", "explain", "drift", "score", "promote", "fsck", "report", "worker", "jobs",
    "doctor",
)  # fmt: skip


def terminal(*arguments: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the real command in a process of its own."""
    env = os.environ | {"WORKBENCH_HOME": str(home)} | environment
    command = [sys.executable, "-m", "workbench", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, env=env, stdin=subprocess.DEVNULL, check=False
    )


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(shop: Place, verb: str) -> None:
    answer = shop.call(*verb.split(), "--help")
    assert answer.status == 0
    assert f"Example: workbench {verb}" in " ".join(answer.out.split())
    assert verb == "worker" or "--json" in answer.out
    assert verb != "report" or all(name in answer.out for name in catalogue.names())


def test_help_names_every_verb_and_comes_quickly(tmp_path: Path) -> None:
    times = []
    for _ in range(3):
        start = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = terminal("--help", home=tmp_path)
        end = resource.getrusage(resource.RUSAGE_CHILDREN)
        # processor time: the clock would measure what else the machine does
        times.append(end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime)
    assert done.returncode == 0
    assert all(verb.split()[0] in done.stdout for verb in VERBS)
    assert min(times) < 0.7


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["trian", "x.csv"], "No such command 'trian'. Did you mean 'train'"),
        (["train"], "Missing argument 'DATA'"),
        (["train", "x.csv"], "Missing option '--portfolio'"),
        (["check", "x.csv", "--portfolio", "taiwan_cards", "--jsn"], "No such option"),
        (["train", "x.csv", "--portfolio", "p", "--sampling", "weekly"], "weekly"),
        (["train", "x.csv", "--portfolio", "p", "--seed", "-1"], "--seed"),
        (["jobs", "--limit", "none"], "--limit"),
        (["train", "x.csv", "--portfolio", "p", "--weights", "heavy"], "'--weights': 'heavy' is not one of"),
    ],
)
def test_a_wrong_call_is_one_sentence_and_status_2(shop: Place, arguments: list[str], told: str) -> None:
    answer = shop.call(*arguments)
    assert answer.status == 2
    assert told in answer.err
    assert len(answer.err.strip().splitlines()) == 1
    assert answer.out == ""


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["check", "{folder}/gone.csv", "--portfolio", "{toml}"], "MISSING_FILE"),
        (["check", "{csv}", "--portfolio", "nothing_like_it"], "NO_PORTFOLIO"),
        (["portfolio", "show", "nothing_like_it"], "NO_PORTFOLIO"),
        (["show", "shop_loans-1"], "NO_MODEL"),
        (["evaluate", "shop_loans@champion", "{csv}"], "NO_MODEL"),
        (["drift", "shop_loans@champion", "{csv}"], "NO_MODEL"),
        (["score", "shop_loans@latest", "{csv}", "--out", "{folder}/out.csv"], "NO_MODEL"),
        (["promote", "shop_loans-9"], "NO_MODEL"),
        (["train", "{csv}", "--portfolio", "{toml}", "--family", "magic"], "FAMILY"),
        (["train", "{csv}", "--portfolio", "{toml}", "--split", "70-30"], "SAMPLING"),
        (["train", "{csv}", "--portfolio", "{toml}", "--sampling", "out-of-time"], "NO_DATE"),
        (["train", "{csv}", "--portfolio", "{toml}", "--acknowledge", "LEAKAGE_NAME:income"], "ACKNOWLEDGE"),
        (
            ["check", "{csv}", "--portfolio", "{toml}", "--acknowledge", "income", "--why", "so"],
            "ACKNOWLEDGE",
        ),
        (["report", "trainig"], "NO_REPORT"),
        (["report", "training", "-p", "stduy=x"], "UNKNOWN_PARAMETER"),
        (["report", "training", "-p", "study"], "PARAMETER"),
        (["report", "training", "-p", "__import__('os').system('id')=x"], "UNKNOWN_PARAMETER"),
        (["report", "training", "-p", "__builtins__=x"], "UNKNOWN_PARAMETER"),
        (["report", "../../etc/passwd"], "NO_REPORT"),
    ],
)
def test_a_wrong_input_is_a_sentence_a_code_and_status_2(
    shop: Place, arguments: list[str], code: str
) -> None:
    named = {"folder": str(shop.folder), "csv": shop.data, "toml": shop.portfolio}
    given = [argument.format(**named) if argument.startswith("{") else argument for argument in arguments]
    answer = shop.call(*given, "--json")
    assert answer.json["error"] == code, answer.json
    assert answer.status == 2
    sentence = answer.err.strip().splitlines()[-1]
    assert sentence.startswith("workbench: ") and sentence.endswith(f". [{code}]")
    assert "Traceback" not in answer.err
    assert shop.call(*given).out == ""


def test_wrong_settings_are_named(tmp_path: Path) -> None:
    done = terminal("models", home=tmp_path, WORKBENCH_THREADS="many")
    assert done.returncode == 2
    assert "WORKBENCH_THREADS" in done.stderr and "Traceback" not in done.stderr


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    env = os.environ | {"WORKBENCH_HOME": str(tmp_path)}
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {sys.executable} -m workbench portfolios --json | head -c 1"],
        capture_output=True, text=True, env=env, check=False,
    )  # fmt: skip
    assert done.returncode == 0 and done.stderr == ""
