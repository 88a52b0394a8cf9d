"""The page Train: families as cards, samples seen before they are used, one Spec in the end."""

from __future__ import annotations

from typing import Any

import streamlit as st

from workbench import charts
from workbench.families import FAMILIES
from workbench.ui import acknowledgement, cache, data_findings, frame, session, sidebar, spool, tables, words
from workbench.ui.session import Context

SPLITS = ("70/30", "80/20", "70/15/15", "60/20/20", "55/15/15/15")
CALIBRATIONS = {
    "auto": "As the portfolio says, or sigmoid",
    "sigmoid": "Sigmoid",
    "isotonic": "Isotonic (1,000 bads or more)",
    "none": "None",
}
PARTS = {
    2: "development / {last}",
    3: "development / validation / {last}",
    4: "development / validation / calibration / {last}",
}


def dataset(context: Context) -> Any:
    """Return the data to train on, or draw what is missing and end the page."""
    if not context.data or context.data.startswith(spool.PREFIX):
        why = (
            "The file has been brought, but its columns have no roles yet."
            if context.data
            else "A model is trained on a file that has been brought and checked."
        )
        query = context.query(step="roles" if context.data else "bring")
        frame.empty("No data to train on", why, sidebar.DATA, "Go to Data", "database", query)
    return cache.dataset(context.data, context.portfolio)


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
        spec, calibration, seed = _sampling(dataset)
    with right:
        samples = None
        with frame.errors():
            samples = _samples(dataset, spec)
        if samples is not None:
            _preview(samples)
            _start(context, dataset, families, spec, calibration, seed)


def _families(dataset: Any) -> tuple[str, ...]:
    st.subheader("Families", anchor=False)
    chosen = []
    for column, family in zip(st.columns(len(FAMILIES)), FAMILIES.values(), strict=True):
        with column.container(border=True, height="stretch", gap="xsmall"):
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


def _sampling(dataset: Any) -> tuple[Any, str, int]:
    """Draw the sampling form; returns the spec, the calibration and the seed."""
    from workbench.sampling import SamplingSpec, suggest

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
    with st.expander("Calibration and seed"):
        a, b = st.columns([3, 2])
        calibration = a.selectbox(
            "Calibration", list(CALIBRATIONS), format_func=CALIBRATIONS.get, key="calibration"
        )
        first_seed = dataset.portfolio.sampling.seed
        seed = int(b.number_input("Seed", 0, 2**31 - 1, first_seed, step=1, key="seed"))
    return SamplingSpec.from_split(split, kind, seed, out_of_time_from=start), calibration, seed


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


def _start(
    context: Context, dataset: Any, families: tuple[str, ...], spec: Any, calibration: str, seed: int
) -> None:
    """Draw the button that starts the job, or what stands in its way."""
    blocking = data_findings.found(context, dataset).blocking()
    if blocking:
        names = words.listed(list(dict.fromkeys(f.column or f.code for f in blocking)), 6)
        with frame.rule("block", "train"):
            st.markdown(
                f"**{words.counted(len(blocking), 'finding')} must be mended first**: {words.text(names)}"
            )
            if st.button("Go to the findings", icon=":material/rule:", type="primary", key="to_findings"):
                st.switch_page(sidebar.DATA, query_params=context.query(step="findings"))
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        count = words.counted(len(families), "family", "families")
        pressed = st.button(
            f"Train {count}", type="primary", icon=":material/play_arrow:", disabled=not families, key="train"
        )
        st.caption(estimate(dataset, len(families)) if families else "Choose at least one family.")
    deploy = st.checkbox(
        "Make the best the champion if it beats the present one",
        key="deploy",
        help="It must pass its gate and rank the same held-out rows better, beyond noise. Either answer is "
        "kept in the trail.",
    )
    if pressed:
        st.query_params[session.JOB] = _enqueue(
            context, dataset, families, spec, calibration, seed, deploy=deploy
        )
        st.rerun()


def _enqueue(
    context: Context, dataset: Any, families: tuple[str, ...], spec: Any, calibration: str, seed: int
) -> str:
    from workbench.study import StudySpec

    reasons = tuple((code, column, why) for (code, column), why in acknowledgement.of(dataset).items())
    desk = cache.desk()
    request = desk.request(dataset, StudySpec(families, spec, calibration, seed, reasons))
    title = f"Train {words.counted(len(families), 'family', 'families')} of {dataset.portfolio.shown}"
    job_id = cache.queue().enqueue_train(request, desk.settings, desk.who, title=title)
    cache.keep_worker()
    return job_id


def estimate(dataset: Any, families: int) -> str:
    """Return about how long it will take, from the last training on this machine."""
    for job in cache.recent_jobs():
        if job.kind == "train" and job.state == "done" and job.result and job.result.get("seconds"):
            models = max(len(job.result["models"]), 1)
            row = cache.dataset_row(job.result["dataset_sha256"])
            if row is not None and row.rows:
                seconds = job.result["seconds"] * dataset.n / row.rows * families / models
                return f"About {words.duration(seconds)}, going by the last training here."
    return "The first training on a machine takes some seconds more."
