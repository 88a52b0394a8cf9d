"""Train, below the cards: the curves and tables of a kept study, a tab a question."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from workbench import charts
from workbench.evaluation import Evaluation
from workbench.families import FAMILIES
from workbench.ui import frame, tables, words

AT_CUT_OFF = (
    ("accuracy", "decided right, of all applicants"),
    ("precision", "bads among those not approved"),
    ("recall", "not approved, of all bads"),
    ("specificity", "approved, of all goods"),
    ("f1", "mean of precision and recall, harmonic"),
    ("approval_rate", "approved, of all applicants"),
    ("bad_rate_approved", "bads among those approved"),
)
BESIDE = ("auc", "gini", "ks", "average_precision", "brier", "log_loss", "ece")
ERRORS = {
    "standard_error": st.column_config.NumberColumn("Standard error", format="%.3f", width=100),
    "p_value": st.column_config.NumberColumn("p", format="%.3f", width=55),
}
RAISES = {"raises": "raises the risk", "lowers": "lowers the risk"}


def draw(study: Any) -> None:
    """Draw what is behind the cards; one choice says which model the tabs of one model show."""
    trained = [m for m in study.models if not m.error]
    if not trained:
        return
    one = _picked(trained, study.best)
    names = ["ROC and gains", "KS", "Calibration", "Cut-off", "Deciles", "Characteristics"]
    names += ["Coefficients"] if len(one.coefficients) else []
    names += ["Points"] if len(one.card) else []
    tabs = dict(zip([*names, "Against baselines"], st.tabs([*names, "Against baselines"]), strict=True))
    note = f"{study.reported.capitalize()} sample"
    evaluations = {m.title: m.evaluation for m in trained}
    with tabs["ROC and gains"]:
        _curves(evaluations, note)
    with tabs["KS"]:
        _ks(one, note)
    with tabs["Calibration"]:
        frame.chart(
            charts.calibration(evaluations), "calibration", "Bad rate seen against PD predicted", note
        )
    with tabs["Cut-off"]:
        _cut_off(one, note)
    with tabs["Deciles"]:
        _deciles(one, note)
    with tabs["Characteristics"]:
        if one.unexplained:
            st.caption(words.text(f"Not explained while it was trained: {one.unexplained}"))
        _drivers(one)
    if len(one.coefficients):
        with tabs["Coefficients"]:
            _coefficients(study.portfolio, one)
    if len(one.card):
        with tabs["Points"]:
            _points(study.portfolio, one)
    with tabs["Against baselines"]:
        _beside(study)


def _picked(trained: list[Any], best: str) -> Any:
    """Draw the choice of model where there are several; returns the model."""
    if len(trained) == 1:
        return trained[0]
    titles = [m.title for m in trained]
    default = next(m.title for m in trained if m.family == best)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("Details of", width="content")
        picked = st.segmented_control(
            "Details of",
            titles,
            default=default,
            required=True,
            key="details_of",
            label_visibility="collapsed",
        )
    return next(m for m in trained if m.title == picked)


def _curves(evaluations: dict[str, Evaluation], note: str) -> None:
    left, right = st.columns(2)
    with left:
        frame.chart(
            charts.roc(evaluations), "roc", "Share of bads caught against share of goods flagged", note
        )
    with right:
        frame.chart(charts.gains(evaluations), "gains", "Share of bads among the riskiest applicants", note)


def _ks(one: Any, note: str) -> None:
    """Draw goods and bads by PD, and how the figures hold from sample to sample."""
    left, right = st.columns([7, 6], gap="medium")
    with left:
        frame.chart(
            charts.ks(one.evaluation),
            "ks",
            "Goods and bads at or above each PD",
            f"{one.title}, {note.lower()}",
        )
    with right:
        st.markdown("**The same model, sample by sample**")
        by = one.evaluations
        tables.show(
            pd.DataFrame(
                {
                    "sample": [name.capitalize() for name in by],
                    "ks": [e.shown("ks") for e in by.values()],
                    "auc": [e.shown("auc") for e in by.values()],
                    "n": [e.n for e in by.values()],
                    "n_bad": [e.n_bad for e in by.values()],
                }
            ),
            "by_sample",
            {
                "sample": st.column_config.TextColumn("Sample", width=95),
                "ks": "KS x 100",
                "auc": "AUC",
                "n": tables.number("Rows", width=60),
                "n_bad": tables.number("Bads", width=55),
            },
            note="95% intervals; the model was fitted on development",
        )


def _cut_off(one: Any, note: str) -> None:
    """Draw who is approved and how each ended, and what that cut-off does."""
    e = one.evaluation
    if e.confusion.empty:
        st.caption("No cut-off was given, so that no decision can be counted.")
        return
    st.markdown(
        f"**Approved below a PD of {words.percent(e.cut_off)}** "
        f":gray[{words.text(words.sentence(e.cut_off_source))}]"
    )
    left, right = st.columns([5, 6], gap="medium")
    with left:
        cells = e.confusion.assign(
            decision=e.confusion["decision"].str.capitalize(),
            bad_rate=e.confusion["bads"] / (e.confusion["goods"] + e.confusion["bads"]),
        )
        tables.show(
            cells,
            "confusion",
            {
                "decision": "Decision",
                "goods": tables.number("Goods", "%,.0f"),
                "bads": tables.number("Bads", "%,.0f"),
                "n": tables.number("Rows"),
                "bad_rate": tables.Share("Bad rate"),
            },
            note=f"{one.title}, {note.lower()}; flagged means not approved",
        )
    with right:
        measured = [(name, said, e.measure(name)) for name, said in AT_CUT_OFF]
        tables.show(
            pd.DataFrame(
                {
                    "measure": [words.measure_title(name).split(" (")[0] for name, _, _ in measured],
                    "value": [e.shown(name) for name, _, _ in measured],
                    "said": [said for _, said, _ in measured],
                    "n": [m.n for _, _, m in measured],
                }
            ),
            "at_cut_off",
            {
                "measure": st.column_config.TextColumn("Measure", width=150),
                "value": st.column_config.TextColumn("Value", width=140),
                "said": "What it is",
                "n": tables.number("Rows", width=60),
            },
            note="95% intervals in brackets; bad is what is looked for",
        )


def _deciles(one: Any, note: str) -> None:
    tenths = one.evaluation.tenths
    left, right = st.columns([5, 7])
    with left:
        frame.chart(charts.deciles(one.evaluation), "deciles", "Bad rate by decile of PD", note)
    with right:
        tables.show(
            tenths.assign(interval=list(map(words.percent_interval, tenths["low"], tenths["high"]))),
            "decile_table",
            {
                "decile": tables.number("Decile", width=55),
                "n": tables.number("Rows", width=60),
                "bads": tables.number("Bads", "%,.0f", width=55),
                "bad_rate": tables.Share("Bad rate", width=70),
                "interval": st.column_config.TextColumn("95% interval", width=105),
                "mean_p_bad": tables.Share("Mean PD", width=72),
                "cumulative_bads": tables.Share("Bads so far", width=85),
                "lift": st.column_config.NumberColumn("Lift", format="%.2f", width=50),
                "ks": tables.Share("Distance", width=72),
            },
            note=f"{one.title}, riskiest first; {note.lower()}",
            whole=tenths,
        )


def _drivers(one: Any) -> None:
    left, right = st.columns([5, 8])
    with left:
        frame.chart(charts.importance(one.importance), "importance", "Characteristics by importance")
    with right:
        tables.show(
            one.importance,
            "importance_table",
            {
                "title": st.column_config.TextColumn("Characteristic", width=160),
                "share": tables.Share("Share", width=60),
                "effect": st.column_config.TextColumn("Effect", width=60),
                "detail": st.column_config.TextColumn("Detail", width=400),
            },
            note=f"{one.title}, by the {FAMILIES[one.family].importance_title}; effect: what a higher "
            "value, or the attributes named, do to the risk",
        )


def labelled(portfolio: Any, coefficients: pd.DataFrame) -> pd.DataFrame:
    """Return the coefficients with the portfolio's titles and labels, and the effect in words."""
    shown = [portfolio.characteristic(name) for name in coefficients["characteristic"]]
    details = [
        one.label(detail.removeprefix("= ")) if detail.startswith("= ") else detail
        for one, detail in zip(shown, coefficients["detail"], strict=True)
    ]
    titles = [one.shown for one in shown]
    return coefficients.assign(
        title=titles,
        detail=details,
        label=[
            title if detail in ("", "WoE") else f"{title}: {detail}"
            for title, detail in zip(titles, details, strict=True)
        ],
        said=coefficients["effect"].map(RAISES).fillna("no effect"),
    )


