"""Principal reasons: adverse only, one a group, in the portfolio's words, and nothing hidden."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pytest

from tests import made
from tests.explanation.public_models import explained
from workbench import explanation, sampling, training
from workbench.dataset import applicants, from_frame
from workbench.explanation import Reasoner
from workbench.explanation.attributions import LOG_ODDS, Attributions
from workbench.explanation.reasons import LEAST_SHARE, ranked
from workbench.explanation.wording import wording
from workbench.run import Run

TEXTS = [
    {
        "characteristics": ["income"],
        "group": "means",
        "text": "Level of income",
        "low": "Income too low",
        "missing": "Unable to verify income",
    },
    {"characteristics": ["late"], "text": "Late payments", "high": "Too many late payments"},
    {
        "characteristics": ["bureau"],
        "group": "means",
        "low": "Bureau score too low",
        "values": [{"value": "-9", "text": "No bureau record"}],
    },
    {"characteristics": ["home"], "text": "Housing", "values": [{"value": "rent", "text": "A tenant"}]},
    {"characteristics": ["first_credit"], "low": "Credit history too short"},
]
OLD = tuple(
    c | {"tags": ["protected"], "reason": "a test"} if c["name"] == "phone" else c
    for c in made.CHARACTERISTICS
)
NAMES = [c["name"] for c in made.CHARACTERISTICS]


@functools.cache
def fitted(protecting: bool = False, reference: str = "all"):
    reasons = {"version": 5, "reference": reference, "texts": TEXTS}
    data = made.dataset(2500, characteristics=OLD if protecting else made.CHARACTERISTICS, reasons=reasons)
    samples = sampling.draw(data, sampling.SamplingSpec.from_split("70/30", "random", 42))
    model = training.train(data, samples, training.TrainSpec("logistic"), Run(1))
    raw = model.encoder.raw(data.frame, data.date)
    return data, raw, Reasoner(explanation.learn(model, raw[samples.mask("development")]))


def given(values: dict[str, float], decision: int = 2, estimated: bool = False, **other: object):
    """Return the reasons of the typical applicant whose attributions are `values`."""
    _, _, reasoner = fitted(protecting=True)
    model = reasoner.explainer.model
    row = model.program().raw(reasoner_typical(model) | other)[0]
    found = Attributions(
        "interventional", "closed form", LOG_ODDS, "all", 10, -2.0, tuple(NAMES),
        np.array([[values.get(name, 0.0) for name in NAMES]]), np.array([0.5]), np.array([0.6]), estimated,
    )  # fmt: skip
    raw = np.array([row])
    nothing = np.zeros(raw.shape, bool)
    return ranked(model, wording(model), found, np.array([0]), raw, np.array([decision]), nothing).of(0)


def reasoner_typical(model) -> dict[str, object]:
    from workbench.scoring import Scorer

    return Scorer(model).typical()


def test_related_characteristics_are_one_reason_before_ranking() -> None:
    told = given({"income": 0.4, "bureau": 0.5, "late": 0.7, "home": -1.0}, bureau=-9, income=100.0)
    assert [reason.group for reason in told.reasons] == ["means", "late"]
    first = told.reasons[0]
    assert (first.text, first.characteristics) == ("No bureau record", ("bureau", "income"))
    assert first.contribution == pytest.approx(0.9)
    assert told.notice and not told.note and not told.defects
    assert told.version == 5


def test_what_speaks_for_the_applicant_within_a_reason_is_set_against_it() -> None:
    told = given({"income": 0.9, "bureau": -0.8, "late": 0.5}, late=3)
    assert [reason.group for reason in told.reasons] == ["late", "means"]
    assert told.reasons[1].characteristics == ("income",)


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("income", 100.0, "Income too low"),
        ("income", 1e6, "Level of income"),
        ("income", None, "Unable to verify income"),
        ("late", 9, "Too many late payments"),
        ("home", "rent", "A tenant"),
        ("home", "own", "Housing"),
        ("home", "castle", "Housing"),
        ("home", None, "Housing"),
        ("bureau", 10, "Bureau score too low"),
        ("first_credit", "2024-05-01", "Credit history too short"),
    ],
)
def test_the_words_are_true_of_the_value(name: str, value: object, text: str) -> None:
    told = given({name: 1.0}, opened="2024-06-01", **{name: value})
    assert [reason.text for reason in told.reasons] == [text]
    assert told.notice


@pytest.mark.parametrize(
    ("values", "row", "defect", "named"),
    [
        ({"late": 2.0, "phone": 0.5}, {}, "is protected", "phone"),
        ({"late": 2.0, "bureau": 0.5}, {"bureau": 900.0}, "has no text", "bureau"),
        ({"first_credit": 0.5}, {"first_credit": "1990-01-01"}, "has no text", "first_credit"),
    ],
)
def test_a_reason_that_cannot_be_sent_is_not_hidden_and_a_person_decides(
    values: dict, row: dict, defect: str, named: str
) -> None:
    told = given(values, opened="2024-06-01", **row)
    assert not told.notice
    assert told.note.startswith("No automatic notice, a person decides")
    (reason,) = [reason for reason in told.reasons if reason.defect]
    assert (reason.defect, reason.titles, reason.text) == (defect, (named,), "")
    assert told.defects == (f"{named} {defect} and is a principal reason",)
    assert len(told.reasons) == len(values)


@pytest.mark.parametrize(
    ("sign", "text"), [(-1, "Income too low"), (1, "Level of income"), (0, "Level of income")]
)
def test_a_number_is_too_low_only_where_more_of_it_would_help(sign: int, text: str) -> None:
    _, raw, reasoner = fitted()
    words, income = reasoner.words, NAMES.index("income")
    row = np.where(np.arange(len(NAMES)) == income, words.typical - 10, raw[:1])
    said = words.text_codes(row)[:, [income]]
    assert words.texts[said[0, 0]] == "Income too low"
    found = words.borne_out(lambda some: sign * some[:, income], row, np.array([[income]]), said)
    assert words.texts[found[0, 0]] == ("Income too low" if sign < 0 else "Level of income")


def test_too_high_and_too_low_are_borne_out_by_trees_and_held_against_those_near_the_cut_off() -> None:
    it = explained("german_credit", "lightgbm")
    raw, rows, model, words = it.raw, it.rows, it.reasoner.explainer.model, it.rows.words
    directed = neutral = 0
    for i in np.flatnonzero(rows.decisions == 2):
        for j, code in zip(rows.named[i], rows.texts[i], strict=True):
            told = model.portfolio.reasons.text_of(words.names[j]) if j >= 0 else None
            if told is None or words._said[j].column.__class__.__name__ == "LevelColumn":
                continue
            moved = raw[i].copy()
            moved[j] = words.typical[j]
            helps = model.margin(moved[None])[0] < model.margin(raw[i][None])[0]
            text, value = words.texts[code], raw[i, j]
            if text in (told.high, told.low) and text != told.text:
                directed += 1
                assert helps and (value > words.typical[j]) == (text == told.high)
            else:
                neutral += not helps
    assert directed > 20 and neutral > 0
    _, raw, near = fitted(reference="near cut-off")
    kept = near.explainer.references["near cut-off"].kept["typical"]
    numbers = ~np.isnan(kept)
    assert numbers.any() and (near.words.typical[numbers] == kept[numbers]).all()
    assert (kept[numbers] != fitted()[2].words.typical[numbers]).any()


def test_what_hardly_weighs_is_no_principal_reason() -> None:
    told = given({"late": 1.0, "phone": LEAST_SHARE / 2})
    assert [reason.group for reason in told.reasons] == ["late"]
    assert told.notice


def test_no_list_where_nothing_was_adverse_or_values_are_estimates() -> None:
    told = given({"late": -1.0, "income": 0.0})
    assert (told.source, told.reasons, told.notice) == ("no adverse factor", (), False)
    assert "a person" in told.note
    told = given({"late": 1.0}, estimated=True)
    assert (told.source, told.reasons, told.notice) == ("estimated values", (), False)
    assert "estimates" in told.note


def test_a_refer_s_list_is_internal_and_an_approval_has_none() -> None:
    told = given({"late": 1.0}, decision=1)
    assert told.reasons and not told.notice and told.note.startswith("Internal")
    data, raw, reasoner = fitted()
    rows = reasoner.rows(raw)
    approved = int(np.flatnonzero(rows.decisions == 0)[0])
    told = rows.of(approved)
    assert (told.source, told.reasons, told.note, told.notice) == ("approved", (), "", False)


def test_a_value_out_of_range_is_the_reason_and_said_so() -> None:
    _, _, reasoner = fitted()
    applicant = reasoner_typical(reasoner.explainer.model) | {"income": -5.0}
    told = reasoner.one(applicant)
    assert (told.source, told.notice, told.decision) == ("range", False, "refer")
    assert [reason.characteristics for reason in told.reasons] == [("income",)]
    assert "declared range" in told.note


def test_one_applicant_and_a_file_are_told_the_same_whatever_the_order() -> None:
    data, raw, reasoner = fitted()
    rows = reasoner.rows(raw)
    columns, notes = rows.columns(4)
    shuffled = made.frame(2500).sample(frac=1, random_state=3)[list(reversed(made.frame(1).columns))]
    again = applicants(from_frame(shuffled), data.portfolio)
    other, other_notes = reasoner.rows(reasoner.explainer.model.encoder.raw(again.frame, again.date)).columns(
        4
    )
    at = again.row_key.astype(int).to_numpy()
    for mine, theirs in zip((*columns, notes), (*other, other_notes), strict=True):
        assert (mine[at] == theirs).all()
    frame = made.frame(2500)
    for i in np.flatnonzero(rows.decisions > 0)[:40]:
        record = frame.iloc[i].astype(object).where(frame.iloc[i].notna(), None).to_dict()
        told = reasoner.one(record)
        sent = [reason.text for reason in told.reasons if not told.defects]
        assert [text for text in (column[i] for column in columns) if text] == sent
        assert told.note in notes[i]


def test_reasons_are_held_against_those_the_portfolio_names() -> None:
    _, raw, everyone = fitted()
    _, _, near = fitted(reference="near cut-off")
    a, b = everyone.rows(raw), near.rows(raw)
    assert "all" in a.reference and "cut-off" in b.reference
    assert b.n_reference < a.n_reference
    nobody = replace(near.explainer, references={"all": near.explainer.references["all"]})
    assert Reasoner(nobody).reference == "all"
