"""Data that have been read (Table) and data that have been checked (Dataset, Applicants)."""

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
]
