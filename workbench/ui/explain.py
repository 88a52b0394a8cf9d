"""The page Explain: what drives a model, over all rows of a sample or a segment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from workbench import charts
from workbench.dataset.segment import Segment
from workbench.run import Run
from workbench.ui import cache, elsewhere, explain_details, frame, score, segment, session, sidebar, words
from workbench.ui.session import Context

KINDS = {"interventional": "interventional values", "path-dependent": "path-dependent values"}
KIND_HELP = (
    "**Interventional**: what changes when a characteristic is set to the applicant's value while the others "
    "are the reference applicants'. **Path-dependent**: as the trees saw characteristics together; "
    "held against the rows the trees were grown on, so no reference group is chosen."
)


@dataclass(frozen=True)
class Asked:
    """What the page was asked for: which rows, which values, held against whom."""

    sample: str
    segment: Segment
    kind: str
    against: str


def model_of(context: Context) -> Any:
    """Return the version to explain, or draw what is missing and end the page."""
    return score.model_of(context, "What drives a model is shown here once there is one. ")


def line_ahead() -> Any:
    """Return the place of the line below the heading: what it says is known once rows are chosen."""
    return st.empty()


def choose(context: Context, row: Any) -> tuple[Any, Asked]:
    """Draw the choice of rows, segment, kind and reference; return the rows and what is asked."""
    explainer = explainer_of(row)
    default = rows_of(row, "")
    kind, against = explainer.kinds[0], next(iter(explainer.references))
    left, right = st.columns([6, 1], vertical_alignment="center", gap="small")
    with right, st.popover("Held against", type="tertiary", icon=":material/tune:", width="stretch"):
        sample = _pick(session.SAMPLE, "Rows", default.samples, default.sample, lambda s: f"{s} sample")
        if len(explainer.kinds) > 1:
            kind = _pick(session.KIND, "Values", explainer.kinds, kind, KINDS.__getitem__, KIND_HELP)
        if kind == "interventional":
            references = tuple(explainer.references)
            against = _pick(
                session.AGAINST, "Held against", references, against,
                lambda name: explainer.references[name].words,
            )  # fmt: skip
    found = default if sample == default.sample else rows_of(row, sample)
    with left:
        picked = segment.choose(context, found.frame, found.outcome)
    return found, Asked(sample, picked, kind, against)


def _pick(name: str, label: str, options: tuple[str, ...], first: str, words_for: Any, more: str = "") -> str:
    """Draw a choice that lives in the address; the first is not written there."""
    asked = st.query_params.get(name, "")
    chosen = asked if asked in options else first
    if len(options) < 2:
        return chosen
    picked = st.selectbox(
        label, options, options.index(chosen), format_func=words_for, key=f"explain_{name}_{chosen}",
        help=more or None,
    )  # fmt: skip
    if picked != chosen:
        _remember(name, picked if picked != first else "")
        st.rerun()
    return picked


def _remember(name: str, value: str) -> None:
    if value:
        st.query_params[name] = value
    else:
        st.query_params.pop(name, None)


def explainer_of(row: Any) -> Any:
    """Return what gives a verified model's exact values."""
    return cache.reasoner(row).explainer


def rows_of(row: Any, sample: str) -> Any:
    """Return the rows of a sample of the data a model was made from."""
    from workbench.desk import overviews

    return cache.once(
        ("sample rows", row.model_id, row.manifest_sha256, sample),
        "Loading the rows",
        lambda run: overviews.sample_rows(cache.desk(), row.model_id, sample),
    )


def overview(found: Any, asked: Asked) -> Any:
    """Return what drives the model on the rows that are asked for: found by its training or now."""
    from workbench.desk import explaining, overviews

    row, first = found.row, explainer_of(found.row)
    usual = Asked(row.reported, Segment(), first.kinds[0], next(iter(first.references)))

    def compute(run: Run) -> Any:
        kept = explaining.kept_overview(cache.desk(), row.model_id) if asked == usual else None
        if kept is not None and kept.kind == asked.kind:
            return kept
        return overviews.of(found, first, asked.segment, run, kind=asked.kind, against=asked.against)

    return cache.once(("overview", row.model_id, row.manifest_sha256, asked), "Explaining the rows", compute)


