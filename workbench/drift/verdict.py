"""Green, amber or red, and why: the triggers that fired, the first cause, what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbench.drift.performance import Performance
from workbench.drift.score import ScoreDrift
from workbench.drift.triggers import ACTIONS, TOP, Trigger, Triggers
from workbench.evaluation import benjamini_hochberg

GREEN, AMBER, RED = "green", "amber", "red"
COLOURS = (GREEN, AMBER, RED)
FINDINGS = (
    "item", "title", "characteristic", "subject", "value", "amber", "red", "p_value", "q_value", "colour",
    "action", "sentence",
)  # fmt: skip
_NOT_RED = f"Amber, not red: it is not among the {TOP} characteristics that weigh most in the model."
OF_CHARACTERISTICS = ("missing", "unseen", "characteristic")


@dataclass(frozen=True, eq=False)
class Verdict:
    """What the triggers say of an extract.

    Attributes
    ----------
    colour : {"green", "amber", "red"}
    first_cause : str
        What moved first, in words: a characteristic before the score, the score before decisions and
        performance; of characteristics the one with the largest effect in limits of red times its share of
        the model's importance, be it red or amber. Empty where green.
    characteristic : str
        The column of the first cause; empty where it is none.
    findings : DataFrame
        One line for each trigger that fired, red ones first, within a colour characteristics by that effect,
        then the score, decisions and performance: item, title, characteristic, subject, value with the
        limits amber and red, p_value, q_value, colour, action, sentence.
    looked_at : int
        Triggers looked at, fired or not.
    """

    colour: str
    first_cause: str
    characteristic: str
    findings: pd.DataFrame
    looked_at: int

    @property
    def actions(self) -> list[dict[str, str]]:
        """What to do, each once, in order, the source looked into first: action, words, because."""
        found: dict[str, dict[str, str]] = {}
        for line in self.findings.itertuples():
            found.setdefault(
                line.action, {"action": line.action, "words": ACTIONS[line.action], "because": line.sentence}
            )
        return sorted(found.values(), key=lambda action: action["action"] != "investigate")

    def sentence(self) -> str:
        """Return the verdict in words."""
        colour = self.colour.capitalize()
        if self.colour == GREEN:
            return (
                f"{colour}. None of {self.looked_at:,} triggers fired; with everything stable about 5 in 100 "
                "extracts would raise one."
            )
        head = self.findings.iloc[0]
        other = head["colour"] != self._colour_of_cause()
        because = f" The verdict is {self.colour} because: {head['sentence']}" if other else ""
        rest = len(self.findings) - 1 - other
        more = f" {rest} more trigger{'' if rest == 1 else 's'} fired." if rest else " Nothing else fired."
        doing = "; then: ".join(action["words"] for action in self.actions)
        return f"{colour}. {self.first_cause}{because}{more} Action: {doing}."

    def _colour_of_cause(self) -> str:
        return str(self.findings.loc[self.findings["sentence"] == self.first_cause, "colour"].iloc[0])

    def to_json(self) -> dict[str, Any]:
        """Return the verdict as plain values."""
        return {
            "colour": self.colour,
            "first_cause": self.first_cause or None,
            "characteristic": self.characteristic or None,
            "actions": self.actions,
            "sentence": self.sentence(),
            "findings": self.findings.to_dict("records"),
        }


def judge(lines: pd.DataFrame, score: ScoreDrift, performance: Performance, triggers: Triggers) -> Verdict:
    """Hold what was measured against the triggers.

    Parameters
    ----------
    lines : DataFrame
        As from `characteristics.compare`, with importance (share of the model's, 0 to 1; NaN where not
        known) and, where there are, points (how many the characteristic moved the mean score).

    Notes
    -----
    A trigger needs an effect and a test. Within an item (all characteristics, say) q values are Benjamini and
    Hochberg's; the smallest of each item, itself a p value of the item, is adjusted over the items. So with
    everything stable about 5 in 100 extracts raise anything at all, however many characteristics there
    are.
    """
    asked = _of_characteristics(lines, triggers) + _of_the_whole(score, performance, triggers)
    for line, q_value in zip(asked, _adjusted(asked), strict=True):
        line["q_value"] = q_value
        line["colour"] = _colour(line)
    fired = [line for line in asked if line["colour"] != GREEN]
    _weighed(fired)
    fired.sort(key=_order)
    first = min(fired, key=_cause, default={"sentence": "", "characteristic": ""})
    return Verdict(
        COLOURS[max((COLOURS.index(line["colour"]) for line in fired), default=0)],
        str(first["sentence"]),
        str(first["characteristic"]),
        pd.DataFrame(fired, columns=list(FINDINGS)),
        len(asked),
    )


def _adjusted(asked: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """Return the q values: within each item, and not below what its smallest is over the items."""
    p_values = np.array([line["p_value"] for line in asked], dtype=float)
    items = list(dict.fromkeys(line["item"] for line in asked))
    of = np.array([items.index(line["item"]) for line in asked])
    q_values, least = np.full(len(asked), np.nan), np.full(len(items), np.nan)
    for place in range(len(items)):
        q_values[of == place] = benjamini_hochberg(p_values[of == place])
        least[place] = np.fmin.reduce(q_values[of == place])
    return np.fmax(q_values, benjamini_hochberg(least)[of])


def _colour(line: Mapping[str, Any]) -> str:
    if line["value"] >= line["red"] and line["q_value"] < line["red_q"] and line["may_be_red"]:
        return RED
    return AMBER if line["value"] >= line["amber"] and line["q_value"] < line["amber_q"] else GREEN


def _order(line: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return where a finding stands: red first, then what comes in, the score, decisions, performance."""
    return line["colour"] != RED, *_cause(line)


