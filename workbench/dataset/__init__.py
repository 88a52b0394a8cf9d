"""Data that have been read (Table) and data that have been checked (Dataset, Applicants)."""

from workbench.dataset.arrived import arrived
from workbench.dataset.build import applicants, build
from workbench.dataset.casting import cast_one
from workbench.dataset.dates import DAYS_A_MONTH, EPOCH, months
from workbench.dataset.distinct import as_numbers, distinct, unit_of, value_counts
from workbench.dataset.fingerprint import fingerprint
from workbench.dataset.impossible import impossible
from workbench.dataset.refusals import refused_rows
from workbench.dataset.text import canonical_value, masked
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
    "DAYS_A_MONTH",
    "EPOCH",
    "GOOD",
    "INDETERMINATE",
    "REFUSED_COLUMNS",
    "Acknowledged",
    "Applicants",
    "Dataset",
    "Source",
    "Table",
    "applicants",
    "arrived",
    "as_numbers",
    "build",
    "cast_one",
    "canonical_value",
    "distinct",
    "empty_refused",
    "fingerprint",
    "from_frame",
    "impossible",
    "masked",
    "months",
    "refused_rows",
    "unit_of",
    "value_counts",
]
