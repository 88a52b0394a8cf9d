"""The verb bins: the best cuts of each characteristic, as a table and as one JSON document."""

from __future__ import annotations

import numpy as np

from tests.cli.shop import Place, loans


def test_every_characteristic_is_told_strongest_first(shop: Place) -> None:
    answer = shop.call("bins", shop.data, "--portfolio", shop.portfolio, "--json")
    assert answer.status == 0, answer.err
    told = answer.json["characteristics"]
    assert {c["characteristic"] for c in told} == {"income", "age_of_account", "purpose"}
    ivs = [c["iv"] for c in told]
    assert ivs == sorted(ivs, reverse=True)
    frame = loans()
    for characteristic in told:
        assert {"label", "n", "n_bad", "bad_rate", "woe", "iv"} <= set(characteristic["bins"][0])
        assert sum(b["n"] for b in characteristic["bins"]) == len(frame)
        assert sum(b["n_bad"] for b in characteristic["bins"]) == frame["bad"].sum()
        assert np.isclose(sum(b["iv"] for b in characteristic["bins"]), characteristic["iv"])
    assert next(c for c in told if c["characteristic"] == "income")["trend"] == "falling"


def test_one_characteristic_is_shown_bin_by_bin(shop: Place) -> None:
    answer = shop.call("bins", shop.data, "--portfolio", shop.portfolio, "--characteristic", "income")
    assert answer.status == 0, answer.err
    assert "Monthly income" in answer.out and "or more" in answer.out and "purpose" not in answer.out
    wrong = shop.call("bins", shop.data, "--portfolio", shop.portfolio, "--characteristic", "wealth")
    assert wrong.status == 2 and "income, age_of_account, purpose" in wrong.err


def test_a_scorecard_is_trained_and_scores(shop: Place) -> None:
    answer = shop.call(
        "train", shop.data, "--portfolio", shop.portfolio, "--family", "scorecard", "--seed", "7", "--json"
    )
    assert answer.status == 0, answer.err
    model = answer.json["models"][0]
    assert model["family"] == "scorecard" and model["metrics"]["auc"] > 0.65
    out = shop.folder / "scored.csv"
    done = shop.call("score", model["model_id"], shop.data, "--out", str(out))
    assert done.status == 0, done.err
