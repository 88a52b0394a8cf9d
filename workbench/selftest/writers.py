"""Many programs that write at once: every acknowledged version is there, and one champion at every look."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from workbench.errors import GateError
from workbench.registry.stages import PROMOTED
from workbench.selftest import light
from workbench.selftest.forked import Tell, all_to_their_end
from workbench.selftest.tally import Tally, lost, silent, unclear


def crowd(home: Path, writers: int, times: int, **settings: str) -> Tally:
    """Let `writers` programs register and promote `times` times each, on any database."""
    registry = light.open_light(home, **settings)
    registry.save_dataset(light.made_dataset(), who=light.WHO, when=light.WHEN)
    first = light.publish(registry, light.LightModel(-1.0))
    registry.promote(first.model_id, who=light.WHO, when=light.WHEN)
    registry.close()  # a connection must not be shared with a forked process
    works = [lambda tell, n=number: _write(home, n, times, settings, tell) for number in range(writers)]
    ended = all_to_their_end(works)
    tally = Tally(writers=writers)
    for number, (status, _) in enumerate(ended):
        if status:
            tally += unclear(f"writer {number} ended with {status}")
    told = [line.split() for _, lines in ended for line in lines]
    registry = light.open_light(home, **settings)
    kept = {row.model_id: row.manifest_sha256 for row in registry.models()}
    for kind, *rest in told:
        if kind == "kept" and kept.get(rest[0]) != rest[1]:
            tally += lost(f"version {rest[0]} was acknowledged")
        if kind == "champions" and rest != ["1"]:
            tally += silent(f"a reader saw {rest[0]} champions")
    promoted = {line.model_id for line in registry.trail(limit=100_000) if line.action == PROMOTED}
    for kind, *rest in told:
        if kind == "promoted" and rest[0] not in promoted:
            tally += lost(f"the promotion of {rest[0]} was acknowledged and is not in the trail")
    tally += sum((unclear(f"after the crowd: {p.sentence()}") for p in registry.fsck()), Tally())
    registry.close()
    return tally


def _write(home: Path, number: int, times: int, settings: dict[str, str], tell: Tell) -> None:
    registry = light.open_light(home, **settings)
    for i in range(times):
        row = light.publish(registry, light.LightModel(number + i / 1000), who=f"writer {number}")
        tell(f"kept {row.model_id} {row.manifest_sha256}")
        with suppress(GateError):  # another may have been faster: that is said, and changes nothing
            who = f"writer {number}"
            registry.promote(row.model_id, who=who, when=light.WHEN, force=True, why="a crowd is tried")
            tell(f"promoted {row.model_id}")
        tell(f"champions {len(registry.models('cards', 'champion'))}")
