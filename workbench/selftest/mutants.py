"""Files of kept models and data, damaged: every one refused before it is parsed, and nothing brought down."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import ArtifactError, WorkbenchError
from workbench.families import FAMILIES
from workbench.run import Run
from workbench.sampling import SamplingSpec
from workbench.selftest.forked import Tell, to_its_end
from workbench.selftest.tally import Tally, silent, unclear
from workbench.settings import Settings
from workbench.study import StudySpec

if TYPE_CHECKING:
    from workbench.desk import Desk

PORTFOLIO, ROWS = "counterparty", 600
TOGETHER = 50
EXPECTED = {"ARTIFACT_DIGEST", "ARTIFACT_MISSING"}


def damage_what_is_kept(home: Path, each: int, run: Run) -> Tally:
    """Train every family on made data, damage each kept file `each` times, and try to load it.

    Parameters
    ----------
    each : int
        Mutants of each file: bits flipped, parts cut out, doubled or replaced, the file of another model.
    """
    from workbench import desk as room

    desk = room.open(Settings(home=home), who="selftest")
    run.step("training a model of each family", 0.0)
    dataset = desk.keep_generated(PORTFOLIO, ROWS, 7, run.part(0.0, 0.0))
    spec = StudySpec(tuple(FAMILIES), SamplingSpec(hold_out=0.3), seed=7)
    trained = desk.train(desk.request(dataset, spec), run.part(0.0, 0.3))
    failed = [m.error for m in trained.models if m.error]
    tally = sum((unclear(f"a family could not be trained: {error}") for error in failed), Tally())
    targets = list(_targets(desk, home))
    for number, (path, load) in enumerate(targets):
        done = 0.3 + 0.7 * number / len(targets)
        run.step(f"damaging {path.parent.name}/{path.name}, {each:,} times", done)
        others = [p for p, _ in targets if p.name == path.name and p != path]
        tally += _damage(path, load, each, others)
    return tally


def _targets(desk: Desk, home: Path) -> Iterator[tuple[Path, Callable[[], object]]]:
    """Give each kept file with what loads it."""
    rows = desk.registry.models()
    for row in rows:
        for path in sorted((home / "models" / row.model_id).iterdir()):
            yield path, lambda name=row.model_id: desk.registry.load(name)
    for study_id in sorted({row.study_id for row in rows if row.study_id}):
        for path in sorted((home / "studies" / study_id).iterdir()):
            yield path, lambda name=study_id: desk.registry.load_study(name)
    portfolio = desk.portfolio(PORTFOLIO)
    for row in desk.registry.datasets():
        path = home / "datasets" / f"{row.sha256}.parquet"
        yield path, lambda sha=row.sha256: desk.registry.load_dataset(sha, portfolio)


def _damage(path: Path, load: Callable[[], object], each: int, others: list[Path]) -> Tally:
    whole = path.read_bytes()
    chance = random.Random(path.name)
    tally = Tally()
    for start in range(0, each, TOGETHER):
        mutants = [mutant(whole, chance, others) for _ in range(min(TOGETHER, each - start))]
        mutants = [m for m in mutants if m != whole]
        # in a process of its own: were one parsed, it might bring that down
        ended, told = to_its_end(lambda tell, these=mutants: _load_each(path, these, load, tell))
        tally += Tally(faults=len(mutants)) + sum((_judged(path, line) for line in told), Tally())
        if ended or len(told) != len(mutants):
            tally += unclear(f"{path.name}: the process that loaded a damaged one ended with {ended}")
    path.write_bytes(whole)
    return tally


def mutant(whole: bytes, chance: random.Random, others: list[Path]) -> bytes:
    """Return `whole` damaged in one of the ways files are."""
    at = chance.randrange(len(whole)) if whole else 0
    length = chance.randint(1, max(1, len(whole) // 4))
    kind = chance.choice(("flip", "cut", "drop", "twice", "zeros", "noise", "other"))
    if kind == "flip" and whole:
        return whole[:at] + bytes([whole[at] ^ (1 << chance.randrange(8))]) + whole[at + 1 :]
    if kind == "cut":
        return whole[:at]
    if kind == "drop":
        return whole[:at] + whole[at + length :]
    if kind == "twice":
        return whole[:at] + whole[at : at + length] + whole[at:]
    if kind == "zeros":
        return whole[:at] + bytes(length) + whole[at + length :]
    if kind == "other" and others:
        return chance.choice(others).read_bytes()
    return whole[:at] + chance.randbytes(length) + whole[at + length :]


def _load_each(path: Path, mutants: list[bytes], load: Callable[[], object], tell: Tell) -> None:
    for content in mutants:
        path.write_bytes(content)
        try:
            load()
        except ArtifactError as error:
            tell(f"refused {error.code}")
        except WorkbenchError as error:
            tell(f"odd {error.code}")
        else:
            tell("loaded")


def _judged(path: Path, line: str) -> Tally:
    word, _, code = line.partition(" ")
    if word == "loaded":
        return silent(f"a damaged {path.name} was loaded")
    if word != "refused" or code not in EXPECTED:
        return unclear(f"a damaged {path.name} was refused as {code}")
    return Tally()
