"""What the scorecard report says, chapter by chapter; its notebook calls one of these a cell."""

from __future__ import annotations

import json
import math
from typing import Any

import pandas as pd

from workbench import charts
from workbench.evaluation import format_percent
from workbench.reports import model_chapters as of_model
from workbench.reports.block import Block, as_is, heading, listing, prose, table, tiles, whole
from workbench.reports.card import coefficient_parts, point_parts, selection_parts
from workbench.reports.card_values import SignedCard, by_hand, card_chapter
from workbench.reports.card_values import rounding as rounded
from workbench.reports.packages import packages

GONE = "Not computed: the data of this study are no longer kept."


def opening(of: SignedCard | None) -> Block:
    """Tell what was asked, the answer, and four figures; or what to do where there is no card."""
    if of is None:
        return Block(
            (
                prose(
                    "There is no scorecard yet: no version of that family is kept.",
                    "Train one (workbench train DATA --portfolio P --family scorecard), or name one with "
                    "-p model=NAME.",
                    kind="notice",
                ),
            )
        )
    portfolio, card, chosen = of.model.portfolio, of.card, of.shown.chosen
    assert chosen is not None
    scale, sums = card.scale, _reach(of)
    asked = prose(
        f"Asked: can a committee sign {of.row.model_id} ({of.row.stage}), the scorecard of "
        f"{portfolio.shown} ({portfolio.identity})?"
    )
    taken = f"{len(card.terms)} of {len(of.model.selection)} characteristics"
    answer = prose(
        f"The card adds whole points of {taken} to a sum from {sums[0]} to {sums[1]}; {scale.base:g} points "
        f"stand for {scale.odds:g} goods to one bad, and {scale.pdo:g} points more double these odds.",
        chosen.gate.reason,
        kind="lede",
    )
    caption = prose(
        f"On the {chosen.reported} sample, each with its 95% interval; mean PD stands against a bad rate of "
        f"{chosen.evaluation.shown('bad_rate')}.",
        kind="caption",
    )
    return Block((asked, answer, tiles(of_model.quoted(chosen, portfolio.kind)), caption))


def _reach(of: SignedCard) -> tuple[int, int]:
    """Return the lowest and the highest sum the card can give."""
    low, high = (sum(end(term.points) for term in of.card.terms) for end in (min, max))
    ends = of.card.scale.ends
    return max(low, ends[0]), min(high, ends[1])


@card_chapter
def points(of: SignedCard) -> Block:
    """Tell the points table."""
    return Block(tuple(point_parts(_told(of))))


@card_chapter
def selection(of: SignedCard) -> Block:
    """Tell why each characteristic is in the card or not."""
    return Block(tuple(selection_parts(_told(of))))


@card_chapter
def coefficients(of: SignedCard) -> Block:
    """Tell the regression behind the points."""
    return Block(tuple(coefficient_parts(_told(of))))


def _told(of: SignedCard) -> Any:
    chosen = of.shown.chosen
    assert chosen is not None
    return chosen


@card_chapter
def bins(of: SignedCard) -> Block:
    """Draw the bins of each characteristic of the card."""
    encoder, portfolio = of.model.encoder, of.model.portfolio
    asked = dict(of.model.spec.params)
    told = prose(
        f"Bins are as they were found on the {of.model.n_development:,} development applicants with "
        f"{of.model.n_bad_development:,} bads; none was edited by hand.",
        f"They were asked for with {', '.join(f'{k} {v}' for k, v in asked.items())}." if asked else "",
        "A missing value has a bin of its own.",
        "The intervals of these bins count rows, also where several are of one customer."
        if portfolio.group
        else "",
    )
    drawn = []
    for term in of.card.terms:
        about = portfolio.characteristic(term.name)
        frame = encoder.bins[term.column].table(about)
        drawn.append(charts.profile_bins(frame[frame["n"] > 0].reset_index(drop=True), about.shown))
    return Block((told, *drawn))


@card_chapter
def ranking(of: SignedCard) -> Block:
    """Tell whether the card ranks, and whether its bands are apart."""
    chosen = _told(of)
    told = prose(chosen.evaluation.sentence(of.model.portfolio.kind))
    return Block((told, *of_model.bands(chosen), charts.calibration({chosen.title: chosen.evaluation})))


