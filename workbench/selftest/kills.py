"""Publishers killed at random moments: what was acknowledged is whole, and there is one champion at most."""

from __future__ import annotations

import hashlib
import json
import random
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from workbench.run import Run
from workbench.selftest import light
from workbench.selftest.forked import Tell, killed_after
from workbench.selftest.tally import Tally, lost, silent, unclear

Ask = Callable[[str], Sequence[Sequence[Any]]]
"""Sends a statement to the database itself and returns its rows."""

CHAMPIONS = "SELECT model_id FROM model_versions WHERE stage = 'champion'"
SHORTEST, LONGEST = 0.02, 0.6


def kill_publishers(
    home: Path, kills: int, run: Run, seed: int = 20261121, *, database_url: str = "", ask: Ask | None = None
) -> Tally:
    """Kill `kills` programs while they publish and promote; look after each without the registry's code.

    Where `database_url` names another database than the one in `home`, `ask` sends it a statement.
    """
    started = time.monotonic()
    ask = ask or (lambda statement: _in_home(home, statement))
    where = {"database_url": database_url} if database_url else {}
    light.open_light(home, **where).save_dataset(light.made_dataset(), who=light.WHO, when=light.WHEN)
    # on a slow machine publishers must live longer to publish anything
    chance, longest = random.Random(seed), max(LONGEST, 3 * (time.monotonic() - started))
    told: list[str] = []
    tally = Tally()
    for number in range(kills):
        run.step(f"kill {number + 1:,} of {kills:,}", number / kills)
        after = chance.uniform(SHORTEST, longest)
        status, lines = killed_after(after, lambda tell, n=number: _publish(home, where, n, tell))
        told += lines
        longest *= 1 if told else 1.5
        tally += Tally(faults=1) + sum(_look(home, told, ask), Tally())
        if status != -signal.SIGKILL:
            tally += unclear(
                f"publisher {number + 1} ended by itself with status {status}; see what it wrote"
            )
    if not told:
        tally += unclear(f"none of {kills} publishers had published anything when it was killed")
    left = light.open_light(home, **where).fsck()
    return tally + sum((unclear(f"after {kills} kills: {p.sentence()}") for p in left), Tally())


def _publish(home: Path, where: dict[str, str], seed: int, tell: Tell) -> None:
    registry = light.open_light(home, **where)
    for i in range(10_000):
        row = light.publish(registry, light.LightModel(seed + i / 10_000), auc=0.5 + i / 30_000)
        tell(f"{row.model_id} {row.manifest_sha256}")
        if i % 3 == 0:
            registry.promote(row.model_id, who=light.WHO, when=light.WHEN, force=True, why="a kill is tried")
            tell(f"champion {row.model_id}")
        sha = hashlib.sha256(f"{seed} {i}".encode()).hexdigest()
        registry.save_dataset(light.made_dataset(20, sha=sha), who=light.WHO, when=light.WHEN)


def _in_home(home: Path, statement: str) -> list[Sequence[Any]]:
    with closing(sqlite3.connect(home / "workbench.db")) as database:
        return list(database.execute(statement))


def _look(home: Path, told: list[str], ask: Ask) -> Iterator[Tally]:
    """Compare what was acknowledged with the database and the files, by SQL and digests alone."""
    kept = dict(ask("SELECT model_id, manifest_sha256 FROM model_versions"))
    champions = [row[0] for row in ask(CHAMPIONS)]
    files = dict(ask("SELECT sha256, file_sha256 FROM datasets"))
    trained = {row[0] for row in ask("SELECT model_id FROM trail WHERE action = 'trained'")}
    for line in told:
        model_id, digest = line.split()
        if model_id != "champion" and kept.get(model_id) != digest:
            yield lost(f"version {model_id} was acknowledged")
    for model_id, digest in kept.items():
        if not _is_whole(home / "models" / model_id, digest):
            yield silent(f"version {model_id} stands in the database and is not whole on disk")
    for name in kept.keys() ^ trained:
        yield lost(f"the trail and the versions do not agree on {name}")
    for sha, digest in files.items():
        if not _has(home / "datasets" / f"{sha}.parquet", digest):
            yield silent(f"data set {sha[:12]} stands in the database and is not whole on disk")
    yield from _champion(champions, [line.split()[1] for line in told if line.startswith("champion ")])


def _champion(champions: list[str], acknowledged: list[str]) -> Iterator[Tally]:
    if len(champions) > 1:
        yield silent(f"{len(champions)} champions of one portfolio")
    if acknowledged and not champions:
        yield lost(f"champion {acknowledged[-1]} was acknowledged and there is none")
    if acknowledged and champions and _number(champions[0]) < _number(acknowledged[-1]):
        yield lost(f"champion {acknowledged[-1]} was acknowledged and {champions[0]} is champion")


def _number(model_id: str) -> int:
    return int(model_id.rpartition("-")[2])


def _is_whole(folder: Path, digest: str) -> bool:
    if not _has(folder / "manifest.json", digest):
        return False
    listed = json.loads((folder / "manifest.json").read_bytes())["files"]
    return all(_has(folder / name, about["sha256"]) for name, about in listed.items())


def _has(path: Path, digest: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == digest
