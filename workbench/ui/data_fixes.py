"""Changes that findings ask for: gathered, shown, then applied at once as a new portfolio version."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from workbench import portfolio as portfolios
from workbench.errors import InputError, MissingError
from workbench.portfolio import Portfolio
from workbench.proposal import difference
from workbench.ui import cache, data, frame, session, spool, words
from workbench.ui.session import Context

VERSIONED = ("leave_out", "special")
"""Fixes that make a new version of the portfolio."""

Plan = dict[tuple[str, str], str]
"""(fix, column) -> the special code, or ""."""


def plans(sha256: str) -> Plan:
    """Return the changes gathered for a data set."""
    return session.kept(session.PENDING, {}).setdefault(sha256, {})


def plan(sha256: str, fix: str, column: str, value: str = "") -> None:
    """Gather a change."""
    names = value.splitlines() if fix == "leave_out" and value else [column]
    for name in names:
        plans(sha256)[fix, name] = "" if fix == "leave_out" else value


def planned(sha256: str, finding: Any) -> bool:
    """Return whether the change a finding asks for has been gathered."""
    if not finding.fix:
        return False
    names = finding.value.splitlines() if finding.fix == "leave_out" and finding.value else [finding.column]
    return all((finding.fix, name) in plans(sha256) for name in names)


def amended(old: Portfolio, changes: Plan) -> Portfolio:
    """Return `old` with columns left out and special codes declared; its version stays to be given."""
    out = [name for fix, name in changes if fix == "leave_out"]  # a set would give each run its own order
    codes = {name: value for (fix, name), value in changes.items() if fix == "special"}
    kept = []
    for one in old.to_json()["characteristics"]:
        if one["name"] in codes:
            one["special"] = [*one["special"], {"value": codes[one["name"]], "label": ""}]
        if one["name"] not in out:
            kept.append(one)
    if not kept:
        what = "every characteristic would be left out, so that nothing would remain to train on"
        raise InputError("PORTFOLIO", what, remedy="Keep at least one characteristic.")
    values = old.to_json() | {"characteristics": kept}
    single = {key: "" for key in ("row_key", "date", "weight", "group") if values[key] in out}
    left_out = [*old.left_out, *(name for name in out if name not in old.left_out)]
    return portfolios.from_values(values | single | {"left_out": left_out}, old.identity)


def needed(portfolio: Portfolio) -> set[str]:
    """Return the columns a file of the portfolio must have."""
    roles = portfolio.columns_by_role().items()
    return {name for role, names in roles if role != "leave out" for name in names}


def without_copies(table: Any, portfolio: Portfolio) -> Any:
    """Return a table whose exact copies, apart from the row key, are refused with the reason."""
    known = [
        name for names in portfolio.columns_by_role().values() for name in names if name != portfolio.row_key
    ]
    copies = table.frame[[name for name in known if name in table.frame]].duplicated(keep="first").to_numpy()
    refused = pd.DataFrame(
        {
            "record": table.record[copies],
            "column": "",
            "code": "DUPLICATE_ROWS",
            "reason": "is an exact copy of an earlier row",
            "text": "",
        }
    )
    return replace(
        table,
        frame=table.frame[~copies].reset_index(drop=True),
        record=table.record[~copies],
        refused=pd.concat([table.refused, refused], ignore_index=True),
    )


def bar(context: Context, dataset: Any) -> None:
    """Draw what has been gathered, and the button that applies it; a new version is shown and confirmed."""
    changes = plans(dataset.sha256)
    if not changes:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="pending"):
        st.markdown(f"**{words.counted(len(changes), 'change')} to apply:** {words.text(_said(changes))}")
        with frame.errors():
            if any(fix in VERSIONED for fix, _ in changes):
                _confirm(dataset, amended(dataset.portfolio, changes), changes)
            elif st.button(
                "Apply and check again", type="primary", icon=":material/done_all:", key="apply_fixes"
            ):
                _apply(source_of(dataset), dataset, dataset.portfolio, changes)
        if st.button("Forget them", type="tertiary", key="forget_fixes"):
            changes.clear()
            st.rerun()


def _confirm(dataset: Any, edited: Portfolio, changes: Plan) -> None:
    """Show what the next version of the portfolio changes, and save it when asked to."""
    newest = cache.desk().shelf.find(edited.name)
    told = difference(newest, edited)
    number = newest.version + 1 if told else newest.version
    with st.popover("Apply and check again…", type="primary", icon=":material/done_all:"):
        title = words.text(newest.shown)
        st.markdown(
            f"**Version {number} of {title} changes:**" if told else f"**{title} says so already.**",
            width="content",
        )
        if told:
            with st.container(height=180 if len(told) > 6 else "content", border=False):
                st.markdown("\n".join(f"- {words.text(change)}" for change in told))
        label = f"Save version {number} and check" if told else f"Check again as version {number}"
        if st.button(label, type="primary", key="apply_fixes", width="stretch"):
            upload = source_of(dataset)  # before anything is saved
            _apply(upload, dataset, saved(edited), changes)


def saved(edited: Portfolio) -> Portfolio:
    """Return the portfolio as its next version, or the newest where it is the same."""
    shelf = cache.desk().shelf
    try:
        return shelf.save(edited)
    except InputError as error:
        if error.code != "UNCHANGED":
            raise
        return shelf.find(edited.name)


def _said(changes: Plan) -> str:
    out = [name for fix, name in changes if fix == "leave_out"]
    parts = [f"leave out {words.listed(out, 5)}"] if out else []
    parts += [
        f"{value} in {name} is a special code" for (fix, name), value in changes.items() if fix == "special"
    ]
    parts += ["drop the exact copies"] if any(fix == "drop_duplicates" for fix, _ in changes) else []
    return "; ".join(parts)


def _apply(upload: spool.Upload, dataset: Any, portfolio: Portfolio, changes: Plan) -> None:
    """Build the data anew under the portfolio, without copies where asked, and look at them."""
    built = build(upload, portfolio, drop=any(fix == "drop_duplicates" for fix, _ in changes))
    said = _said(changes)
    changes.clear()
    session.notify(
        f"{words.text(portfolio.shown)}, now version {portfolio.version}: {words.text(said)}."
        if portfolio.version != dataset.portfolio.version
        else f"Applied: {words.text(said)}."
    )
    look_at(portfolio, built, "Findings")


def source_of(dataset: Any) -> spool.Upload:
    """Return the file a data set was read from.

    Raises
    ------
    MissingError
        ``UPLOAD`` where it is no longer kept here.
    """
    upload = spool.of_digest(cache.desk().settings.home, dataset.source.sha256)
    if upload is None:
        raise MissingError(
            "UPLOAD",
            "the file these data were read from is no longer kept here",
            dataset.source.name,
            "Bring it again.",
        )
    return upload


def build(upload: spool.Upload, portfolio: Portfolio, drop: bool = False) -> Any:
    """Read a file as its portfolio declares, check its types and keep it; returns the data set."""
    dropped = session.kept(session.DROPPED, set())
    if drop:
        dropped.add(upload.sha256)
    table = cache.table(upload, portfolio, options_of(upload))
    if upload.sha256 in dropped:
        table = without_copies(table, portfolio)
    with st.spinner("Checking every value"):
        return cache.desk().keep(table, portfolio)


def options_of(upload: spool.Upload) -> Any:
    """Return what was declared about how a file is written."""
    from workbench.intake import ReadOptions

    return session.kept(session.OPTIONS, {}).get(upload.sha256, ReadOptions())


def look_at(portfolio: Portfolio, dataset: Any, step: str) -> None:
    """Look at a data set that was just built."""
    cache.keep(("dataset", dataset.sha256, portfolio.identity), dataset)
    session.choose(portfolio=portfolio.identity, data=dataset.sha256, model="")
    data.go(step)
