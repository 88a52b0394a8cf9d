"""Crowds on one database: everyone gets a turn, nothing is lost, and there is one champion at each look."""

from __future__ import annotations

import multiprocessing
import os
import random
import threading
import time
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import text

from tests.registry.tiny import (
    PORTFOLIO,
    WHEN,
    LineModel,
    made_dataset,
    open_tiny,
    place,
    register,
    reopened,
)
from workbench.errors import BusyError, GateError
from workbench.registry.registry import Registry
from workbench.registry.tables import ModelTable

FORK = multiprocessing.get_context("fork")
SLOTS = int(os.environ.get("WORKBENCH_TEST_SLOTS", "12"))
PROMOTERS, TIMES = 8, int(os.environ.get("WORKBENCH_TEST_RACES", "8"))


class Told:
    """What a child tells: the last thing it does."""

    def __init__(self, end: Any) -> None:
        self.put = end.send


def in_children(count: int, work: Any, *arguments: object) -> list[Any]:
    """Run `work` in processes of its own and return what each of them tells."""
    children, ends = [], []
    for i in range(count):
        ours, theirs = FORK.Pipe(duplex=False)
        child = FORK.Process(target=work, args=(Told(theirs), i, *arguments), daemon=True)
        child.start()
        # ours alone would wait for ever for a child that died
        theirs.close()
        children.append(child)
        ends.append(ours)
    found = [ours.recv() for ours in ends]
    for child in children:
        child.join()
        assert child.exitcode == 0
    return found


def add_one(queue: Any, who: int, where: dict[str, Any], times: int) -> None:
    """Read a number, wait 50 ms and write it back raised by one."""
    registry, longest = open_tiny(**where), 0.0
    for _ in range(times):
        asked = time.perf_counter()
        with registry.store.database.write() as session:
            query = "SELECT last FROM counters WHERE portfolio = 'cards'"
            lock = "" if registry.store.database.is_sqlite else " FOR UPDATE"
            last = session.execute(text(query + lock)).scalar_one()
            longest = max(longest, time.perf_counter() - asked)
            time.sleep(0.05)
            session.execute(text("UPDATE counters SET last = :last"), {"last": last + 1})
    queue.put(longest)


def test_sixteen_writers_of_50_ms_each_get_their_turn(registry: Registry) -> None:
    register(registry, LineModel(0.1))
    start = time.perf_counter()
    waits = in_children(16, add_one, place(registry), 4)
    took = time.perf_counter() - start
    print(f"64 changes of 50 ms by 16 writers: {took:.1f} s, longest wait {max(waits):.1f} s")
    with registry.store.database.read() as session:
        assert session.execute(text("SELECT last FROM counters")).scalar_one() == 1 + 64


def promote_many(told: Told, who: int, where: dict[str, Any], times: int, over: Any) -> None:
    """Promote at random and tell what was acknowledged and what refused; the last two only look."""
    registry, chance = open_tiny(**where), random.Random(who)
    if who >= PROMOTERS:
        told.put(_looks(registry, over))
        return
    done, refused = [], []
    for _ in range(times):
        model_id = f"cards-{chance.randint(1, 6)}"
        with suppress(GateError):
            registry.candidate(model_id, who=f"p{who}", when=WHEN)
        try:
            registry.promote(model_id, who=f"p{who}", when=WHEN, force=True, why="race")
            done.append(model_id)
        except GateError as error:
            refused.append(error.code)
    with over.get_lock():
        over.value += 1
    told.put((done, refused))


def _looks(registry: Registry, over: Any) -> list[int]:
    found, deadline = [], time.monotonic() + 60 + TIMES
    while over.value < PROMOTERS and time.monotonic() < deadline:
        with registry.store.database.read() as session:
            found.append(session.query(ModelTable).filter_by(stage="champion").count())
        time.sleep(0.005)
    return found