def _cause(line: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return how far a finding is from being the first cause; what the model does not use comes last."""
    upstream = line["item"] in OF_CHARACTERISTICS
    stage = (0 if line["share"] != 0 else 9) if upstream else line["stage"]
    place = OF_CHARACTERISTICS.index(line["item"]) if upstream else 0
    return stage, -line["weighs"], place


def _weighed(fired: list[dict[str, Any]]) -> None:
    """Say what findings on a characteristic weigh: its largest effect in limits of red, times its share."""
    weighs: dict[str, float] = {}
    for line in fired:
        effect = line["value"] / line["red"] if line["red"] else np.inf
        name, share = line["characteristic"], line["share"]
        weighs[name] = max(weighs.get(name, 0.0), effect * (1.0 if np.isnan(share) else share))
    for line in fired:
        line["weighs"] = weighs[line["characteristic"]]


def _of_characteristics(lines: pd.DataFrame, triggers: Triggers) -> list[dict[str, Any]]:
    found = []
    shares = lines["importance"].to_numpy(float)
    top = np.argsort(np.argsort(-np.nan_to_num(shares, nan=np.inf), kind="stable"))
    psi, missing, unseen = (triggers.of(item) for item in ("characteristic", "missing", "unseen"))
    for place, line in enumerate(lines.to_dict("records")):
        share, index = line["importance"], line["psi"]
        common = {"characteristic": line["characteristic"], "subject": line["title"], "share": share}
        known = share != 0 and (bool(top[place] < TOP) or np.isnan(share))
        said = _moved(line) + ("" if known or not index >= psi.red else f" {_NOT_RED}")
        asked = [_asked(psi, index, line["p_value"], said, common, may_be_red=known)]
        change = line["missing"] - line["missing_development"]
        said = f"{line['title']} is missing in {line['missing']:.1%} of rows, "
        said += f"{line['missing_development']:.1%} at development."
        asked.append(_asked(missing, abs(change), line["missing_p"], said, common))
        said = (
            f"{line['title']} has attributes that development did not see, in {line['unseen']:.1%} of rows."
        )
        asked.append(_asked(unseen, line["unseen"], line["unseen_p"], said, common))
        found += asked
    return found


def _moved(line: Mapping[str, Any]) -> str:
    level = f"{line['psi_99']:.3f}".replace("0.", ".", 1)
    said = f"{line['title']} has moved (PSI {_figure(line['psi'])}, no-drift band up to {level})"
    said += f": {line['moved']}" if line["moved"] else ""
    points = line.get("points", np.nan)
    return said + (f", worth {points:+.1f} points on the mean score." if points == points else ".")


def _figure(value: float) -> str:
    return f"{value:.2f}".replace("0.", ".", 1) if value < 1 else f"{value:.1f}"


def _asked(
    trigger: Trigger, value: float, p_value: float, sentence: str, common: dict[str, Any] | None = None,
    *, stage: int = 0, may_be_red: bool = True,
) -> dict[str, Any]:  # fmt: skip
    nothing = {"characteristic": "", "subject": trigger.title, "share": 0.0}
    return {
        "item": trigger.item, "title": trigger.title, "value": value, "p_value": p_value,
        "amber": trigger.amber, "red": trigger.red, "amber_q": trigger.amber_q, "red_q": trigger.red_q,
        "action": trigger.action, "sentence": sentence, "stage": stage, "may_be_red": may_be_red,
    } | (common or nothing)  # fmt: skip


def _of_the_whole(score: ScoreDrift, performance: Performance, triggers: Triggers) -> list[dict[str, Any]]:
    line = score.stability.to_dict("records")[0]
    change = score.value("mean_points", "difference")
    moved = (
        f"The score has moved (PSI {_figure(line['psi'])}, no-drift band up to "
        f"{line['psi_99']:.3f}): {change:+.1f} points on average."
    )
    rate, before = (score.value("approval_rate", c) for c in ("extract", "reference"))
    found = [
        _asked(triggers.of("score"), line["psi"], line["p_value"], moved, stage=1),
        _asked(
            triggers.of("approval"), abs(rate - before), score.value("approval_rate", "p_value"),
            f"The approval rate is {rate:.1%}, {before:.1%} on the {score.reference}.", stage=2,
        ),
    ]  # fmt: skip
    if performance.reason:
        return found
    return found + _of_performance(performance, triggers)


def _of_performance(performance: Performance, triggers: Triggers) -> list[dict[str, Any]]:
    gini, before = (performance.value("gini", c) for c in ("extract", "reference"))
    fall, ratio = performance.value("gini", "fall"), performance.value("observed_expected")
    found = [
        _asked(
            triggers.of("gini"), fall, performance.value("gini", "p_value"),
            f"Gini is {_figure(gini)}, {_figure(before)} on the {performance.reference}.", stage=3,
        ),
        _asked(
            triggers.of("calibration"), abs(ratio - 1), performance.value("observed_expected", "p_value"),
            f"There are {ratio:.2f} times as many bads as the PDs expect.", stage=4,
        ),
    ]  # fmt: skip
    trigger = triggers.of("grades")
    adjusted = performance.grades["p_adjusted"].to_numpy(float)
    low = np.array([(adjusted < level).sum() for level in (trigger.amber_q, trigger.red_q)])
    # two bands at the stricter level are red, one at the other amber: the least of them is the test
    value = float(low[1] if low[1] >= trigger.red else min(low[0], max(trigger.red - 1, trigger.amber)))
    bands = ", ".join(performance.grades.loc[adjusted < trigger.amber_q, "band"].astype(str))
    said = f"The PD is too low in {'bands' if low[0] > 1 else 'band'} {bands}."
    least = float(np.nanmin(adjusted)) if np.isfinite(adjusted).any() else np.nan
    return [*found, _asked(trigger, value, least, said, stage=5)]
