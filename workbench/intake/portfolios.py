"""The shelf of portfolios: those that ship with the workbench and those that were saved, append-only."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path

from workbench.errors import InputError, MissingError
from workbench.portfolio import NAME, Portfolio, parse, to_toml


@dataclass(frozen=True)
class PortfolioEntry:
    """A portfolio on the shelf, in its newest version; `problem` says why it cannot be read, if so."""

    name: str
    title: str
    kind: str
    version: int
    shipped: bool
    description: str
    problem: str = ""


@dataclass(frozen=True)
class PortfolioShelf:
    """Portfolios by name: shipped ones, and saved ones at ``<home>/portfolios/<name>/<n>.toml``.

    A saved version is never changed or removed; an edit makes the next version.
    """

    home: Path

    def names(self) -> list[PortfolioEntry]:
        """Return every portfolio in its newest version, saved ones first, by title."""
        saved = (
            [p.name for p in self._folder.iterdir() if NAME.match(p.name)] if self._folder.is_dir() else []
        )
        found = [self._entry(name) for name in sorted({*saved, *_shipped_names()}) if self.versions(name)]
        return sorted(found, key=lambda entry: (entry.shipped, entry.title.casefold()))

    def versions(self, name: str) -> list[int]:
        """Return the version numbers of a portfolio, oldest first; empty where there is none."""
        if not NAME.match(name):
            return []
        folder = self._folder / name
        saved = [int(p.stem) for p in folder.glob("*.toml") if p.stem.isdecimal()] if folder.is_dir() else []
        shipped = [_shipped(name).version] if name in _shipped_names() else []
        return sorted({*saved, *shipped})

    def find(self, reference: str) -> Portfolio:
        """Return a portfolio by ``name`` (its newest version), ``name@n``, or a TOML file's path.

        Raises
        ------
        MissingError
            ``NO_PORTFOLIO`` where there is none.
        InputError
            ``PORTFOLIO`` where it is not valid.
        """
        if reference.endswith(".toml"):
            return _read(Path(reference), reference)
        name, _, number = reference.partition("@")
        versions = self.versions(name)
        wanted = int(number) if number.isdecimal() else None
        if not versions or (number and wanted not in versions):
            raise self._missing(reference, name, versions)
        version = wanted or versions[-1]
        path = self._folder / name / f"{version}.toml"
        return _read(path, path.name) if path.exists() else _shipped(name)

    def save(self, portfolio: Portfolio) -> Portfolio:
        """Save a portfolio as its next version and return it as saved.

        The file is written aside, flushed and linked under its number, so that a crash leaves the old
        state or the new, and two writers cannot take one number.

        Raises
        ------
        InputError
            ``UNCHANGED`` where it equals the newest version.
        """
        folder = self._folder / portfolio.name
        self._make(folder)
        while True:
            versions = self.versions(portfolio.name)
            if versions:
                self._require_changed(portfolio, self.find(f"{portfolio.name}@{versions[-1]}"))
            saved = portfolio.model_copy(update={"version": versions[-1] + 1 if versions else 1})
            if _write_once(folder / f"{saved.version}.toml", to_toml(saved)):
                return saved

    def put(self, portfolio: Portfolio) -> None:
        """Save a portfolio under the version it states, where that is free; equal ones are left alone.

        Raises
        ------
        InputError
            ``PORTFOLIO_VERSION`` where that version is on the shelf already and says something else.
        """
        folder = self._folder / portfolio.name
        while True:
            versions = self.versions(portfolio.name)
            if portfolio.version in versions:
                if self.find(portfolio.identity) == portfolio:
                    return
                raise InputError(
                    "PORTFOLIO_VERSION",
                    f"{portfolio.identity} is on the shelf already and says something else",
                    portfolio.name,
                    f"Write version = {versions[-1] + 1} into the file, or train with the one on the shelf.",
                )
            self._make(folder)
            if _write_once(folder / f"{portfolio.version}.toml", to_toml(portfolio)):
                return

    @property
    def _folder(self) -> Path:
        return Path(self.home) / "portfolios"

    def _make(self, folder: Path) -> None:
        # the mode of what `parents` makes on the way is the umask's, and a home is its owner's alone
        Path(self.home).mkdir(parents=True, exist_ok=True, mode=0o700)
        for path in (self._folder, folder):
            path.mkdir(exist_ok=True, mode=0o700)

    def _entry(self, name: str) -> PortfolioEntry:
        saved = (self._folder / name).is_dir() and any((self._folder / name).glob("*.toml"))
        try:
            found = self.find(name)
        except InputError as error:
            newest = self.versions(name)[-1]
            return PortfolioEntry(name, name, "", newest, not saved, "", str(error))
        return PortfolioEntry(name, found.shown, found.kind, found.version, not saved, found.description)

    def _missing(self, reference: str, name: str, versions: list[int]) -> MissingError:
        if versions:
            what = f"{name} has no version {reference.partition('@')[2]!r}"
            remedy = "Take one of: " + ", ".join(f"{name}@{n}" for n in versions) + "."
        else:
            what = f"there is no portfolio {reference!r}"
            remedy = "Take one of: " + ", ".join(entry.name for entry in self.names()) + ", or a TOML file."
        return MissingError("NO_PORTFOLIO", what, "", remedy)

    @staticmethod
    def _require_changed(new: Portfolio, old: Portfolio) -> None:
        if new.model_copy(update={"version": old.version}) == old:
            what = f"is the same as {old.identity}, which is already saved"
            raise InputError(
                "UNCHANGED", what, new.name, "Change something first, or go on with that version."
            )


@lru_cache
def _shipped_names() -> tuple[str, ...]:
    folder = resources.files("workbench") / "portfolios"
    return tuple(sorted(p.name.removesuffix(".toml") for p in folder.iterdir() if p.name.endswith(".toml")))


@lru_cache
def _shipped(name: str) -> Portfolio:
    text = (resources.files("workbench") / "portfolios" / f"{name}.toml").read_text(encoding="utf-8")
    return parse(text, f"{name}.toml")


@lru_cache(maxsize=256)
def _parsed(text: str, label: str) -> Portfolio:
    """Return the portfolio a text says; the same text says the same, and a page asks at every click."""
    return parse(text, label)


def _read(path: Path, label: str) -> Portfolio:
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, IsADirectoryError):
        raise MissingError("NO_PORTFOLIO", "there is no such file", label, "Check the path.") from None
    except UnicodeDecodeError:
        raise InputError("PORTFOLIO", "is not UTF-8 text", label, "Save the file as UTF-8.") from None
    return _parsed(text, label)


def _write_once(path: Path, text: str) -> bool:
    """Write `path` so that it appears whole or not at all; False where another writer was first."""
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=".new-", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(aside, path)
        except FileExistsError:
            return False
    finally:
        os.unlink(aside)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return True
