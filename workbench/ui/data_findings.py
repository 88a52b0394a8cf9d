"""Data, step 3: what is wrong with the data, and the button that mends it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from workbench.portfolio import Portfolio
from workbench.ui import acknowledgement, cache, data, data_fixes, elsewhere, frame, spool, tables, words
from workbench.ui.session import Context

ICONS = {
    "block": ":red[:material/block:]",
    "warn": ":orange[:material/warning:]",
    "note": ":gray[:material/info:]",
}
FIXES = {
    "leave_out": ("Leave the column out", "remove"),
    "special": ("Treat {value} as a special code", "rule"),
    "drop_duplicates": ("Drop the copies", "content_copy"),
}
SHOWN = 12


def draw(context: Context) -> None:
    """Draw the findings, blockers first, with what is needed before training."""
    dataset = data.checked(context)
    data.accounts(dataset)
    checks = found(context, dataset)
    _figures(dataset, checks)
    data_fixes.bar(context, dataset)
    blocking = checks.blocking()
    left, right = st.columns([5, 3], gap="large")
    with left:
        _verdict(context, dataset.portfolio, blocking)
        _list(context, dataset, checks)
    with right:
        _alone(dataset, checks)
        _refused(dataset)
    elsewhere.check(dataset)


def found(context: Context, dataset: Any) -> Any:
    """Return the findings, with the reasons that were given to them."""
    from workbench.checks import check

    checks = cache.once(
        ("checks", dataset.sha256, dataset.portfolio.identity, cache.desk().registry.reading_of(dataset)),
        "Checking the data",
        lambda run: check(dataset, run),
    )
    return replace(checks, acknowledged=acknowledgement.of(dataset))


def _figures(dataset: Any, checks: Any) -> None:
    known = int(dataset.known.sum())
    refused = dataset.rows_in - dataset.n
    frame.figures(
        (
            (
                "Rows in",
                words.count(dataset.rows_in),
                f"{words.count(dataset.n)} kept + {words.count(refused)} refused",
            ),
            ("Bads", words.count(dataset.n_bad), f"of {words.count(known)} with a known outcome"),
            ("Bad rate", words.percent(dataset.bad_rate), dataset.portfolio.outcome.horizon or "as declared"),
            (
                "Findings",
                words.count(len(checks.findings)),
                _levels(checks),
            ),
        )
    )


def _levels(checks: Any) -> str:
    levels = [finding.level for finding in checks.findings]
    blocking = len(checks.blocking())
    return f"{blocking} to mend, {levels.count('warn')} to look at, {levels.count('note')} to know"


def _verdict(context: Context, portfolio: Portfolio, blocking: tuple[Any, ...]) -> None:
    """Say whether a model can be trained on these data."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if not blocking:
            st.markdown("**These data can be used.** Nothing stands in the way of training.")
            data.to_train(context, ready=True)
            return
        names = [named(portfolio, one) for one in dict.fromkeys(f.column for f in blocking if f.column)]
        where = f": {words.text(words.listed(names, 6))}" if names else ""
        st.markdown(f"**{words.counted(len(blocking), 'finding')} must be mended before training**{where}")
        columns = {
            name for f in blocking if f.fix == "leave_out" for name in f.value.splitlines() or [f.column]
        }
        columns -= {column for fix, column in data_fixes.plans(context.data) if fix == "leave_out"}
        if len(columns) > 1 and st.button(
            f"Leave out all {len(columns)}",
            type="primary",
            icon=":material/playlist_remove:",
            key="leave_all",
        ):
            for column in sorted(columns):
                data_fixes.plan(context.data, "leave_out", column)
            st.rerun()


def _list(context: Context, dataset: Any, checks: Any) -> None:
    findings = checks.findings
    for i, finding in enumerate(findings[:SHOWN]):
        _finding(context, dataset, checks, finding, i)
    if len(findings) > SHOWN:
        with st.expander(f"{len(findings) - SHOWN} more"):
            for i, finding in enumerate(findings[SHOWN:], SHOWN):
                _finding(context, dataset, checks, finding, i)


