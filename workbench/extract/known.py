"""The rows of an extract whose outcome is known, as rates are counted of them."""

from __future__ import annotations

import numpy as np

from workbench.dataset import BAD, Dataset
from workbench.dataset.customers import customers
from workbench.evaluation.rates import customer_codes


def whose(dataset: Dataset, rows: np.ndarray) -> np.ndarray | None:
    """Return the customer's number of some rows; None where each row has one of its own."""
    return None if dataset.group is None else customer_codes(customers(dataset.group)[rows])


def known_rows(dataset: Dataset) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Return whether each row ended bad, its weight and its customer's number, both where there are."""
    known = dataset.known
    weight = None if dataset.weight is None else dataset.weight[known]
    return dataset.outcome[known] == BAD, weight, whose(dataset, known)
