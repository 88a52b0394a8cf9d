"""What the explanation report says, chapter by chapter; its notebook calls one of these a cell."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from workbench import charts
from workbench.evaluation import format_metric, format_percent
from workbench.explanation import ReasonRows, waterfall
from workbench.reports.block import (
    Block,
    as_is,
    decimals,
    heading,
    listing,
    percent,
    prose,
    table,
    tiles,
    whole,
)
from workbench.reports.explained import ExplainedModel, explained_chapter
from workbench.reports.importances import importance_table
from workbench.reports.packages import packages

STRONGEST, PAIRS, REASONS = 10, 10, 15
UNREASONED = (
    "The model gives no reasons: its trees are deep, and the applicants that others are held against are no "
    "longer kept. A person looks at each applicant who is not approved."
)


def opening(of: ExplainedModel | None) -> Block:
    """Tell what was asked, the answer, and four figures; or what to do where there is no model."""
    if of is None:
        return Block(
            (
                prose(
                    "There is nothing to explain yet: no model is kept.",
                    "Train one (workbench train DATA --portfolio P), or name one with -p model=NAME.",
                    kind="notice",
                ),
            )
        )
    portfolio, told = of.model.portfolio, of.overview
    asked = prose(
        f"Asked: what drives {of.row.model_id} ({of.row.stage}) of {portfolio.shown} ({portfolio.identity}), "
        "and do the reasons it gives hold?"
    )
    answer = prose(told.sentence(), of.flips.sentence() if of.reasoned else UNREASONED, kind="lede")
    held = f", against {told.reference}" if told.reference else ""
    caption = prose(
        f"{told.kind.capitalize()} values by {told.method}, {'estimated' if told.estimated else 'exact'}, in "
        f"{told.unit}{held}; on {told.rows_told} of the {told.sample} sample.",
        kind="caption",
    )
    return Block((asked, answer, tiles(_figures(of)), caption))


def _figures(of: ExplainedModel) -> list[tuple[str, str, str]]:
    told, lost = of.overview, of.permutation
    first, flip = told.importance.iloc[0], of.flips.frame.iloc[0]
    auc = format_metric("auc", lost.auc, lost.low, lost.high)
    basis = f"{told.rows_told}, {told.bads}"
    figures = [
        (
            f"{first['title']}, mean size",
            f"{first['importance']:.3f}",
            f"{first['low']:.3f} to {first['high']:.3f}, {basis}",
        ),
        ("AUC of what is explained", auc, f"{lost.n:,} applicants, {lost.n_bad:,} bads"),
    ]
    if flip["n"]:
        figures.append(
            (
                "first reason taken away lowers the PD",
                format_percent(float(flip["share"])),
                f"{percent(flip['low'])} to {percent(flip['high'])}, {int(flip['n']):,} declined",
            )
        )
    shared = [one.shared for one in of.limes.values()]
    if shared:
        figures.append(
            (
                "heaviest characteristics of LIME and of the exact values",
                f"{float(np.mean(shared)):.1f} of {max(one.heaviest for one in of.limes.values())} the same",
                f"mean of {len(shared)} applicants",
            )
        )
    return figures


@explained_chapter
def importance(of: ExplainedModel) -> Block:
    """Tell how much each characteristic moves the score."""
    told = of.overview
    said = prose(
        "Each applicant's score is taken apart, and what each characteristic adds is averaged by size: "
        f"{told.rows_told}, {told.bads}.",
        "It says how much the model leans on a characteristic, not that it causes anything.",
        "Rows count by their weights." if told.weighted else "",
        "Intervals count whole customers." if told.by_customer else "",
    )
    lost = of.permutation
    ranked = prose(
        "Its values dealt anew among the applicants, a characteristic is worth to the ranking what the AUC "
        f"then loses. {lost.sentence()}"
    )
    return Block(
        (said, charts.swarm(told), importance_table(told), heading("For the ranking"), ranked,
         charts.permutation(lost))
    )  # fmt: skip


@explained_chapter
def dependence(of: ExplainedModel) -> Block:
    """Draw the strongest characteristics, each with what was seen beside what was predicted."""
    told = of.overview
    strongest = told.importance[told.importance["importance"] > 0].head(STRONGEST)
    parts: list[object] = [
        prose(
            f"Upper chart: the values of a characteristic against what they add, on {told.rows_told}; a mark "
            "is several applicants, coloured by the characteristic it acts with most; the line is the mean. "
            "Lower chart: the bad rate actually seen with its 95% interval, and the mean PD of the same "
            "applicants."
        )
    ]
    for name, title in zip(strongest["characteristic"], strongest["title"], strict=True):
        parts += [heading(str(title)), charts.dependence(told, name)]
        parts.append(charts.seen_against_predicted(told, name))
    return Block(tuple(parts))


@explained_chapter
def together(of: ExplainedModel) -> Block:
    """Tell which characteristics act together."""
    told = of.overview
    if told.pairs.empty:
        return Block((prose("No pair does: the model adds its characteristics up."),))
    columns = {
        "first_title": ("characteristic", None),
        "second_title": ("and", None),
        "strength": (f"mean size, {told.unit}", decimals(3)),
        "low": ("from", decimals(3)),
        "high": ("to (95%)", decimals(3)),
    }
    said = prose(
        "What two characteristics add together beyond what each adds by itself, averaged by size over "
        f"{told.paired_told}."
    )
    return Block((said, charts.pairs(told), table(told.pairs.head(PAIRS), columns)))


@explained_chapter
def monotone(of: ExplainedModel) -> Block:
    """Tell which way the PD goes with each number, as fitted and as declared."""
    told, lines = of.overview, of.overview.monotonicity
    wrong = told.against_declared()
    frame = lines[lines["reason"] == ""].assign(
        declared=lines["declared"].replace("", "nothing"),
        kept=lines["kept"].map(lambda v: "" if v is None or v != v else "yes" if v else "no"),
    )
    columns = {
        "title": ("characteristic", None),
        "declared": ("declared", None),
        "fitted": ("as fitted", None),
        "kept": ("kept", None),
        "rising": ("PD rises somewhere", percent),
        "falling": ("falls somewhere", percent),
        "largest_rise": ("largest rise", format_percent),
        "largest_fall": ("largest fall", format_percent),
    }
    said = prose(
        f"Each number is set to up to 20 of its values in turn for {int(lines['n'].max()):,} applicants, "
        "everything else as it is; the shares are of applicants.",
        f"Against what is declared: {', '.join(wrong['title'])}." if len(wrong) else
        "Nothing goes against what the portfolio declares.",
        "Categories and flags have no order and are left out.",
    )  # fmt: skip
    return Block((said, table(frame, columns)))


@explained_chapter
def groups(of: ExplainedModel) -> Block:
    """Draw importance by month, and by the categories the portfolio tags as segment."""
    told = of.overview
    by = list(dict.fromkeys(told.grouped["by"]))
    if not by:
        return Block((prose("Not computed: the rows have no date, and no category is tagged as segment."),))
    titles = {name: "month" if name == "month" else told.title(name) for name in by}
    return Block(tuple(charts.by_group(told, name, titles[name]) for name in by))


@explained_chapter
def applicants(of: ExplainedModel) -> Block:
    """Take ten applicants' scores apart."""
    parts: list[object] = [
        prose(
            "The same ten each time: of those declined and approved evenly over their PDs, and those closest "
            "to the cut-off. A bar is what a characteristic adds "
            + (f"against {of.held.reference}" if of.held.reference else "as the trees saw rows together")
            + "; the last step is what calibration does."
        )
    ]
    raw = of.rows.raw[of.told["at"].to_numpy()]
    for i, one in enumerate(of.told.itertuples()):
        reasons = of.told_reasons.of(i)
        parts += [
            heading(f"{one.key}, {one.kind}: PD {format_percent(one.p_bad)}, {one.decision}"),
            charts.waterfall(waterfall(of.model, of.held, raw, i)),
            prose(reasons.sentence()),
        ]
    return Block(tuple(parts))


