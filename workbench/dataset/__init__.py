"""Data that have been read (Table) and data that have been checked (Dataset, Applicants)."""

from workbench.dataset.build import applicants, build
from workbench.dataset.fingerprint import fingerprint
from workbench.dataset.values import (
    BAD,
    GOOD,
    INDETERMINATE,
    REFUSED_COLUMNS,
    Acknowledged,
    Applicants,
    Dataset,
    Source,
    Table,
    empty_refused,
    from_frame,
)

__all__ = [
    "BAD",
    "GOOD",
    "INDETERMINATE",
    "REFUSED_COLUMNS",
    "Acknowledged",
    "Applicants",
    "Dataset",
    "Source",
    "Table",
    "applicants",
    "build",
    "empty_refused",
    "fingerprint",
    "from_frame",
]
