"""Data, step 4: each characteristic for goods and bads."""

from __future__ import annotations

from typing import Any

import streamlit as st

from workbench import charts
from workbench.ui import cache, data, frame, tables, words
from workbench.ui.session import Context


def draw(context: Context) -> None:
    """Draw the characteristics sorted by IV, and the one that is picked."""
    dataset = data.checked(context)
    data.accounts(dataset)
    profile = of(dataset)
    left, right = st.columns([9, 14], gap="large")
    with left:
        picked = _characteristics(profile)
        data.to_train(context, ready=True)
    with right:
        _one(dataset, profile, picked)


def of(dataset: Any) -> Any:
    """Return the profile of a data set."""
    from workbench.profile import profile

    return cache.once(
        ("profile", dataset.sha256, dataset.portfolio.identity),
        "Profiling the characteristics",
        lambda run: profile(dataset, run),
    )


def _characteristics(profile: Any) -> str:
    """Draw the table of characteristics; returns the one to look at."""
    shown = profile.characteristics
    names = list(shown["characteristic"])
    titles = dict(zip(names, shown["title"], strict=True))
    picked = st.selectbox("Characteristic", names, format_func=titles.__getitem__, key="characteristic")
    tables.show(
        shown.assign(words=shown["iv_words"].str.split(":").str[0]),
        "characteristics",
        {
            "title": st.column_config.TextColumn("Characteristic", width=165),
            "iv": st.column_config.ProgressColumn(
                "IV", format="%.3f", min_value=0, max_value=_most(shown["iv"]), width=90
            ),
            "words": "In words",
            "missing": tables.Share("Missing"),
        },
        most=470,
        note="By information value (IV); words by convention",
    )
    return picked or names[0]


def _most(iv: Any) -> float:
    top = iv.max()
    return float(top) if top == top and top > 0 else 1.0


def _one(dataset: Any, profile: Any, name: str) -> None:
    """Draw one characteristic: its bins with bad rates, and the table behind them."""
    bins = profile.of(name)
    title = dataset.portfolio.characteristic(name).shown
    frame.chart(
        charts.profile_bins(bins, title), f"bins_{name}", f"Bad rate and share of rows by bin of {title}"
    )
    tables.show(
        bins.assign(
            interval=[words.percent_interval(*p) for p in zip(bins["low"], bins["high"], strict=True)]
        ),
        f"profile_{name}",
        {
            "label": st.column_config.TextColumn("Bin", width=170),
            "n": tables.number("Rows"),
            "share": tables.Share("Share"),
            "n_bad": tables.number("Bads"),
            "bad_rate": tables.Share("Bad rate"),
            "interval": "95% interval",
            "woe": st.column_config.NumberColumn("WoE", format="%.3f"),
            "iv": st.column_config.NumberColumn("IV", format="%.4f"),
        },
        most=330,
        note=f"n {words.count(bins['n'].sum())}, bads {words.count(bins['n_bad'].sum())}; "
        "a WoE above 0 is safer than average",
    )