def _coefficients(portfolio: Any, one: Any) -> None:
    """Draw every coefficient, largest first, with what it does to the risk."""
    told = labelled(portfolio, one.coefficients)
    left, right = st.columns([6, 7])
    with left:
        frame.chart(charts.coefficients(told), "coefficients", "The largest coefficients")
    with right:
        errors = [name for name in ("standard_error", "p_value") if name in told]
        tables.show(
            told[["column", "title", "detail", "coefficient", *errors, "effect", "said"]],
            "coefficient_table",
            {
                "title": st.column_config.TextColumn("Characteristic", width=180),
            }
            # of a scorecard each characteristic has one column, its WoE
            | ({} if errors else {"detail": st.column_config.TextColumn("Column of the design", width=190)})
            | {
                "coefficient": st.column_config.NumberColumn("Coefficient", format="%.3f", width=85),
            }
            | {name: ERRORS[name] for name in errors}
            | {"said": st.column_config.TextColumn("Effect", width=110)},
            most=400,
            note="What one WoE more does to the log-odds of bad; p values do not know that characteristics "
            + ("were chosen, and count rows, not customers" if portfolio.group else "were chosen")
            if errors
            else "Numbers are clipped and standardised; no intervals, as the fit is penalised",
        )


def _points(portfolio: Any, one: Any) -> None:
    """Draw a scorecard: the points of each bin, and why each characteristic is in it or not."""
    left, right = st.columns([8, 5], gap="medium")
    with left:
        tables.show(
            one.card,
            "points_table",
            {
                "title": st.column_config.TextColumn("Characteristic", width=165),
                "label": st.column_config.TextColumn("Bin", width=170),
                "points": tables.number("Points", width=55),
                "n": tables.number("Rows", width=60),
                "share": tables.Share("Share", width=60),
                "bad_rate": tables.Share("Bad rate", width=65),
                "woe": st.column_config.NumberColumn("WoE", format="%.3f", width=60),
            },
            note=f"{one.title}, development sample; more points are safer, and the sum is the score"
            + ("; intervals in its files count rows, not customers" if portfolio.group else ""),
        )
    with right:
        tables.show(
            one.selection,
            "selection",
            {
                "title": st.column_config.TextColumn("Characteristic", width=165),
                "iv": st.column_config.NumberColumn("IV", format="%.3f", width=55),
                "reason": st.column_config.TextColumn("In the card, or why not", width=230),
            },
            note=f"{one.selection['chosen'].sum()} of {len(one.selection)} characteristics are in the card",
        )


def _beside(study: Any) -> None:
    """Draw models and baselines on the same rows, each figure with its interval."""
    lines = [(m.title, m.evaluation) for m in study.models if not m.error]
    lines += [(name, by[study.reported]) for name, by in study.baselines.items()]
    shown = pd.DataFrame([{"model": title} | {name: e.shown(name) for name in BESIDE} for title, e in lines])
    first = lines[0][1]
    tables.show(
        shown,
        "baselines",
        {"model": st.column_config.TextColumn("Model or baseline", width=215)}
        | {name: words.measure_title(name) for name in BESIDE},
        whole=study.table(),
        note=f"The same {words.count(first.n)} rows with {words.count(first.n_bad)} bads; "
        f"{study.reported} sample, 95% intervals in brackets",
    )