def test_promoters_race_and_each_look_finds_one_champion(registry: Registry) -> None:
    for i in range(6):
        register(registry, LineModel(i / 10))
    registry.promote("cards-1", who="ana", when=WHEN)
    told = in_children(PROMOTERS + 2, promote_many, place(registry), TIMES, FORK.Value("i", 0))
    looks = [count for counts in told[PROMOTERS:] for count in counts]
    assert set(looks) == {1}
    lines = [line for line in registry.trail(limit=100_000) if line.action == "promoted"]
    for who, (done, _) in enumerate(told[:PROMOTERS]):
        kept = [line.model_id for line in lines if line.who == f"p{who}"]
        # asking for what is champion already is acknowledged and changes nothing, so it adds no line
        assert len(kept) <= len(done) and set(kept) <= set(done)
    refused = [code for _, codes in told[:PROMOTERS] for code in codes]
    assert set(refused) <= {"CONFLICT", "STAGE"}
    print(f"{len(lines)} promotions, {len(refused)} refused, {len(looks):,} looks")
    assert len(lines) > PROMOTERS and len(registry.models("cards", "champion")) == 1
    assert registry.fsck() == []


def test_a_promotion_that_would_undo_anothers_is_a_conflict(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another promotes, retires or rejects while the files are verified."""
    for i in range(5):
        register(registry, LineModel(i / 10))
    registry.promote("cards-1", who="ana", when=WHEN)
    other = reopened(registry)
    acts = {
        "cards-2": lambda: other.promote("cards-3", who="ben", when=WHEN, force=True, why="first"),
        "cards-4": lambda: other.retire("cards-4", who="ben", when=WHEN),
        "cards-5": lambda: other.reject("cards-5", who="ben", when=WHEN, why="unstable"),
    }
    from workbench.registry import stages

    real = stages.load
    for model_id, act in acts.items():

        def meanwhile(store: object, row: object, act: Any = act, model_id: str = model_id) -> object:
            if row.model_id == model_id:  # type: ignore[attr-defined]
                act()
            return real(store, row)  # type: ignore[arg-type]

        monkeypatch.setattr(stages, "load", meanwhile)
        with pytest.raises(GateError, match="someone else") as said:
            registry.promote(model_id, who="ana", when=WHEN, force=True, why="mine")
        assert said.value.code == "CONFLICT"
        assert registry.trail(limit=1)[0].action == "promotion refused"
    assert registry.resolve("cards@champion").model_id == "cards-3"
    other.close()


def write_many(queue: Any, who: int, where: dict[str, Any], times: int) -> None:
    registry = open_tiny(**where)
    rows = [register(registry, LineModel(who + i / 100), who=f"w{who}") for i in range(times)]
    queue.put([(row.model_id, row.manifest_sha256) for row in rows])


def test_eight_writers_lose_nothing(registry: Registry) -> None:
    start = time.perf_counter()
    told = [pair for rows in in_children(8, write_many, place(registry), 5) for pair in rows]
    print(f"40 registrations by 8 writers in {time.perf_counter() - start:.1f} s")
    assert len(dict(told)) == 40
    assert dict(told) == {row.model_id: row.manifest_sha256 for row in registry.models()}
    assert sorted(row.version for row in registry.models()) == list(range(1, 41))
    assert len([line for line in registry.trail(limit=1000) if line.action == "trained"]) == 40
    assert registry.fsck() == []


def write_same(queue: Any, who: int, where: dict[str, Any]) -> None:
    registry = open_tiny(**where)
    dataset = registry.save_dataset(made_dataset(50, sha="b" * 64))
    study = registry.save_study(
        "same", {"a": b"1"}, portfolio=PORTFOLIO, dataset_sha256="b" * 64, spec={}, who="ana", when=WHEN
    )
    row = register(registry, LineModel(0.5), dataset_sha256="b" * 64, study_id="same")
    queue.put((dataset.sha256, study.manifest_sha256, row.model_id, row.again))


def test_eight_writers_of_the_same_make_one(registry: Registry) -> None:
    found = in_children(8, write_same, place(registry))
    assert len({entry[:3] for entry in found}) == 1
    assert [entry[3] for entry in found].count(False) == 1
    assert len(registry.models()) == 1 and len(registry.trail(model_id=registry.models()[0].model_id)) == 8
    assert registry.fsck() == [] and reopened(registry).fsck() == []


def run_job_again(queue: Any, who: int, where: dict[str, Any]) -> None:
    row = register(open_tiny(**where), LineModel(0.5 + who / 100), job_id="j1", who=f"w{who}")
    queue.put((row.model_id, row.again))


def test_a_job_run_by_several_workers_at_once_registers_once(registry: Registry) -> None:
    found = in_children(6, run_job_again, place(registry))
    assert len({model_id for model_id, _ in found}) == 1 and [again for _, again in found].count(False) == 1
    assert [row.job_id for row in registry.models()] == ["j1"]
    assert len([line for line in registry.trail() if line.action == "trained"]) == 1
    assert registry.fsck() == []


def fill_slots(queue: Any, who: int, where: dict[str, Any]) -> None:
    """Register what each slot's job makes, starting at another slot than the others."""
    registry = open_tiny(**where)
    made = []
    for i in range(SLOTS):
        slot = (i + who * SLOTS // 6) % SLOTS
        row = register(
            registry, LineModel(0.5 + slot / 1000 + who / 1e6), job_id=f"slot-{slot}", who=f"w{who}"
        )
        made.append((slot, row.model_id, row.again))
    queue.put(made)


def test_six_that_fill_the_same_slots_make_one_of_each(registry: Registry) -> None:
    found = [entry for made in in_children(6, fill_slots, place(registry)) for entry in made]
    assert len(found) == 6 * SLOTS
    assert len({(slot, model_id) for slot, model_id, _ in found}) == SLOTS
    assert [again for _, _, again in found].count(False) == SLOTS
    assert sorted(row.job_id for row in registry.models()) == sorted(f"slot-{i}" for i in range(SLOTS))
    assert registry.fsck() == []


def acknowledge_many(queue: Any, who: int, where: dict[str, Any]) -> None:
    registry = open_tiny(**where)
    for i in range(5):
        registry.acknowledge(
            made_dataset(), "LEAKAGE_NAME", f"c{who}_{i}", why="so", who=f"w{who}", when=WHEN
        )
    queue.put(who)


def test_reasons_given_at_once_are_all_kept(registry: Registry) -> None:
    in_children(6, acknowledge_many, place(registry))
    assert len(registry.acknowledged(made_dataset())) == 30


def test_a_busy_database_says_so_and_keeps_nothing(registry: Registry) -> None:
    register(registry, LineModel(0.2))
    impatient = reopened(registry, busy_seconds=0.2)
    with registry.store.database.write() as session:
        session.execute(text("UPDATE counters SET last = last"))
        for ask in (
            lambda: register(impatient, LineModel(0.1)),
            lambda: impatient.promote("cards-1", who="ana", when=WHEN),
        ):
            with pytest.raises(BusyError) as refused:
                ask()
            assert refused.value.code == "BUSY" and "0.2 s; nothing was changed" in str(refused.value)
    assert len(impatient.models()) == 1 and impatient.fsck() == []
    assert register(impatient, LineModel(0.1)).model_id == "cards-2"
    assert impatient.promote("cards-1", who="ana", when=WHEN).stage == "champion"
    impatient.close()


def test_more_threads_than_connections_wait_and_then_are_told(registry: Registry) -> None:
    """One program, such as the app, asks from many threads."""
    impatient, over = reopened(registry, busy_seconds=0.3), threading.Event()
    inside, codes = threading.Semaphore(0), []

    def hold() -> None:
        try:
            with impatient.store.database.read() as session:
                session.execute(text("SELECT 1"))
                inside.release()
                over.wait(20)
        except BusyError as error:
            codes.append(error.code)
            inside.release()

    threads = [threading.Thread(target=hold) for _ in range(20)]
    for thread in threads:
        thread.start()
    for _ in threads:
        inside.acquire(timeout=20)
    over.set()
    for thread in threads:
        thread.join()
    assert set(codes) <= {"BUSY"} and bool(codes) == (not impatient.store.database.is_sqlite)
    impatient.close()
