"""The shelf: shipped portfolios are whole, saved ones are append-only, errors name what to do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from workbench.errors import InputError, MissingError
from workbench.intake import PortfolioShelf
from workbench.portfolio import Portfolio, parse, to_toml


@pytest.fixture
def shelf(tmp_path):
    return PortfolioShelf(tmp_path)


def test_shipped_portfolios_are_whole(shelf):
    assert all(e.shipped for e in shelf.names())
    assert sorted(e.name for e in shelf.names()) == [
        "auto_fraud", "cash_advance", "consumer_credit", "counterparty", "defi_loans", "german_credit",
        "lending_club", "taiwan_cards",
    ]  # fmt: skip
    for entry in shelf.names():
        portfolio = shelf.find(entry.name)
        assert portfolio.description
        assert parse(to_toml(portfolio), "again") == portfolio
        for one in (*portfolio.characteristics, *portfolio.protected):
            assert one.title, one.name
            assert one.group, one.name
            if one.kind in ("category", "flag") and one.name != "addr_state":
                assert all(a.label for a in one.attributes), one.name
                assert one.attributes, one.name
            if one.kind == "number":
                assert one.low is not None, one.name


def changed(portfolio: Portfolio, title: str) -> Portfolio:
    return portfolio.model_copy(update={"title": title})


def test_a_saved_version_is_never_changed(shelf):
    first = shelf.find("german_credit")
    second = shelf.save(changed(first, "Second"))
    third = shelf.save(changed(first, "Third"))
    assert (second.version, third.version) == (2, 3)
    assert shelf.versions("german_credit") == [1, 2, 3]
    assert shelf.find("german_credit").title == "Third"
    assert shelf.find("german_credit@2") == second
    assert shelf.find("german_credit@1") == first
    entry = next(e for e in shelf.names() if e.name == "german_credit")
    assert (entry.version, entry.shipped) == (3, False)


def test_a_new_name_starts_at_one(shelf):
    mine = shelf.find("german_credit").model_copy(update={"name": "mine", "version": 7})
    assert shelf.save(mine).version == 1
    assert (shelf.home / "portfolios" / "mine" / "1.toml").exists()
    assert not list((shelf.home / "portfolios" / "mine").glob(".new-*"))


def test_unchanged_is_refused(shelf):
    with pytest.raises(InputError) as refused:
        shelf.save(shelf.find("german_credit"))
    assert refused.value.code == "UNCHANGED"
    assert "german_credit@1" in str(refused.value)


def test_many_writers_get_numbers_of_their_own(shelf):
    first = shelf.find("german_credit")
    with ThreadPoolExecutor(8) as pool:
        saved = list(pool.map(lambda k: shelf.save(changed(first, f"Title {k}")), range(24)))
    assert sorted(one.version for one in saved) == list(range(2, 26))
    assert all(shelf.find(one.identity) == one for one in saved)


@pytest.mark.parametrize(
    "reference", ["nothing", "german_credit@9", "german_credit@x", "../german_credit", "", "gone.toml"]
)
def test_what_is_not_there(shelf, reference):
    with pytest.raises(MissingError) as missing:
        shelf.find(reference)
    assert missing.value.code == "NO_PORTFOLIO"


def test_a_file_with_a_mistake_names_its_key(shelf, tmp_path):
    path = tmp_path / "x.toml"
    path.write_text(to_toml(shelf.find("german_credit")).replace("tags", "tagz", 1))
    with pytest.raises(InputError) as refused:
        shelf.find(str(path))
    assert refused.value.code == "PORTFOLIO"
    assert "tagz" in str(refused.value)


def test_a_damaged_portfolio_does_not_hide_the_others(shelf):
    folder = shelf.home / "portfolios" / "broken"
    folder.mkdir(parents=True)
    (folder / "1.toml").write_text("name = ")
    found = {entry.name: entry for entry in shelf.names()}
    assert "TOML" in found["broken"].problem
    assert len(found) == 9