@card_chapter
def rounding(of: SignedCard) -> Block:
    """Tell what whole points cost against the regression they were rounded from."""
    rows = of.rows
    if rows is None:
        return Block((prose(GONE, kind="notice"),))
    found = rounded(of, rows)
    frame = pd.DataFrame(
        {
            "measure": found.exact.metrics.set_index("metric").loc[name, "title"],
            "exact": found.exact.shown(name),
            "rounded": found.rounded.shown(name),
        }
        for name in ("auc", "brier", "log_loss", "mean_p_bad", "calibration_slope", "approval_rate")
    )
    columns = {
        "measure": ("measure", None),
        "exact": ("before rounding", as_is),
        "rounded": ("the card", as_is),
    }
    told = prose(
        f"Of {len(rows.bad):,} applicants of the {_told(of).reported} sample ({int(rows.bad.sum()):,} bads) "
        f"{found.moved:,} fall on the other side of the cut-off, a PD of "
        f"{format_percent(of.model.policy.approve_below)}.",
        f"No sum of points changes by more than {found.points:.1f}; a PD changes by "
        f"{format_percent(found.p_mean)} on average and by {format_percent(found.p_most)} at most.",
    )
    return Block((told, table(frame, columns)))


@card_chapter
def examples(of: SignedCard) -> Block:
    """Score three applicants by hand."""
    rows = of.rows
    if rows is None:
        return Block((prose(GONE, kind="notice"),))
    scale = of.card.scale
    told = prose(
        "A value falls into one bin of its characteristic, and the bin's points are added up. From the sum S "
        f"the log-odds of bad are ({scale.offset:.2f} - S) / {scale.factor:.4f}, and the PD is "
        "1 / (1 + exp(-log-odds)).",
    )
    parts: list[str] = [told]
    for name, frame in by_hand(of, rows).items():
        parts += [heading(f"An applicant who is {name}" if name != "safe" else "A safe applicant")]
        parts += _sum(of, frame)
    return Block(tuple(parts))


def _sum(of: SignedCard, frame: pd.DataFrame) -> list[str]:
    scale, low, high = of.card.scale, *of.card.scale.ends
    total = int(frame["points"].sum())
    used = min(max(total, low), high)
    log_odds = (scale.offset - used) / scale.factor
    p_bad = 1 / (1 + math.exp(-log_odds))
    columns = {
        "title": ("characteristic", None),
        "value": ("value", None),
        "label": ("bin", None),
        "points": ("points", whole),
    }
    ended = f" (the scale ends at {used})" if used != total else ""
    worked = prose(
        f"Sum {total}{ended}: log-odds ({scale.offset:.2f} - {used}) / {scale.factor:.4f} = {log_odds:.3f}, "
        f"so PD 1 / (1 + exp({-log_odds:.3f})) = {format_percent(p_bad)}; decision: "
        f"{of.model.policy.decide(p_bad)}.",
    )
    return [table(frame, columns), worked]


@card_chapter
def limits(of: SignedCard) -> Block:
    """Tell what speaks against signing, and what was not computed."""
    return of_model.limits(of.shown)


@card_chapter
def made(of: SignedCard) -> Block:
    """Tell how the card was made, so that it can be made again."""
    study = of.shown.study
    told = {
        "version": f"{of.row.model_id}, kept {of.row.created_at:%Y-%m-%d %H:%M:%S} UTC",
        "study": of.shown.study_id,
        "data": f"{study.source.name}, sha256 of the file {study.source.sha256}",
        "data set": study.dataset_sha256,
        "portfolio": study.portfolio.identity,
        "asked": json.dumps(of.model.spec.to_json(), sort_keys=True, ensure_ascii=False),
        "samples": json.dumps(study.spec.sampling.to_json(), sort_keys=True, ensure_ascii=False),
        "digest": of.row.digest,
        "manifest": of.row.manifest_sha256,
    }
    return Block((listing(told | {"report drawn with": packages()}),))
