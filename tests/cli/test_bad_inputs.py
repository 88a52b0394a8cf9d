"""Bad files from the command line: the expected code, one clear sentence, status 2, nothing kept."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from tests.cli.shop import Place, loans

GOOD = loans(600)
CSV = GOOD.to_csv(index=False)
HEAD, *ROWS = CSV.splitlines()


def joined(*lines: str) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def one_outcome(value: object) -> bytes:
    return GOOD.assign(bad=value).to_csv(index=False).encode()


FILES = {
    "trailing separator": ("RAGGED_ROWS", joined(HEAD, *(f"{row}," for row in ROWS))),
    "a field too many in one row": ("RAGGED_ROWS", joined(HEAD, *ROWS[:99], ROWS[99] + ",7", *ROWS[100:])),
    "cut in the middle of a row": ("TRUNCATED", joined(HEAD, *ROWS[:-1]) + ROWS[-1].encode()[:8]),
    "UTF-16": ("ENCODING", CSV.encode("utf-16")),
    "Windows code page": ("ENCODING", CSV.replace("travel", "voyagé").encode("cp1252")),
    "a column twice": ("DUPLICATE_COLUMNS", joined(HEAD.replace("age_of_account", "Income "), *ROWS)),
    "no header": ("NO_HEADER", joined(*ROWS)),
    "a web page": ("NOT_CSV", b"<!DOCTYPE html><html><body>Sign in</body></html>\n"),
    "header only": ("NO_ROWS", joined(HEAD)),
    "empty": ("NO_ROWS", b""),
    "too many columns": (
        "TOO_MANY_COLUMNS",
        joined(",".join(f"c{i}" for i in range(3000)), ",".join("1" * 3000)),
    ),
    "another table": ("SCHEMA_MISMATCH", joined("id,bad,colour", "1,0,red", "2,1,blue")),
    "a field too few in one row": (
        "RAGGED_ROWS",
        joined(HEAD, *ROWS[:9], ROWS[9].rpartition(",")[0], *ROWS[10:]),
    ),
    "no outcome in any row": ("TARGET", one_outcome("")),
    "one class": ("TARGET", one_outcome(0)),
    "three classes": ("TARGET", joined(HEAD, *ROWS, "1000,5,5,car,2")),
    "outcome in words": ("TARGET", CSV.replace(",1\n", ",yes\n").replace(",0\n", ",no\n").encode()),
    "one row": ("TOO_FEW_ROWS", joined(HEAD, ROWS[0])),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("verb", ["check", "train"])
def test_a_bad_file_is_told_by_code_and_sentence(shop: Place, name: str, verb: str) -> None:
    code, content = FILES[name]
    file = shop.folder / "bad.csv"
    file.write_bytes(content)
    answer = shop.call(verb, str(file), "--portfolio", shop.portfolio, "--json")
    assert answer.status == 2, answer.err
    assert code in {problem["code"] for problem in answer.json["problems"]}, answer.json
    sentence = answer.err.strip().splitlines()[-1]
    assert re.fullmatch(r"workbench: .*[.?] \[[A-Z_]+\]", sentence) and f" [{code}]" in sentence
    assert "Traceback" not in answer.err and "1 rows" not in answer.err and "to learn from" not in answer.err
    assert not list((shop.folder / "home").glob("datasets/*.parquet"))


@pytest.mark.parametrize("value", ["inf", "-Infinity", "1e400"])
def test_infinite_numbers_block_and_are_named(shop: Place, value: str) -> None:
    frame = GOOD.astype({"income": object})
    frame.loc[7, "income"] = value
    frame.to_csv(shop.data, index=False)
    answer = shop.call("check", shop.data, "--portfolio", shop.portfolio, "--json")
    assert answer.status == 1
    finding = next(f for f in answer.json["findings"] if f["code"] == "NON_FINITE")
    assert finding["level"] == "block" and finding["column"] == "income" and finding["rows"] == 1


def test_a_constant_and_an_empty_column_are_named_before_anything_trains(shop: Place) -> None:
    toml = Path(shop.portfolio)
    extra = '\n[[characteristics]]\nname = "{}"\n'
    toml.write_text(toml.read_text() + extra.format("always_one") + extra.format("nothing"))
    GOOD.assign(always_one=1, nothing="").to_csv(shop.data, index=False)
    answer = shop.call("check", shop.data, "--portfolio", shop.portfolio, "--json")
    found = {(f["code"], f["column"]) for f in answer.json["findings"]}
    assert {("CONSTANT", "always_one"), ("ALL_MISSING", "nothing")} <= found
    assert answer.status == 1


def test_a_semicolon_file_with_decimal_commas_asks_and_then_reads(shop: Place) -> None:
    frame = GOOD.assign(income=GOOD["income"] + 0.5)
    frame.to_csv(shop.data, index=False, sep=";", decimal=",")
    call = ("check", shop.data, "--portfolio", shop.portfolio)
    asked = shop.call(*call, "--json")
    assert asked.status == 2 and asked.json["error"] in {"DECIMAL", "DELIMITER"}
    assert "--decimal" in asked.err or "decimal" in asked.err
    assert shop.call(*call, "--delimiter", ";", "--decimal", ",").status == 0


def test_text_that_looks_like_a_number_or_nothing_stays_text(shop: Place) -> None:
    frame = GOOD.astype({"id": str})
    frame["id"] = frame["id"].str.zfill(5)
    frame["purpose"] = ["NA"] * 300 + ["null"] * 300
    frame.to_csv(shop.data, index=False)
    trained = shop.call("train", shop.data, "--portfolio", shop.portfolio, "--family", "logistic", "--json")
    assert trained.json.get("models"), trained.json
    out = shop.folder / "scored.csv"
    assert shop.call("score", "shop_loans@latest", shop.data, "--out", str(out)).status == 0
    assert [line.split(",")[0] for line in out.read_text().splitlines()[1:4]] == ["00000", "00001", "00002"]


@pytest.mark.parametrize("change", ["reorder", "extra", "rename", "missing"])
def test_columns_are_taken_by_name(shop: Place, change: str) -> None:
    shop.call("train", shop.data, "--portfolio", shop.portfolio, "--family", "logistic")
    changed = {
        "reorder": GOOD[["purpose", "bad", "income", "id", "age_of_account"]],
        "extra": GOOD.assign(colour="red"),
        "rename": GOOD.rename(columns={"income": "Einkommen"}),
        "missing": GOOD.drop(columns="income"),
    }
    files = {}
    for name, frame in (("plain", GOOD), ("changed", changed[change])):
        files[name] = shop.folder / f"{name}.csv"
        frame.to_csv(files[name], index=False)
    out = shop.folder / "scored.csv"
    answer = shop.call("score", "shop_loans@latest", str(files["changed"]), "--out", str(out), "--json")
    if change in ("rename", "missing"):
        assert answer.status == 2 and answer.json["error"] == "SCHEMA_MISMATCH" and "income" in answer.err
        assert not out.exists()
        return
    plain = shop.folder / "plain_scored.csv"
    shop.call("score", "shop_loans@latest", str(files["plain"]), "--out", str(plain))
    assert out.read_text() == plain.read_text()


def test_unseen_and_missing_values_are_scored_with_a_flag(shop: Place) -> None:
    shop.call("train", shop.data, "--portfolio", shop.portfolio, "--family", "logistic")
    frame = GOOD.head(3).astype({"income": object})
    frame.loc[0, "purpose"] = "moon"
    frame.loc[1, "income"] = ""
    frame.to_csv(shop.folder / "odd.csv", index=False)
    out = shop.folder / "scored.csv"
    shop.call("score", "shop_loans@latest", str(shop.folder / "odd.csv"), "--out", str(out))
    lines = out.read_text().splitlines()
    assert "unseen" in lines[1] and "missing" in lines[2] and "unseen" not in lines[3]


DATES = {
    "read in two ways": (["01/02/2024", "03/04/2024"] * 300, "DATE_FORMAT", "%d/%m/%Y, %m/%d/%Y"),
    "Excel's day numbers": (["45292", "45293"] * 300, "DATE_FORMAT", "45292 is 2024-01-01"),
}


@pytest.mark.parametrize("name", DATES)
@pytest.mark.parametrize("verb", ["check", "train"])
def test_dates_that_are_not_proved_are_asked_for(shop: Place, verb: str, name: str) -> None:
    texts, code, told = DATES[name]
    dated(shop)
    GOOD.assign(opened=texts).to_csv(shop.data, index=False)
    answer = shop.call(verb, shop.data, "--portfolio", shop.portfolio, "--json")
    assert answer.status == 2 and answer.json["error"] == code
    assert told in answer.err and "opened" in answer.err and "date_format" in answer.err


def dated(shop: Place) -> None:
    """Give the portfolio a date."""
    toml = Path(shop.portfolio)
    toml.write_text(toml.read_text() + '\n[[characteristics]]\nname = "opened"\nkind = "date"\n')


def test_a_day_that_never_was_refuses_its_row(shop: Place) -> None:
    dated(shop)
    days = ["2024-02-28", "2024-02-29"] * 299 + ["2024-02-30", "2024-02-28"]
    GOOD.assign(opened=days).to_csv(shop.data, index=False)
    told = shop.call("check", shop.data, "--portfolio", shop.portfolio, "--json").json
    assert (told["kept"], told["refused"]) == (599, 1)
    (finding,) = (f for f in told["findings"] if f["code"] == "REFUSED_ROWS")
    assert "opened" in finding["message"] and "2024-02-30" not in str(told)


def test_a_model_with_one_flipped_bit_never_scores(shop: Place) -> None:
    trained = shop.call("train", shop.data, "--portfolio", shop.portfolio, "--family", "lightgbm", "--json")
    best = trained.json["best"]
    largest = max((shop.folder / "home" / "models" / best).iterdir(), key=lambda p: p.stat().st_size)
    content = bytearray(largest.read_bytes())
    content[len(content) // 2] ^= 1
    largest.chmod(0o600)
    largest.write_bytes(bytes(content))
    out = shop.folder / "scored.csv"
    call = ("score", best, shop.data, "--out", str(out))
    answer = shop.call(*call, "--json")
    assert answer.status == 2 and answer.json["error"] == "ARTIFACT_DIGEST" and not out.exists()
    assert shop.call(*call).err.strip().endswith("[ARTIFACT_DIGEST]")


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_key_of_twenty_digits_survives_scoring(shop: Place, form: str) -> None:
    shop.call("train", shop.data, "--portfolio", shop.portfolio, "--family", "logistic")
    keys = [str(10**19 + 7 * i) for i in range(4)]
    GOOD.head(4).assign(id=keys).to_csv(shop.folder / "long.csv", index=False)
    out = shop.folder / f"scored.{form}"
    answer = shop.call("score", "shop_loans@latest", str(shop.folder / "long.csv"), "--out", str(out))
    assert answer.status == 0, answer.err
    if form == "csv":
        scored = pd.read_csv(out, dtype={"id": str})
    else:
        scored = pd.read_excel(out, dtype={"id": str}, engine="calamine")
    assert scored["id"].tolist() == keys


def test_an_error_in_text_shows_its_code(shop: Place) -> None:
    file = shop.folder / "ragged.csv"
    file.write_bytes(FILES["trailing separator"][1])
    answer = shop.call("check", str(file), "--portfolio", shop.portfolio)
    assert answer.status == 2 and answer.out == ""
    assert answer.err.startswith("workbench: ragged.csv: ") and answer.err.endswith(". [RAGGED_ROWS]\n")
