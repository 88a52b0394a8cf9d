"""Each structural fault of a file: its code, one clear sentence, and nothing imported."""

from __future__ import annotations

import gzip

import pytest

from workbench import intake
from workbench.errors import InputError, MissingError, WorkbenchError
from workbench.intake import ReadOptions
from workbench.intake.laid_down import LaidDown

WIDE = ",".join(f"c{k}" for k in range(2001))
FAULTS = {
    "trailing separator on every row": ("a,b\n1,2,\n3,4,\n", "RAGGED_ROWS", ("2 fields", "row 1 has 3")),
    "extra field in the first row": ("a,b\n1,2,3\n3,4\n5,6\n", "RAGGED_ROWS", ("row 1 has 3",)),
    "extra field in a later row": ("a,b\n1,2\n3,4,5\n5,6\n", "RAGGED_ROWS", ("row 2 has 3",)),
    "short row": ("a,b,c\n1,2,3\n1,2\n4,5,6\n", "RAGGED_ROWS", ("row 2 has 2",)),
    "cut in a row": ("a,b,c\n1,2,3\n4,5", "TRUNCATED", ("row 2", "last complete row is 1")),
    "open quotation mark": ('a,b\n1,2\n3,"4\n5,6\n', "TRUNCATED", ("quotation mark",)),
    "open quotation mark at the end": ('a,b\n1,2\n3,"4', "TRUNCATED", ("quotation mark",)),
    "decimal comma": ("a;b\n1,5;2\n2,5;3\n", "DECIMAL", ("9,9", "decimal")),
    "thousands or decimals": ('a,b\n"1,234",2\n"5,678",3\n', "DECIMAL", ("9,999",)),
    "two delimiters": ("a,b;c\n1,2;3\n4,5;6\n", "DELIMITER", ("comma", "semicolon")),
    "cp1252": ("a,b\nMüller,1\n".encode("cp1252"), "ENCODING", ("0xFC", "position 5", "cp1252")),
    "cp1251": ("a,b\nПривет,1\n".encode("cp1251"), "ENCODING", ("0xCF", "cp1251")),
    "utf-16": ("a,b\nx,1\n".encode("utf-16"), "ENCODING", ("utf-16",)),
    "utf-16 without mark": ("a,b\nx,1\n".encode("utf-16-le"), "ENCODING", ("utf-16", "position 1")),
    "late bad byte": (b"a,b\n" + b"x,1\n" * 400_000 + b"\xe4,1\n", "ENCODING", ("0xE4", "line 400,002")),
    "same column twice": ("a,b,a\n1,2,3\n", "DUPLICATE_COLUMNS", ("a (twice)",)),
    "same but case and blanks": ("a,b,A \n1,2,3\n", "DUPLICATE_COLUMNS", ("a and A",)),
    "numbers as header": ("1,2\n3,4\n", "NO_HEADER", ("header",)),
    "values as header": ("yes,no,x\nyes,no,x\nno,yes,y\n", "NO_HEADER", ("header",)),
    "web page": ("<!DOCTYPE html><html><body>Sign in</body></html>", "NOT_CSV", ("web page",)),
    "json": ('[{"a":1}]', "NOT_CSV", ("JSON",)),
    "workbook": (b"PK\x03\x04aaaa", "NOT_CSV", ("Excel",)),
    "header only": ("a,b\n", "NO_ROWS", ()),
    "nothing": ("", "NO_ROWS", ("0 bytes",)),
    "blank lines": ("\n\n\n", "NO_ROWS", ()),
    "too many columns": (f"{WIDE}\n{WIDE}\n", "TOO_MANY_COLUMNS", ("2,001",)),
    "endless cell": ("a,b\n" + "x" * 40_000 + ",1\n", "TOO_LARGE", ("column a",)),
    "title above the header": ("Notes by X\na,b\n1,2\n", "RAGGED_ROWS", ("title",)),
}


@pytest.fixture(params=["in memory", "laid down"])
def room(request, tmp_path, monkeypatch):
    """Return where the columns of a large file are laid down, or None; here every file is large."""
    monkeypatch.setattr("workbench.intake.reading.FROM", 0)
    return None if request.param == "in memory" else LaidDown(tmp_path)


@pytest.mark.parametrize("fault", FAULTS)
def test_fault(fault, room, tmp_path):
    content, code, words = FAULTS[fault]
    path = tmp_path / "loans.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError) as refused:
        intake.read(path, room=room)
    assert refused.value.code == code
    message = str(refused.value)
    assert message.startswith("loans.csv: ")
    assert message.endswith(".")
    assert all(word in message for word in words), message


