"""Promotion: gate, verification, one champion, and a trail in plain words."""

from __future__ import annotations

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError, StatementError

from tests.registry.tiny import WHEN, LineModel, register
from workbench.errors import GateError, InputError, MissingError
from workbench.registry import Challenge
from workbench.registry.registry import Registry
from workbench.registry.tables import ModelTable, TrailTable


def test_the_champion_before_is_retired(registry: Registry) -> None:
    register(registry, LineModel(0.1), auc=0.70)
    register(registry, LineModel(0.2), auc=0.72)
    assert registry.promote("cards-1", who="ben", when=WHEN).stage == "champion"
    better = Challenge("cards-1", True, "cards-2 beats the champion cards-1", {"p_value": 0.01})
    registry.promote("cards@latest", who="ana", when=WHEN, why="better on hold-out", challenge=better)
    assert registry.trail("cards", 1)[0].detail["challenge"]["p_value"] == 0.01
    assert registry.resolve("cards@champion").model_id == "cards-2"
    assert registry.resolve("cards-1").stage == "retired"
    assert [line.sentence for line in registry.trail("cards", 3)] == [
        "ana made cards-2 the champion of cards in place of cards-1 (self-approved), "
        "because: better on hold-out.",
        "cards-1 is retired, because ana promoted cards-2.",
        "ben made cards-1 the champion of cards.",
    ]
    assert [move.stage for move in registry.history("cards-1")] == ["trained", "champion", "retired"]
    assert registry.fsck() == []


def test_promoting_the_champion_changes_nothing(registry: Registry) -> None:
    register(registry, LineModel(0.1))
    registry.promote("cards-1", who="ana", when=WHEN)
    lines = len(registry.trail())
    assert registry.promote("cards-1", who="ana", when=WHEN).stage == "champion"
    assert len(registry.trail()) == lines


def test_what_cannot_be_promoted_leaves_the_champion(registry: Registry) -> None:
    register(registry, LineModel(0.1))
    register(registry, LineModel(0.2), auc=0.52, passed=False)
    register(registry, LineModel(0.3), auc=0.8)
    register(registry, LineModel(0.4), auc=0.8)
    register(registry, LineModel(0.5), auc=0.65)
    registry.promote("cards-1", who="ana", when=WHEN)
    registry.reject("cards-3", who="ana", when=WHEN, why="unstable")
    registry.retire("cards-4", who="ana", when=WHEN)
    worse = Challenge("cards-1", False, "cards-5 does not beat the champion cards-1", {"p_value": 0.9})
    refused = {"cards-2": "GATE", "cards-3": "STAGE", "cards-4": "STAGE", "cards-5": "NOT_BETTER"}
    for model_id, code in refused.items():
        with pytest.raises(GateError) as said:
            registry.promote(model_id, who="eve", when=WHEN, challenge=worse)
        assert said.value.code == code
        assert registry.trail(limit=1)[0].action == "promotion refused"
        if code != "NOT_BETTER":
            with pytest.raises(GateError):
                registry.promote(model_id, who="eve", when=WHEN, force=True, why="I want it")
    with pytest.raises(MissingError):
        registry.promote("cards-99", who="eve", when=WHEN)
    assert registry.resolve("cards@champion").model_id == "cards-1"


def test_a_promotion_rests_on_a_comparison_with_the_champion_of_that_moment(registry: Registry) -> None:
    for slope, auc in ((0.1, 0.6), (0.2, 0.9), (0.3, 0.7)):
        register(registry, LineModel(slope), auc=auc)
    registry.promote("cards-1", who="ana", when=WHEN)
    for stale in (None, Challenge("cards-3", True, "cards-2 beats the champion cards-3")):
        with pytest.raises(GateError) as said:
            registry.promote("cards-2", who="ana", when=WHEN, challenge=stale)
        assert said.value.code == "NOT_COMPARED"
    line = registry.trail(limit=1)[0]
    assert line.detail["challenge"]["champion"] == "cards-3"
    assert registry.resolve("cards@champion").model_id == "cards-1"


def test_force_needs_a_reason_and_overrides_only_the_comparison(registry: Registry) -> None:
    register(registry, LineModel(0.1), auc=0.7)
    register(registry, LineModel(0.2), auc=0.69)
    registry.promote("cards-1", who="ana", when=WHEN)
    with pytest.raises(InputError, match="reason"):
        registry.promote("cards-2", who="ana", when=WHEN, force=True, why="  ")
    registry.promote("cards-2", who="ana", when=WHEN, force=True, why="simpler to explain")
    line = registry.trail(limit=1)[0]
    assert "overriding the comparison" in line.sentence and line.detail["why"] == "simpler to explain"


def test_candidates_and_coming_back(registry: Registry) -> None:
    register(registry, LineModel(0.1))
    register(registry, LineModel(0.2), passed=False)
    assert registry.candidate("cards-1", who="ana", when=WHEN).stage == "candidate"
    with pytest.raises(GateError):
        registry.candidate("cards-2", who="ana", when=WHEN)
    registry.promote("cards-1", who="ana", when=WHEN)
    with pytest.raises(GateError, match="Promote another"):
        registry.reject("cards-1", who="ana", when=WHEN, why="late")
    registry.retire("cards-1", who="ana", when=WHEN, why="drifted")
    assert registry.trail(limit=1)[0].sentence == (
        "ana retired cards-1, the champion; cards has none now, because: drifted."
    )
    registry.candidate("cards-1", who="ana", when=WHEN)
    assert registry.promote("cards-1", who="ana", when=WHEN).stage == "champion"


