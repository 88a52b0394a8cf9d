"""What "Do this elsewhere" prints is run as it stands, and gives the same figures."""

from __future__ import annotations

import json
import os
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.cli.shop import TOML, loans
from workbench import desk, reports
from workbench.dataset import Source
from workbench.desk import calls
from workbench.intake import ReadOptions
from workbench.run import Run
from workbench.sampling import SamplingSpec
from workbench.settings import Settings
from workbench.study import StudySpec

ROOT = Path(__file__).parents[2]
SOURCE = Source("x.csv", "f" * 64, 1, "csv", ";", ",", "cp1252")
UGLY = 'Müller\'s "loans" $(touch oops); #1.csv'


class Shell:
    """A shell in a folder, where `workbench` is this checkout."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        door = folder / "bin" / "workbench"
        door.parent.mkdir()
        door.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m workbench "$@"\n')
        door.chmod(door.stat().st_mode | stat.S_IXUSR)

    def run(self, *command: str) -> str:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("WORKBENCH_")}
        environment |= {"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
def here(tmp_path: Path) -> desk.Desk:
    return desk.open(Settings(home=tmp_path / "a home", threads=1))


def trained(here: desk.Desk, folder: Path, **more: object) -> tuple[calls.Calls, dict[str, float]]:
    """Train two families on a file with an ugly name; return the calls and the AUCs."""
    (folder / "shop_loans.toml").write_text(TOML)
    data = folder / UGLY
    loans(1500).to_csv(data, index=False)
    portfolio = here.portfolio(str(folder / "shop_loans.toml"))
    dataset = here.build(data, portfolio)
    spec = StudySpec(("logistic", "lightgbm"), SamplingSpec.from_split("60/20/20", seed=7), seed=7, **more)
    outcome = here.train(here.request(dataset, spec), Run(1))
    study = here.study(outcome.study_id)
    told = calls.of_training(
        here, study.spec, portfolio.identity, dataset.sha256, study.source, study.rows_in, outcome.study_id,
        str(data),
    )  # fmt: skip
    return told, {line.model_id: line.metrics["auc"] for line in outcome.models}


def test_the_printed_command_trains_the_same_models(here: desk.Desk, shell: Shell, tmp_path: Path) -> None:
    told, aucs = trained(here, tmp_path, calibration="sigmoid", weights="balanced")
    again = json.loads(shell.run("bash", "-c", f"{told.command} --json"))
    assert {line["model_id"]: line["metrics"]["auc"] for line in again["models"]} == aucs
    assert all(line["known"] for line in again["models"])
    assert not (tmp_path / "oops").exists()


def test_the_printed_python_and_the_printed_report_tell_the_same(
    here: desk.Desk, shell: Shell, tmp_path: Path
) -> None:
    told, aucs = trained(here, tmp_path)
    study_id = here.registry.studies()[0].study_id
    assert shell.run(sys.executable, "-c", told.python).strip().splitlines()[-1] == str(aucs)
    cell = [line for line in told.notebook.splitlines() if line and not line.startswith("#")]
    assert cell == [f"study = {study_id!r}"]
    run = told.notebook.splitlines()[-1].removeprefix("# ")
    assert shlex.split(run)[1:4] == ["workbench", "report", "training"]
    assert shlex.split(run)[-1].startswith("study=")


def test_comparison_check_score_and_version_run_as_printed(
    here: desk.Desk, shell: Shell, tmp_path: Path
) -> None:
    _, aucs = trained(here, tmp_path)
    ids = list(aucs)
    compared = calls.of_comparison(here, ids, 0.6)
    told = json.loads(shell.run("bash", "-c", f"{compared.command} --json"))
    assert [line["auc"] for line in told["models"]][:2] == pytest.approx(list(aucs.values()))
    assert told["approval"] == 0.6 and told["verdict"] in shell.run(sys.executable, "-c", compared.python)
    run = compared.notebook.splitlines()[-1].removeprefix("# ")
    assert shlex.split(run)[2:] == [
        "report",
        "model_comparison",
        "-p",
        f"models={','.join(ids)}",
        "-p",
        "approval=0.6",
    ]
    assert "notebooks/model_comparison.ipynb" in compared.notebook
    row = {"income": 1500.0, "age_of_account": None, "purpose": 'it\'s a "car"'}
    scored = calls.of_score(here, ids[0], row, "")
    assert repr(here.score_one(ids[0], row).p_bad) in shell.run(sys.executable, "-c", scored.python)
    shown = calls.of_version(here, ids[0], "logistic", "")
    assert json.loads(shell.run("bash", "-c", f"{shown.command} --json"))["model_id"] == ids[0]
    data = here.registry.datasets()[0]
    source = here.dataset(data.sha256, here.portfolio("shop_loans")).source
    check = calls.of_check(here, "shop_loans@1", source, data.rows, str(tmp_path / UGLY))
    assert json.loads(shell.run("bash", "-c", f"{check.command} --json"))["dataset_sha256"] == data.sha256
    found = here.check(here.dataset(data.sha256, here.portfolio("shop_loans")), Run(1)).findings
    said = shell.run(sys.executable, "-c", check.python).splitlines()
    assert [line.split()[1] for line in said if line.startswith(("block", "warn", "note"))] == [
        finding.code for finding in found
    ]


def test_the_sheet_that_was_asked_for_is_named_again(here: desk.Desk, shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "shop_loans.toml").write_text(TOML)
    portfolio = here.portfolio(str(tmp_path / "shop_loans.toml"))
    data = tmp_path / "two sheets.xlsx"
    with pd.ExcelWriter(data) as book:
        loans(1100).to_excel(book, sheet_name="Loans 2025", index=False)
        loans(1200).to_excel(book, sheet_name="The other's", index=False)
    dataset = here.build(data, portfolio, ReadOptions(sheet="The other's"))
    kept = here.dataset(dataset.sha256, portfolio)
    assert kept.source.sheet == "The other's"
    told = calls.of_check(here, portfolio.identity, kept.source, kept.rows_in, str(data))
    assert json.loads(shell.run("bash", "-c", f"{told.command} --json"))["dataset_sha256"] == dataset.sha256
    python = f"{told.python}\nprint(dataset.sha256)"
    assert shell.run(sys.executable, "-c", python).splitlines()[-1] == dataset.sha256
    assert "takes no sheet" in told.note
    # a file of one sheet, and data kept before sheets were, need none
    assert "--sheet" not in calls.of_check(here, portfolio.identity, SOURCE, 1).command


def test_made_data_are_made_again_first(here: desk.Desk, shell: Shell) -> None:
    dataset = here.keep_generated("counterparty", 700, seed=5)
    spec = StudySpec(("logistic",), SamplingSpec.from_split("80/20", seed=5), seed=5)
    outcome = here.train(here.request(dataset, spec), Run(1))
    study = here.study(outcome.study_id)
    told = calls.of_training(
        here, spec, "counterparty@1", dataset.sha256, study.source, study.rows_in, outcome.study_id
    )
    first, second = told.command.splitlines()
    shell.run("bash", "-c", first)
    again = json.loads(shell.run("bash", "-c", f"{second} --json"))
    assert again["dataset_sha256"] == dataset.sha256
    assert again["models"][0]["metrics"]["auc"] == outcome.models[0].metrics["auc"]


@pytest.mark.parametrize("split", ["70/30", "65/35", "50/25/25", "55/15/15/15", "61/13/26"])
@pytest.mark.parametrize(
    ("kind", "first_day"),
    [("random", ""), ("grouped", ""), ("out-of-time", ""), ("out-of-time", "2024-07-01")],
)
def test_flags_say_the_samples_exactly_or_not_at_all(split: str, kind: str, first_day: str) -> None:
    spec = SamplingSpec.from_split(split, kind, 3, first_day)  # type: ignore[arg-type]
    flags = calls.sampling_flags(spec)
    assert flags is not None
    given = dict(zip(flags[::2], flags[1::2], strict=True))
    told = SamplingSpec.from_split(
        given["--split"], given["--sampling"], 3, given.get("--out-of-time-from", "")
    )
    assert told == spec


def test_samples_no_split_can_say_are_left_to_python(here: desk.Desk) -> None:
    both = SamplingSpec("out-of-time", hold_out=0.2, out_of_time_share=0.3)
    assert calls.sampling_flags(both) is None
    told = calls.of_training(here, StudySpec(("logistic",), both), "made@1", "d" * 64, SOURCE, 100, "study")
    assert told.command == "" and "Python call can" in told.note and repr(both) in told.python


def test_a_report_runs_as_printed_with_the_same_parameters(here: desk.Desk, shell: Shell) -> None:
    told = calls.of_report(here, "training", {"seed": 7, "study": ""})
    shell.run("bash", "-c", told.command)
    shell.run(sys.executable, "-c", told.python)
    assert [one.parameters for one in reports.kept(here.settings.home)] == [{"seed": 7, "study": ""}] * 2