@explained_chapter
def reasons(of: ExplainedModel) -> Block:
    """Tell how often each reason is given, and what the first one is worth."""
    if not of.reasoned:
        return Block((prose(UNREASONED),))
    found = of.reasons
    said = prose(
        f"Held against {found.reference}; texts of version {found.version} of the portfolio. Only what "
        "weighed against an applicant is a reason, four at most.",
        of.flips.sentence(),
    )
    frame = _frequency(found)
    told: list[object] = [said]
    if len(found) < len(of.rows):
        some = f"Reasons of {len(found):,} rows, evenly taken from {len(of.rows):,}: trees so deep take long."
        told.append(prose(some))
    if len(frame):
        columns = {
            "reason": ("reason", None),
            "first": ("first", whole),
            "any": ("among the four", whole),
            "share": ("of those declined", percent),
        }
        told += [heading("How often"), table(frame.head(REASONS), columns)]
    flipped = {
        "flipped": ("set to the typical applicant's", None),
        "n": ("declined", whole),
        "share": ("PD falls", percent),
        "low": ("from", percent),
        "high": ("to (95%)", percent),
        "mean_fall": ("mean fall of the PD", format_percent),
    }
    verdict = "The first reason lowers the PD more often than one drawn at random." if of.flips.passed else (
        "The first reason does not lower the PD more often than one drawn at random: look into why."
    )  # fmt: skip
    told += [heading("Taking reasons away"), table(of.flips.frame, flipped)]
    if of.flips.frame["n"].iloc[0]:
        told.append(prose(verdict))
    defective = int(found.defective.sum())
    if defective:
        told.append(
            prose(
                f"{defective:,} applicants have a principal reason that is protected or has no text: "
                "no notice goes out for them without a person.",
                kind="notice",
            )
        )
    return Block(tuple(told))


