"""Rows from another database, and scored rows into one: read only, in bounded memory, all or nothing."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from workbench.errors import ArtifactError, BusyError, InputError, MissingError, Problem
from workbench.registry.engine import Database
from workbench.registry.outages import disk_full, is_disk_full
from workbench.run import Run

if TYPE_CHECKING:
    from workbench.settings import Source

ROWS = 10_000
"""Rows that are held at a time."""
SCORES = ("p_bad", "points", "band", "decision", "flags", "error")
"""Columns that a table of scores has beside its key."""
_WRONG_WORDS = "42"
"""First digits of PostgreSQL's codes for a statement that names what is not there, or is no SQL."""


def fetch(source: Source, table: str, out: Path, run: Run, seconds: float) -> None:
    """Write the rows of a table of `source`, or of its query where none is named, to a Parquet file.

    A table comes in the order of its primary key where it has one. Whole numbers stay whole, however
    large; what is no number, text or date comes as text.

    Parameters
    ----------
    seconds : float
        How long one statement may wait for others.

    Raises
    ------
    MissingError, InputError, BusyError
        ``NO_DATABASE``, ``SOURCE``, ``SOURCE_TABLE``, ``SOURCE_QUERY``, ``NO_ROWS``, ``BUSY``.
    """
    with _opened(source, seconds, writes=False) as database, database.read() as session:
        # rows come as they are asked for
        asked = {"stream_results": True, "max_row_buffer": ROWS}
        connection = session.connection(execution_options=asked)
        if table:
            found = connection.execute(_all_of(connection, source, table))
        else:  # without parameters, a percent sign is one
            found = connection.exec_driver_sql(source.query, execution_options={"no_parameters": True})
        if not found.returns_rows:
            what = "is no query that returns rows"
            raise InputError("SOURCE_QUERY", what, source.query_variable, "Begin it with SELECT.")
        names = [str(name) for name in found.keys()]  # noqa: SIM118
        with tempfile.TemporaryDirectory(dir=out.parent) as folder:
            parts = _parts(found.partitions(ROWS), names, Path(folder), run)
            if not parts:
                raise InputError("NO_ROWS", "has no rows", source.told(table), "Name one that has some.")
            _write_whole(parts, out)


def is_target(source: Source, table: str, seconds: float) -> bool:
    """Return whether there is a table of scores that others would replace.

    Raises
    ------
    InputError
        ``OUT_TABLE`` where another kind of table has that name.
    """
    with _opened(source, seconds, writes=True) as database, database.read() as session:
        return _replaces(session.connection(), source, table, SCORES)


def put(source: Source, table: str, scored: Path, seconds: float) -> None:
    """Make the rows of a Parquet file the rows of a table of `source`; all of them, or nothing changes.

    Raises
    ------
    InputError, MissingError, BusyError
        As in `is_target` and `fetch`.
    """
    import pyarrow.parquet as pq

    with _opened(source, seconds, writes=True) as database, pq.ParquetFile(scored) as file:
        schema = file.schema_arrow
        with database.write() as session:
            connection = session.connection()
            place, name = _split(table)
            columns = [sa.Column(field.name, _kind(field.type)) for field in schema]
            target = sa.Table(name, sa.MetaData(schema=place), *columns)
            if _replaces(connection, source, table, schema.names):
                connection.execute(target.delete())
            else:
                target.create(connection)
            for batch in file.iter_batches(ROWS):
                connection.execute(target.insert(), batch.to_pylist())


@contextmanager
def _opened(source: Source, seconds: float, *, writes: bool) -> Iterator[Database]:
    """Yield the database of a source; what goes wrong is told with its name and without its address."""
    try:
        database = Database(source.url, seconds)
    except InputError:
        raise InputError(
            "SOURCE", "is no address of a SQLite file or a PostgreSQL database", source.variable,
            "Write it like postgresql://user@host/name or sqlite:////folder/file.db.",
        ) from None  # fmt: skip
    if database.is_sqlite and not writes and not Path(database.url.database or "").is_file():
        raise MissingError("NO_DATABASE", "there is no such file", source.variable, "Correct its path.")
    try:
        yield database
    except (MissingError, BusyError, ArtifactError) as error:
        told = [replace(p, where=source.told(""), remedy=_remedy(p, source)) for p in error.problems]
        raise type(error).of(told) from None
    except DBAPIError as error:
        what = f"the database refuses it ({_said(error)})"
        raise InputError("SOURCE_QUERY", what, source.told(""), "Correct the query or the table.") from None
    finally:
        database.close()


def _remedy(problem: Problem, source: Source) -> str:
    if problem.code == "DATABASE_RIGHTS":
        return "Let the table's owner grant it."
    return problem.remedy.replace("WORKBENCH_DATABASE_URL", source.variable)


def _said(error: DBAPIError) -> str:
    """Return what the database said of names and words; of values it says too much."""
    state = getattr(error.orig, "sqlstate", None) or ""
    plain = state.startswith(_WRONG_WORDS) or getattr(error.orig, "sqlite_errorname", "") == "SQLITE_ERROR"
    return str(error.orig).splitlines()[0] if plain else type(error.orig).__name__


