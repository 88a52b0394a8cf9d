"""What is lent, to whom, and what *bad* means: the portfolio a model belongs to."""

from __future__ import annotations

from workbench.portfolio.codes import as_number, numeric_codes, word_codes
from workbench.portfolio.numbers import number_words
from workbench.portfolio.reasons import ReasonTable, ReasonText, Reference, ValueText
from workbench.portfolio.toml_file import from_values, parse, to_toml
from workbench.portfolio.values import (
    NAME,
    P_HIGH,
    P_LOW,
    Attribute,
    Band,
    Characteristic,
    Kind,
    Outcome,
    Points,
    Portfolio,
    Reading,
    Requirements,
    SamplingDefaults,
    Special,
    Tag,
    shares,
)

__all__ = [
    "Attribute",
    "Band",
    "Characteristic",
    "Kind",
    "NAME",
    "Outcome",
    "P_HIGH",
    "P_LOW",
    "Points",
    "Portfolio",
    "Reading",
    "ReasonTable",
    "ReasonText",
    "Reference",
    "Requirements",
    "SamplingDefaults",
    "Special",
    "Tag",
    "ValueText",
    "as_number",
    "from_values",
    "number_words",
    "numeric_codes",
    "parse",
    "shares",
    "to_toml",
    "word_codes",
]
