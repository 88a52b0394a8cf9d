"""The light model of the self-test and its data, registered by the people of the tests."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from workbench.registry.registry import Registry
from workbench.registry.rows import ModelRow
from workbench.selftest.light import PORTFOLIO as PORTFOLIO
from workbench.selftest.light import LightModel as LineModel
from workbench.selftest.light import made_dataset as made_dataset
from workbench.selftest.light import made_frame as made_frame
from workbench.selftest.light import open_light as open_tiny
from workbench.selftest.light import publish
from workbench.selftest.light import read_light as read_line
from workbench.selftest.light import score_light as score_line
from workbench.settings import Settings

__all__ = ["LineModel", "open_tiny", "read_line", "score_line"]
WHEN = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


def settings_of(home: Path, **values: object) -> Settings:
    return Settings(home=home, **values)  # type: ignore[arg-type]


def place(registry: Registry) -> dict[str, object]:
    """Return where a registry is, for `open_tiny` in another process or once more in this one."""
    store = registry.store
    return {"home": store.home, "database_url": store.database.url.render_as_string(hide_password=False)}


def reopened(registry: Registry, **values: object) -> Registry:
    """Open the same home and database once more."""
    return open_tiny(**(place(registry) | values))  # type: ignore[arg-type]


def register(registry: Registry, model: LineModel, **more: object) -> ModelRow:
    """Register a model; `more` replaces what is said of it."""
    return publish(registry, model, **({"who": "ana", "when": WHEN} | more))  # type: ignore[arg-type]
