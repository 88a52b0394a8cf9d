"""Parameters of families that a portfolio declares: ``[family_parameters.lightgbm]`` in its file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

Scalar = str | int | float | bool
Parameters = tuple[tuple[str, Scalar], ...]


def _pairs(values: Any) -> Any:
    """Return tables as tuples of pairs, which cannot be changed.

    Raises
    ------
    ValueError
        Where a family has no table, or a parameter is no number, text, true or false.
    """
    if not isinstance(values, Mapping):
        return values
    for family, table in values.items():
        if not isinstance(table, Mapping):
            raise ValueError(f"{family} needs a table of parameters, such as [family_parameters.{family}]")
        for name, value in table.items():
            finite = not isinstance(value, float) or math.isfinite(value)
            if not isinstance(value, Scalar) or not finite:
                raise ValueError(f"{family}.{name} is {value!r}, not a number, a text, true or false")
    return tuple((family, tuple(table.items())) for family, table in values.items())


def _tables(pairs: tuple[tuple[str, Parameters], ...]) -> dict[str, dict[str, Scalar]]:
    return {family: dict(parameters) for family, parameters in pairs}


FamilyParameters = Annotated[
    tuple[tuple[str, Parameters], ...], BeforeValidator(_pairs), PlainSerializer(_tables)
]
"""Families with their parameters; a dictionary of dictionaries where it is written."""
