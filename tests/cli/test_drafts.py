"""The outcome of a drafted portfolio: its values are named, taken, and told."""

from __future__ import annotations

import tomllib

import pandas as pd
import pytest

from tests.cli.shop import Place, loans

WORDS = {0: "repaid", 1: "lost, sold"}


@pytest.fixture
def ended(shop: Place) -> str:
    """Loans that ended in one of five ways, none of which says which."""
    rows = loans()
    rows["ended"] = ["C" if bad else "ABDE"[k % 4] for k, bad in enumerate(rows["bad"])]
    path = shop.folder / "ended.csv"
    rows.drop(columns="bad").to_csv(path, index=False)
    return str(path)


@pytest.mark.parametrize(
    ("named", "good", "neither"),
    [
        (("--good", "A,B"), ["A", "B"], ["D", "E"]),
        (("--indeterminate", "D"), ["A", "B", "E"], ["D"]),
        (("--good", "A, B", "--indeterminate", "D,E"), ["A", "B"], ["D", "E"]),
    ],
)
def test_what_the_values_are_taken_for_is_told(
    shop: Place, ended: str, named: tuple[str, ...], good: list[str], neither: list[str]
) -> None:
    out = shop.folder / "ended.toml"
    answer = shop.call("portfolio", "infer", ended, "--bad", "ended=C", *named, "--out", str(out), "--json")
    assert answer.status == 0, answer.err
    taken = {m["value"]: m["taken_as"] for m in answer.json["outcome_values"]}
    assert taken == {"C": "bad"} | dict.fromkeys(good, "good") | dict.fromkeys(neither, "indeterminate")
    assert sum(m["rows"] for m in answer.json["outcome_values"]) == 1200
    outcome = tomllib.loads(out.read_text())["outcome"]
    assert (outcome["bad"], sorted(outcome["good"]), sorted(outcome["indeterminate"])) == (
        ["C"],
        good,
        neither,
    )
    assert "In ended, taken as bad: 'C' (" in answer.err
    assert "In ended, taken as indeterminate, and left out of fitting: '" in answer.err
    told = shop.call("check", ended, "--portfolio", str(out), "--json").json
    assert told["kept"] == 1200


@pytest.mark.parametrize(
    ("named", "told"),
    [
        (("--bad", "ended=C"), "Which value of ended is good?"),
        (("--bad", "ended=C", "--good", "A", "--indeterminate", "B"), "is named neither good, bad nor"),
        (("--bad", "ended=C", "--good", "A,C"), "'C' of ended is named twice"),
        (("--bad", "ended=C", "--good", "Z"), "does not hold 'Z'"),
        (("--bad", "income=1"), "is it the outcome"),
        (("--bad", "endet=C"), "there is no column endet; there are id, income"),
    ],
)
def test_what_is_missing_is_asked_for_with_its_option(
    shop: Place, ended: str, named: tuple[str, ...], told: str
) -> None:
    out = shop.folder / "ended.toml"
    answer = shop.call("portfolio", "infer", ended, *named, "--out", str(out), "--json")
    assert (answer.status, answer.json["error"]) == (2, "OUTCOME") and not out.exists()
    assert told in answer.err and "--bad COLUMN=VALUE[,VALUE], --good and --indeterminate." in answer.err


def test_a_value_with_a_comma_is_one_value(shop: Place) -> None:
    rows = loans()
    rows["how=ended"] = rows["bad"].map(WORDS)
    path, out = shop.folder / "words.csv", shop.folder / "words.toml"
    rows.drop(columns="bad").to_csv(path, index=False)
    refused = shop.call("portfolio", "infer", str(path), "--bad", "how=ended", "--out", str(out))
    assert refused.status == 2 and "how=ended does not hold '1'" in refused.err
    rows.rename(columns={"how=ended": "how"}).drop(columns="bad").to_csv(path, index=False)
    answer = shop.call(
        "portfolio", "infer", str(path), "--bad", "how=lost, sold", "--out", str(out), "--json"
    )
    assert answer.status == 0, answer.err
    assert tomllib.loads(out.read_text())["outcome"]["bad"] == ["lost, sold"]


def test_a_portfolio_is_written_as_the_file_it_stands_in(shop: Place) -> None:
    written = shop.call("portfolio", "show", "taiwan_cards", "--toml")
    copy = shop.folder / "copy.toml"
    copy.write_text(written.out)
    same = shop.call("portfolio", "show", str(copy), "--json").json
    assert same == shop.call("portfolio", "show", "taiwan_cards", "--json").json


def test_one_bad_date_and_an_infinite_number_are_refused_not_declared(shop: Place) -> None:
    rows = loans().astype({"income": object})
    days = pd.date_range("2024-01-20", periods=5, freq="31D").strftime("%Y-%m-%d")
    rows["opened"] = [days[k % 5] for k in range(len(rows))]
    rows.loc[4, "opened"] = "2024-02-30"
    rows.loc[5, "income"] = "1e400"
    path, out = shop.folder / "dated.csv", shop.folder / "dated.toml"
    rows.to_csv(path, index=False)
    drafted = shop.call("portfolio", "infer", str(path), "--bad", "bad", "--out", str(out), "--json").json
    kinds = {g["column"]: (g["role"], g["kind"]) for g in drafted["guesses"]}
    assert kinds["opened"] == ("date", "date") and kinds["income"] == ("characteristic", "number")
    told = shop.call("check", str(path), "--portfolio", str(out), "--json").json
    assert (told["rows"], told["kept"]) == (1200, 1198)
    assert {"NON_FINITE", "REFUSED_ROWS"} <= {f["code"] for f in told["findings"]}
