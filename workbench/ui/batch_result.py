"""Batch, while a file is scored and once it is: what came out, its rows, and the files scored before."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from workbench import charts
from workbench.desk import scored
from workbench.errors import InputError, MissingError, Problem
from workbench.policy import DECISIONS
from workbench.ui import batch, cache, data_fixes, elsewhere, frame, queue, session, sidebar, tables, words
from workbench.ui.session import Context

SHOWN = 200
TONES = {"approve": "Approve", "refer": "Refer", "decline": "Decline"}
KINDS = {
    "missing": "Missing",
    "unexpected missing": "Missing, never so in development",
    "unseen": "Attribute not seen in development",
    "out of range": "Out of the range seen or declared",
    "unusual": "Unusual",
}


def draw(context: Context) -> bool:
    """Draw the scored file or the job that the address names; return whether it named one."""
    asked = st.query_params.get(session.JOB, "")
    if not asked:
        return False
    found = _found(asked)
    if found is not None:
        _result(context, found)
        return True
    missing = ("No such scored file", "no scored file that is kept here.")
    begin = (sidebar.BATCH, "Score a file", "table_rows")
    queue.before_result(context, asked, "score", "Scoring in the background", (*missing, *begin), _ended)
    return True


def _found(key: str) -> scored.Batch | None:
    try:
        return scored.find(cache.desk().settings.home, key)
    except MissingError:
        return None


def _ended(job: Any) -> None:
    """Draw a job that left no scored file: why, and the way back to its file."""
    if job.state == "failed":
        queue.failed(job)
        _asked_again(job)
    elif job.state == "cancelled":
        queue.cancelled(job)
    else:
        st.info("It was deleted, or lies on the machine that scored it.", icon=":material/folder_off:")
    if st.button("Back to the file", icon=":material/arrow_back:", key="back"):
        batch.look_at(st.query_params.get(session.FILE, ""))


def _asked_again(job: Any) -> None:
    """Ask how the file is written, where the job could not know."""
    upload = batch.named()
    if upload is None:
        return
    error = InputError.of([Problem(p["code"], p["what"]) for p in job.problems if "code" in p])
    batch.ask(upload, data_fixes.options_of(upload), error)


def _result(context: Context, found: scored.Batch) -> None:
    """Draw what came of a file."""
    frame.line(
        words.text(found.name),
        f"{words.count(found.rows)} rows in = {words.count(found.scored)} scored + "
        f"{words.count(found.refused)} refused",
        f"by {words.text(found.model_id)}",
        cache.when(found.when),
        f"took {words.duration(found.seconds)}",
        f"took up {words.counted(found.resumed, 'row')} of a stopped run" if found.resumed else "",
    )
    share = {name: n / found.scored if found.scored else None for name, n in found.decisions.items()}
    frame.figures(
        (
            *(
                (TONES[name], words.count(found.decisions[name]), words.percent(share[name]), name)
                for name in DECISIONS
            ),
            ("Mean PD", words.percent(found.mean_p_bad), f"{words.counted(found.flagged, 'row')} flagged"),
        )
    )
    if found.notes:
        with frame.rule("warn", "batch_notes"):
            st.markdown("  \n".join(words.text(note) for note in found.notes))
    _downloads(found)
    left, right = st.columns(2, gap="medium")
    with left:
        spread = charts.spread_of_pd(found.p_bad, found.mean_p_bad, found.approve_below, found.decline_from)
        frame.chart(spread, "pd_spread", "How many rows have which PD")
    with right:
        frame.chart(
            charts.spread_of_points(found.points), "points_spread", "How many rows have how many points"
        )
    names = ["Rows", *(["Reasons"] if found.asked_reasons else []), "Bands", "Flags"]
    names += ["Refused"] if found.refused else []
    for name, place in zip(names, st.tabs(names), strict=True):
        with place:
            TABS[name](found)
    if st.button("Score another file", icon=":material/table_rows:", key="score_another"):
        batch.look_at("")
    elsewhere.batch(found)


def _downloads(found: scored.Batch) -> None:
    """Draw the two forms of the whole, made when pressed."""
    stem = found.name.split(".")[0][:60] or "file"
    home = cache.desk().settings.home
    with st.container(horizontal=True, vertical_alignment="center", key="batch_downloads"):
        for form, label in (("parquet", "Parquet"), ("csv", "CSV")):
            st.download_button(
                label,
                lambda form=form: scored.content(home, found.key, form),
                f"{stem}_scored.{form}",
                icon=":material/download:",
                on_click="ignore",
                key=f"batch_{form}",
                type="primary" if form == "parquet" else "secondary",
            )
        st.caption("All rows in their order. In the CSV no text can be read as a formula.")


def _rows(found: scored.Batch) -> None:
    """Draw the first rows, those asked for."""
    kinds = [kind for kind in scored.KINDS if _of_kind(found, kind)]
    choices = {scored.ALL: "All rows", scored.FLAGGED: "All flagged rows"}
    choices |= {name: f"Decision: {name}" for name in DECISIONS if found.decisions[name]}
    choices |= {kind: f"Flag: {KINDS[kind].lower()}" for kind in kinds}
    which = st.selectbox("Show", list(choices), format_func=choices.__getitem__, key="which", width=380)
    home = cache.desk().settings.home
    shown = scored.rows(home, found.key, which, SHOWN)
    more = f"The first {SHOWN} of them; the downloads hold every one." if len(shown) == SHOWN else ""
    _table(
        found,
        shown,
        f"rows_{which.replace(' ', '_')}",
        more,
        lambda: scored.rows(home, found.key, which, found.rows),
    )


def _table(found: scored.Batch, shown: pd.DataFrame, name: str, note: str, whole: Any) -> None:
    key = str(shown.columns[0])
    tables.show(
        shown,
        name,
        {
            key: st.column_config.Column(key, width="small"),
            "p_bad": tables.Share("PD"),
            "points": tables.number("Points"),
            "band": "Band",
            "decision": "Decision",
            **{
                f"reason_{rank}": st.column_config.TextColumn(f"Reason {rank}", width="medium")
                for rank in range(1, found.asked_reasons + 1)
            },
            **(
                {"reason_note": st.column_config.TextColumn("Note", width="large")}
                if found.asked_reasons
                else {}
            ),
            "flags": st.column_config.TextColumn("Flags", width="large"),
            "error": st.column_config.TextColumn("Why it was refused", width="medium"),
        },
        note=" ".join(filter(None, (words.counted(len(shown), "row") + " shown.", note))),
        whole=whole,
    )


def _bands(found: scored.Batch) -> None:
    """Draw the rows of each band."""
    bands = list(found.bands)
    counts = [int(found.bands[band][0]) for band in bands]
    listing = pd.DataFrame(
        {
            "band": bands,
            "rows": counts,
            "share": [n / found.scored for n in counts],
            "mean_p_bad": [found.bands[band][1] for band in bands],
        }
    )
    shown = {
        "band": "Band",
        "rows": tables.number("Rows"),
        "share": tables.Share("Share"),
        "mean_p_bad": tables.Share("Mean PD"),
    }
    tables.show(listing, "bands", shown, note=f"{words.counted(found.scored, 'row')} scored")


def _reasons(found: scored.Batch) -> None:
    """Draw which reason stands first how often, and on how many a person decides."""
    declined = found.decisions["decline"]
    if found.without_notice:
        share = words.percent(found.without_notice / declined)
        st.caption(
            f":orange[:material/person_search:] {words.counted(found.without_notice, 'declined row')} of "
            f"{words.count(declined)} ({share}) go to a person, with no automatic notice: the column "
            "reason_note says why."
        )
    listing = pd.DataFrame(
        [(reason, n, n / declined) for reason, n in found.first_reasons.items()],
        columns=["reason", "rows", "share"],
    ).sort_values("rows", ascending=False, kind="stable")
    shown = {
        "reason": st.column_config.TextColumn("First reason of a decline", width="large"),
        "rows": tables.number("Rows"),
        "share": tables.Share("Share of declined"),
    }
    tables.show(listing, "first_reasons", shown, note=f"{words.counted(declined, 'row')} declined")


def _flags(found: scored.Batch) -> None:
    """Draw which characteristics were flagged, and why."""
    if not found.flags:
        st.caption("No row has a value that is missing, unseen, out of range or unusual.")
        return
    row = cache.model_row(found.model_id)
    portfolio = cache.portfolio(f"{row.portfolio}@{row.portfolio_version}") if row else None
    titles = {c.name: c.shown for c in portfolio.characteristics} if portfolio else {}
    told = [(*name.split(": ", 1), n) for name, n in found.flags.items()]
    listing = pd.DataFrame(
        [(KINDS.get(kind, kind), titles.get(column, column), n, n / found.rows) for kind, column, n in told],
        columns=["kind", "characteristic", "rows", "share"],
    ).sort_values("rows", ascending=False)
    shown = {
        "kind": st.column_config.TextColumn("What", width="medium"),
        "characteristic": "Characteristic",
        "rows": tables.number("Rows"),
        "share": tables.Share("Share of rows"),
    }
    tables.show(listing, "flag_counts", shown)


def _refused(found: scored.Batch) -> None:
    """Draw the refused rows with their reasons."""
    home = cache.desk().settings.home
    top = sorted(found.reasons.items(), key=lambda one: -one[1])[:3]
    st.caption("; ".join(f"{words.counted(n, 'row')}: {words.text(why)}" for why, n in top))
    shown = scored.rows(home, found.key, scored.REFUSED, SHOWN)
    key = str(shown.columns[0])
    tables.show(
        shown,
        "refused_rows",
        {key: key, "error": st.column_config.TextColumn("Why it was refused", width="large")},
        note=f"{words.counted(found.refused, 'row')} refused",
        whole=lambda: scored.rows(home, found.key, scored.REFUSED, found.refused),
    )


TABS = {"Rows": _rows, "Reasons": _reasons, "Bands": _bands, "Flags": _flags, "Refused": _refused}


def _of_kind(found: scored.Batch, kind: str) -> bool:
    return any(name.startswith(f"{kind}: ") for name in found.flags)


def listing() -> None:
    """Draw the files that were scored before, newest first."""
    kept = scored.kept(cache.desk().settings.home, 50)
    if not kept:
        return
    st.subheader("Scored before", anchor=False)
    frame_of = pd.DataFrame(
        {
            "name": [one.name for one in kept],
            "model": [one.model_id for one in kept],
            "rows": [one.rows for one in kept],
            "refused": [one.refused for one in kept],
            "mean_p_bad": [one.mean_p_bad for one in kept],
            "who": [one.who for one in kept],
            "at": [cache.when(one.when) for one in kept],
        }
    )
    shown = {
        "name": st.column_config.TextColumn("File", width="medium"),
        "model": "Model",
        "rows": tables.number("Rows"),
        "refused": tables.number("Refused"),
        "mean_p_bad": tables.Share("Mean PD"),
        "who": "Who",
        "at": "When",
    }
    tables.show(frame_of, "scored_before", shown, most=280)
    names = {one.key: f"{one.name}, {one.model_id}, {cache.when(one.when)}" for one in kept}
    if picked := tables.opener("Open", names, "open_batch", "Open it", "open_scored"):
        batch.look_at("", picked)
    st.caption("The page Registry says what room they take, and deletes them.")
