"""Settings as the worker of the tests reads them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    home: Path
    database_url: str = "sqlite:///elsewhere.db"
    threads: int = 1


def from_env() -> Settings:
    env = os.environ
    return Settings(Path(env["WORKBENCH_HOME"]), env["WORKBENCH_DATABASE_URL"], int(env["WORKBENCH_THREADS"]))