def _finding(context: Context, dataset: Any, checks: Any, finding: Any, i: int) -> None:
    """Draw one finding: what, where, why it matters, an example, and its button."""
    reason = checks.reason(finding)
    planned = data_fixes.planned(context.data, finding)
    level = "note" if reason or planned else finding.level
    with frame.rule(level, str(i)):
        acts = planned or (not reason and (finding.fix in FIXES or finding.acknowledgeable))
        # without a button the words take its place
        said, *button = (
            st.columns([7, 3], vertical_alignment="top", gap="small") if acts else [st.container()]
        )
        with said:
            told = finding.rows in (None, 0, dataset.n) or words.count(finding.rows) in finding.message
            rows = "" if told else f" :gray[{words.counted(finding.rows, 'row')}]"
            st.markdown(f"{ICONS[level]} **{words.text(sentence(dataset.portfolio, finding))}**{rows}")
            if reason:
                st.caption(f"Acknowledged: {words.text(reason)}")
                return
            shown = example_of(finding)
            example = f" For example {words.text(shown)}." if shown else ""
            st.caption(f"{words.text(finding.why)}{example} {words.text(finding.remedy)}")
        if button:
            with button[0]:
                _buttons(context, finding, i, planned)


def example_of(finding: Any) -> str:
    """Return a finding's example without the column and the value that a whole refused row does not have."""
    return re.sub(r"[\s,:]+$", "", finding.example)


def named(portfolio: Portfolio, column: str) -> str:
    """Return a column as people know it: its title with the column behind it, where it has one.

    Examples
    --------
    >>> from workbench.portfolio import from_values
    >>> values = {"name": "p", "outcome": {"column": "bad", "bad": ["1"]}}
    >>> values["characteristics"] = [{"name": "PAY_0", "title": "Repayment status"}, {"name": "age"}]
    >>> portfolio = from_values(values, "p")
    >>> named(portfolio, "PAY_0"), named(portfolio, "age"), named(portfolio, "bad")
    ('Repayment status (PAY_0)', 'age', 'bad')
    """
    declared = (*portfolio.characteristics, *portfolio.protected)
    title = next((one.shown for one in declared if one.name == column), column)
    return title if title == column else f"{title} ({column})"


def sentence(portfolio: Portfolio, finding: Any) -> str:
    """Return the message with the column as people know it; first where the message does not name it."""
    column, message = finding.column, finding.message
    if not column:
        return message[:1].upper() + message[1:]
    title = named(portfolio, column)
    told, found = re.subn(rf"(?<!\w){re.escape(column)}(?!\w)", lambda _: title, message, count=1)
    return told if found else f"{title}: {message}"


def _buttons(context: Context, finding: Any, i: int, planned: bool) -> None:
    if planned:
        st.caption(":material/schedule: will be applied")
        return
    label, icon = FIXES.get(finding.fix, ("", ""))
    several = len(finding.value.splitlines()) if finding.fix == "leave_out" else 0
    label = f"Leave the {several} columns out" if several > 1 else label
    if label and st.button(
        label.format(value=words.text(finding.value)),
        key=f"fix_{i}",
        icon=f":material/{icon}:",
        width="stretch",
    ):
        data_fixes.plan(context.data, finding.fix, finding.column, finding.value)
        st.rerun()
    if finding.acknowledgeable:
        with st.popover("Acknowledge", width="stretch"):
            why = st.text_input(
                "Why this is all right", key=f"why_{i}", placeholder="Known at the time of application"
            )
            if st.button("Acknowledge", key=f"acknowledge_{i}", type="primary"):
                if not why.strip():
                    st.warning("Give a reason: it is kept with the finding.")
                    return
                acknowledgement.give(data.checked(context), finding.code, finding.column, why)
                st.rerun()