def test_latest_skips_what_is_out_of_use(registry: Registry) -> None:
    for slope in (0.1, 0.2, 0.3):
        register(registry, LineModel(slope))
    registry.retire("cards-3", who="ana", when=WHEN)
    registry.reject("cards-2", who="ana", when=WHEN, why="test")
    assert registry.resolve("cards@latest").model_id == "cards-1"
    assert [row.model_id for row in registry.models("cards", "rejected")] == ["cards-2"]


@pytest.mark.parametrize(
    "values",
    [
        {"stage": "king"},
        {"stage": "champion"},
        {"auc": 1.5},
        {"manifest_sha256": "short"},
        {"dataset_sha256": "a" * 64},
        {"version": 1},
    ],
)
def test_the_database_refuses_what_no_program_may_write(
    registry: Registry, values: dict[str, object]
) -> None:
    register(registry, LineModel(0.1))
    register(registry, LineModel(0.2))
    registry.promote("cards-1", who="ana", when=WHEN)
    change = update(ModelTable).where(ModelTable.model_id == "cards-2").values(**values)
    with pytest.raises(IntegrityError), registry.store.database.write() as session:
        session.execute(change)


def test_naive_moments_and_nan_are_refused(registry: Registry) -> None:
    line = {"at": WHEN, "who": "a", "action": "a", "portfolio": "p", "sentence": "s", "detail": {}}
    for wrong in ({"at": WHEN.replace(tzinfo=None)}, {"detail": {"x": float("nan")}}):
        with pytest.raises(StatementError), registry.store.database.write() as session:
            session.add(TrailTable(**(line | wrong)))
    assert registry.trail(limit=1)[0].at == WHEN


REPLACE = (
    "INSERT OR REPLACE INTO trail "
    "SELECT seq, at, 'x', action, portfolio, model_id, detail, sentence FROM trail"
)


UPSERT = (
    "INSERT INTO trail SELECT * FROM trail WHERE seq = seq ON CONFLICT (seq) DO UPDATE SET who = excluded.who"
)


def refuses(registry: Registry, change: str) -> None:
    with pytest.raises(IntegrityError, match="never changed"), registry.store.database.write() as session:
        session.execute(text(change))


@pytest.mark.parametrize("change", ["UPDATE trail SET who = 'x'", "DELETE FROM trail", UPSERT])
def test_lines_of_the_trail_are_never_changed(registry: Registry, change: str) -> None:
    refuses(registry, change)


def test_nor_by_a_statement_that_only_one_database_has(on_sqlite: Registry, on_postgresql: Registry) -> None:
    refuses(on_sqlite, REPLACE)
    refuses(on_postgresql, "TRUNCATE trail")


def test_readers_cannot_write(registry: Registry) -> None:
    with pytest.raises(Exception, match="readonly|read-only"), registry.store.database.read() as session:
        session.execute(text("DELETE FROM counters"))


def test_rolling_back_makes_the_champion_before_champion_again(registry: Registry) -> None:
    for number in (1, 2, 3):
        register(registry, LineModel(number / 10))
        registry.promote(f"cards-{number}", who="ana", when=WHEN, force=number > 1, why="drill")
    assert registry.previous_champion("cards").model_id == "cards-2"
    assert registry.roll_back("cards", who="ben", when=WHEN, why="Bads doubled").stage == "champion"
    assert registry.resolve("cards@champion").model_id == "cards-2"
    assert registry.resolve("cards-3").stage == "retired"
    assert [line.sentence for line in registry.trail("cards", 2)] == [
        "ben rolled cards back: cards-2 is champion again in place of cards-3, because: Bads doubled.",
        "cards-3 is retired, because ben rolled cards back to cards-2.",
    ]
    # once more leads further back, not forth again
    registry.roll_back("cards", who="ben", when=WHEN, why="Bads doubled here too")
    assert registry.resolve("cards@champion").model_id == "cards-1"
    with pytest.raises(GateError) as said:
        registry.roll_back("cards", who="ben", when=WHEN, why="once more")
    assert said.value.code == "NO_PREVIOUS"
    assert "cards-2 was champion and was rolled back from" in str(said.value)
    assert registry.resolve("cards@champion").model_id == "cards-1" and registry.fsck() == []


def test_rolling_back_needs_a_reason_and_passes_over_what_was_rejected(registry: Registry) -> None:
    for number in (1, 2, 3):
        register(registry, LineModel(number / 10))
        registry.promote(f"cards-{number}", who="ana", when=WHEN, force=number > 1, why="drill")
    with pytest.raises(InputError) as said:
        registry.roll_back("cards", who="ben", when=WHEN, why=" ")
    assert said.value.code == "NO_REASON" and registry.resolve("cards@champion").model_id == "cards-3"
    registry.candidate("cards-2", who="ben", when=WHEN)
    registry.reject("cards-2", who="ben", when=WHEN, why="unstable")
    assert registry.roll_back("cards", who="ben", when=WHEN, why="slow").model_id == "cards-1"


def test_where_the_champion_was_retired_rolling_back_takes_it_up_again(registry: Registry) -> None:
    register(registry, LineModel(0.1))
    with pytest.raises(GateError):
        registry.roll_back("cards", who="ben", when=WHEN, why="nothing there")
    registry.promote("cards-1", who="ana", when=WHEN)
    registry.retire("cards-1", who="ana", when=WHEN)
    assert registry.roll_back("cards", who="ben", when=WHEN, why="too early").model_id == "cards-1"
