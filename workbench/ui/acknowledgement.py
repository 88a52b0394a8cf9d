"""Reasons given to findings, kept in the registry, so that a reload and another tab find them."""

from __future__ import annotations

from typing import Any

from workbench.ui import cache


def of(dataset: Any) -> dict[tuple[str, str], str]:
    """Return the acknowledged findings of a data set under its portfolio: (code, column) -> reason."""
    return dict(cache.desk().acknowledged(dataset))


def give(dataset: Any, code: str, column: str, why: str) -> None:
    """Keep a reason with who gave it; the study that trains on the data records it too."""
    cache.desk().acknowledge(dataset, code, column, why)
