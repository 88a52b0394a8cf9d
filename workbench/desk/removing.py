"""What takes room, and deleting of it: data sets, studies, models, reports, scored files and looks."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench import reports
from workbench.desk import monitored, scored
from workbench.errors import GateError, InputError, MissingError
from workbench.registry.rows import REMOVABLE, Removal
from workbench.reports import shelf

if TYPE_CHECKING:
    from workbench.desk.desk import Desk

REPORT, BATCH, LOOK = "report", "batch", "look"
ALL = (*REMOVABLE, REPORT, BATCH, LOOK)
"""The kinds of things that can be deleted."""
LISTED = 100_000
"""Looks among which one is looked for: all there are."""


@dataclass(frozen=True)
class Use:
    """What one kind of things takes on disk.

    Attributes
    ----------
    kind, title : str
    count : int
        How many there are.
    size : int
        Bytes.
    where : str
        The folder.
    """

    kind: str
    title: str
    count: int
    size: int
    where: str

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)


def room(size: int) -> str:
    """Return bytes as people read them.

    Examples
    --------
    >>> room(0), room(4_321), room(1_234_567), room(5_600_000_000)
    ('0 kB', '5 kB', '1.2 MB', '5.6 GB')
    """
    if size < 1_000_000:
        return f"{-(-size // 1000)} kB"
    return f"{size / 1e6:,.1f} MB" if size < 1_000_000_000 else f"{size / 1e9:,.1f} GB"


def disk(desk: Desk) -> tuple[Use, ...]:
    """Return what takes room, in the order of the work; see `Desk.disk`."""
    home, kept = desk.settings.home, desk.registry
    store = kept.store.home
    places = (
        ("uploads", "Files that were brought", home, len(list((home / "uploads").glob("*.json")))),
        ("datasets", "Data sets", store, len(kept.datasets())),
        ("studies", "Studies", store, len(kept.studies())),
        ("models", "Models", store, len(kept.models())),
        ("reports", "Reports", store, len(reports.kept(store))),
        ("batches", "Scored files", home, len(scored.kept(home))),
        ("drift", "Looks at extracts", home, len(list((home / "drift").glob("*/drift.json")))),
        ("jobs", "Logs of jobs", home, len(list((home / "jobs").glob("*.log")))),
        ("quarantine", "Deleted, still in quarantine", store, len(list((store / "quarantine").glob("*")))),
    )
    found = [
        Use(kind, title, count, _size(top / kind), str(top / kind)) for kind, title, top, count in places
    ]
    rest = sum(map(_size, {home, store})) - sum(use.size for use in found)
    return (*found, Use("rest", "Databases, portfolios and the rest", 0, rest, str(home)))


def plan(desk: Desk, kind: str, name: str) -> Removal:
    """Return what deleting something means; see `Desk.removal`."""
    if kind == REPORT:
        made = reports.find(desk.settings.store, name)
        size = _size(shelf.folder_of(desk.settings.store) / made.key)
        found = Removal(REPORT, made.key, "", size)
        if made.state == "running":
            remedy = "Wait for it, or stop its job."
            return replace(found, code="RUNNING", refusal=f"the report {made.key} still runs", remedy=remedy)
        return found
    if kind == BATCH:
        batch = scored.find(desk.settings.home, name)
        size = _size(scored.folder_of(desk.settings.home) / batch.key)
        return Removal(BATCH, batch.key, "", size, (f"what came of {batch.name}: {batch.sentence}",))
    if kind == LOOK:
        return _look(desk, name)
    if kind not in REMOVABLE:
        what = f"{kind!r} is nothing that can be deleted"
        raise InputError("KIND", what, remedy=f"Take one of: {', '.join(ALL)}.")
    found = desk.registry.removal(kind, name)
    names = {found.name, *([found.name[:16]] if kind == "dataset" else ())}
    telling = [
        report.key
        for report in reports.kept(desk.settings.store)
        if names & {part.strip() for value in report.parameters.values() for part in str(value).split(",")}
    ]
    told = list(found.along)
    if telling:
        told.append(f"{len(telling)} of the reports were asked about it and stay: {', '.join(telling[:4])}")
    looks = monitored.heads(desk.settings.home, limit=LISTED)
    held = sum(found.name in (head["model_id"], head["dataset_sha256"]) for head in looks)
    if held:
        told.append(f"looks at drift that rest on it, and stay: {held}")
    return replace(found, along=tuple(told))


def _look(desk: Desk, name: str) -> Removal:
    """Return what deleting a look at an extract means; one that cannot be read goes too."""
    home = desk.settings.home
    listed = monitored.heads(home, limit=LISTED)
    one = next((head for head in listed if head["key"] == name), None)
    if one is None and name not in monitored.unreadable(home):
        raise MissingError(
            "NO_DRIFT", "no such look at an extract is kept", name[:64],
            "Look at the list on the page Monitor.",
        )  # fmt: skip
    size = _size(monitored.folder_of(home) / name)
    if one is None:
        return Removal(LOOK, name, "", size, ("it cannot be read: its record is not what was stored",))
    told = (
        f"{one['name']} held against {one['model_id']}: {one['colour']}",
        "the trail keeps its verdict, and with it the page Home",
    )
    return Removal(LOOK, name, one["portfolio"].split("@")[0], size, told)


def delete(desk: Desk, kind: str, name: str, why: str, now: bool) -> Removal:
    """Delete something; see `Desk.delete`."""
    found = plan(desk, kind, name)
    if found.refusal:
        raise GateError(found.code, found.refusal, found.name, found.remedy)
    if kind == REPORT:
        _delete_folder(desk, found, "reports", shelf.folder_of(desk.settings.store), why)
    elif kind == BATCH:
        _delete_folder(desk, found, "batches", scored.folder_of(desk.settings.home), why)
    elif kind == LOOK:
        _delete_folder(desk, found, "drift", monitored.folder_of(desk.settings.home), why)
    else:
        desk.registry.remove(kind, found.name, who=desk.who, when=desk.now(), why=why)
    purge(desk, only=found.name if now else "")
    return found


def purge(desk: Desk, only: str = "") -> list[str]:
    """Remove for good what has been in quarantine long enough, and `only` at once.

    With it goes what stopped scoring left behind and nobody took up.
    """
    scored.purge(desk.settings.home)
    grace = timedelta(days=desk.settings.quarantine_days)
    return desk.registry.purge(desk.now(), grace, only)


def _delete_folder(desk: Desk, found: Removal, kind: str, top: Path, why: str) -> None:
    why = why.strip()
    if not why:
        raise InputError("NO_REASON", "deleting needs a reason", remedy="Say why; it is kept in the trail.")
    about = {"kind": found.kind, "name": found.name, "who": desk.who, "why": why}
    desk.registry.set_aside(kind, top / found.name, when=desk.now(), about=about, size=found.size)


def _size(path: Path) -> int:
    total = 0
    for file in path.rglob("*"):
        try:
            total += file.lstat().st_size if not file.is_dir() else 0
        except FileNotFoundError:  # it was taken away meanwhile
            continue
    return total
