"""``workbench explain``: what it says, how it exits, and one clear sentence for what cannot be."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.cli.shop import Place, loans, place


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Place:
    found = place(tmp_path_factory.mktemp("explained"))
    trained = found.call("train", found.data, "-P", found.portfolio, "--family", "logistic", "--json")
    assert trained.status == 0, trained.err
    return found


def written(here: Place, name: str, frame: pd.DataFrame) -> str:
    frame.to_csv(here.folder / name, index=False)
    return str(here.folder / name)


def test_all_rows_and_what_drives_the_model(here: Place) -> None:
    told = here.call("explain", "shop_loans@latest", "--json").json
    assert told["kind"] == "interventional" and told["reference"] == "all 840 development applicants"
    assert told["n"] == 360 and len(told["attributions"]) == 360 * 3
    line = told["attributions"][0]
    assert set(line) == {"row", "characteristic", "value", "attribution"}
    first = told["importance"][0]
    assert first["title"] == "Monthly income" and first["low"] < first["importance"] < first["high"]
    sizes = [abs(a["attribution"]) for a in told["attributions"] if a["characteristic"] == "income"]
    assert sum(sizes) / 360 == pytest.approx(first["importance"])
    shown = here.call(
        "explain", "shop_loans@latest", "--segment", "purpose = travel", "--sample", "development"
    )
    assert (
        shown.status == 0
        and "(development, purpose = travel)" in shown.out
        and "raises the risk" in shown.out
    )


def test_one_applicant_adds_up_and_lime_stands_beside(here: Place) -> None:
    told = here.call("explain", "shop_loans-1", here.data, "--row", "7", "--json").json
    values = [one["attribution"] for one in told["attributions"]]
    assert told["base"] + sum(values) == pytest.approx(told["margin"]) and told["row"] == "7"
    assert [abs(v) for v in values] == sorted(map(abs, values), reverse=True)
    assert "Row 7: PD" in here.call("explain", "shop_loans-1", "--row", "7").out
    lime = here.call("explain", "shop_loans-1", "--row", "7", "--method", "lime", "--json").json
    assert lime["kind"] == "lime" and 0 <= lime["agreement"] <= 1 and "warning" in lime
    exact = {one["characteristic"]: one["exact"] for one in lime["attributions"]}
    assert exact == pytest.approx({one["characteristic"]: one["attribution"] for one in told["attributions"]})


def test_rows_without_outcomes_or_values_are_explained_and_more_columns_do_no_harm(here: Place) -> None:
    frame = loans(200, seed=5)
    bare = written(here, "bare.csv", frame.drop(columns="bad").assign(shoe_size=42))
    told = here.call("explain", "shop_loans-1", bare, "--json").json
    assert told["n"] == 200 and told["n_known"] == 0
    assert all(line["bad_rate"] is None and line["reason"] for line in told["dependence"])
    blank = here.call(
        "explain", "shop_loans-1", written(here, "blank.csv", frame.assign(income="")), "--json"
    )
    held = [line for line in blank.json["dependence"] if line["characteristic"] == "income"]
    assert [line["label"] for line in held] == ["missing"] and held[0]["n"] == 200


def test_what_cannot_be_explained_is_one_sentence(here: Place) -> None:
    lacking = written(here, "lacking.csv", loans(50).drop(columns="income"))
    for call, words in (
        (["shop_loans-9"], "shop_loans-9"),
        (["shop_loans-1", lacking], "income"),
        (["shop_loans-1", "--row", "x"], "no kept row of loans.csv has the key x"),
        (["shop_loans-1", "--kind", "path-dependent"], "no path-dependent values"),
        (["shop_loans-1", "--kind", "sideways"], "neither interventional nor path-dependent"),
        (["shop_loans-1", "--against", "friends"], "no reference group 'friends'. Take all or near cut-off"),
        (["shop_loans-1", "--method", "lime"], "Say which: --row KEY"),
        (["shop_loans-1", "--method", "guess"], "neither shap nor lime"),
        (["shop_loans-1", "--sample", "moon"], "no moon sample. Take one of"),
        (["shop_loans-1", here.data, "--sample", "hold-out"], "a file has no samples"),
        (["shop_loans-1", "--segment", "incomes > 1"], "no characteristic incomes"),
    ):
        answer = here.call("explain", *call)
        assert answer.status == 2 and words in answer.err, (call, answer.err)
        assert "Traceback" not in answer.err and not answer.out


@pytest.mark.parametrize("verb", ["explain", "fairness"])
def test_rules_are_read_before_any_row_is(here: Place, monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    def loaded(*given: object) -> None:
        raise AssertionError("rows were loaded first")

    monkeypatch.setattr("workbench.desk.origins.dataset_of", loaded)
    monkeypatch.setattr("workbench.desk.treated.dataset_of", loaded)
    answer = here.call(verb, "shop_loans-1", "--segment", "incomes > 1")
    assert answer.status == 2 and "no characteristic incomes" in answer.err, answer.err
