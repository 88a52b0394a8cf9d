"""What a scored file says of each row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from workbench.dataset import Table, applicants
from workbench.desk.reasoned import NOTE, Reasoning, refused_note
from workbench.policy import DECISIONS
from workbench.scoring import Scorer


@dataclass(frozen=True, eq=False)
class Counts:
    """What came of a file: rows in = scored + refused.

    Attributes
    ----------
    rows, scored, flagged : int
    decisions : dict
        Rows by decision.
    resumed : int
        Rows that an earlier run, which was stopped, had scored.
    row : mapping
        What came out where the file had one row alone; else empty.
    notes : tuple of str
        What to mind of the file as a whole.
    on_all : frozenset of str
        Flags, "kind: column", that every scored row has.
    """

    rows: int
    scored: int
    flagged: int
    decisions: dict[str, int]
    resumed: int
    row: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    on_all: frozenset[str] = frozenset()


def scored_frame(scorer: Scorer, table: Table, reasoning: Reasoning | None = None) -> pd.DataFrame:
    """Return one line for each row of `table`, in order; a refused row has its reason and no score."""
    checked = applicants(table, scorer.model.portfolio)
    rows = scorer.scored(checked)
    scored = scorer.tabled(checked, rows)
    reasons = {} if reasoning is None else reasoning.columns(checked, rows.decisions)
    for place, (name, told) in enumerate(reasons.items(), list(scored.columns).index("decision") + 1):
        scored.insert(place, name, told)
    key = str(scored.columns[0])
    scored.index = pd.Index(checked.record)
    refused = checked.refused.drop_duplicates("record").set_index("record")
    together = scored.reindex(table.record)
    together["error"] = pd.Series(refused["reason"]).reindex(table.record).fillna("").to_numpy()
    if key in table.frame:
        together[key] = table.frame[key].to_numpy()
    else:
        together[key] = table.record
    together["points"] = together["points"].astype("Int64")
    for column in ("band", "decision", *reasons, "flags"):
        together[column] = together[column].astype(object).where(together[column].notna(), "")
    if reasons:
        together.loc[together["error"] != "", NOTE] = together["error"].map(refused_note)
    return together.reset_index(drop=True)


def scored_lines(scorer: Scorer, table: Table, reasoning: Reasoning | None = None) -> pa.Table:
    """Return what `scored_frame` does, as Arrow: each text is there once, and each row has its place.

    What the columns are to whoever reads them says `plain_schema`.
    """
    checked = applicants(table, scorer.model.portfolio)
    scored = scorer.scored(checked)
    reasons = {} if reasoning is None else reasoning.columns(checked, scored.decisions)
    p_bad, points = pa.array(scored.p_bad, from_pandas=True), pa.array(scored.points)
    words = {
        "band": (["", *scorer.policy.bands], scored.bands + 1),
        "decision": (["", *DECISIONS], scored.decisions + 1),
        **{name: _coded(texts) for name, texts in reasons.items()},
        "flags": (scored.flag_texts, scored.flags),
    }
    error = np.full(len(table.record), "", dtype=object)
    if checked.n < len(table.record):
        place = np.full(len(table.record), -1)
        place[checked.record - int(table.record[0])] = np.arange(checked.n)
        without = place < 0
        taken = pa.array(np.maximum(place, 0), mask=without)
        p_bad, points = p_bad.take(taken), points.take(taken)
        words = {name: (texts, np.append(at, 0)[place]) for name, (texts, at) in words.items()}
        refused = checked.refused.drop_duplicates("record").set_index("record")["reason"]
        error[without] = refused.reindex(table.record[without]).fillna("").to_numpy()
        if reasons:
            texts, at = words[NOTE]
            notes = np.asarray(texts, dtype=object)[at]
            notes[without] = [refused_note(one) for one in error[without]]
            words[NOTE] = _coded(notes)
    words["error"] = _coded(error)
    key = str(checked.row_key.name or "record")
    keys = table.frame.get(key, pd.Series(table.record))
    empty = pd.DataFrame({key: keys.iloc[:0]} | _KINDS | dict.fromkeys(words, _WORDS))
    plain = pa.Schema.from_pandas(empty, preserve_index=False)
    columns = [pa.array(keys, from_pandas=True).cast(plain.field(0).type), p_bad, points]
    columns += [
        pa.DictionaryArray.from_arrays(pa.array(at, pa.int32()), pa.array(texts, _TEXT))
        for texts, at in words.values()
    ]
    fields = [field.with_type(column.type) for field, column in zip(plain, columns, strict=True)]
    return pa.table(columns, schema=pa.schema(fields, plain.metadata))


def _coded(texts: Any) -> tuple[list[str], np.ndarray]:
    """Return the texts that there are, "" first, and each row's place among them."""
    coded = pd.Categorical(texts)
    levels = [str(level) for level in coded.categories if level != ""]
    place = {level: k for k, level in enumerate(["", *levels])}
    table = np.array([*(place[str(level)] for level in coded.categories), 0], np.int32)
    return ["", *levels], table[coded.codes]


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """Return the schema of lines whose texts stand in each row."""
    key, *others = schema
    fields = [f.with_type(_TEXT) if pa.types.is_dictionary(f.type) else f for f in others]
    return pa.schema([key, *fields], schema.metadata)


_TEXT, _WORDS = pa.large_string(), pd.Series(dtype="str")
# with these, pandas reads back whole points where a row has none
_KINDS = {"p_bad": pd.Series(dtype=float), "points": pd.Series(dtype="Int64")}
