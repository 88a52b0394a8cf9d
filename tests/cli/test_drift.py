"""``workbench drift``: what it says, how it exits, and one clear sentence for what cannot be."""

from __future__ import annotations

import pandas as pd
import pytest

from tests import made
from tests.cli.shop import Answer, Place, loans
from workbench.dataset import applicants, from_frame
from workbench.errors import InputError


@pytest.fixture(scope="module")
def extracts(trained: tuple[Place, Answer]) -> Place:
    """Files of a later month: stable, with a shifted characteristic, and broken in several ways."""
    here, _ = trained
    later = loans(1500, 11).assign(id=lambda f: f["id"] + 50_000)
    files = {
        "stable": later,
        "shifted": later.assign(income=later["income"] * 1.8),
        "lacking": later.drop(columns="income"),
        "extra": later.assign(shoe_size=42),
        "unlabelled": later.drop(columns="bad"),
        "good": later.assign(bad=0),
        "one": later.head(1),
        "empty": later.assign(income=""),
    }
    for name, frame in files.items():
        frame.to_csv(here.folder / f"{name}.csv", index=False)
    return here


def told(place: Place, name: str) -> Answer:
    return place.call("drift", "shop_loans@latest", str(place.folder / f"{name}.csv"), "--json")


def test_a_stable_extract_is_green_and_a_shifted_one_red_with_its_cause(extracts: Place) -> None:
    stable, shifted = told(extracts, "stable"), told(extracts, "shifted")
    assert stable.status == 0 and stable.json["verdict"]["colour"] == "green", stable.json["verdict"]
    assert stable.json["verdict"]["first_cause"] is None and stable.json["verdict"]["actions"] == []
    assert shifted.status == 1
    verdict = shifted.json["verdict"]
    assert verdict["colour"] == "red" and verdict["characteristic"] == "income"
    assert "Monthly income has moved" in verdict["first_cause"]
    assert verdict["actions"][0]["action"] == "investigate"
    first = shifted.json["characteristics"][0]
    assert (
        first["characteristic"] == "income" and first["psi"] > 0.25 > first["psi_99"] > first["psi_expected"]
    )
    assert {"ks", "p_value", "q_value", "cramers_v", "jensen_shannon", "wasserstein"} <= set(first)
    assert shifted.json["score"]["psi"] > 0 and shifted.json["performance"]["n_bad"] > 0
    plain = extracts.call("drift", "shop_loans@latest", str(extracts.folder / "shifted.csv"))
    assert plain.status == 1 and plain.out.startswith("Red. Monthly income") and "Where outcomes" in plain.out


def test_what_is_not_defined_is_null_with_a_reason(extracts: Place) -> None:
    unlabelled = told(extracts, "unlabelled").json["performance"]
    assert unlabelled == {"measures": None, "reason": "no row has a known outcome"}
    lines = {m["measure"]: m for m in told(extracts, "good").json["performance"]["measures"]}
    assert lines["auc"]["extract"] is None and "no bads" in lines["auc"]["reason"]
    empty = told(extracts, "empty").json
    income = next(c for c in empty["characteristics"] if c["characteristic"] == "income")
    assert income["missing"] == 1 and income["ks"] is None
    assert empty["verdict"]["first_cause"].startswith("Monthly income is missing in 100.0% of rows")


def test_what_cannot_be_is_one_sentence(extracts: Place) -> None:
    lacking = told(extracts, "lacking")
    assert lacking.status == 2 and lacking.err.count("\n") == 1
    assert "lacks column income" in lacking.err and "SCHEMA_MISMATCH" in lacking.err
    one = told(extracts, "one")
    assert one.status == 2 and "1 of 1 row can be used. Drift needs at least 20 rows" in one.err
    texts = extracts.folder / "texts.csv"
    loans(30).astype({"income": object}).assign(income="much").to_csv(texts, index=False)
    refused = extracts.call("drift", "shop_loans-1", str(texts)).err
    assert "0 of 30 rows can be used: income is not a number (30 times)" in refused
    extra = told(extracts, "extra")
    assert extra.status == 0 and "column shoe_size" in " ".join(extra.json["notes"])
    other = extracts.call("drift", "shop_loans-1", str(extracts.folder / "shop_loans.toml"), "--json")
    assert other.status == 2 and other.err.count("\n") <= 2


def test_a_file_to_score_says_what_it_lacks_and_what_is_not_used(extracts: Place) -> None:
    def scored(name: str):
        out = str(extracts.folder / f"{name}_scored.csv")
        return extracts.call("score", "shop_loans@latest", str(extracts.folder / f"{name}.csv"), "--out", out)

    assert "scored rows has a value of Monthly income." in scored("empty").err
    assert "Not used, as the portfolio does not know it: shoe_size." in scored("extra").err
    (extracts.folder / "other.csv").write_text("a,b,c\n1,2,3\n4,5,6\n")
    other = scored("other")
    assert other.status == 2 and other.err.count("\n") == 1
    assert "lacks columns income, age_of_account, purpose" in other.err
    with pytest.raises(InputError, match="has 0 of the 7 columns .* another portfolio's file"):
        applicants(from_frame(pd.DataFrame({"a": ["1"], "b": ["2"]})), made.portfolio())
    shown = extracts.call("explain", "shop_loans@latest", "--row", "nobody")
    assert shown.status == 2 and "has the key nobody. The key is" in shown.err


def test_a_p_value_is_never_nought(extracts: Place) -> None:
    plain = extracts.call("drift", "shop_loans@latest", str(extracts.folder / "shifted.csv"))
    assert "<0.0001" in plain.out


def test_rows_of_development_are_told_and_who_looked_is_in_the_trail(extracts: Place) -> None:
    same = extracts.call("drift", "shop_loans@latest", extracts.data, "--json").json
    assert any("was developed on: they hide drift" in note for note in same["notes"])
    assert same["performance"]["n"] < same["n"]
    shown = extracts.call("show", "shop_loans@latest", "--json").json
    line = next(line for line in shown["trail"] if line["action"] == "looked at drift")
    assert line["who"] and line["detail"]["colour"] in ("green", "amber", "red")
