"""Chapters of the report on data quality about values: what each column holds, and what it says of bad."""

from __future__ import annotations

import pandas as pd

from workbench import charts
from workbench.reports.block import Block, decimals, described_table, heading, percent, prose, table, whole
from workbench.reports.examined import Examined, extract_chapter

DRAWN = 6
BINS_OF = 12


@extract_chapter
def holdings(of: Examined) -> Block:
    """Tell missing values, special codes and ranges of each characteristic."""
    held = of.holdings.copy()
    held["title"] = [
        f"{t} (protected)" if p else t for t, p in zip(held["title"], held["protected"], strict=True)
    ]
    held["codes"] = held["codes"].replace("", "none")
    columns = {
        "title": ("characteristic", None),
        "n": ("rows", whole),
        "missing": ("missing", whole),
        "missing_share": ("share", percent),
        "low": ("from", percent),
        "high": ("to (95%)", percent),
        "special": ("special codes", whole),
        "codes": ("which, with their rows", None),
    }
    order = (-held["missing"]).argsort(kind="stable")
    absent, coded = int((held["missing"] > 0).sum()), int((held["special"] > 0).sum())
    told = prose(
        f"Of {_counted(held)}, with missing values: {absent}; with values that the portfolio "
        f"declares as special codes: {coded}. Every share is of the {of.dataset.n:,} rows kept.",
    )
    parts = [heading("Missing values and special codes"), told, table(held.iloc[order], columns)]
    return Block((*parts, *_quantities(held), *_categories(held)))


def _counted(held: pd.DataFrame) -> str:
    """Return how many columns were looked at, protected ones told apart: no model is fitted on them."""
    apart = int(held["protected"].sum())
    return f"{len(held) - apart} characteristics" + (f" and {apart} protected" if apart else "")


def _quantities(held: pd.DataFrame) -> list[str]:
    frame = held[held["kind"].isin(["number", "date"]) & held["lowest"].notna()]
    if frame.empty:
        return []
    strange = int((frame["strange"] > 0).sum())
    told = prose(
        "Without missing values and special codes.",
        f"{strange} of {len(frame)} hold values outside the range that the portfolio declares."
        if strange
        else "None holds a value outside the range that the portfolio declares, where it declares one.",
    )
    columns = {
        "title": ("characteristic", None),
        "lowest": ("lowest", _right),
        "low_1": ("1% below", _right),
        "middle": ("median", _right),
        "high_99": ("1% above", _right),
        "highest": ("highest", _right),
        "distinct": ("distinct", whole),
        "declared": ("declared", None),
        "strange": ("outside", whole),
    }
    return [heading("Ranges"), told, table(frame, columns, (frame["strange"] > 0).tolist())]


def _right(value: object) -> str:
    return str(value)


def _categories(held: pd.DataFrame) -> list[str]:
    frame = held[held["kind"].isin(["category", "flag"])]
    if frame.empty:
        return []
    columns = {
        "title": ("characteristic", None),
        "distinct": ("distinct values", whole),
        "commonest": ("most common (share of those not missing)", None),
        "declared": ("declared", None),
        "strange": ("rows not declared", whole),
    }
    return [heading("Categories"), table(frame, columns, (frame["strange"] > 0).tolist())]


@extract_chapter
def profiles(of: Examined) -> Block:
    """Tell what each characteristic says of bad when it is looked at alone, bin by bin."""
    described, rate = of.profile.characteristics, of.bad_rate
    basis = f"{rate.n:,} rows with a known outcome, {rate.n_bad:,} of them bad"
    told = prose(
        f"Sorted by information value (IV), on {basis}.",
        "By convention an IV below .02 is useless, to .1 weak, to .3 medium, to .5 strong; above that, look "
        "for leakage. By chance alone so many bins would have the IV in the last column.",
    )
    by_chance = {"iv_by_chance": ("by chance", decimals(3))}
    parts: list[object] = [told, described_table(described, by_chance), heading("The strongest, drawn")]
    head = list(described.head(DRAWN).itertuples())
    parts.append(
        prose(
            f"Bad rate by bin with its 95% interval of the {len(head)} strongest, on {basis}.", kind="caption"
        )
    )
    parts += [charts.profile_bins(of.profile.of(row.characteristic), row.title) for row in head]
    return Block((*parts, *_bins(of)))


def _bins(of: Examined) -> list[str]:
    described = of.profile.characteristics
    shown = described.head(BINS_OF)
    titles = dict(zip(described["characteristic"], described["title"], strict=True))
    frame = of.profile.bins[of.profile.bins["characteristic"].isin(shown["characteristic"])].copy()
    again = frame["characteristic"].eq(frame["characteristic"].shift())
    frame["title"] = frame["characteristic"].map(titles).where(~again, "")
    columns = {
        "title": ("characteristic", None),
        "label": ("bin", None),
        "n": ("rows", whole),
        "n_bad": ("bads", whole),
        "bad_rate": ("bad rate", percent),
        "low": ("from", percent),
        "high": ("to (95%)", percent),
        "woe": ("WoE", decimals(2)),
        "iv": ("IV", decimals(4)),
    }
    left = len(described) - len(shown)
    told = prose(
        "WoE is the logarithm of the share of goods over the share of bads in a bin: above 0 it is safer "
        "than the average.",
        f"Of the {len(shown)} strongest; the bins of {left} weaker ones are left out." if left else "",
    )
    return [heading("Bin by bin"), told, table(frame, columns)]
