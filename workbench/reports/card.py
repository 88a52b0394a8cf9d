"""A scorecard's points table and why its characteristics are in it, as report parts."""

from __future__ import annotations

import re

from workbench.evaluation import format_p
from workbench.reports.block import decimals, heading, percent, prose, table, whole
from workbench.study import StudyModel

WITH = re.compile(r" with (.+),(?= which is stronger)")
"""Where the reason that a characteristic is left out names the column of another."""


def card_parts(model: StudyModel) -> list[str]:
    """Return the points table, the selection and the coefficients of a scorecard, each with its heading."""
    chapters = {"Points": point_parts, "Selection": selection_parts, "Coefficients": coefficient_parts}
    return [part for title, parts in chapters.items() for part in (heading(title), *parts(model))]


def point_parts(model: StudyModel) -> list[str]:
    """Return the points table of a scorecard."""
    card = model.card.copy()
    again = card["characteristic"].eq(card["characteristic"].shift())
    card["title"] = card["title"].where(~again, "")
    thin = int((card["thin"] & (card["n"] > 0)).sum())
    told = prose(
        "The points of an applicant's bins add up to the score; the PD follows from that sum alone.",
        "An attribute that development did not have, and a missing value that it did not have, count as "
        "neutral.",
        f"{thin} bins hold too few goods or bads: their WoE was drawn towards 0." if thin else "",
    )
    columns = {
        "title": ("characteristic", None),
        "label": ("bin", None),
        "n": ("n", whole),
        "n_bad": ("bads", whole),
        "bad_rate": ("bad rate", percent),
        "low": ("from", percent),
        "high": ("to (95%)", percent),
        "woe": ("WoE", decimals(2)),
        "points": ("points", whole),
    }
    return [told, table(card, columns)]


def selection_parts(model: StudyModel) -> list[str]:
    """Return why each characteristic is in the card or not."""
    columns = {"title": ("characteristic", None), "iv": ("IV", decimals(3)), "reason": ("why", None)}
    frame = model.selection.copy()
    titles = dict(zip(frame["characteristic"], frame["title"], strict=True))
    frame["reason"] = [WITH.sub(lambda m: f" with {titles.get(m[1], m[1])},", r) for r in frame["reason"]]
    n = int(frame["chosen"].sum())
    told = prose(f"{n} of {len(frame)} characteristics are in the card.")
    return [told, table(frame, columns)]


def coefficient_parts(model: StudyModel) -> list[str]:
    """Return the regression behind a scorecard's points."""
    titles = dict(zip(model.selection["characteristic"], model.selection["title"], strict=True))
    frame = model.coefficients.assign(title=model.coefficients["characteristic"].map(titles))
    columns = {
        "title": ("characteristic", None),
        "coefficient": ("coefficient", decimals(3)),
        "standard_error": ("standard error", decimals(3)),
        "p_value": ("p value", lambda v: format_p(v).removeprefix("p ")),
    }
    told = prose(
        "Log-odds of bad for a WoE higher by 1, calibrated, before points were rounded.",
        "All have one sign: a safer bin never costs points. The p values do not know that characteristics "
        "were chosen.",
    )
    return [told, table(frame, columns)]
