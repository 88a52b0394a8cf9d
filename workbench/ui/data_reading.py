"""Reading a file, and asking how it is written only where the reader cannot know."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st

from workbench import intake
from workbench.errors import InputError
from workbench.intake import ReadOptions
from workbench.portfolio import Reading
from workbench.ui import cache, data, data_fixes, frame, session, spool, words

DELIMITERS = {"": "found out", ",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
DECIMALS = {"": "found out", ".": "point, as in 1.5", ",": "comma, as in 1,5"}
ENCODINGS = {
    "": "UTF-8",
    "cp1252": "Windows, Western Europe (cp1252)",
    "cp1250": "Windows, Central Europe (cp1250)",
    "cp1251": "Windows, Cyrillic (cp1251)",
    "cp1253": "Windows, Greek (cp1253)",
    "cp1254": "Windows, Turkish (cp1254)",
    "iso-8859-15": "Western Europe (ISO 8859-15)",
    "utf-16": "UTF-16",
    "cp850": "DOS, Western Europe (cp850)",
    "gb18030": "Chinese (GB 18030)",
    "shift_jis": "Japanese (Shift JIS)",
}
ASKED = {"DELIMITER": "delimiter", "DECIMAL": "decimal", "ENCODING": "encoding", "SHEET": "sheet"}
WORDS = {
    "delimiter": "What separates the columns?",
    "decimal": "What is the decimal sign?",
    "encoding": "In which code page is it written?",
}
FIRST_LINES = 8
CHOICES = {"delimiter": DELIMITERS, "decimal": DECIMALS, "encoding": ENCODINGS}


def read(upload: spool.Upload) -> Any:
    """Return the table of an upload, or ask how it is written and end the page."""
    options = data_fixes.options_of(upload)
    try:
        return cache.table(upload, None, options)
    except InputError as error:
        asked = [ASKED[p.code] for p in error.problems if p.code in ASKED]
        known = _as_declared(upload) if asked and options == ReadOptions() else None
        if known is not None:
            return known
        frame.show_error(error)
        if asked:
            ask(upload, options, asked)
        elif st.button(
            "Bring another file", icon=":material/upload_file:", type="primary", key="bring_another"
        ):
            session.choose(data="")
            data.go("Bring")
        frame.end()
        raise


def _as_declared(upload: spool.Upload) -> Any | None:
    """Return the table as a saved portfolio says its files are written, where it has that one's columns.

    What was answered for one month's file is not asked again for the next one.
    """
    tried = set()
    for entry in cache.portfolios():
        portfolio = cache.portfolio(cache.identity(entry))
        declared = portfolio.reading if portfolio else Reading()
        if declared == Reading() or declared in tried:
            continue
        tried.add(declared)
        options = ReadOptions(
            declared.delimiter, declared.decimal, declared.encoding, ("", *declared.missing)
        )
        with suppress(InputError):
            table = cache.table(upload, None, options)
            if data_fixes.needed(portfolio) <= set(table.frame.columns):
                session.kept(session.OPTIONS, {})[upload.sha256] = options
                st.caption(f":material/info: Read as {words.text(portfolio.shown)} declares its files.")
                return table
            tried.discard(declared)  # another portfolio may be written alike
    return None


def ask(upload: spool.Upload, options: Any, asked: list[str]) -> None:
    """Draw the questions the reader has, beside the lines they are about as they stand."""
    left, right = st.columns([2, 3], gap="large")
    declared = [name for name in CHOICES if getattr(options, name) or name in asked]
    given = {}
    with left, st.container(border=True):
        for name in declared:
            choices = CHOICES[name]
            now = getattr(options, name)
            if name == "encoding" and name in asked:
                now = _likely(upload)
            given[name] = st.selectbox(
                WORDS[name],
                list(choices),
                list(choices).index(now) if now in choices else 0,
                format_func=choices.get,
                key=f"option_{name}",
            )
            if name == "encoding" and now:
                st.caption(f":material/help: Its letters read best as {choices[now]}; see beside.")
        if "sheet" in asked:
            given["sheet"] = _sheet(upload)
        if st.button("Read it so", type="primary", key="read_so"):
            session.kept(session.OPTIONS, {})[upload.sha256] = replace(options, **given)
            st.rerun()
    if "sheet" not in asked:
        with right:
            _lines(upload, replace(options, **given), "encoding" in asked)


def _likely(upload: spool.Upload) -> str:
    """Return the encoding a file that is not UTF-8 seems to be in, from those that are offered."""
    found = cache.once(
        ("likely encoding", upload.sha256),
        "Looking at its letters",
        lambda run: intake.likely_encoding(Path(upload.path), upload.name),
    )
    return found if found in ENCODINGS else ""


def _sheet(upload: spool.Upload) -> str:
    """Ask for one of the sheets that hold data."""
    names = cache.once(
        ("sheets", upload.sha256),
        "Looking at its sheets",
        lambda run: cache.desk().sheets(Path(upload.path), upload.name),
    )
    return st.radio("Which sheet?", names, key="option_sheet")


def _lines(upload: spool.Upload, options: Any, odd: bool) -> None:
    """Draw the first lines as they stand, or those around the first that is not UTF-8."""
    path = Path(upload.path)
    at = intake.foreign_line(path, upload.name) if odd and options.encoding != "utf-16" else 0
    far = at > FIRST_LINES
    st.markdown(
        f"**Around line {words.count(at)}, the first that is not UTF-8**" if far else "**The first lines**"
    )
    try:
        said = intake.preview(path, options, name=upload.name, lines=FIRST_LINES, around=at)
        st.code(said, language=None, wrap_lines=False)
    except InputError as error:
        st.caption(words.text(str(error)))
