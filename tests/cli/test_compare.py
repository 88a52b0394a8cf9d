"""The command line compares models, and deploys only what is better."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.shop import Place, place


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return place(tmp_path_factory.mktemp("shop"))


def test_deploy_and_compare(here: Place) -> None:
    call = ["train", here.data, "-P", here.portfolio, "--json"]
    first = here.call(*call, "--family", "logistic", "--family", "lightgbm", "--deploy")
    assert first.status == 0 and first.json["deployment"]["promoted"]
    ids = [line["model_id"] for line in first.json["models"]]
    told = here.call("compare", *ids, "--json").json
    assert [set(t) >= {"a", "b", "difference", "z", "p_value"} for t in told["tests"]] == [True]
    assert {m["model"] for m in told["models"]} > set(ids) and told["swap"] and told["verdict"]
    shown = here.call("compare", *ids, "--on", here.data)
    assert shown.status == 0 and "more than noise" in shown.out and "were left out" in shown.err
    inside = here.call("compare", *ids, "--segment", "income > 1800", "--json").json
    assert inside["segment"] == "income > 1800" and 0 < inside["n"] < told["n"] and not told["segment"]
    assert inside["rows"] == f"{told['rows']}, where income > 1800"
    unknown = here.call("compare", *ids, "--segment", "incomes > 1800")
    assert unknown.status == 2 and "no characteristic incomes. Take one of: income" in unknown.err
    refused = here.call(*call, "--family", "lightgbm", "--split", "40/60", "--deploy")
    assert refused.status == 1 and refused.json["deployment"]["code"] == "NOT_BETTER"
    forced = here.call(
        *call,
        "--family",
        "lightgbm",
        "--split",
        "40/60",
        "--seed",
        "7",
        "--deploy",
        "--force",
        "--why",
        "a drill",
    )
    assert forced.status == 0 and "a drill" in forced.json["deployment"]["reason"]


def test_rolling_back_restores_the_champion_before(here: Place) -> None:
    train = ["train", here.data, "-P", here.portfolio, "--family", "logistic", "--json"]
    ids = [here.call(*train, "--seed", seed).json["best"] for seed in ("11", "12")]
    for model_id in ids:
        forced = here.call("promote", model_id, "--force", "--why", "a drill")
        assert forced.status == 0 and "by force" in forced.out
    assert re.search(r"AUC \.\d{4} against \.\d{4}", forced.out), forced.out
    again = here.call("promote", ids[1], "--force", "--why", "a drill").out
    assert "is the champion of shop_loans already" in again and "by force" not in again
    silent = here.call("rollback", "shop_loans", "--json")
    assert silent.status == 2 and silent.json["error"] == "NO_REASON"
    told = here.call("rollback", "shop_loans", "--why", "Bads doubled", "--json")
    assert told.status == 0 and told.json["champion"] == ids[0] and told.json["stage"] == "champion"
    trail = here.call("show", ids[0], "--json").json["trail"]
    assert trail[0]["action"] == "rolled back" and "Bads doubled" in trail[0]["sentence"]
    retired = here.call("reject", ids[1], "--why", "Too few bads", "--json").json
    assert retired["error"] == "STAGE" and "workbench candidate" in retired["message"]
    assert here.call("candidate", ids[1], "--json").json["stage"] == "candidate"
    unexplained = here.call("reject", ids[1], "--json")
    assert unexplained.status == 2 and unexplained.json["error"] == "NO_REASON"
    assert here.call("reject", ids[1], "--why", "Too few bads", "--json").json == {
        "model_id": ids[1], "stage": "rejected", "champion": ids[0],
    }  # fmt: skip
    retired = here.call("retire", "shop_loans@champion", "--json").json
    assert retired == {"model_id": ids[0], "stage": "retired", "champion": None}
    nothing = here.call("rollback", "taiwan_cards", "--why", "x", "--json")
    assert nothing.status == 1 and nothing.json["error"] == "NO_PREVIOUS"
    nowhere = here.call("rollback", "nowhere", "--why", "x", "--json")
    assert nowhere.status == 2 and nowhere.json["error"] == "NO_PORTFOLIO"
    assert "there is no portfolio 'nowhere'" in nowhere.err and "taiwan_cards, " in nowhere.err


@pytest.mark.parametrize(
    ("given", "remedy"),
    [
        ("70", "Give 0.70 for 70%."),
        ("0.999", "Give a share such as 0.70."),
        ("nan", "Give a share such as 0.70."),
    ],
)
def test_a_percentage_given_for_a_share_is_told_with_the_share(here: Place, given: str, remedy: str) -> None:
    answer = here.call("compare", "shop_loans-1", "shop_loans-2", "--approval", given, "--json")
    assert answer.status == 2 and answer.json["error"] == "APPROVAL"
    assert answer.json["problems"][0]["remedy"] == remedy
    assert f"--approval {given} is not a share from 0.01 to 0.99" in answer.err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("shop_loans@latest", "shop_loans@latest"), "COMPARE"),
        (("shop_loans-1", "shop_loans-99"), "NO_MODEL"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(here: Place, arguments: tuple[str, ...], code: str) -> None:
    answer = here.call("compare", *arguments, "--json")
    assert answer.status == 2 and answer.json["error"] == code and "Traceback" not in answer.err


def test_grouped_sampling_is_offered(here: Place, tmp_path: Path) -> None:
    answer = here.call("train", here.data, "-P", here.portfolio, "--sampling", "grouped", "--json")
    assert answer.status == 2 and answer.json["error"] == "NO_GROUP"