def test_missing_file_folder_and_unknown_ending(tmp_path):
    with pytest.raises(MissingError, match="no such file"):
        intake.read(tmp_path / "gone.csv")
    with pytest.raises(InputError) as refused:
        intake.read(tmp_path, name="x.csv")
    assert refused.value.code == "UNREADABLE"
    with pytest.raises(InputError) as refused:
        intake.read(tmp_path / "x.docx")
    assert refused.value.code == "UNKNOWN_FORMAT"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("x.parquet", b"PAR1xxxxPAR1", "NOT_PARQUET"),
        ("x.parquet", b"", "NOT_PARQUET"),
        ("x.parquet", b"a,b\n1,2\n", "NOT_PARQUET"),
        ("x.xlsx", b"hello", "NOT_EXCEL"),
        ("x.xlsx", b"PK\x03\x04hello", "NOT_EXCEL"),
        ("x.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"0" * 600, "NOT_EXCEL"),
        ("x.csv.gz", b"a,b\n1,2\n", "NOT_CSV"),
        ("x.csv.gz", gzip.compress(b"a,b\n1,2\n" * 9999)[:-20], "TRUNCATED"),
    ],
)
def test_damaged_files_of_other_kinds(tmp_path, name, content, code):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(WorkbenchError) as refused:
        intake.read(path)
    assert refused.value.code == code


def test_a_zipped_bomb_is_stopped_early(tmp_path):
    path = tmp_path / "bomb.csv.gz"
    with gzip.open(path, "wb", compresslevel=1) as stream:
        stream.write(b"a,b\n")
        for _ in range(100):
            stream.write(b"1,2\n" * 250_000)
    with pytest.raises(InputError) as refused:
        intake.read(path)
    assert refused.value.code == "TOO_LARGE_EXPANDED"


READABLE = {
    "comma": ("a,b\n1,2\n", ReadOptions(), {"a": ["1"], "b": ["2"]}),
    "carriage returns alone": ("a,b\r1,2\r", ReadOptions(), {"a": ["1"], "b": ["2"]}),
    "byte order mark": ("\ufeffa,b\nMü,2\n", ReadOptions(), {"a": ["Mü"], "b": ["2"]}),
    "one column": ("a\n1\n", ReadOptions(), {"a": ["1"]}),
    "tabs": ("a\tb\n1\t2\n", ReadOptions(), {"a": ["1"], "b": ["2"]}),
    "stray quotation mark": ('a,b\n1,5" pipe\n', ReadOptions(), {"a": ["1"], "b": ['5" pipe']}),
    "ids": (
        "id,v\n00123,1\n12345678901234567890,2\n",
        ReadOptions(),
        {"id": ["00123", "12345678901234567890"], "v": ["1", "2"]},
    ),
    "NA is a region": ("r,s\nNA,null\nEU,x\n", ReadOptions(), {"r": ["NA", "EU"], "s": ["null", "x"]}),
    "NA declared missing": ("r,s\nNA,null\n", ReadOptions(missing=("NA",)), {"r": [""], "s": ["null"]}),
    "decimal declared": ("a;b\n1,5;2\n", ReadOptions(decimal=","), {"a": ["1,5"], "b": ["2"]}),
    "text with commas": (
        "a;b\nyes, you;2\n2.5, x;3\n",
        ReadOptions(),
        {"a": ["yes, you", "2.5, x"], "b": ["2", "3"]},
    ),
}


@pytest.mark.parametrize("case", READABLE)
def test_readable(case, room, tmp_path):
    content, options, wanted = READABLE[case]
    path = tmp_path / "x.csv"
    path.write_bytes(content.encode())
    table = intake.read(path, options=options, room=room)
    assert table.frame.to_dict("list") == wanted
    assert table.rows_in == len(table.frame)


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-16-le", "latin-1"])
def test_a_declared_encoding_is_used_and_noted(tmp_path, encoding):
    path = tmp_path / "x.csv"
    path.write_bytes("a,b\nMüller,1\n".encode(encoding))
    table = intake.read(path, options=ReadOptions(encoding=encoding))
    assert table.frame["a"].tolist() == ["Müller"]
    assert any("as declared" in note for note in table.source.notes)


@pytest.mark.parametrize(
    ("content", "sign"),
    [('a;b\n"1.234,50";2\n2,5;3\n', ","), ("a;b;c\n$1,234.50;2;x\n$2.50;3;y\n", "."), ("a;b\n1.5;2\n", ".")],
)
def test_a_proved_decimal_sign(tmp_path, content, sign):
    path = tmp_path / "x.csv"
    path.write_text(content)
    assert intake.read(path).source.decimal == sign


def test_preview_shows_lines_as_they_stand(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes("a;b\n1,5;Mü\n".encode("cp1252"))
    assert intake.preview(path) == "a;b\n1,5;M\ufffd"
    assert intake.preview(path, ReadOptions(encoding="cp1252")) == "a;b\n1,5;Mü"
