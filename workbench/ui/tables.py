"""Tables that can be taken away: every one downloads as CSV and as Excel, formulas escaped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from workbench.desk.tables import to_csv, to_excel
from workbench.ui import words

ROW_HEIGHT = 31


def downloads(frame: pd.DataFrame | Callable[[], pd.DataFrame], name: str, note: str = "") -> None:
    """Draw the two download buttons of a table, made when pressed, after a line of small print."""
    made = frame if callable(frame) else lambda: frame
    with st.container(key=f"get_{name}", horizontal=True, vertical_alignment="center", gap="small"):
        if note:
            st.caption(note, width="stretch")
        st.download_button(
            "CSV",
            lambda: to_csv(made()),
            f"{name}.csv",
            "text/csv",
            key=f"{name}_csv",
            on_click="ignore",
            type="tertiary",
            icon=":material/download:",
        )
        st.download_button(
            "Excel",
            lambda: to_excel(made()),
            f"{name}.xlsx",
            key=f"{name}_xlsx",
            mime="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            on_click="ignore",
            type="tertiary",
            icon=":material/download:",
        )


def show(
    frame: pd.DataFrame,
    name: str,
    columns: Mapping[str, Any] | None = None,
    *,
    note: str = "",
    most: int = 440,
    whole: pd.DataFrame | Callable[[], pd.DataFrame] | None = None,
) -> None:
    """Draw a table with its downloads.

    Parameters
    ----------
    frame : DataFrame
        What is shown.
    name : str
        Key of the table and name of the files.
    columns : mapping, optional
        Column -> its heading, or a ``st.column_config``; where given, only these are shown, in this order.
    note : str
        Small print below: n, bads, where it comes from.
    most : int
        Greatest height in pixels; a shorter table is as high as its rows.
    whole : DataFrame or callable, optional
        What is downloaded, where that is more than what is shown.
    """
    config = dict(columns or {column: column for column in frame.columns})
    shares = [column for column, label in config.items() if isinstance(label, Share)]
    shown = frame.assign(**{column: 100 * frame[column] for column in shares})
    config |= {column: _percentage(config[column]) for column in shares}
    st.dataframe(
        shown,
        key=name,
        hide_index=True,
        column_order=list(config),
        column_config=config,
        height=min(ROW_HEIGHT * (max(len(frame), 1) + 1) + 3, most),
        row_height=ROW_HEIGHT,
        placeholder="",
    )
    downloads(frame if whole is None else whole, name, note or words.counted(len(frame), "row"))


def opener(label: str, names: Mapping[str, str], key: str, button: str, button_key: str) -> str:
    """Draw a choice below a table, with a button that opens it; returns what is opened, or ""."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        picked = st.selectbox(label, list(names), format_func=names.__getitem__, width=420, key=key)
        return picked if st.button(button, icon=":material/folder_open:", key=button_key) else ""


def wrapped(frame: pd.DataFrame, name: str, columns: Mapping[str, str], *, most: int | None = None) -> None:
    """Draw a table of sentences, each in as many lines as it needs, with its downloads.

    Parameters
    ----------
    frame : DataFrame
        Text in every cell.
    name : str
        Key of the table and name of the files.
    columns : mapping
        Column -> its heading; the last takes the width that is left.
    most : int, optional
        Greatest height in pixels.
    """
    heads = "".join(f"<th>{escape(head)}</th>" for head in columns.values())
    lines = "".join(
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in cells) + "</tr>"
        for cells in frame[list(columns)].itertuples(index=False)
    )
    height = f"max-height: {most}px; " if most else ""
    with st.container(key=name):
        st.html(
            f'<div style="{height}overflow: auto" tabindex="0"><table class="wrapped">'
            f"<thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table></div>"
        )
    downloads(frame, name, words.counted(len(frame), "row"))


@dataclass(frozen=True)
class Share:
    """The column of a share, 0 to 1, shown as a percentage; downloaded as it is."""

    label: str
    width: int | None = None


def _percentage(share: Share) -> Any:
    # Streamlit's own percent format gives each cell as many digits as it happens to have
    return st.column_config.NumberColumn(share.label, format="%.1f%%", width=share.width)


def number(label: str, form: str = "localized", **more: Any) -> Any:
    """Return the column of a count or a quantity, with thousands separators."""
    return st.column_config.NumberColumn(label, format=form, **more)
