"""What a scored file says of each row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as cp

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
    """

    rows: int
    scored: int
    flagged: int
    decisions: dict[str, int]
    resumed: int
    row: Mapping[str, Any] = field(default_factory=dict)


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
    """Return what `scored_frame` does, as Arrow, without a Python object for each row's words."""
    checked = applicants(table, scorer.model.portfolio)
    scored = scorer.scored(checked)
    told = {} if reasoning is None else reasoning.columns(checked, scored.decisions)
    reasons = {name: pa.array(texts, pa.string()) for name, texts in told.items()}
    key = str(checked.row_key.name or "record")
    columns = {
        "p_bad": pa.array(scored.p_bad, from_pandas=True),
        "points": pa.array(scored.points),
        "band": pa.array(scorer.policy.bands).take(pa.array(scored.bands)),
        "decision": pa.array(DECISIONS).take(pa.array(scored.decisions.astype(np.int64))),
        **reasons,
        "flags": pa.array(scored.flags, pa.string()),
    }
    error = np.full(len(table.record), "", dtype=object)
    if checked.n < len(table.record):
        place = np.full(len(table.record), -1)
        place[checked.record - int(table.record[0])] = np.arange(checked.n)
        without = place < 0
        taken = pa.array(np.maximum(place, 0), mask=without)
        columns = {name: column.take(taken) for name, column in columns.items()}
        for name in ("band", "decision", *reasons, "flags"):
            columns[name] = cp.fill_null(columns[name], "")
        refused = checked.refused.drop_duplicates("record").set_index("record")["reason"]
        error[without] = refused.reindex(table.record[without]).fillna("").to_numpy()
        if reasons:
            notes = pa.array([refused_note(one) for one in error[without]], pa.string())
            columns[NOTE] = cp.replace_with_mask(columns[NOTE], pa.array(without), notes)
    keys = pa.array(table.frame.get(key, table.record), from_pandas=True)
    columns |= {"error": pa.array(error, pa.string())}
    kinds = {name: _KINDS.get(name, _KINDS["error"]) for name in columns}
    empty = pd.DataFrame({key: table.frame.get(key, pd.Series(table.record)).iloc[:0]} | kinds)
    return pa.table({key: keys} | columns).cast(pa.Schema.from_pandas(empty, preserve_index=False))


# with these, pandas reads back whole points where a row has none
_KINDS = {
    "p_bad": pd.Series(dtype=float),
    "points": pd.Series(dtype="Int64"),
    **{name: pd.Series(dtype="str") for name in ("band", "decision", "flags", "error")},
}
