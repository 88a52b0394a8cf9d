"""What kind of file it is: by its name, and by its first bytes, which must agree."""

from __future__ import annotations

from pathlib import Path

from workbench.errors import InputError

CSV_ENDINGS = (".csv", ".txt", ".tsv", ".dat", ".data", ".csv.gz", ".txt.gz", ".tsv.gz")
PARQUET_ENDINGS = (".parquet", ".pq")
EXCEL_ENDINGS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (b"PAR1", "parquet", "a Parquet file"),
    (b"PK\x03\x04", "excel", "an Excel or zip file"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "excel", "an old Excel file"),
    (b"\x1f\x8b", "gzip", "a gzip file"),
    (b"%PDF", "pdf", "a PDF"),
    (b"BZh", "bzip2", "a bzip2 file"),
    (b"\xfd7zXZ", "xz", "an xz file"),
    (b"\x28\xb5\x2f\xfd", "zstd", "a zstandard file"),
    (b"\x89PNG", "png", "a picture"),
    (b"SQLite format 3", "sqlite", "an SQLite database"),
)


def form_of(name: str) -> str:
    """Return "csv", "parquet" or "excel" by a file's name.

    Raises
    ------
    InputError
        ``UNKNOWN_FORMAT``.
    """
    lowered = name.lower()
    if lowered.endswith(CSV_ENDINGS):
        return "csv"
    if lowered.endswith(PARQUET_ENDINGS):
        return "parquet"
    if lowered.endswith(EXCEL_ENDINGS):
        return "excel"
    ending = Path(lowered).suffix
    what = f"{ending} is no kind of file that can be read" if ending else "has no ending that says what it is"
    remedy = "Give a CSV (.csv, .txt, .tsv, .csv.gz), Parquet (.parquet) or Excel (.xlsx, .xls) file."
    raise InputError("UNKNOWN_FORMAT", what, name, remedy)


def require_text(head: bytes, name: str) -> None:
    """Raise ``NOT_CSV`` where the bytes are another kind of file under a CSV's name."""
    for signature, _, words in SIGNATURES:
        if head.startswith(signature):
            remedy = "Give it its true ending, or export the data as CSV."
            raise InputError("NOT_CSV", f"is {words}, not a CSV", name, remedy)
    start = head[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<body")):
        remedy = "Download the data again: the server may have sent a sign-in or error page."
        raise InputError("NOT_CSV", "is a web page, not a CSV", name, remedy)
    if start.startswith((b"{", b"[{")):
        raise InputError("NOT_CSV", "is JSON, not a CSV", name, "Export the data as CSV or Parquet.")
