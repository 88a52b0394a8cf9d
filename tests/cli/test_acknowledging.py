"""Reasons for findings: those that are there count, the rest is told or refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.shop import Place, loans

WHY = ("--why", "known at the application")


@pytest.fixture
def suspect(shop: Place) -> Place:
    """A shop whose portfolio has a column with a suspect name."""
    toml = Path(shop.portfolio)
    toml.write_text(toml.read_text() + '\n[[characteristics]]\nname = "recoveries"\n')
    loans().assign(recoveries=loans()["income"] % 7).to_csv(shop.data, index=False)
    return shop


@pytest.mark.parametrize("verb", ["check", "train"])
@pytest.mark.parametrize(
    "finding", ["LEAKAGE_NAME:recoverys", "LEAKAGE_NAM:recoveries", "REFUSED_ROWS:income"]
)
def test_a_finding_that_cannot_be_is_refused_with_those_there_are(
    suspect: Place, verb: str, finding: str
) -> None:
    call = (verb, suspect.data, "--portfolio", suspect.portfolio, "--acknowledge", finding, *WHY, "--json")
    answer = suspect.call(*call)
    assert (answer.status, answer.json["error"]) == (2, "ACKNOWLEDGE")
    assert f"there is no finding {finding}" in answer.err
    assert "Acknowledge one of: LEAKAGE_NAME:recoveries." in answer.err
    assert not list((suspect.folder / "home").glob("studies/*"))


def test_a_finding_that_is_not_there_any_more_is_told_and_not_kept(suspect: Place) -> None:
    given = ("--acknowledge", "LEAKAGE_NAME:recoveries", *WHY, "--acknowledge", "LEAKAGE_SINGLE:income", *WHY)
    call = ("train", suspect.data, "--portfolio", suspect.portfolio, "--family", "logistic", *given)
    answer = suspect.call(*call, "--json")
    assert answer.status == 0, answer.err
    told = "LEAKAGE_SINGLE:income was not found in these data, so its reason is not kept."
    assert told in answer.err and answer.json["notes"] == [told]
    from workbench import desk
    from workbench.settings import Settings

    study = desk.open(Settings(home=suspect.folder / "home")).study(answer.json["study_id"])
    assert study.spec.acknowledged == (("LEAKAGE_NAME", "recoveries", "known at the application"),)


def test_what_blocks_is_told_with_how_it_is_lifted(suspect: Place) -> None:
    for verb in ("check", "train"):
        answer = suspect.call(verb, suspect.data, "--portfolio", suspect.portfolio)
        assert answer.status == 1
        assert "--acknowledge LEAKAGE_NAME:recoveries --why REASON" in answer.err.splitlines()[-1]
        assert "left_out in the portfolio's file" in answer.err


def test_what_no_reason_lifts_does_not_offer_one(shop: Place) -> None:
    loans(90).to_csv(shop.data, index=False)
    answer = shop.call("train", shop.data, "--portfolio", shop.portfolio)
    assert answer.status == 1 and "TOO_FEW_ROWS" in answer.err and "--acknowledge" not in answer.err


@pytest.mark.parametrize("arguments", [("models", "--portfolio"), ("portfolio", "show")])
def test_what_there_is_not_is_told_with_what_there_is(shop: Place, arguments: tuple[str, ...]) -> None:
    answer = shop.call(*arguments, "nosuch", "--json")
    assert (answer.status, answer.json["error"]) == (2, "NO_PORTFOLIO")
    assert "there is no portfolio 'nosuch'" in answer.err and "taiwan_cards" in answer.err


def test_a_refused_promotion_names_the_options_that_force_it(shop: Place) -> None:
    call = ("train", shop.data, "--portfolio", shop.portfolio, "--json", "--family")
    first = shop.call(*call, "logistic", "--deploy").json["best"]
    again = shop.call("promote", first)
    assert again.status == 0 and f"{first} is the champion of shop_loans already;" in again.out
    second = shop.call(*call, "lightgbm", "--seed", "9").json["best"]
    refused = shop.call("promote", second)
    assert refused.status == 1 and "Add --force --why REASON" in refused.err
    assert refused.err.endswith("[NOT_BETTER]\n")
    missing = shop.call("promote", second, "--force")
    assert missing.status == 2 and "Add --why REASON" in missing.err
    assert shop.call("promote", second, "--force", "--why", "a drill").status == 0