def _alone(dataset: Any, checks: Any) -> None:
    """Draw how well each characteristic tells bads from goods on its own."""
    st.subheader("What each characteristic tells alone", anchor=False)
    titles = {c.name: c.shown for c in dataset.portfolio.characteristics}
    alone = checks.auc.assign(
        title=[titles.get(name, name) for name in checks.auc["characteristic"]],
        said=[
            f"{words.measure(auc)} {words.interval(low, high)}"
            for auc, low, high in checks.auc[["auc", "low", "high"]].itertuples(index=False)
        ],
    ).sort_values("auc", ascending=False)
    joint = (
        ""
        if checks.joint_auc is None
        else f"All together, cross-validated: {words.measure(checks.joint_auc)}. "
    )
    tables.show(
        alone,
        "alone",
        {
            "title": st.column_config.TextColumn("Characteristic", width="medium"),
            "said": st.column_config.TextColumn("AUC, 95% interval"),
            "n": tables.number("Rows"),
        },
        most=330,
        note=f"{joint}Above .97 is held to know the outcome.",
    )
    if len(checks.joint) > 1:
        tables.show(
            checks.joint.assign(without=[titles.get(n, n) or "Nothing yet" for n in checks.joint["without"]]),
            "joint",
            {
                "without": "Taken away, in this order",
                "auc": st.column_config.NumberColumn("AUC that is left", format="%.3f"),
            },
            most=220,
            note="How far the AUC falls as the suspects go",
        )


def _refused(dataset: Any) -> None:
    """Draw the refused rows, each with its reason."""
    st.subheader("Refused rows", anchor=False)
    refused = dataset.refused
    if refused.empty:
        st.caption("None: every row of the file was kept.")
        return
    columns = {
        "record": tables.number("Row", width=60),
        "column": st.column_config.TextColumn("Column", width=95),
        "reason": st.column_config.TextColumn("Why"),
        "text": st.column_config.TextColumn("Value, masked", width=105),
    }
    tables.show(
        refused,
        "refused_rows",
        {name: config for name, config in columns.items() if (refused[name] != "").any()},
        most=260,
        note=refused_note(refused),
        whole=lambda: with_keys(dataset),
    )


def with_keys(dataset: Any) -> pd.DataFrame:
    """Return the refused rows with their row keys, read from the file where it is still kept here."""
    refused, key = dataset.refused, dataset.portfolio.row_key
    upload = spool.of_digest(cache.desk().settings.home, dataset.source.sha256)
    if not key or upload is None:
        return refused
    table = cache.desk().read(
        Path(upload.path), dataset.portfolio, data_fixes.options_of(upload), upload.name
    )
    return keyed(refused, key, pd.Series(table.frame[key].to_numpy(), table.record))


def keyed(refused: pd.DataFrame, key: str, keys: pd.Series) -> pd.DataFrame:
    """Return refused rows with the key of each behind its record number, "" where the row has none.

    Examples
    --------
    >>> refused = pd.DataFrame({"record": [3], "column": ["age"], "reason": ["is not a number"]})
    >>> keyed(refused, "id", pd.Series(["a", "b", "c"], [1, 2, 3])).to_dict("records")
    [{'record': 3, 'id': 'c', 'column': 'age', 'reason': 'is not a number'}]
    """
    found = keys.reindex(refused["record"].astype(keys.index.dtype)).astype("object").fillna("")
    wide = refused.copy()
    wide.insert(1, f"row key {key}" if key in refused else key, found.to_numpy())
    return wide


def refused_note(refused: Any) -> str:
    """Return how many rows were refused; copies that someone chose to drop are told apart."""
    n = int(refused["record"].nunique())
    dropped = int(refused.loc[refused["code"] == "DUPLICATE_ROWS", "record"].nunique())
    copies = words.counted(dropped, "copy", "copies")
    if dropped == n:
        return f"{copies} dropped by choice"
    return words.counted(n, "row") + (f", {copies} of them dropped by choice" if dropped else "")