def line(place: Any, row: Any, told: Any) -> None:
    """Draw which values, on which rows, against whom."""
    how = "estimated" if told.estimated else "exact"
    with place.container():
        frame.line(
            words.text(sidebar.model_name(row)),
            f"{how} {told.kind} values by {told.method} on {told.rows_told}: {words.text(told.sample)}",
            told.bads,
            f"against {words.text(told.reference)}" if told.reference else "as the trees saw rows together",
        )


@st.fragment
def draw(context: Context, found: Any, told: Any, asked: Asked) -> None:
    """Draw importance beside one characteristic; choosing another draws only this anew."""
    names = list(told.importance["characteristic"])
    key = f"characteristic_{found.row.model_id}"
    if st.session_state.get(key) not in names:
        wanted = st.query_params.get(session.CHARACTERISTIC, "")
        st.session_state[key] = wanted if wanted in names else names[0]
    chosen = st.session_state[key]
    _remember(session.CHARACTERISTIC, chosen if chosen != names[0] else "")
    with frame.rule("good", "finding"):
        st.markdown(f"**{words.text(told.sentence())}**")
    left, right = st.columns([10, 11], gap="medium")
    with left:
        _swarm(told, chosen, key)
        explain_details.importance(told)
    with right:
        partner = _of_one(told, names, key)
        _points(context, found, told, asked, chosen, partner)
        _seen(told, chosen)
    explain_details.draw(found, told, asked, chosen)
    explain_details.trust(explainer_of(found.row))
    kind = asked.kind if asked.kind != "interventional" else ""
    against = asked.against if asked.against != "all" else ""
    said = str(asked.segment) if asked.segment else ""
    sample = asked.sample if asked.sample != found.row.reported else ""
    elsewhere.explanation(found.row, sample, said, kind, against)


def _swarm(told: Any, chosen: str, key: str) -> None:
    chart = f"swarm_{chosen}"

    def clicked() -> None:
        points = st.session_state[chart].selection.points
        if points:
            st.session_state[key] = points[0]["customdata"][0]

    st.plotly_chart(
        charts.swarm(told, selected=chosen, title="Importance: click a characteristic"),
        key=chart, width="stretch", on_select=clicked,
        selection_mode="points", alt="What each characteristic does to the applicants",
        config={"displaylogo": False, "displayModeBar": False},
    )  # fmt: skip


def _of_one(told: Any, names: list[str], key: str) -> str:
    """Draw the choice of the characteristic and of what colours it; return the latter."""
    one, two = st.columns(2, gap="small")
    with one:
        st.selectbox("Characteristic", names, key=key, format_func=lambda n: told.title(n))
    chosen = st.session_state[key]
    partners = list(told.partners(chosen)["characteristic"][:3])
    with two:
        if not partners:
            st.selectbox("Colour by (strongest partner)", ["acts with no other"], disabled=True)
            return ""
        asked = st.query_params.get(session.PARTNER, "")
        picked = st.selectbox(
            "Colour by (strongest partner first)", partners,
            partners.index(asked) if asked in partners else 0, format_func=lambda n: told.title(n),
            key=f"partner_{chosen}",
        )  # fmt: skip
    _remember(session.PARTNER, picked if picked != partners[0] else "")
    return picked


def _points(context: Context, found: Any, told: Any, asked: Asked, chosen: str, partner: str) -> None:
    """Draw the characteristic's values against what they do; a click on one opens its applicant."""
    shown = st.plotly_chart(
        charts.dependence(told, chosen, partner), key=f"points_{chosen}_{partner}", width="stretch",
        on_select="rerun", selection_mode="points", alt="Values of one characteristic against what they do",
        config={"displaylogo": False, "displayModeBar": False},
    )  # fmt: skip
    declared = told.monotonicity.set_index("characteristic").loc[chosen]
    st.caption(explain_details.monotone_words(declared))
    points = shown.selection.points
    if points:
        from workbench.explanation import nearest

        _, place, _, at, value = points[0]["customdata"]
        one = nearest(
            explainer_of(found.row), found.rows(asked.segment), chosen, int(place), at, value,
            kind=asked.kind, reference=asked.against,
        )  # fmt: skip
        position = found.inside(asked.segment)[one]
        query = context.query(model=found.row.model_id, row=found.key(int(position)))
        st.switch_page(sidebar.SCORE, query_params=query)


def _seen(told: Any, chosen: str) -> None:
    figure = charts.seen_against_predicted(told, chosen)
    frame.chart(figure, f"seen_{chosen}", "Bad rate seen and mean PD predicted by value")
