"""The page Train: families as cards, samples seen before they are used, one Spec in the end."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import streamlit as st

from workbench import charts
from workbench.families import FAMILIES
from workbench.sampling import SamplingSpec
from workbench.study import StudySpec
from workbench.training import TrainSpec
from workbench.ui import acknowledgement, cache, data_findings, frame, session, sidebar, spool, tables, words
from workbench.ui.session import Context

A_ROW = 3
FAR = 4.0
"""A training on so many times the rows, or so few, tells nothing of how long this one takes."""
SPLITS = ("70/30", "80/20", "70/15/15", "60/20/20", "55/15/15/15")
CALIBRATIONS = {
    "auto": "As the portfolio says",
    "sigmoid": "Sigmoid",
    "isotonic": "Isotonic (from 1,000 bads)",
    "none": "None",
}
WEIGHTS = {"none": "None", "balanced": "Balanced: bads as heavy as goods"}
PARTS = {
    2: "development / {last}",
    3: "development / validation / {last}",
    4: "development / validation / calibration / {last}",
}


def dataset(context: Context) -> Any:
    """Return the data to train on, or draw what is missing and end the page."""
    if context.data.startswith(spool.PREFIX):
        why = "The file has been brought, but its columns have no roles yet."
        query = context.query(step="roles")
        frame.empty("No data to train on", why, sidebar.DATA, "Go to its roles", "table", query)
    if not context.data:
        kept = cache.desk().registry.datasets()
        if kept:
            _take_up(context, kept)
        why = "A model is trained on a file that has been brought and checked."
        query = context.query(step="bring")
        frame.empty("No data to train on", why, sidebar.DATA, "Go to Data", "database", query)
    return cache.dataset(context.data, context.portfolio)


def _take_up(context: Context, kept: list[Any]) -> None:
    """Draw the choice among the data that were checked before, those of the portfolio first; end the page."""
    portfolio = cache.portfolio(context.portfolio)
    own = [row for row in kept if portfolio is not None and row.portfolio == portfolio.name]
    names = {
        row.sha256: f"{row.name}, {words.counted(row.rows, 'row')}, {words.percent(row.bad_rate)} bad"
        + ("" if own else f", {cache.portfolio_title(row)}")
        for row in own or kept
    }
    with st.container(border=True, key="empty", gap="small"):
        if own or portfolio is None:
            st.subheader(":material/inbox: No data chosen", anchor=False)
            st.markdown("These were checked before. Take one up, or bring another file.")
        else:
            st.subheader(f":material/inbox: No data of {words.text(portfolio.shown)}", anchor=False)
            st.markdown("Bring a file, or take up what was checked for another portfolio.")
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            picked = st.selectbox(
                "Data set", list(names), format_func=names.__getitem__, width=420, key="take_up"
            )
            ready, bring = ("primary", "secondary") if own or portfolio is None else ("secondary", "primary")
            if st.button("Train on it", icon=":material/folder_open:", type=ready, key="take_up_go"):
                row = next(row for row in kept if row.sha256 == picked)
                new = session.changed(
                    context, portfolio=f"{row.portfolio}@{row.portfolio_version}", data=picked
                )
                session.choose(portfolio=new.portfolio, data=new.data, model=new.model)
                st.rerun()
            if st.button("Go to Data", icon=":material/database:", type=bring, key="empty_go"):
                st.switch_page(sidebar.DATA, query_params=context.query(step="bring"))
    frame.end()


def line(dataset: Any) -> None:
    """Draw what is trained on."""
    known = int(dataset.known.sum())
    frame.line(
        words.text(dataset.portfolio.shown),
        words.text(dataset.source.name),
        f"{words.counted(known, 'row')} with a known outcome, {words.counted(dataset.n_bad, 'bad')} "
        f"({words.percent(dataset.bad_rate)})",
        words.counted(len(dataset.portfolio.characteristics), "characteristic"),
    )


def ask(context: Context, dataset: Any) -> None:
    """Draw the form and what would come out of it; start the job when asked to."""
    left, right = st.columns([6, 5], gap="large")
    with left:
        families = _families(dataset)
        sampling = _sampling(dataset)
        calibration, weights, seed = _advanced(dataset)
    asked = StudySpec(families, replace(sampling, seed=seed), calibration, seed, weights=weights)
    with right:
        samples = None
        with frame.errors():
            samples = _samples(dataset, asked.sampling)
        if samples is not None:
            _preview(samples)
            with frame.errors():
                for family in families:
                    TrainSpec.of(dataset.portfolio, family, calibration, seed, weights=weights)
                _start(context, dataset, asked)


def _families(dataset: Any) -> tuple[str, ...]:
    st.subheader("Families", anchor=False)
    chosen = []
    places = [place for _ in range(-(-len(FAMILIES) // A_ROW)) for place in st.columns(A_ROW, gap="small")]
    for place, family in zip(places, FAMILIES.values(), strict=False):
        with place.container(border=True, height="stretch", gap="xsmall"):
            default = family.name in dataset.portfolio.families
            if st.checkbox(f"**{family.title}**", default, key=f"family_{family.name}"):
                chosen.append(family.name)
            st.caption(_sentence(family.when))
            with st.popover("More", type="tertiary"):
                for label, said in (
                    ("For", family.purpose),
                    ("Strong", family.strengths),
                    ("Weak", family.limits),
                ):
                    st.markdown(f"**{label}.** {_sentence(said)}")
    return tuple(chosen)


def _sentence(said: str) -> str:
    said = said.strip()
    return words.text(said[:1].upper() + said[1:].rstrip(".") + ".") if said else ""


def _sampling(dataset: Any) -> SamplingSpec:
    """Draw the sampling form; returns its spec."""
    from workbench.sampling import suggest

    st.subheader("Samples", anchor=False)
    first = cache.once(
        ("suggest", dataset.sha256, dataset.portfolio.identity),
        "Looking at the dates",
        lambda run: suggest(dataset),
    )
    kinds = ["out-of-time"] if dataset.date is not None else []
    kinds += ["grouped", "random"] if dataset.group is not None else ["random"]
    kind = st.radio(
        "How",
        kinds,
        kinds.index(first.kind) if first.kind in kinds else 0,
        horizontal=True,
        key="sampling_kind",
        format_func={
            "random": "Random, stratified by outcome",
            "grouped": "Grouped: all rows of a customer in one sample",
            "out-of-time": "Out-of-time: the latest applicants test it",
        }.get,
        label_visibility="collapsed",
    )
    if dataset.date is None:
        st.caption("No column has the role date, so an out-of-time sample is not possible.")
    default = dataset.portfolio.sampling.split
    splits = list(dict.fromkeys([default, *SPLITS]))
    left, right = st.columns([3, 2])
    last = "out-of-time" if kind == "out-of-time" else "hold-out"
    split = left.selectbox("Shares in %", splits, format_func=lambda s: _split_words(s, last), key="split")
    start = ""
    if kind == "out-of-time":
        start = _out_of_time_from(right, dataset, first)
    return SamplingSpec.from_split(split, kind, dataset.portfolio.sampling.seed, out_of_time_from=start)


def _advanced(dataset: Any) -> tuple[str, str, int]:
    """Draw what has a good default; returns the calibration, the weights and the seed."""
    portfolio = dataset.portfolio
    with st.expander("Calibration, weights and seed"):
        a, b, c = st.columns([5, 5, 3])
        calibration = a.selectbox(
            "Calibration",
            list(CALIBRATIONS),
            format_func=CALIBRATIONS.get,
            key="calibration",
            help="How PDs are brought to the rates seen on rows the model was not fitted on. Where the "
            "portfolio says nothing it is sigmoid.",
        )
        weights = b.selectbox(
            "Weights",
            list(WEIGHTS),
            list(WEIGHTS).index(portfolio.weights),
            format_func=WEIGHTS.get,
            key="weights",
            help="Balanced weights leave the ranking much as it is and make the PDs far too high; "
            "calibration brings them back. The result shows the mean PD before and after.",
        )
        seed = c.number_input("Seed", 0, 2**31 - 1, portfolio.sampling.seed, step=1, key="seed")
    # what the portfolio says is left to it: the same asked here and by the command line is the same study
    return calibration, "" if weights == portfolio.weights else weights, int(seed)


def _split_words(split: str, last: str) -> str:
    return f"{split} {PARTS[split.count('/') + 1].format(last=last)}"


def _out_of_time_from(place: Any, dataset: Any, first: Any) -> str:
    """Draw the date from which applicants are out-of-time; "" leaves it to the shares."""
    low, high = dataset.date.min().date(), dataset.date.max().date()
    value = first.out_of_time_from or None
    picked = place.date_input(
        "From (empty: by the share)", value, low, high, key="out_of_time_from", format="YYYY-MM-DD"
    )
    return picked.isoformat() if picked else ""


def _samples(dataset: Any, spec: Any) -> Any:
    from workbench.sampling import draw

    return cache.once(
        ("samples", dataset.sha256, dataset.portfolio.identity, spec),
        "Drawing the samples",
        lambda run: draw(dataset, spec),
    )


def _preview(samples: Any) -> None:
    """Draw the sizes that would come out."""
    if samples.by_month.empty:
        frame.chart(charts.sample_sizes(samples), "sample_sizes", "Rows and bads in each sample")
    else:
        frame.chart(charts.by_month(samples), "by_month", "Rows and bad rate by month and sample")
    sizes = samples.sizes
    tables.show(
        sizes.assign(
            interval=[words.percent_interval(*p) for p in zip(sizes["low"], sizes["high"], strict=True)]
        ),
        "samples",
        {
            "sample": "Sample",
            "n": tables.number("Rows"),
            "n_bad": tables.number("Bads"),
            "bad_rate": tables.Share("Bad rate"),
            "interval": "95% interval",
        },
        note=f"Out-of-time from {samples.out_of_time_from}"
        if samples.out_of_time_from
        else f"Seed {samples.spec.seed}",
    )


def _start(context: Context, dataset: Any, asked: StudySpec) -> None:
    """Draw the button that starts the job, or what stands in its way."""
    blocking = data_findings.found(context, dataset).blocking()
    if blocking:
        columns = dict.fromkeys(f.column or f.code for f in blocking)
        names = words.listed([data_findings.named(dataset.portfolio, name) for name in columns], 6)
        with frame.rule("block", "train"):
            st.markdown(
                f"**{words.counted(len(blocking), 'finding')} must be mended first**: {words.text(names)}"
            )
            if st.button("Go to the findings", icon=":material/rule:", type="primary", key="to_findings"):
                st.switch_page(sidebar.DATA, query_params=context.query(step="findings"))
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        count = words.counted(len(asked.families), "family", "families")
        pressed = st.button(
            f"Train {count}",
            type="primary",
            icon=":material/play_arrow:",
            disabled=not asked.families,
            key="train",
        )
        st.caption(
            estimate(dataset, len(asked.families)) if asked.families else "Choose at least one family."
        )
    deploy = st.checkbox(
        "Make the best the champion if it beats the present one",
        key="deploy",
        help="It must pass its gate and rank the same held-out rows better, beyond noise. Either answer is "
        "kept in the trail.",
    )
    if pressed:
        st.query_params[session.JOB] = _enqueue(dataset, asked, deploy)
        st.rerun()


def _enqueue(dataset: Any, asked: StudySpec, deploy: bool) -> str:
    reasons = tuple((code, column, why) for (code, column), why in acknowledgement.of(dataset).items())
    desk = cache.desk()
    request = replace(desk.request(dataset, replace(asked, acknowledged=reasons)), deploy=deploy)
    count = words.counted(len(asked.families), "family", "families")
    title = f"Train {count} of {dataset.portfolio.shown}"
    job_id = cache.queue().enqueue_train(request, desk.settings, desk.who, title=title)
    cache.keep_worker()
    return job_id


def estimate(dataset: Any, families: int) -> str:
    """Return about how long it will take, from the training here whose data were nearest in size."""
    known = {row.sha256: row.rows for row in cache.desk().registry.datasets()}
    seconds = {}
    for job in cache.recent_jobs():
        told = job.result if job.kind == "train" and job.state == "done" else None
        rows = known.get(told["dataset_sha256"], 0) if told and told.get("seconds") else 0
        if rows:
            ratio = dataset.n / rows
            each = told["seconds"] / max(len(told["models"]), 1)
            seconds.setdefault(abs(math.log(ratio)), families * each * ratio)
    if not seconds:
        return "The first training on a machine takes some seconds more."
    near = min(seconds)
    if near > math.log(FAR):
        return "No training of about this size has run here yet."
    return f"About {words.duration(seconds[near])}, going by a training of about this size here."
