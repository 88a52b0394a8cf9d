"""What each verb does, on made loans: from a portfolio to a scored file."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pandas as pd
import pytest

from tests.cli.shop import Answer, Place, loans

SHIPPED = {"taiwan_cards", "german_credit", "lending_club"}


def test_the_shipped_portfolios_are_listed_and_shown(shop: Place) -> None:
    listed = shop.call("portfolios", "--json").json["portfolios"]
    assert {p["name"] for p in listed} >= SHIPPED
    assert all(p["title"] and p["characteristics"] for p in listed)
    shown = shop.call("portfolio", "show", "taiwan_cards", "--json").json
    assert shown["name"] == "taiwan_cards" and shown["title"] and len(shown["characteristics"]) > 15
    assert "taiwan_cards@1" in shop.call("portfolios").out
    assert "LIMIT_BAL" in shop.call("portfolio", "show", "taiwan_cards").out


def test_a_portfolio_is_drafted_from_a_file(shop: Place) -> None:
    out = shop.folder / "drafted.toml"
    answer = shop.call("portfolio", "infer", shop.data, "--bad", "bad=1", "--out", str(out), "--json")
    assert answer.status == 0, answer.err
    drafted = tomllib.loads(out.read_text())
    assert drafted["outcome"]["column"] == "bad"
    assert set(answer.json["characteristics"]) == {"income", "age_of_account", "purpose"}
    again = shop.call("portfolio", "infer", shop.data, "--bad", "bad", "--out", str(out))
    assert again.status == 2 and "is there already" in again.err
    assert shop.call("check", shop.data, "--portfolio", str(out)).status == 0


def test_a_draft_that_cannot_be_made_says_what_is_the_matter(shop: Place) -> None:
    out = shop.folder / "drafted.toml"
    only = shop.folder / "only.csv"
    loans()[["id", "bad"]].to_csv(only, index=False)
    answer = shop.call("portfolio", "infer", str(only), "--bad", "bad=1", "--out", str(out), "--json")
    assert answer.status == 2 and answer.json["error"] == "NO_CHARACTERISTIC"
    assert "None looks like a characteristic" in answer.err and "--bad" not in answer.err
    wrong = shop.call("portfolio", "infer", shop.data, "--bad", "bad=9", "--out", str(out), "--json")
    assert wrong.json["error"] == "OUTCOME" and "--bad COLUMN=VALUE" in wrong.err
    gone = shop.call("portfolio", "infer", shop.data, "--bad", "gone=1", "--out", str(out), "--json")
    assert gone.json["error"] == "OUTCOME" and "no column gone" in gone.err
    assert not out.exists()


def test_a_draft_says_what_is_left_to_settle(shop: Place) -> None:
    out, dated = shop.folder / "drafted.toml", shop.folder / "dated.csv"
    loans().assign(opened=["01/02/2024", "03/04/2024"] * 600).to_csv(dated, index=False)
    answer = shop.call("portfolio", "infer", str(dated), "--bad", "bad=1", "--out", str(out))
    assert answer.status == 0 and out.exists()
    assert "How are the dates of opened written" in answer.err and "--bad" not in answer.err


def test_check_counts_rows_and_says_what_it_found(shop: Place) -> None:
    frame = loans().astype({"income": object})
    frame.loc[3, "income"] = "plenty"
    frame["recoveries"] = 0.0
    file = shop.folder / "dirty.csv"
    frame.to_csv(file, index=False)
    answer = shop.call("check", str(file), "--portfolio", shop.portfolio, "--json")
    told = answer.json
    assert (told["rows"], told["kept"], told["refused"], told["columns"]) == (1200, 1199, 1, 6)
    refused = next(f for f in told["findings"] if f["code"] == "REFUSED_ROWS")
    assert {"level", "code", "column", "rows", "message", "remedy"} <= set(refused)
    assert answer.status == (1 if told["blocking"] else 0)
    assert "plenty" not in answer.out + answer.err
    assert (
        "1,200 rows, 1,199 kept, 1 refused"
        in shop.call("check", str(file), "--portfolio", shop.portfolio).out
    )


def test_a_finding_that_blocks_is_status_1_until_it_is_acknowledged(shop: Place) -> None:
    toml = Path(shop.portfolio)
    toml.write_text(toml.read_text() + '\n[[characteristics]]\nname = "recoveries"\n')
    frame = loans()
    frame["recoveries"] = frame["income"] % 7
    frame.to_csv(shop.data, index=False)
    stopped = shop.call("check", shop.data, "--portfolio", shop.portfolio, "--json")
    assert stopped.status == 1
    blocks = [f for f in stopped.json["findings"] if f["level"] == "block"]
    assert [(f["code"], f["column"]) for f in blocks] == [("LEAKAGE_NAME", "recoveries")]
    refused = shop.call("train", shop.data, "--portfolio", shop.portfolio, "--json")
    assert refused.status == 1 and refused.json["error"] == "LEAKAGE_NAME"
    given = ("--acknowledge", "LEAKAGE_NAME:recoveries", "--why", "last year's, known at application")
    assert shop.call("check", shop.data, "--portfolio", shop.portfolio, *given).status == 0
    trained = shop.call(
        "train", shop.data, "--portfolio", shop.portfolio, *given, "--family", "logistic", "--json"
    )
    assert trained.status == 0 and trained.json["best"]


def test_train_registers_every_family_with_its_measures(trained: tuple[Place, Answer]) -> None:
    _, answer = trained
    assert answer.status == 0, answer.err
    told = answer.json
    assert [m["family"] for m in told["models"]] == ["logistic", "scorecard", "lightgbm"]
    assert told["best"] in {m["model_id"] for m in told["models"]}
    losses = r" \.\d{4} \([A-Z][A-Za-z ]+ \.\d{4}, [A-Z][A-Za-z ]+ \.\d{4}\)$"
    assert re.search(losses, told["choice"]) and re.search(r"against [A-Z][A-Za-z ]+ \.", told["sentence"])
    for model in told["models"]:
        assert model["gate"]["passed"] and model["gate"]["reason"]
        assert model["metrics"]["auc_low"] < model["metrics"]["auc"] < model["metrics"]["auc_high"]
        assert {"development", "hold-out"} <= set(model["samples"])
    assert "%" in answer.err and "Traceback" not in answer.err


def test_the_same_call_again_is_the_same_models(trained: tuple[Place, Answer]) -> None:
    here, first = trained
    again = here.call("train", here.data, "--portfolio", here.portfolio, "--seed", "7", "--json")
    told = {m["family"]: (m["model_id"], m["metrics"]) for m in again.json["models"]}
    assert told == {m["family"]: (m["model_id"], m["metrics"]) for m in first.json["models"]}


def test_a_family_named_twice_is_trained_once(shop: Place) -> None:
    twice = ("--family", "logistic", "--family", "logistic")
    told = shop.call("train", shop.data, "--portfolio", shop.portfolio, *twice)
    assert [m["family"] for m in shop.call("models", "--json").json["models"]] == ["logistic"]
    assert re.search(r"^Best by log loss on [a-z ]+: Logistic regression \.\d{4}\.$", told.out, re.MULTILINE)


def test_models_and_show_tell_what_is_registered(trained: tuple[Place, Answer]) -> None:
    here, answer = trained
    models = here.call("models", "--json").json["models"]
    assert {m["model_id"] for m in models} == {m["model_id"] for m in answer.json["models"]}
    assert all({"family", "stage", "metrics", "dataset_sha256", "manifest_sha256"} <= set(m) for m in models)
    assert here.call("models", "--portfolio", "taiwan_cards", "--json").json["models"] == []
    assert len(here.call("models", "--portfolio", "shop_loans@1", "--json").json["models"]) == len(models)
    shown = here.call("show", answer.json["best"], "--json").json
    assert shown["model_id"] == answer.json["best"] and len(shown["manifest_sha256"]) == 64
    assert answer.json["best"] in here.call("models").out
    assert "Brier score" in here.call("show", answer.json["best"]).out


def test_evaluate_measures_on_labelled_rows(trained: tuple[Place, Answer]) -> None:
    here, _ = trained
    file = here.folder / "later.csv"
    loans(500, seed=9).to_csv(file, index=False)
    told = here.call("evaluate", "shop_loans@latest", str(file), "--json").json
    assert told["n"] == 500 and 0 < told["n_bad"] < 500
    assert {
        "auc",
        "auc_low",
        "auc_high",
        "gini",
        "ks",
        "average_precision",
        "brier",
        "log_loss",
        "ece",
    } <= set(told["metrics"])
    assert "Brier score" in here.call("evaluate", "shop_loans@latest", str(file)).out


def test_evaluate_says_where_the_model_has_seen_the_rows(trained: tuple[Place, Answer]) -> None:
    here, _ = trained
    same = here.call("evaluate", "shop_loans@latest", here.data, "--json").json
    assert same["contains_development"] is True and "very data" in same["note"]
    answer = here.call("evaluate", "shop_loans@latest", here.data)
    assert "was developed on, so the measures flatter it" in answer.err
    file = here.folder / "unseen.csv"
    rows = loans(300, seed=11)
    rows.assign(id=rows["id"] + 100_000).to_csv(file, index=False)
    told = here.call("evaluate", "shop_loans@latest", str(file), "--json").json
    assert (told["contains_development"], told["note"]) == (False, "")


def test_a_portfolio_that_differs_from_the_one_saved_must_be_the_next(shop: Place) -> None:
    call = ("train", shop.data, "--portfolio", shop.portfolio, "--family", "logistic", "--json")
    assert shop.call(*call).status == 0
    assert shop.call("portfolio", "show", "shop_loans@1", "--json").json["name"] == "shop_loans"
    toml = Path(shop.portfolio)
    toml.write_text(toml.read_text().replace("auc = 0.6", "auc = 0.61"))
    refused = shop.call(*call)
    assert (refused.status, refused.json["error"]) == (2, "PORTFOLIO_VERSION")
    assert "Write version = 2 into the file" in refused.err
    toml.write_text("version = 2\n" + toml.read_text())
    assert shop.call(*call).json["best"] == "shop_loans-2"
    assert "saved under the version it" in " ".join(shop.call("train", "--help").out.split())


def test_a_training_that_is_stopped_says_what_stayed(shop: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    from workbench.desk import trainings

    def interrupted(*_: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr(trainings, "_register", interrupted)
    answer = shop.call("train", shop.data, "--portfolio", shop.portfolio, "--family", "logistic")
    assert answer.status == 130
    assert "is kept. No model was registered." in answer.err
    assert answer.err.endswith("workbench: stopped.\n")


def test_what_is_not_defined_is_null_with_a_reason(trained: tuple[Place, Answer]) -> None:
    here, _ = trained
    file = here.folder / "goods.csv"
    loans(300).query("bad == 0").to_csv(file, index=False)
    answer = here.call("evaluate", "shop_loans@latest", str(file), "--json")
    if answer.status == 2:  # one class is refused where it would be measured
        assert answer.json["error"] == "TARGET"
        return
    assert answer.json["metrics"]["auc"] is None and answer.json["metrics"]["auc_reason"]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_score_writes_a_row_out_for_each_row_in(trained: tuple[Place, Answer], form: str) -> None:
    here, _ = trained
    rows = loans(200, seed=5).drop(columns="bad").astype({"income": object})
    rows.loc[10, "income"] = "?"
    data, out = here.folder / "applicants.csv", here.folder / f"scored.{form}"
    rows.to_csv(data, index=False)
    answer = here.call("score", "shop_loans@latest", str(data), "--out", str(out), "--json")
    assert answer.status == 0, answer.err
    assert answer.json["rows"] == 200
    scored = pd.read_csv(out) if form == "csv" else pd.read_parquet(out)
    assert list(scored["id"].astype(int)) == list(rows["id"])
    assert list(scored.columns[1:]) == ["p_bad", "points", "band", "decision", "flags", "error"]
    assert scored.loc[10, "error"]
    assert scored["p_bad"].drop(10).between(0, 1).all()


def test_score_gives_reasons_where_they_are_asked_for(trained: tuple[Place, Answer]) -> None:
    here, answer = trained
    model = next(m["model_id"] for m in answer.json["models"] if m["family"] == "logistic")
    data, out = here.folder / "one.csv", here.folder / "one.out.csv"
    loans(1, seed=5).assign(income=40.0).drop(columns="bad").to_csv(data, index=False)
    told = here.call("score", model, str(data), "--out", str(out), "--reasons", "2", "--json")
    assert told.status == 0, told.err
    assert "reason_2" in pd.read_csv(out).columns
    reasons = told.json["row"]["reasons"]
    assert reasons["reasons"][0]["titles"] == ["Monthly income"]
    assert not reasons["notice"] and "no text" in reasons["note"]  # the portfolio words none
    refused = here.call("score", model, str(data), "--out", str(out), "--reasons", "5", "--json")
    assert (refused.status, refused.json["error"]) == (2, "REASONS")


def test_promote_makes_a_champion_and_fsck_finds_nothing(trained: tuple[Place, Answer]) -> None:
    here, answer = trained
    told = here.call("promote", answer.json["best"], "--json")
    assert told.status == 0, told.err
    assert told.json["stage"] == "champion" and told.json["champion"] == answer.json["best"]
    assert here.call("show", "shop_loans@champion", "--json").json["model_id"] == answer.json["best"]
    assert here.call("fsck", "--json").json == {"ok": True, "problems": []}


def test_fsck_names_what_was_changed(shop: Place) -> None:
    done = shop.call("train", shop.data, "--portfolio", shop.portfolio, "--family", "logistic", "--json")
    model = shop.folder / "home" / "models" / done.json["best"]
    touched = next(p for p in sorted(model.iterdir()) if p.name != "manifest.json")
    touched.chmod(0o600)
    touched.write_bytes(touched.read_bytes()[:-1] + b"~")
    answer = shop.call("fsck", "--json")
    assert answer.status == 1 and not answer.json["ok"]
    assert done.json["best"] in str(answer.json["problems"])
    (model.parent / "shop_loans-77").mkdir()
    moved = shop.call("fsck", "--quarantine", "--json").json
    assert moved["quarantined"] == ["models/shop_loans-77"] and len(moved["problems"]) == 1
    scored = shop.call("score", done.json["best"], shop.data, "--out", str(shop.folder / "o.csv"), "--json")
    assert scored.status == 2 and scored.json["error"] == "ARTIFACT_DIGEST"


def test_jobs_of_a_fresh_home_are_none(shop: Place) -> None:
    assert shop.call("jobs", "--json").json == {"jobs": []}


def test_doctor_finds_nothing_wrong_here(trained: tuple[Place, Answer]) -> None:
    here, _ = trained
    told = here.call("doctor", "--json").json
    names = {check["name"] for check in told["checks"]}
    assert {
        "python",
        "home",
        "home is private",
        "database",
        "sqlite",
        "threads",
        "worker",
        "chromium",
    } <= names
    assert [p for p in told["problems"] if p["name"].startswith(("home", "database"))] == []


def test_doctor_says_what_mends_an_open_home(shop: Place) -> None:
    home = shop.folder / "home"
    home.mkdir(mode=0o755)
    home.chmod(0o755)
    answer = shop.call("doctor", "--json")
    problem = next(p for p in answer.json["problems"] if p["name"] == "home is private")
    assert answer.status == 1 and problem["mend"] == f"chmod 700 {home}"


@pytest.mark.slow
def test_report_shows_the_study(trained: tuple[Place, Answer]) -> None:
    here, answer = trained
    made = here.call("report", "training", "-p", f"study={answer.json['study_id']}", "--json")
    assert made.status == 0, made.err
    html = Path(made.json["html"]).read_text()
    assert "Shop loans" in html and answer.json["best"] in html
    assert made.json["seconds"] > 0 and Path(made.json["notebook"]).exists()
    again = here.call("report", "training", "-p", f"study={answer.json['study_id']}", "--json")
    assert Path(again.json["html"]).read_text() == html


def test_delete_shows_what_depends_on_it_and_refuses_what_is_needed(trained: tuple[Place, Answer]) -> None:
    here, _ = trained
    models = here.call("models", "--json").json["models"]
    champion = next(m for m in models if m["stage"] == "champion")
    other = next(m for m in models if m["stage"] != "champion")
    for kind, name, code in (
        ("model", champion["model_id"], "CHAMPION"),
        ("study", other["study_id"], "HAS_MODELS"),
        ("dataset", other["dataset_sha256"][:8], "HAS_MODELS"),
    ):
        answer = here.call("delete", kind, name, "--why", "room", "--yes", "--json")
        assert (answer.status, answer.json["error"]) == (1, code)
        assert ("B." in answer.err) and "first" in answer.err
    why = ("--why", "room")
    assert here.call("delete", "model", other["model_id"], "--yes").status == 2, "no reason"
    unasked = here.call("delete", "model", other["model_id"], *why)
    assert unasked.status == 2 and "--yes" in unasked.err
    assert here.call("delete", "cat", "x", *why, "--yes").status == 2
    done = here.call("delete", "model", other["model_id"], *why, "--yes")
    assert done.status == 0 and "quarantine for 30 days" in done.out
    assert here.call("show", other["model_id"]).status == 2
    uses = {use["kind"]: use for use in here.call("disk", "--json").json["uses"]}
    assert uses["quarantine"]["count"] == 1 and uses["quarantine"]["size"] > 0
    assert uses["models"]["count"] == len(models) - 1
    assert "Data sets" in here.call("disk").out
    assert here.call("fsck").status == 0


def test_a_report_is_deleted_with_a_reason_and_for_good_where_that_is_asked_for(
    trained: tuple[Place, Answer],
) -> None:
    here, _ = trained
    folder = here.folder / "home" / "reports" / "20261121T093000000000Z-training"
    folder.mkdir(parents=True)
    (folder / "parameters.json").write_text("{}")
    (folder / "report.json").write_text("{}")
    assert here.call("delete", "report", "../models", "--why", "room", "--yes").status == 2
    done = here.call("delete", "report", folder.name, "--why", "room", "--yes", "--now", "--json")
    assert done.status == 0 and done.json["deleted"]["name"] == folder.name
    assert not folder.exists()
    assert not list((here.folder / "home" / "quarantine").glob(f"*{folder.name[:20]}*"))


def test_fairness_of_a_portfolio_that_protects_nothing_says_so(trained: tuple[Place, Answer]) -> None:
    here, answer = trained
    refused = here.call("fairness", answer.json["best"], here.data, "--by", "purpose")
    assert refused.status == 2 and "protects no column" in refused.err and "the page Data" in refused.err
