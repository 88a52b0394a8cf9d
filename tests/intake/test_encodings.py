"""The code page a file seems to be in, the lines that show it, and the sheets of a workbook."""

from __future__ import annotations

import gzip
import zipfile

import pandas as pd
import pytest

from workbench import intake
from workbench.errors import InputError
from workbench.intake import ReadOptions

TEXTS = {
    "Western towns": ("cp1252", "Zürich Genève Málaga Køge Ålborg"),
    "German words": ("cp1252", "München Größe Straße"),
    "pounds": ("cp1252", "£5 £7 £9"),
    "quotes": ("cp1252", "Café McDonald’s Lots–store"),
    "Central European": ("cp1250", "Łódź Kraków Poznań Žižkov Győr"),
    "Cyrillic": ("cp1251", "Москва Казань Пермь"),
    "Greek": ("cp1253", "Αθήνα Πάτρα"),
    "Turkish": ("cp1254", "Muğla Iğdır Şanlıurfa Çankırı"),
    "DOS": ("cp850", "Zürich Genève Köln"),
    "Chinese": ("gb18030", "北京 上海 广州市"),
    "Japanese": ("shift_jis", "東京 おおさか サッポロ"),
    "wide": ("utf-16", "München Bonn"),
    "UTF-8": ("", "München Łódź 北京"),
}


def table(words: str) -> str:
    return "town;bad\n" + "".join(f"{word};{i % 2}\n" for i, word in enumerate(words.split()))


@pytest.mark.parametrize("case", TEXTS)
def test_the_code_page_in_which_it_reads_like_text_is_offered(tmp_path, case):
    encoding, words = TEXTS[case]
    path = tmp_path / "towns.csv"
    path.write_bytes(table(words).encode(encoding or "utf-8"))
    assert intake.likely_encoding(path) == encoding


def test_a_zipped_file_is_looked_into(tmp_path):
    path = tmp_path / "towns.csv.gz"
    path.write_bytes(gzip.compress(table("Łódź Poznań").encode("cp1250")))
    assert intake.likely_encoding(path) == "cp1250"
    assert intake.foreign_line(path) == 2


def test_the_lines_around_the_first_that_is_not_utf_8_are_shown(tmp_path):
    path = tmp_path / "late.csv"
    path.write_bytes(("town;bad\n" + "Bern;0\n" * 400_000 + "Zürich;1\nBasel;0\n").encode("cp1252"))
    at = intake.foreign_line(path)
    assert at == 400_002
    shown = intake.preview(path, ReadOptions(encoding="cp1252"), around=at).splitlines()
    assert shown[0].split() == ["1", "town;bad"]
    assert "400002  Zürich;1" in shown and "400003  Basel;0" in shown and len(shown) <= 9
    assert intake.preview(path, around=3) == intake.preview(path)


def test_the_lines_of_a_utf_8_file_are_all_its_own(tmp_path):
    path = tmp_path / "towns.csv"
    path.write_text(table("München Łódź"), "utf-8")
    assert intake.foreign_line(path) == 0


def test_sheets_that_hold_data_are_named_in_their_order(tmp_path):
    path = tmp_path / "loans.xlsx"
    rows = pd.DataFrame({"id": [1, 2], "bad": [0, 1]})
    with pd.ExcelWriter(path) as book:
        rows.to_excel(book, sheet_name="Loans 2025", index=False)
        pd.DataFrame().to_excel(book, sheet_name="Empty", index=False)
        rows.to_excel(book, sheet_name="Loans 2024", index=False)
    assert intake.sheets(path) == ("Loans 2025", "Loans 2024")
    with pytest.raises(InputError, match="2 sheets hold data"):
        intake.read(path)
    path.write_bytes(b"PK\x03\x04 no workbook")
    with pytest.raises(InputError) as damaged:
        intake.sheets(path)
    assert damaged.value.code == "NOT_EXCEL"


def test_only_a_panic_of_the_native_reader_is_taken_for_a_damaged_file(tmp_path, monkeypatch):
    path = tmp_path / "loans.xlsx"
    pd.DataFrame({"id": [1, 2], "bad": [0, 1]}).to_excel(path, index=False)
    panic = type("PanicException", (BaseException,), {"__module__": "pyo3_runtime"})
    for error, raised in (
        (panic, InputError),
        (KeyboardInterrupt, KeyboardInterrupt),
        (SystemExit, SystemExit),
    ):

        def fail(*_: object, error: type = error) -> None:
            raise error("called `Option::unwrap()` on a `None` value")

        monkeypatch.setattr("workbench.intake.excel_file._sheet", fail)
        with pytest.raises(raised) as told:
            intake.read(path)
        if raised is InputError:
            assert told.value.code == "NOT_EXCEL"


@pytest.mark.parametrize("place", ["XFD1048576", "ZZZZZZZZ1", "A4294967295", "xfd99999"])
def test_a_cell_far_from_all_others_is_refused_whatever_size_the_sheet_claims(tmp_path, place, monkeypatch):
    path, far = tmp_path / "loans.xlsx", tmp_path / "far.xlsx"
    pd.DataFrame({"id": range(1, 60), "bad": [0] * 59}).to_excel(path, index=False)
    with zipfile.ZipFile(path) as given, zipfile.ZipFile(far, "w") as made:
        for part in given.namelist():
            content = given.read(part).replace(b'r="B60"', f'r="{place}"'.encode())
            made.writestr(part, content)
    # places that a chunk's end cuts in two are found too
    monkeypatch.setattr("workbench.intake.excel_file.CHUNK", 101)
    assert len(intake.read(path).frame) == 59
    with pytest.raises(InputError) as refused:
        intake.read(far)
    assert refused.value.code == "TOO_LARGE_EXPANDED" and "columns" in str(refused.value)
