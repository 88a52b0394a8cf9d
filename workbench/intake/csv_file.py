"""A CSV file -> Table: a typed pass where a portfolio says the types, else text, and nothing guessed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as cp
import pyarrow.csv as pc

from workbench.dataset import Source, Table, empty_refused
from workbench.errors import InputError
from workbench.intake.csv_blocks import open_blocks
from workbench.intake.csv_columns import Columns
from workbench.intake.form import require_text
from workbench.intake.laid_down import LaidDown
from workbench.intake.options import MAX_CELL, MAX_ROWS, ReadOptions
from workbench.intake.shape import (
    Header,
    find_decimal,
    find_delimiter,
    read_header,
    require_no_data_in_header,
)
from workbench.intake.survey import ENCODINGS, Survey, check_encoding, head_text, undecodable
from workbench.portfolio import Portfolio

BLOCK = 8 * 2**20
SMALL_BLOCK = (
    2**20
)  # what is read ahead of the parser is memory; a record that does not fit is read with BLOCK
BLOCKS = 16
"""Blocks of a file too large for memory after which what they were put into is let go."""
_TEXT = pa.large_string()

LEVELS = pa.dictionary(pa.int32(), _TEXT)
Column = np.ndarray | pa.ChunkedArray


def _nothing() -> None:
    """Do nothing after a look at a column in memory."""


@dataclass(frozen=True)
class Manner:
    """How one CSV file is written, and the tokens that mean missing in it."""

    header: Header
    delimiter: str
    decimal: str
    encoding: str
    missing: tuple[str, ...]
    notes: tuple[str, ...]


def read_csv(
    found: Survey, portfolio: Portfolio | None, options: ReadOptions, room: LaidDown | None = None
) -> Table:
    """Return the table in a CSV file; every structural fault raises and nothing is imported.

    Parameters
    ----------
    room : LaidDown, optional
        Where the columns of a file too large for memory are laid down.

    Raises
    ------
    InputError
        ``NOT_CSV, NO_ROWS, NO_HEADER, ENCODING, DELIMITER, DECIMAL, DUPLICATE_COLUMNS, RAGGED_ROWS,
        TRUNCATED, TOO_MANY_COLUMNS, TOO_LARGE``.
    """
    manner = find_manner(found, portfolio, options)
    columns = _typed_pass(found, manner, portfolio, room) if portfolio is not None else None
    if columns is not None:
        manner = replace(manner, decimal=manner.decimal or ".")
    else:
        read, manner = _careful_pass(found, manner, portfolio, room)
        columns = dict(zip(read.column_names, read.columns, strict=True))
        del read
    return _table(found, manner, columns, room is not None)


def find_manner(found: Survey, portfolio: Portfolio | None, options: ReadOptions) -> Manner:
    """Return how the file is written, from its beginning and what is declared."""
    name = found.name
    if not found.head:
        raise InputError("NO_ROWS", "is empty (0 bytes)", name, "Give a file with a header and rows of data.")
    require_text(found.head, name)
    declared = None if portfolio is None else portfolio.reading
    encoding = check_encoding(options.encoding or (declared.encoding if declared else ""), name)
    _require_text_bytes(found, encoding)
    text = head_text(found, encoding)
    delimiter, note = find_delimiter(
        text, options.delimiter or (declared.delimiter if declared else ""), name
    )
    header = read_header(text, delimiter, name)
    decimal = options.decimal or (declared.decimal if declared else "")
    if decimal not in ("", ".", ","):
        raise InputError("DECIMAL", f"{decimal!r} is no decimal sign", name, 'Take "." or ",".')
    missing = ("", *options.missing, *(declared.missing if declared else ()))
    notes = [*header.notes, *([note] if note else [])]
    if encoding != "utf-8":
        notes.append(f"read as {encoding}, as declared")
    return Manner(header, delimiter, decimal, encoding, tuple(dict.fromkeys(missing)), tuple(notes))


def _require_text_bytes(found: Survey, encoding: str) -> None:
    wide = found.head[:2] in (b"\xff\xfe", b"\xfe\xff")
    if encoding.startswith(("utf-16", "utf-32")):
        return
    if wide or found.zeros:
        what = "starts with a UTF-16 mark" if wide else f"holds {found.zeros:,} zero bytes"
        looks = wide or found.zeros > found.size // 4
        remedy = (
            'Declare encoding "utf-16", or save the file as UTF-8.' if looks else "Export the file again."
        )
        at = found.head.find(b"\0") if not wide else 0
        place = (
            f", the first at position {at:,}"
            if not wide and at >= 0
            else f" (byte 0x{found.head[0]:02X} at position 0)"
        )
        raise InputError("ENCODING", f"{what}{place}; it is not {encoding.upper()} text", found.name, remedy)


def stream_of(found: Survey, encoding: str) -> Any:
    """Return the file's text in UTF-8 as a stream of Arrow's."""
    if not found.zipped and encoding == "utf-8":
        return pa.OSFile(str(found.path))
    stream = pa.PythonFile(found.open(), mode="r")
    return stream if encoding == "utf-8" else pa.transcoding_input_stream(stream, encoding, "utf-8")


def parse_options(
    found: Survey, manner: Manner, careful: Callable[[Any], str] | None = None
) -> pc.ParseOptions:
    """Return how records are split; `careful` is asked about those with too many or too few fields."""
    # without a quotation mark in the file no value holds a line break, and lines are found twice as fast
    broken = found.quotes > 0
    return pc.ParseOptions(delimiter=manner.delimiter, newlines_in_values=broken, invalid_row_handler=careful)


def _conversion(manner: Manner, types: dict[str, pa.DataType]) -> pc.ConvertOptions:
    return pc.ConvertOptions(
        column_types=types,
        strings_can_be_null=False,
        quoted_strings_can_be_null=True,
        null_values=list(manner.missing),
        decimal_point=manner.decimal or ".",
    )


def _parse_texts(
    found: Survey, manner: Manner, names: tuple[str, ...], careful: Callable[[Any], str],
    room: LaidDown | None,
) -> pa.Table:  # fmt: skip
    read = pc.ReadOptions(use_threads=False, block_size=BLOCK)
    parsing, conversion = (
        parse_options(found, manner, careful),
        _conversion(manner, dict.fromkeys(names, _TEXT)),
    )
    with stream_of(found, manner.encoding) as stream:
        if room is None:
            return pc.read_csv(stream, read, parsing, conversion)
        with room.file() as file:
            reader = open_blocks(stream, read, parsing, conversion)
            with pa.ipc.new_file(file, reader.schema) as writer:
                for block in reader:
                    writer.write_batch(block)
            return room.texts(file)


def _typed_pass(
    found: Survey, manner: Manner, portfolio: Portfolio, room: LaidDown | None
) -> dict[str, Column] | None:
    """Return the columns with plain numbers typed, or None where anything needs a careful look."""
    names = manner.header.names
    numbers, formatted = _number_columns(portfolio)
    kinds = dict.fromkeys(numbers, pa.float64()) | dict.fromkeys(_levelled(portfolio), LEVELS)
    types = {raw: kinds.get(name, _TEXT) for raw, name in zip(manner.header.raw, names, strict=True)}
    lines = found.head.count(b"\n") or 1
    if found.quotes % 2:  # one is never closed
        return None
    rows = int(found.size / max(len(found.head), 1) * lines)
    places = Columns(names, numbers & set(names), rows, np.empty if room is None else room.numbers)
    try:
        with stream_of(found, manner.encoding) as stream:
            reader = open_blocks(
                stream, pc.ReadOptions(block_size=SMALL_BLOCK), parse_options(found, manner),
                _conversion(manner, types),
            )  # fmt: skip
            if tuple(reader.schema.names) != manner.header.raw:
                return None
            for number, block in enumerate(reader):
                if not places.take(block):
                    return None
                if room is not None and number % BLOCKS == 0:
                    room.let_go()
    except (pa.ArrowInvalid, UnicodeDecodeError):
        return None
    if not places.rows:
        return None
    _require_rows(found, places.rows)
    texts = places.texts()
    for name in formatted & set(texts.column_names):
        if not manner.decimal and cp.any(cp.match_substring(texts.column(name), ",")).as_py():
            return None
    texts = checked(found, manner, texts)
    typed: dict[str, Column] = places.numbers()
    return {name: typed[name] if name in typed else texts.column(name) for name in names}


def _levelled(portfolio: Portfolio) -> set[str]:
    """Return the columns whose texts are few enough to be held once each."""
    named = (*portfolio.characteristics, *portfolio.protected)
    return {c.name for c in named if c.kind in ("category", "flag")}


def _number_columns(portfolio: Portfolio) -> tuple[set[str], set[str]]:
    """Return the columns that are plain numbers, and those that are numbers in another form."""
    declared = [c for c in (*portfolio.characteristics, *portfolio.protected) if c.kind == "number"]
    plain = {c.name for c in declared if c.format == "plain"} | (
        {portfolio.weight} if portfolio.weight else set()
    )
    return plain, {c.name for c in declared if c.format != "plain"}


def _careful_pass(
    found: Survey, manner: Manner, portfolio: Portfolio | None, room: LaidDown | None
) -> tuple[pa.Table, Manner]:
    """Return all columns as text, with the decimal sign proved or declared."""
    ragged: list[tuple[int, int, int]] = []
    looked = _nothing if room is None else room.let_go

    def note(row: Any) -> str:
        if len(ragged) < 100_000:
            ragged.append((row.number - 1, row.expected_columns, row.actual_columns))
        return "skip"

    try:
        table = _parse_texts(found, manner, manner.header.raw, note, room)
        if tuple(table.column_names) != manner.header.raw:
            ragged.clear()
            table = _parse_texts(found, manner, tuple(table.column_names), note, room)
    except UnicodeDecodeError:
        raise undecodable(found, manner.encoding) from None
    except pa.ArrowInvalid as error:
        raise _unreadable(found, manner, str(error)) from None
    if _unclosed(found, manner, table):
        whole = max(table.num_rows - 1, 0)
        what = f"a quotation mark is opened and never closed; the last complete row is {whole:,}"
        raise InputError(
            "TRUNCATED", what, found.name, "Copy the whole file again, or close the quotation mark."
        )
    if ragged:
        raise _ragged(found, ragged, table.num_rows)
    if not table.num_rows:
        raise InputError("NO_ROWS", "has a header and no rows", found.name, "Give a file with rows of data.")
    table = table.rename_columns(list(manner.header.names))
    require_no_data_in_header(manner.header, table.columns, found.name)
    if not manner.decimal:
        wanted = set(manner.header.names)
        if portfolio is not None:
            wanted &= set.union(*_number_columns(portfolio))
        sign, said = find_decimal(
            {name: table.column(name) for name in table.column_names if name in wanted}, found.name, looked
        )
        manner = replace(manner, decimal=sign, notes=(*manner.notes, said) if said else manner.notes)
    return checked(found, manner, table, looked), manner


def _ragged(found: Survey, ragged: list[tuple[int, int, int]], kept: int) -> InputError:
    record, expected, actual = ragged[0]
    last = len(ragged) == 1 and record > kept and actual < expected
    if last and not found.tail.endswith((b"\n", b"\r")):
        what = f"ends in the middle of row {record:,} ({actual} of {expected} fields)"
        what += f"; the last complete row is {kept:,}"
        return InputError("TRUNCATED", what, found.name, "Copy the whole file again.")
    shown = ", ".join(f"row {r:,} has {a}" for r, _, a in ragged[:5])
    more = f" and {len(ragged) - 5:,} more rows" if len(ragged) > 5 else ""
    what = f"the header has {expected} fields, {shown}{more}; nothing was imported"
    few = ragged[0][2] < expected
    remedy = "Check for a value too few, a line broken inside a value, or a file put together from two."
    if not few:
        remedy = "Check for a separator too many, an unquoted separator inside a value, or a decimal comma."
    if kept == 0 and expected == 1:
        remedy = "The first line may be a title: delete it, so that the column names come first."
    return InputError("RAGGED_ROWS", what, found.name, remedy)


def _unreadable(found: Survey, manner: Manner, message: str) -> InputError:
    """Word what the parser refused; its own message may hold values and is not shown."""
    if "UTF8" in message or "UTF-8" in message:
        return undecodable(found, manner.encoding)
    if "straddling" in message or "too large" in message:
        what = f"one record is longer than {BLOCK // 2**20} MB; a quotation mark is probably not closed"
        return InputError("TRUNCATED", what, found.name, "Close the quotation mark, or copy the file again.")
    what = "cannot be split into rows and columns"
    return InputError(
        "NOT_CSV", what, found.name, f"Export the file again as CSV in UTF-8, or declare {ENCODINGS}."
    )


def _unclosed(found: Survey, manner: Manner, table: pa.Table) -> bool:
    """Return whether the last field was opened by a quotation mark that never closes.

    The parser takes everything up to the end of the file as that field and does not complain.
    """
    if found.quotes % 2 == 0 or not table.num_rows:
        return False
    last = next((str(c[-1].as_py()) for c in reversed(table.columns) if str(c[-1].as_py() or "")), "")
    end = found.tail.decode(manner.encoding, errors="replace")
    return bool(last) and (last.endswith(("\n", "\r")) or end.endswith('"' + last.replace('"', '""')))


def checked(
    found: Survey, manner: Manner, table: pa.Table, looked: Callable[[], None] = _nothing
) -> pa.Table:
    """Return the table within limits, with missing tokens as blanks; `looked` is called after each text."""
    _require_rows(found, table.num_rows)
    tokens = [token for token in manner.missing if token]
    for position, name in enumerate(table.column_names):
        column = table.column(position)
        if pa.types.is_dictionary(column.type):
            whole = column.unify_dictionaries().combine_chunks()
            _require_short(whole.dictionary, name, found.name)
            table = table.set_column(position, name, _with_blanks(whole, tokens))
            continue
        _require_short(column, name, found.name)
        if tokens:
            hit = cp.is_in(column, value_set=pa.array(tokens, pa.large_string()))
            if cp.any(hit).as_py():
                table = table.set_column(
                    position, name, cp.if_else(hit, pa.scalar("", pa.large_string()), column)
                )
        looked()
    return table


def _require_rows(found: Survey, rows: int) -> None:
    if rows > MAX_ROWS:
        what = f"has {rows:,} rows; at most {MAX_ROWS:,} are read"
        raise InputError("TOO_LARGE", what, found.name, "Give a part of the file, or a sample.")


def _require_short(texts: pa.Array | pa.ChunkedArray, column: str, file: str) -> None:
    longest = cp.max(cp.binary_length(texts)).as_py() or 0
    if longest > MAX_CELL:
        what = f"column {column} has a cell of {longest:,} bytes; at most {MAX_CELL:,} are read"
        raise InputError("TOO_LARGE", what, file, "Leave that column out of the extract.")


def _with_blanks(column: pa.DictionaryArray, tokens: list[str]) -> pa.DictionaryArray:
    """Return a column of levels with missing tokens as the blank, each level there once."""
    hit = cp.is_in(column.dictionary, value_set=pa.array(tokens, column.dictionary.type))
    if not tokens or not cp.any(hit).as_py():
        return column
    levels = cp.dictionary_encode(cp.if_else(hit, pa.scalar("", column.dictionary.type), column.dictionary))
    return pa.DictionaryArray.from_arrays(levels.indices.take(column.indices), levels.dictionary)


def _table(found: Survey, manner: Manner, columns: dict[str, Column], mapped: bool) -> Table:
    """Return the table of `columns`, which are let go of one by one: a large file is never held twice."""
    series = {}
    for name in list(columns):
        series[name] = _series(columns.pop(name), mapped)
        pa.default_memory_pool().release_unused()
    frame = pd.DataFrame(series, copy=False)
    source = Source(
        name=found.name,
        sha256=found.sha256,
        size=found.size,
        form="csv",
        delimiter=manner.delimiter,
        decimal=manner.decimal,
        encoding=manner.encoding,
        notes=manner.notes,
    )
    return Table(frame, np.arange(1, len(frame) + 1), empty_refused(), source)


def _series(column: Column, mapped: bool) -> pd.Series:
    """Return numbers with NaN for missing, levels as levels, anything else as text, mapped where it was."""
    if isinstance(column, np.ndarray):
        return pd.Series(column, copy=False)
    if pa.types.is_dictionary(column.type):
        return column.to_pandas()
    whole = column if mapped else pa.chunked_array([column.combine_chunks()], column.type)
    return whole.to_pandas().astype("str")
