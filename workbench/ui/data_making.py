"""Data that need no file: made for a shipped portfolio, or fetched from where a public set is published."""

from __future__ import annotations

from typing import Any

import streamlit as st

from workbench.ui import cache, frame, session, words

MOST_ROWS = 1_000_000


def made(key: str, kind: str = "secondary") -> Any | None:
    """Draw the form that makes a portfolio's data; returns the data set once it is kept."""
    from workbench.synthetic import RECIPES

    titles = {name: _title(name) for name in RECIPES}
    names = sorted(titles, key=lambda name: name != "consumer_credit")
    name = st.selectbox("Portfolio", names, format_func=titles.__getitem__, key=f"{key}_portfolio")
    left, right = st.columns(2, gap="small")
    rows = left.number_input(
        "Rows", 100, MOST_ROWS, RECIPES[name].rows, step=1000, key=f"{key}_rows_{name}", format="%d"
    )
    seed = right.number_input("Seed", 0, 2**31 - 1, 42, step=1, key=f"{key}_seed", format="%d")
    st.caption(
        f"Invented applicants over 24 months, {_families(name)}. The same rows and seed: the same data."
    )
    place = st.empty()
    if not st.button("Make the data", icon=":material/casino:", key=f"{key}_go", type=kind):
        return None
    with frame.errors(), place:
        return _taken(
            cache.once(
                ("made", name, int(rows), int(seed)),
                f"Making {words.counted(int(rows), 'row')}",
                lambda run: cache.desk().keep_generated(name, int(rows), int(seed), run),
            )
        )
    return None


def public(key: str, kind: str = "secondary") -> Any | None:
    """Draw the form that fetches a public set; returns the data set once it is kept."""
    from workbench.intake.public_sets import public_sets

    sets = {one.name: one for one in public_sets()}
    name = st.selectbox("Set", list(sets), format_func=lambda n: sets[n].title, key=f"{key}_set")
    st.caption(words.text(sets[name].description))
    st.caption(
        f"{words.text(sets[name].source)}. Fetched from {words.text(sets[name].address)}; nothing is sent "
        "but the request."
    )
    place = st.empty()
    if not st.button("Fetch it", icon=":material/cloud_download:", key=f"{key}_go", type=kind):
        return None
    with frame.errors(), place:
        return _taken(
            cache.once(
                ("public", name),
                f"Fetching {sets[name].title}",
                lambda run: cache.desk().keep_public(name, run),
            )
        )
    return None


def _taken(dataset: Any) -> Any:
    """Look at the data that came; the model of another portfolio is let go."""
    session.choose(portfolio=dataset.portfolio.identity, data=dataset.sha256, model="")
    session.notify(
        f"{dataset.source.name}: {words.counted(dataset.n, 'row')}, "
        f"{words.counted(dataset.n_bad, 'bad')} ({words.percent(dataset.bad_rate)})."
    )
    return dataset


def _title(name: str) -> str:
    found = cache.portfolio(name)
    return found.shown if found else name


def _families(name: str) -> str:
    found = cache.portfolio(name)
    return f"for {words.listed([cache.family_title(family) for family in found.families])}" if found else ""