def _frequency(found: ReasonRows) -> pd.DataFrame:
    """Return how often each reason is the first and among the four of those declined."""
    declined = found.groups[found.decisions == 2]
    names = found.words.groups
    first = np.bincount(declined[declined[:, 0] >= 0, 0], minlength=len(names))
    every = np.bincount(declined[declined >= 0], minlength=len(names))
    titles = [_called(found, i) for i in range(len(names))]
    frame = pd.DataFrame({"reason": titles, "first": first, "any": every})
    frame["share"] = frame["any"] / max(len(declined), 1)
    return frame[frame["any"] > 0].sort_values(["first", "any"], ascending=False, kind="stable")


def _called(found: ReasonRows, group: int) -> str:
    """Return the words a reason is given in most often, or else the characteristics it stands for."""
    texts = np.bincount(found.texts[(found.groups == group) & (found.texts > 0)], minlength=1)
    if texts.any():
        return found.words.texts[int(np.argmax(texts))]
    titles = [t for t, g in zip(found.words.titles, found.words.group_of, strict=True) if g == group]
    return ", ".join(titles)


@explained_chapter
def lime(of: ExplainedModel) -> Block:
    """Tell how far LIME agrees with itself and with the exact values."""
    lines = [
        {
            "applicant": f"{of.told['key'].iloc[i]}, {of.told['kind'].iloc[i]}",
            "agreement": one.agreement,
            "exact": f"{one.shared} of {one.heaviest}",
            "warning": one.warning or "none",
        }
        for i, one in of.limes.items()
    ]
    columns = {
        "applicant": ("applicant", as_is),
        "agreement": ("Jaccard index between seeds", lambda index: f"{index:.2f}"),
        "exact": ("heaviest in common with the exact values", as_is),
        "warning": ("warning", None),
    }
    said = prose(
        "LIME fits a line to the model's answers around one applicant, with neighbours drawn at random. Its "
        "five heaviest characteristics are compared between seeds (Jaccard index: those in common by those "
        "in either) and with the five heaviest exact values. No reason rests on it."
    )
    return Block((said, table(pd.DataFrame(lines), columns)))


@explained_chapter
def limits(of: ExplainedModel) -> Block:
    """Tell what an explanation cannot say."""
    told = of.overview
    said = [
        "Values explain the model, not the world: one characteristic may stand in for another it goes with.",
        f"They are held against {told.reference}; against others they differ." if told.reference else "",
        "Setting one characteristic and leaving the others can make applicants whom nobody has seen.",
    ]
    return Block((prose(*said),))


@explained_chapter
def made(of: ExplainedModel) -> Block:
    """Tell how it was made, so that it can be made again."""
    row, model, told = of.row, of.model, of.overview
    listed = {
        "version": f"{row.model_id}, kept {row.created_at:%Y-%m-%d %H:%M:%S} UTC",
        "data": of.source,
        "data set": row.dataset_sha256,
        "portfolio": model.portfolio.identity,
        "asked": json.dumps(model.spec.to_json(), sort_keys=True, ensure_ascii=False),
        "values": f"{told.kind}, {told.method}, {told.unit}, base {told.base:.6f}",
        "digest": row.digest,
        "manifest": row.manifest_sha256,
    }
    return Block((listing(listed | {"report drawn with": packages()}),))
