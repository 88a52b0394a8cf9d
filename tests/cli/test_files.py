"""Files in and out: sheets, refused rows as a list, and what is replaced."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.cli.shop import Answer, Place, loans


@pytest.fixture
def sheets(shop: Place) -> Path:
    """An Excel file with loans on one sheet and notes on another."""
    path = shop.folder / "loans.xlsx"
    with pd.ExcelWriter(path, engine="openpyxl") as book:
        pd.DataFrame({"note": ["made"]}).to_excel(book, sheet_name="Notes", index=False)
        loans(600).to_excel(book, sheet_name="Loans", index=False)
    return path


def test_a_sheet_is_asked_for_and_named_on_every_verb_that_reads(shop: Place, sheets: Path) -> None:
    of = ("--portfolio", shop.portfolio)
    asked = shop.call("check", str(sheets), *of)
    assert asked.status == 2 and "The option is --sheet." in asked.err and asked.err.endswith("[SHEET]\n")
    for verb in (("check",), ("bins",), ("train", "--family", "logistic")):
        done = shop.call(*verb, str(sheets), *of, "--sheet", "Loans", "--json")
        assert done.status == 0, done.err
    out = shop.folder / "scored.csv"
    for call in (
        ("score", "shop_loans@latest", str(sheets), "--out", str(out)),
        ("evaluate", "shop_loans@latest", str(sheets)),
        ("portfolio", "infer", str(sheets), "--bad", "bad=1", "--out", str(shop.folder / "drafted.toml")),
    ):
        assert shop.call(*call).status == 2
        done = shop.call(*call, "--sheet", "Loans")
        assert done.status == 0, done.err
    assert len(pd.read_csv(out)) == 600


def test_a_sheet_of_a_file_without_sheets_is_refused(shop: Place) -> None:
    answer = shop.call("check", shop.data, "--portfolio", shop.portfolio, "--sheet", "Loans", "--json")
    assert (answer.status, answer.json["error"]) == (2, "SHEET")
    assert "loans.csv: is no Excel file" in answer.err


def dirty(shop: Place) -> None:
    rows = loans().astype({"income": object, "age_of_account": object})
    rows["id"] = [f"00{key}" for key in rows["id"]]
    rows.loc[3, "income"] = "plenty"
    rows.loc[[7, 9], "income"] = "inf"
    rows.loc[9, "age_of_account"] = "old"
    rows.to_csv(shop.data, index=False)


@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet"])
def test_refused_rows_are_written_with_key_and_reason(shop: Place, form: str) -> None:
    dirty(shop)
    out = shop.folder / f"refused.{form}"
    call = ("check", shop.data, "--portfolio", shop.portfolio, "--refused", str(out))
    answer = shop.call(*call, "--json")
    assert answer.status == 1 and answer.json["refused_file"] == str(out)
    read = {"csv": pd.read_csv, "xlsx": pd.read_excel, "parquet": pd.read_parquet}[form]
    kinds = {"csv": {"dtype": {"id": str}}, "xlsx": {"dtype": {"id": str}, "engine": "calamine"}}.get(
        form, {}
    )
    refused = read(out, **kinds)
    assert list(refused.columns) == ["record", "id", "column", "code", "reason", "text"]
    assert refused[["record", "id", "column", "code"]].to_numpy().tolist() == [
        [4, "003", "income", "NOT_A_NUMBER"],
        [8, "007", "income", "NON_FINITE"],
        [10, "009", "income", "NON_FINITE"],
        [10, "009", "age_of_account", "NOT_A_NUMBER"],
    ]
    assert "plenty" not in str(refused.to_numpy()) and answer.json["refused"] == 3
    assert str(out) in shop.call(*call).err


def test_no_refused_row_is_a_list_without_lines(shop: Place) -> None:
    out = shop.folder / "refused.csv"
    answer = shop.call("check", shop.data, "--portfolio", shop.portfolio, "--refused", str(out))
    assert answer.status == 0 and out.read_text() == "record,id,column,code,reason,text\n"


@pytest.mark.parametrize("name", ["loans.csv", "refused.txt", "gone/refused.csv", "."])
def test_refused_rows_go_nowhere_they_should_not(shop: Place, name: str) -> None:
    before = Path(shop.data).read_bytes()
    out = shop.folder / name
    answer = shop.call("check", shop.data, "--portfolio", shop.portfolio, "--refused", str(out), "--json")
    assert answer.status == 2 and answer.json["error"] in ("OUT_IS_DATA", "OUT_FORMAT", "OUT_FOLDER")
    assert Path(shop.data).read_bytes() == before


def test_every_verb_that_drops_rows_says_so(shop: Place) -> None:
    rows = loans().astype({"income": object})
    rows.loc[3, "income"] = "plenty"
    rows.to_csv(shop.data, index=False)
    of = ("--portfolio", shop.portfolio)
    trained = shop.call("train", shop.data, *of, "--family", "logistic", "--json")
    assert (trained.json["rows"], trained.json["refused"]) == (1200, 1)
    measured = shop.call("evaluate", "shop_loans@latest", shop.data, "--json")
    assert (measured.json["rows"], measured.json["refused"], measured.json["n"]) == (1200, 1, 1199)
    for answer in (trained, measured, shop.call("bins", shop.data, *of)):
        assert "loans.csv: 1 of 1,200 rows refused." in answer.err and "--refused FILE" in answer.err


def test_score_sums_up_what_it_did(trained: tuple[Place, Answer]) -> None:
    here, answer = trained
    rows = loans(300, seed=5).drop(columns="bad").astype({"income": object})
    rows.loc[10, "income"] = "?"
    rows.loc[11, "purpose"] = "moon"
    data, out = here.folder / "new.csv", here.folder / "out.csv"
    rows.to_csv(data, index=False)
    call = ("score", answer.json["best"], str(data), "--out", str(out))
    told = here.call(*call, "--json")
    scored = pd.read_csv(out)
    counts = scored["decision"].value_counts()
    assert told.json["decisions"] == {d: counts[d] for d in ("approve", "refer", "decline")}
    assert sum(told.json["decisions"].values()) == told.json["scored"] == 299
    assert told.json["flagged"] == scored["flags"].notna().sum() > 0
    assert told.json["model_id"] == answer.json["best"] and told.json["replaced"] is False
    assert "1 row not scored" in told.err and "Replaced" not in told.err
    again = here.call(*call)
    assert f"Replaced {out}" in again.err
    assert again.out.startswith(f"{answer.json['best']}: 300 rows, 299 scored (")
    assert "1 not scored" in again.out and len(pd.read_csv(out)) == 300


def test_no_row_with_a_pd_is_no_success(trained: tuple[Place, Answer]) -> None:
    here, _ = trained
    data, out = here.folder / "none.csv", here.folder / "none_scored.csv"
    loans(20).assign(income="?").to_csv(data, index=False)
    answer = here.call("score", "shop_loans@latest", str(data), "--out", str(out), "--json")
    assert answer.status == 1 and (answer.json["rows"], answer.json["scored"]) == (20, 0)
    assert pd.read_csv(out)["error"].str.contains("income is not a number").all()


def test_score_never_replaces_what_it_reads(trained: tuple[Place, Answer]) -> None:
    here, _ = trained
    before = Path(here.data).read_bytes()
    answer = here.call("score", "shop_loans@latest", here.data, "--out", here.data, "--json")
    assert (answer.status, answer.json["error"]) == (2, "OUT_IS_DATA")
    assert Path(here.data).read_bytes() == before


def test_show_tells_what_is_decided(trained: tuple[Place, Answer]) -> None:
    here, answer = trained
    told = here.call("show", answer.json["best"], "--json").json
    assert 0 < told["policy"]["approve_below"] <= told["policy"]["decline_from"] < 1
    assert told["policy"]["provisional"] is True
    bands = told["bands"]
    assert bands[0]["p_bad_from"] == 0 and bands[-1]["p_bad_to"] == 1
    assert [b["p_bad_to"] for b in bands[:-1]] == [b["p_bad_from"] for b in bands[1:]]
    assert [b["points_from"] for b in bands[:-1]] == [b["points_to"] for b in bands[1:]]
    assert bands[0]["decisions"] == ["approve"] and bands[-1]["decisions"][-1] == "decline"
    text = here.call("show", answer.json["best"]).out
    assert "Policy: approve below a PD of" in text and "provisional" in text and "Gate passed" in text


def test_a_model_that_was_damaged_is_shown_without_its_policy(shop: Place) -> None:
    done = shop.call("train", shop.data, "--portfolio", shop.portfolio, "--family", "logistic", "--json")
    model = shop.folder / "home" / "models" / done.json["best"]
    touched = next(p for p in sorted(model.iterdir()) if p.name != "manifest.json")
    touched.chmod(0o600)
    touched.write_bytes(touched.read_bytes()[:-1] + b"~")
    told = shop.call("show", done.json["best"], "--json").json
    assert told["policy"] is None and "is not what was stored" in told["policy_reason"]
    assert "is not what was stored" in shop.call("show", done.json["best"]).err


def test_generate_says_what_it_replaced(shop: Place) -> None:
    out = shop.folder / "parties.csv"
    call = ("generate", "counterparty", "--rows", "500", "--out", str(out))
    assert "Replaced" not in shop.call(*call).err
    assert f"Replaced {out}" in shop.call(*call).err
    few = shop.call("generate", "counterparty", "--rows", "60", "--out", str(out)).err
    assert "Training asks for at least" in few and "Next:" not in few