def _split(table: str) -> tuple[str | None, str]:
    schema, _, name = table.rpartition(".")
    return schema or None, name


def _all_of(connection: Connection, source: Source, table: str) -> sa.Select[Any]:
    schema, name = _split(table)
    look = sa.inspect(connection)
    if name not in (known := [*look.get_table_names(schema), *look.get_view_names(schema)]):
        has = f"It has: {', '.join(sorted(known)[:12])}." if known else "It has none."
        raise InputError("SOURCE_TABLE", f"there is no table {table}", source.told(""), has)
    key = look.get_pk_constraint(name, schema)["constrained_columns"]
    rows = sa.select(sa.literal_column("*")).select_from(sa.table(name, schema=schema))
    return rows.order_by(*map(sa.column, key))


def _replaces(connection: Connection, source: Source, table: str, columns: Sequence[str]) -> bool:
    schema, name = _split(table)
    look = sa.inspect(connection)
    if not look.has_table(name, schema):
        return False
    if set(columns) <= {column["name"] for column in look.get_columns(name, schema)}:
        return True
    what = f"there is a table {table} that does not hold scores of this kind, and it is left as it is"
    raise InputError("OUT_TABLE", what, source.told(""), "Name another table.")


def _kind(kind: Any) -> sa.types.TypeEngine[Any]:
    import pyarrow as pa

    tests = pa.types
    if tests.is_floating(kind):
        return sa.Double()
    if tests.is_integer(kind):
        return sa.BigInteger()
    if tests.is_boolean(kind):
        return sa.Boolean()
    return sa.DateTime(timezone=kind.tz is not None) if tests.is_timestamp(kind) else sa.Text()


def _parts(partitions: Iterator[Sequence[Any]], names: list[str], folder: Path, run: Run) -> list[Path]:
    """Write each lot of rows to a file of its own, for only the last tells what a column is."""
    import pyarrow as pa

    paths, rows = [], 0
    for lot in partitions:
        rows += len(lot)
        run.step(f"row {rows:,}", 0.0)
        arrays = [_array(values) for values in zip(*lot, strict=True)]
        part = pa.table(arrays, names)
        paths.append(folder / f"{len(paths):06d}.arrow")
        with _room(folder), pa.OSFile(str(paths[-1]), "wb") as sink, pa.ipc.new_file(sink, part.schema) as to:
            to.write_table(part)
    return paths


def _array(values: Sequence[Any]) -> Any:
    """Return a column's values as what they are, or as text."""
    import pyarrow as pa
    import pyarrow.compute as cp

    tests = pa.types
    try:
        found = pa.array(values)
    except (
        pa.ArrowException,
        OverflowError,
        TypeError,
    ):  # of several kinds, or of one that Arrow does not know
        return _texts(values)
    kind = found.type
    if tests.is_decimal(kind):
        if kind.scale > 0:
            return cp.cast(found, pa.float64())
        return cp.cast(found, pa.int64()) if kind.precision <= 18 else _texts(values)
    plain = (tests.is_integer, tests.is_floating, tests.is_boolean, tests.is_string, tests.is_date,
             tests.is_timestamp, tests.is_null)  # fmt: skip
    return found if any(test(kind) for test in plain) else _texts(values)


def _texts(values: Sequence[Any]) -> Any:
    import pyarrow as pa

    return pa.array([None if value is None else _text(value) for value in values], pa.large_string())


def _text(value: Any) -> str:
    # a whole number of a numeric column may come as 1E+20
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _write_whole(parts: list[Path], out: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    def read(path: Path) -> Any:
        with pa.OSFile(str(path)) as file:
            return pa.ipc.open_file(file).read_all()

    schemas = [read(path).schema for path in parts]
    fields = [
        pa.field(name, _of_all([schema.field(position).type for schema in schemas]))
        for position, name in enumerate(schemas[0].names)
    ]
    unfinished = out.with_name(f"{uuid.uuid4().hex}.part")
    with _room(out.parent), pq.ParquetWriter(unfinished, pa.schema(fields)) as writer:
        for path in parts:
            writer.write_table(read(path).cast(pa.schema(fields)))
    unfinished.replace(out)


def _of_all(kinds: Sequence[Any]) -> Any:
    """Return what holds values of all of `kinds`."""
    import pyarrow as pa

    tests = pa.types
    known = [kind for kind in dict.fromkeys(kinds) if not tests.is_null(kind)]
    if len(known) <= 1:
        return known[0] if known else pa.null()
    if all(tests.is_integer(kind) or tests.is_floating(kind) for kind in known):
        return pa.float64()
    if all(tests.is_date(kind) or tests.is_timestamp(kind) and kind.tz is None for kind in known):
        return pa.timestamp("us")
    return pa.large_string()


@contextmanager
def _room(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if is_disk_full(error):
            raise disk_full(str(folder)) from error
        raise
