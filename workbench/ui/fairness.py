"""The page Fairness: a model's decisions by protected group, at a cut-off that can be moved."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from workbench.charts import fairness as charts
from workbench.desk import FairnessRequest, monitored
from workbench.desk.treated import ALL
from workbench.errors import InputError
from workbench.fairness import NOT_ADVICE, PROFILES, UNKNOWN
from workbench.fairness.attributes import groupable
from workbench.ui import (
    cache,
    compare,
    data_fixes,
    elsewhere,
    fairness_details,
    frame,
    segment,
    session,
    sidebar,
    spool,
    tables,
    words,
)
from workbench.ui.compare_table import Cell, beside
from workbench.ui.session import Context

STEPS = 1000
"""The slider moves by a tenth of a percent of PD."""
TITLES = {
    "air": "Ratio",
    "p_value": "q",
    "shortfall": "Shortfall",
    "smd_p_bad": "SMD of PD",
    "goods_approved": "Goods approved",
    "bads_approved": "Bads approved",
    "good_of_approved": "Goods among approved",
    "calibration_gap": "Mean PD less bad rate",
}


@dataclass(frozen=True)
class Asked:
    """What the page is asked for.

    Attributes
    ----------
    by : str
        The attribute that is shown; all are looked at, so that tests are counted as one family.
    sample : str
        Of the study; empty with a file.
    file : Upload or None
    """

    by: str
    profile: str
    against: str
    sample: str
    file: spool.Upload | None


def ask(context: Context, row: Any) -> Asked:
    """Draw attribute, profile, comparator and rows; return what is asked, or end the page."""
    model = cache.scorer(row).model
    offered = {one.name: one for one in groupable(model.portfolio)}
    if not offered:
        why = (
            f"The portfolio {model.portfolio.identity} protects no column that makes groups. Give one the "
            "role protected on Data (a number needs bands too), save the portfolio and train again."
        )
        frame.empty("Nothing protected yet", why, sidebar.DATA, "Go to Data", "database", context.query())
    columns = st.columns([2, 3, 2, 3], vertical_alignment="bottom")
    with columns[0]:
        by = _choice("Protected attribute", session.BY, list(offered), lambda name: offered[name].shown)
    with columns[1]:
        profile = _choice(
            "Jurisdiction profile", session.PROFILE, list(PROFILES), lambda p: PROFILES[p].shown
        )
    with columns[2]:
        told = {"declared": "the declared group", "highest": "the highest rate"}
        against = _choice("Compared with", session.AGAINST, list(told), told.get)
    with columns[3]:
        sample, file = _rows(row)
    return Asked(by, profile, against, sample, file)


def _choice(label: str, parameter: str, options: Sequence[str], shown: Any) -> str:
    """Draw one choice that the address carries."""
    asked = st.query_params.get(parameter, options[0])
    index = options.index(asked) if asked in options else 0
    picked = st.selectbox(label, options, index, format_func=shown, key=f"fairness_{parameter}")
    if picked == options[0]:
        st.query_params.pop(parameter, None)
    else:
        st.query_params[parameter] = picked
    return picked


def _rows(row: Any) -> tuple[str, spool.Upload | None]:
    """Draw which rows to look at: samples of the study, or a file that was read for the portfolio.

    Files that were held against development are offered too: their outcomes need not be known.
    """
    files = compare.files_of(row.portfolio) | _extracts(row.portfolio)
    samples = [*cache.study(row.study_id).samples.names, ALL] if row.study_id is not None else []
    samples.sort(key=lambda name: name != row.reported)
    options = [*samples, *files]
    if not options:
        raise InputError(
            "NO_ROWS", f"no study of {row.model_id} and no file of its portfolio is kept here",
            remedy="Bring a file on the page Data and check it under this portfolio.",
        )  # fmt: skip

    def shown(name: str) -> str:
        if name in files:
            return f"rows of {files[name].name}"
        return "all rows of its data" if name == ALL else f"{name} sample"

    picked = _choice("Rows", session.ON, options, shown)
    return ("", files[picked]) if picked in files else (picked, None)


def _extracts(portfolio: str) -> dict[str, spool.Upload]:
    """Return the files that Monitor looked at and that still lie here, by their key, newest first."""
    home = cache.desk().settings.home
    digests = dict.fromkeys(head["source_sha256"] for head in monitored.heads(home, portfolio))
    found = [spool.of_digest(home, digest) for digest in digests if digest]
    return {one.key: one for one in found if one is not None}


def _request(row: Any, asked: Asked, picked: str) -> FairnessRequest:
    path, options = "", FairnessRequest.options
    if asked.file is not None:
        path, options = asked.file.path, data_fixes.options_of(asked.file)
    return FairnessRequest(
        row.model_id, (), path, asked.sample, None, asked.profile, asked.against, picked, options
    )


def found(row: Any, asked: Asked, picked: str = "") -> Any:
    """Return who is treated differently, computed once for these rows and profile."""
    where = asked.file.sha256 if asked.file is not None else asked.sample
    key = ("fairness", row.model_id, row.manifest_sha256, where, asked.profile, asked.against, picked)
    request = _request(row, asked, picked)
    # the whole is looked at first, so what draws charts is asked for then
    with nullcontext() if picked else frame.chart_ahead():
        told = cache.once(key, "Looking at the groups", lambda run: cache.desk().fairness(request, run))
    if asked.file is not None:  # the path is the workbench's own
        told = replace(
            told, words=told.words.replace(told.words.split(", where ")[0], f"rows of {asked.file.name}")
        )
    return told


def narrowed(context: Context, whole: Any, asked: Asked) -> Any:
    """Draw the segment bar; return what holds for the rows inside."""
    picked = segment.choose(context, whole.frame, whole.outcome)
    return found(whole.row, asked, str(picked)) if picked else whole


def line(row: Any, told: Any) -> None:
    """Draw whose decisions on which rows, and what the model is given of what is protected."""
    f = told.fairness
    given = [c.shown for c in told.portfolio.characteristics if "protected" in c.tags]
    frame.line(
        words.text(sidebar.model_name(row)),
        words.text(told.words),
        words.counted(f.n, "applicant"),
        words.counted(f.n_bad, "bad") if f.n_bad is not None else "no outcomes",
        "protected attributes were never given to the model"
        if not given
        else f"{words.text(words.listed(given))} is protected and given to the model",
    )


@st.fragment
def draw(row: Any, told: Any, asked: Asked) -> None:
    """Draw the cut-off and all that hangs on it; moving it draws only this anew."""
    cut_off = _slider(row.model_id, told.fairness)
    at = told.at(cut_off) if cut_off != told.fairness.cut_off else told
    f, by = at.fairness, asked.by
    with frame.rule("good", "fairness"):
        st.markdown(f"**{words.text(f.verdict(by))}**")
    left, right = st.columns(2, gap="medium")
    with left:
        frame.chart(charts.ratios(f, by), "air", "Approval rate of each group over the comparator's")
    with right:
        frame.chart(charts.over_cut_offs(f, by), "air_over", "The same ratio at every cut-off")
    _table(f, by)
    fairness_details.draw(at, by)
    with st.expander("What can and cannot be concluded", icon=":material/rule:", key="limits"):
        notes = (*(one.sentence for one in f.elderly), *at.notes, *f.limits, NOT_ADVICE)
        st.markdown("\n".join(f"- {words.text(note)}" for note in notes))
    file = asked.file.path if asked.file is not None else ""
    segment_words = at.words.partition(", where ")[2]
    elsewhere.fairness(row, _request(row, asked, segment_words), f, by, file)


def _slider(model_id: str, f: Any) -> float:
    """Draw the cut-off; return it, exactly the policy's where it was not moved.

    A cut-off set by hand is that of one model version, in the session and in the address: of another model
    it would say nothing, so that one opens at its own policy.
    """
    policy = f.cut_off
    top = float(max(f.over_cut_offs["cut_off"].quantile(0.99), policy)) if f.n else 1.0
    most = min(max(round(top * STEPS), round(policy * STEPS) + 1), STEPS)
    key, of_policy = f"cut_off_{model_id}", round(policy * STEPS) / 10
    start = st.session_state.get(key, _in_address(model_id, of_policy))
    if key not in st.session_state or start > most / 10:
        st.session_state[key] = min(max(start, 0.0), most / 10)
    left, middle, right = st.columns([12, 3, 9], vertical_alignment="center", gap="medium")
    with left:
        picked = st.slider(
            "Cut-off: approve below PD", 0.0, most / 10, step=0.1, format="%.1f%%", key=key,
            help=f"The model's policy approves below {policy:.4f}: {f.source}.",
        )  # fmt: skip
    moved = round(10 * picked) != round(policy * STEPS)
    if moved:
        st.query_params[session.CUT] = f"{model_id}:{picked / 100:.3f}"
        with middle:
            st.button("At the policy", key="at_policy", on_click=_move, args=(key, of_policy))
    else:
        st.query_params.pop(session.CUT, None)
    cut_off = picked / 100 if moved else policy
    with right:
        rate = f.at(cut_off).approval_rate if moved else f.approval_rate
        where = "chosen by hand" if moved else "the model's policy"
        st.markdown(
            f"**{words.percent(rate)}** of all are approved below {words.percent(cut_off, 2)} ({where})"
        )
    return cut_off


def _in_address(model_id: str, otherwise: float) -> float:
    """Return the cut-off in percent that the address carries for this model; `otherwise` where none."""
    of, _, value = st.query_params.get(session.CUT, "").rpartition(":")
    try:
        return round(float(value) * STEPS) / 10 if of == model_id else otherwise
    except (ValueError, OverflowError):  # of no number, and of an infinite one
        return otherwise


def _move(key: str, to: float) -> None:
    """Set the slider, before the page is drawn again."""
    st.session_state[key] = to


def _table(f: Any, by: str) -> None:
    """Draw the groups: sizes and approvals, then what the profile looks at first."""
    groups = f.of(by)
    heads = ["Group", "n", "Bads", "Approved", *(TITLES[name] for name in f.profile.first)]
    lines = []
    for row in groups.to_dict("records"):
        why = row["n_bad_reason"]
        bads = words.UNDEFINED if why else words.count(row["n_bad"])
        line: list[Cell] = [(row["group"], "the comparator" if row["is_reference"] else "", False)]
        line += [(words.count(row["n"]), "", False), (bads, why, False)]
        line += [fairness_details.cell(row, name) for name in ("approval_rate", *f.profile.first)]
        lines.append(line)
    st.html(beside(heads, lines), width="stretch")
    unknown = int(groups.loc[groups["group"] == UNKNOWN, "n"].sum())
    note = f"n {f.n:,}, 95% intervals" + (f", {unknown:,} of unknown group" if unknown else "")
    tables.downloads(groups, "fairness_groups", note)
