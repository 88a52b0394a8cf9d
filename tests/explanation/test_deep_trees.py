"""Trees too deep for tables: exact values row by row, against some applicants whose rows are never kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from workbench import charts, explanation
from workbench.dataset.segment import Segment
from workbench.desk.explanation_documents import of_rows
from workbench.desk.sample_rows import SampleRows
from workbench.errors import InputError
from workbench.explanation import Explainer, Overview, Reasoner, by_row, nearest, overview
from workbench.explanation.by_row import HELD, ROWS, ByRow
from workbench.explanation.reasons import SOURCES
from workbench.explanation.rows import Rows
from workbench.families.random_forest import Forest
from workbench.sampling import Samples
from workbench.trees import shapley

Explainers = Callable[[str], Explainer]
every = pytest.mark.parametrize("family", ["random_forest", "xgboost", "lightgbm"])


@pytest.fixture
def deep(explainers: Explainers, data: object, samples: Samples, monkeypatch: pytest.MonkeyPatch):
    """Give the explainer of a family as if its trees asked for more than tables hold."""

    def made(family: str) -> Explainer:
        model = explainers(family).model
        rows = Rows.of(model, data, np.flatnonzero(samples.mask("development")))
        monkeypatch.setattr(shapley, "MOST_PATTERNS", 0)
        return explanation.learn(model, rows.raw)

    return made


@every
def test_values_are_those_of_the_tables_and_say_what_they_are(
    explainers: Explainers, deep: Explainers, data: object, family: str
) -> None:
    exact = explainers(family)
    raw = exact.model.encoder.raw(data.frame, data.date)[:60]
    expected = exact.attributions(raw, kind="path-dependent")
    pair = exact.against(raw[0], raw[11])
    found = deep(family)
    told = found.attributions(raw, kind="path-dependent")
    assert (told.kind, told.method, told.reference, told.estimated) == ("path-dependent", "shap", "", False)
    wide = 1e-5 if family == "xgboost" else 1e-9
    assert told.base == pytest.approx(expected.base, abs=wide)
    assert np.abs(told.values - expected.values).max() < wide
    both = found.interactions(raw[:3]).values.sum(axis=2)
    assert np.abs(both - told.values[:3]).max() < 1e-5
    against = found.against(raw[0], raw[11])
    assert against.kind == "interventional" and np.abs(against.values - pair.values).max() < 1e-12
    with pytest.raises(InputError, match="too deep for interventional values by pair"):
        found.interactions(raw, kind="interventional")


@every
def test_values_against_others_are_exact_and_say_against_how_many(
    explainers: Explainers, deep: Explainers, data: object, family: str
) -> None:
    exact, found = explainers(family), deep(family)
    raw = exact.model.encoder.raw(data.frame, data.date)[:40]
    encode = exact.model.encoder.encode
    for name, group in found.references.items():
        told = found.attributions(raw, reference=name)
        assert (told.kind, told.method) == ("interventional", "walks through deep trees")
        whole = exact.references[name].n
        taken = min(HELD, whole)
        assert told.n_reference == len(group.kept[ROWS]) == taken
        assert told.reference.startswith(f"{taken} of " if taken < whole else ("all", "the"))
        tables = exact.way.learn(group.kept[ROWS], None)
        assert np.abs(told.values - exact.way.values(encode(raw), tables, told.kind)).max() < 1e-12
        # so many stand for all of them
        all_of_them = exact.attributions(raw, reference=name)
        assert told.base == pytest.approx(all_of_them.base, abs=0.01)
        assert np.corrcoef(told.values.ravel(), all_of_them.values.ravel())[0, 1] > 0.99


def test_those_taken_depend_on_no_order_and_stand_for_weights(deep: Explainers, data: object) -> None:
    found = deep("lightgbm")
    way, rng = found.way, np.random.default_rng(3)
    raw = found.model.encoder.raw(data.frame, data.date)
    one, other = (explanation.learn(found.model, rows) for rows in (raw, rng.permutation(raw)))
    for name, group in one.references.items():
        assert len(group.kept[ROWS]) < data.n
        assert np.array_equal(group.kept[ROWS], other.references[name].kept[ROWS], equal_nan=True)
    x = found.references["all"].kept[ROWS].repeat(4, axis=0) + rng.normal(0, 0.1, (4 * HELD, 1))
    same = partial(np.array_equal, equal_nan=True)
    # rows that count twice are as good as rows that are there twice
    weight = rng.integers(1, 3, len(x))
    one, other = way.learn(x, weight.astype(float)), way.learn(x.repeat(weight, axis=0), None)
    assert same(one[ROWS], other[ROWS])
    assert same(way.learn(x[:50], None)[ROWS], x[:50])


@every
def test_reasons_are_those_of_the_tables(
    explainers: Explainers, deep: Explainers, data: object, family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_row, "HELD", 10_000)
    found = deep(family)
    raw = found.model.encoder.raw(data.frame, data.date)[:200]
    told, expected = (Reasoner(one).rows(raw) for one in (found, explainers(family)))
    assert np.array_equal(told.decisions, expected.decisions) and (told.decisions == 2).any()
    for name in ("sources", "groups", "named", "texts"):
        assert np.array_equal(getattr(told, name), getattr(expected, name)), name
    assert np.array_equal(told.points, expected.points)


@every
def test_no_reason_is_given_where_the_rows_are_gone(deep: Explainers, data: object, family: str) -> None:
    found = deep(family)
    raw = found.model.encoder.raw(data.frame, data.date)
    left = Explainer.from_files(found.to_files(), found.model)
    assert left.kinds == ("path-dependent",)
    with pytest.raises(InputError, match="development data are not at hand"):
        left.attributions(raw[:1], kind="interventional")
    rows = Reasoner(left).rows(raw)
    again = Reasoner(left).rows(raw, rows.decisions)
    for told in (rows, again):
        judged = told.decisions > 0
        source = {SOURCES[i] for i in told.sources[judged]}
        assert judged.any() and source <= {"no values against others", "range"}
        assert not told.notice.any() and (told.groups == -1).all()
        assert np.isnan(told.values).all(), "what is not explained has no values"
    texts, notes = rows.columns(4)
    declined = np.flatnonzero((rows.decisions == 2) & (rows.sources == 5))
    assert all((column == "").all() for column in texts)
    assert all("no longer kept" in notes[i] and "a person" in notes[i] for i in declined)


def test_what_is_kept_of_them_holds_no_row(deep: Explainers) -> None:
    files = deep("random_forest").to_files()
    assert {name.rsplit("-", 1)[-1] for name in files if name.endswith(".bin")} == {"typical.bin"}


def test_an_overview_says_of_how_many_rows_it_is(
    deep: Explainers, data: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = deep("random_forest")
    monkeypatch.setitem(overview.__globals__, "SLOW", 40)
    rows = Rows.of(found.model, data, np.arange(data.n))
    told = overview(found, rows, sample="hold-out")
    assert (told.n, told.n_all, told.kind, told.method) == (
        40,
        data.n,
        "interventional",
        "walks through deep trees",
    )
    assert told.rows_told == "40 rows, evenly taken from 1,500"
    assert "evenly taken from 1,500" in told.sentence()
    assert told.paired_told == "10 rows, evenly taken from 1,500, path-dependent values"
    assert replace(told, n_all=0, n_paired=40, method="shap").paired_told == "all 40 rows"
    first = told.importance["characteristic"].iloc[0]
    for figure in (charts.swarm(told), charts.dependence(told, first)):
        assert "40 rows, evenly taken from 1,500" in figure.layout.title.text
    assert "10 rows, evenly taken from 1,500" in charts.pairs(told).layout.title.text
    again = Overview.from_frames(told.about(), told.to_frames())
    assert again.rows_told == told.rows_told
    mark = told.cells.iloc[0]
    at = None if np.isnan(mark["at"]) else float(mark["at"])
    place = (mark["characteristic"], int(mark["bin"]), at, float(mark["value"]))
    assert nearest(found, rows, *place, kind="interventional") in rows.spread(40)
    made_of = SimpleNamespace(model_id="made-1")
    own = SampleRows(made_of, found.model, data, "hold-out", (), np.arange(data.n))  # type: ignore[arg-type]
    document = of_rows(own, found, Segment(), told)
    keys = [line["row"] for line in document["attributions"]]
    assert (document["n"], len(set(keys)), len(keys)) == (40, 40, 40 * len(found.characteristics))
    assert keys[-1] == own.key(data.n - 1)
    sizes = [abs(a["attribution"]) for a in document["attributions"] if a["characteristic"] == "income"]
    size = told.importance.set_index("characteristic").loc["income", "importance"]
    assert sum(sizes) / 40 == pytest.approx(size)


def test_a_threshold_that_shap_rounds_sends_no_row_elsewhere(halfway: tuple[Forest, np.ndarray]) -> None:
    forest, x = halfway
    way = ByRow(forest)
    values = way.values(x, {}, "path-dependent")
    assert way.base({}) == 0.5
    assert values[:, 0].tolist() == [-0.5, 0.5, -0.5, 0.5] and not values[:, 1].any()
    assert way.against(x[1:2], x[:1]).tolist() == [[1.0, 0.0]]
