"""Public data sets that OpenML offers, fetched when asked and written as the shipped portfolios read them."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from workbench.errors import InputError, MissingError
from workbench.run import Run

OPENML = "https://www.openml.org"
SECONDS = 30.0
MOST_BYTES = 50_000_000
CHUNK = 1 << 18


@dataclass(frozen=True)
class PublicSet:
    """A public data set and how OpenML's copy of it becomes the one that a portfolio describes.

    Attributes
    ----------
    name : str
        What `fetch` is asked for; also the name of the file it writes, without ``.csv``.
    portfolio : str
        The shipped portfolio it belongs to.
    source : str
        Who published it, and under what licence.
    address : str
        The page about it.
    data_id : int
        OpenML's number.
    columns : tuple of str
        As written, in order.
    renamed : mapping
        OpenML's column -> the portfolio's, where they differ.
    recoded : mapping
        Portfolio's column -> OpenML's value -> the portfolio's.
    numbered : str
        Column that counts the rows from 1, which OpenML left out; empty for none.
    outcome : str
    rows, bads : int
        What there has to be.
    sums : mapping
        Column -> the sum of its numbers: what is fetched is the data set that was published.
    """

    name: str
    title: str
    portfolio: str
    source: str
    address: str
    description: str
    data_id: int
    columns: tuple[str, ...]
    outcome: str
    rows: int
    bads: int
    sums: Mapping[str, int] = field(hash=False)
    renamed: Mapping[str, str] = field(default_factory=dict, hash=False)
    recoded: Mapping[str, Mapping[str, str]] = field(default_factory=dict, hash=False)
    numbered: str = ""


_MONTHS = ("0", "2", "3", "4", "5", "6")
_TAIWAN = (
    "LIMIT_BAL", "SEX", "EDUCATION", "MARRIAGE", "AGE", *(f"PAY_{m}" for m in _MONTHS),
    *(f"BILL_AMT{m}" for m in range(1, 7)), *(f"PAY_AMT{m}" for m in range(1, 7)),
)  # fmt: skip
_GERMAN = (
    "checking_status", "duration", "credit_history", "purpose", "credit_amount", "savings_status",
    "employment", "installment_commitment", "personal_status", "other_parties", "residence_since",
    "property_magnitude", "age", "other_payment_plans", "housing", "existing_credits", "job",
    "num_dependents", "own_telephone", "foreign_worker",
)  # fmt: skip

_SETS = (
    PublicSet(
        name="taiwan_cards",
        title="Taiwan credit cards",
        portfolio="taiwan_cards",
        source="I-C. Yeh, UCI Machine Learning Repository 350, CC BY 4.0",
        address=f"{OPENML}/d/42477",
        description="30,000 credit card clients of a bank in Taiwan, 2005; 22.1% missed the next payment.",
        data_id=42477,
        columns=("ID", *_TAIWAN, "default_payment_next_month"),
        outcome="default_payment_next_month",
        rows=30_000,
        bads=6_636,
        sums={"LIMIT_BAL": 5_024_529_680, "BILL_AMT1": 1_536_699_927, "PAY_AMT6": 156_465_077},
        renamed={f"x{i}": name for i, name in enumerate(_TAIWAN, 1)} | {"y": "default_payment_next_month"},
        numbered="ID",
    ),
    PublicSet(
        name="german_credit",
        title="German credit",
        portfolio="german_credit",
        source="H. Hofmann, UCI Machine Learning Repository 144, CC BY 4.0",
        address=f"{OPENML}/d/31",
        description="1,000 instalment loans of a German bank, 1973 to 1975; 300 of them are bad.",
        data_id=31,
        columns=(*_GERMAN, "bad"),
        outcome="bad",
        rows=1_000,
        bads=300,
        sums={"credit_amount": 3_271_258, "duration": 20_903, "age": 35_546},
        renamed={"class": "bad"},
        recoded={"bad": {"good": "0", "bad": "1"}},
    ),
)


def public_sets() -> tuple[PublicSet, ...]:
    """Return the data sets there are, the main example first."""
    return _SETS


def find(name: str) -> PublicSet:
    """Return a data set by its name.

    Raises
    ------
    MissingError
        ``NO_PUBLIC_SET``, listing those there are.
    """
    for one in _SETS:
        if one.name == name:
            return one
    raise MissingError(
        "NO_PUBLIC_SET", f"there is no public data set {name!r}",
        remedy=f"Take one of: {', '.join(s.name for s in _SETS)}.",
    )  # fmt: skip


def fetch(name: str, folder: Path, run: Run) -> Path:
    """Fetch a public data set from OpenML into `folder` and return the CSV that was written.

    Nothing is sent but the request. What comes is checked (its checksum, rows, bads and sums of columns)
    before the file appears; a file of that name is replaced.

    Raises
    ------
    MissingError
        ``NO_PUBLIC_SET``.
    InputError
        ``NO_NETWORK`` where OpenML cannot be reached, ``PUBLIC_SET`` where it sends something else,
        ``OUT_FOLDER`` where the folder does not exist.
    """
    wanted = find(name)
    if not folder.is_dir():
        raise InputError("OUT_FOLDER", "the folder does not exist", str(folder), "Make it, or name another.")
    run.step("asking OpenML", 0.0)
    said = _json(
        _get(f"{OPENML}/api/v1/json/data/{wanted.data_id}", 1_000_000, run.part(0.0, 0.1), wanted), wanted
    )
    address = _own(str(said.get("url", "")), wanted)
    content = _get(address, MOST_BYTES, run.part(0.1, 0.8), wanted)
    checksum = str(said.get("md5_checksum", ""))
    if checksum and hashlib.md5(content, usedforsecurity=False).hexdigest() != checksum:
        raise _other(wanted, "its checksum is not the one that OpenML tells")
    run.step("checking what came", 0.85)
    rows = _mapped(*_arff(content, wanted), wanted)
    _check(rows, wanted)
    run.step("writing", 0.95)
    return _write(rows, wanted, folder / f"{wanted.name}.csv")


class _OwnHost(HTTPRedirectHandler):
    """Follows a redirection only to where OpenML's own files lie."""

    def __init__(self, wanted: PublicSet) -> None:
        self.wanted = wanted

    def redirect_request(
        self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Request | None:
        return super().redirect_request(req, fp, code, msg, headers, _own(newurl, self.wanted))


def _open(request: Request, wanted: PublicSet) -> Any:
    return build_opener(_OwnHost(wanted)).open(request, timeout=SECONDS)


def _get(address: str, most: int, run: Run, wanted: PublicSet) -> bytes:
    """Return what is at an address, at most `most` bytes."""
    request = Request(address, headers={"User-Agent": "credit-workbench", "Accept": "*/*"})
    out = bytearray()
    try:
        with _open(request, wanted) as answer:
            told = answer.headers.get("Content-Length", "")
            size = int(told) if told.isdecimal() else 0
            while chunk := answer.read(CHUNK):
                out += chunk
                if max(size, len(out)) > most:
                    raise InputError(
                        "PUBLIC_SET", f"OpenML sends more than {most // 1_000_000:,} MB", address,
                        "Download the data yourself and bring the file.",
                    )  # fmt: skip
                run.step(f"fetching, {len(out) / 1e6:.1f} MB", len(out) / size if size else 0.5)
    except HTTPError as error:
        raise _unreachable(f"it answers {error.code}") from None
    except TimeoutError:
        raise _unreachable(f"nothing came within {SECONDS:g} s") from None
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise _unreachable(str(reason) or type(error).__name__) from None
    except ValueError:
        raise _other(wanted, "the address of its file cannot be read") from None
    return bytes(out)


def _unreachable(why: str) -> InputError:
    return InputError(
        "NO_NETWORK", f"the data could not be fetched from OpenML ({why})",
        remedy="Check the connection and try again, or download the data yourself and bring the file.",
    )  # fmt: skip


def _other(wanted: PublicSet, why: str) -> InputError:
    return InputError(
        "PUBLIC_SET", f"what OpenML sent is not {wanted.title} as it was published: {why}",
        wanted.address, "Download the data yourself and bring the file.",
    )  # fmt: skip


def _json(content: bytes, wanted: PublicSet) -> dict[str, Any]:
    try:
        said = json.loads(content)["data_set_description"]
        if isinstance(said, dict):
            return said
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise _other(wanted, "its description cannot be read")


def _own(address: str, wanted: PublicSet) -> str:
    """Return an address by OpenML's own scheme; it lies on OpenML's own host and port, and names nobody.

    Raises
    ------
    InputError
        ``PUBLIC_SET`` where it lies somewhere else or cannot be read.
    """
    home = urlsplit(OPENML)
    try:
        found = urlsplit(address)
        port = found.port
    except ValueError:
        raise _other(wanted, "the address of its file cannot be read") from None
    domain = (home.hostname or "").removeprefix("www.")
    inside = ("." + (found.hostname or "")).endswith("." + domain)
    if not inside or "@" in found.netloc or port != home.port or found.scheme not in ("http", "https"):
        raise _other(wanted, "its file lies somewhere else")
    # OpenML's older descriptions still name plain http
    return found._replace(scheme=home.scheme).geturl()


_ATTRIBUTE = re.compile(r"@attribute\s+('(?:[^'\\]|\\.)*'|\"[^\"]*\"|\S+)\s+", re.IGNORECASE)


def _arff(content: bytes, wanted: PublicSet) -> tuple[list[str], list[list[str]]]:
    """Return the names and the rows of an ARFF file, all text, "" where missing."""
    try:
        lines = content.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        raise _other(wanted, "it is not text") from None
    names: list[str] = []
    for at, line in enumerate(lines):
        if found := _ATTRIBUTE.match(line.strip()):
            names.append(found.group(1).strip("'\""))
        elif line.strip().lower().startswith("@data"):
            data = (text for text in lines[at + 1 :] if text.strip() and not text.startswith("%"))
            read = csv.reader(data, quotechar="'", escapechar="\\", skipinitialspace=True)
            try:
                rows = [["" if value == "?" else value.strip() for value in row] for row in read]
            except csv.Error as error:
                raise _other(wanted, f"its rows cannot be read ({error})") from None
            if any(len(row) != len(names) for row in rows):
                raise _other(wanted, "its rows have not as many values as there are columns")
            return names, rows
    raise _other(wanted, "it holds no data")


_WHOLE = re.compile(r"^([+-]?\d+)\.0+$")


def _mapped(names: Iterable[str], rows: list[list[str]], wanted: PublicSet) -> list[list[str]]:
    """Return the rows with the portfolio's columns in order, and its values."""
    known = {name.lower(): name for name in wanted.columns}
    place = {}
    for at, name in enumerate(names):
        place[wanted.renamed.get(name.lower(), known.get(name.lower(), name))] = at
    absent = [c for c in wanted.columns if c not in place and c != wanted.numbered]
    if absent:
        raise _other(wanted, f"it has no column {', '.join(absent)}")
    columns = []
    for column in wanted.columns:
        if column not in place:
            columns.append([str(i) for i in range(1, len(rows) + 1)])
            continue
        at, codes = place[column], wanted.recoded.get(column, {})
        texts = [_WHOLE.sub(r"\1", row[at]) for row in rows]
        columns.append([codes.get(text, text) for text in texts])
    return [list(row) for row in zip(*columns, strict=True)]


def _check(rows: list[list[str]], wanted: PublicSet) -> None:
    """Refuse rows that are not those of the published data set."""
    if len(rows) != wanted.rows:
        raise _other(wanted, f"it has {len(rows):,} rows, not {wanted.rows:,}")
    at = {column: k for k, column in enumerate(wanted.columns)}
    outcome = [row[at[wanted.outcome]] for row in rows]
    bads = outcome.count("1")
    if bads != wanted.bads or outcome.count("0") != wanted.rows - wanted.bads:
        raise _other(wanted, f"{bads:,} of its rows are bad, not {wanted.bads:,}")
    for column, total in wanted.sums.items():
        try:
            found = sum(int(row[at[column]]) for row in rows)
        except ValueError:
            raise _other(wanted, f"{column} holds something else than whole numbers") from None
        if found != total:
            raise _other(wanted, f"{column} adds up to {found:,}, not {total:,}")


def _write(rows: list[list[str]], wanted: PublicSet, path: Path) -> Path:
    """Write the CSV beside its place, then put it there."""
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(wanted.columns)
            writer.writerows(rows)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as error:
        raise InputError(
            "OUT_FOLDER", f"cannot be written ({error.strerror})", str(path), "Make room, or name another."
        ) from None
    finally:
        Path(beside).unlink(missing_ok=True)
    return path
