"""What is lent, to whom, and what *bad* means: the portfolio a model belongs to."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, field_validator, model_validator

from workbench.errors import InputError
from workbench.portfolio.base import Declared
from workbench.portfolio.parameters import FamilyParameters, Parameters
from workbench.portfolio.reasons import ReasonTable, mistakes

Kind = Literal["number", "category", "flag", "date"]
Tag = Literal["amount", "segment", "protected", "age"]
NAME = re.compile(r"^[a-z][a-z0-9_]{0,62}$")


class Attribute(Declared):
    """One allowed value of a category or flag, as written in the data, with a label for people."""

    value: str
    label: str = ""


class Band(Declared):
    """A named range of a protected number: low included, high not; an open end is None."""

    label: str
    low: float | None = None
    high: float | None = None


class Special(Declared):
    """A code that stands for something other than a quantity, such as -9 for "no bureau record"."""

    value: str
    label: str = ""


class Characteristic(Declared):
    """One column of the portfolio and what is known of it.

    Attributes
    ----------
    name : str
        The column as the file writes it.
    kind : {"number", "category", "flag", "date"}
        What its values are. A flag is a category of two values.
    format : {"plain", "percent", "amount", "with_unit"}
        How a number is written in text: ``10.65%`` (read as 0.1065), ``$1,234.50``, ``36 months``.
    date_format : str
        strptime pattern of a date in text; ISO where empty.
    low, high : float, optional
        Range outside which a number is flagged.
    missing : {"model", "refuse", "fill"}
        A missing value is a value of its own to the model, makes the row refused, or becomes `fill`.
    monotone : {"", "rises", "falls"}
        Whether risk may only rise, or only fall, with the value.
    bands, reference
        Groups of a protected characteristic, and the one others are compared with.
    reason : str
        Why a protected characteristic is given to a model; empty where it is not.
    """

    name: str = Field(min_length=1)
    title: str = ""
    group: str = ""
    unit: str = ""
    kind: Kind = "number"
    format: Literal["plain", "percent", "amount", "with_unit"] = "plain"
    date_format: str = ""
    low: float | None = None
    high: float | None = None
    attributes: tuple[Attribute, ...] = ()
    missing: Literal["model", "refuse", "fill"] = "model"
    fill: float | str | None = None
    special: tuple[Special, ...] = ()
    monotone: Literal["", "rises", "falls"] = ""
    tags: tuple[Tag, ...] = ()
    bands: tuple[Band, ...] = ()
    reference: str = ""
    reason: str = ""
    note: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> Characteristic:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low {self.low:g} is above high {self.high:g}")
        if (self.missing == "fill") != (self.fill is not None):
            raise ValueError('missing = "fill" and a fill value go together')
        if self.monotone and self.kind != "number":
            raise ValueError("only a number can be monotone")
        if self.kind == "number" and self.missing == "fill" and isinstance(self.fill, str):
            raise ValueError("fill must be a number")
        values = [a.value for a in self.attributes]
        if len(values) != len(set(values)):
            raise ValueError("an attribute is listed twice")
        if self.reference and self.bands and self.reference not in {b.label for b in self.bands}:
            raise ValueError(f"reference {self.reference!r} is none of the bands")
        return self

    @property
    def shown(self) -> str:
        """The title, or the column's name where there is none."""
        return self.title or self.name

    def label(self, value: str) -> str:
        """Return the label of an attribute, or the value itself where it has none."""
        for attribute in self.attributes:
            if attribute.value == value:
                return attribute.label or value
        return value


class Outcome(Declared):
    """Which column says how it ended, and which of its values are bad.

    Attributes
    ----------
    bad, good, indeterminate : tuple of str
        Values as written in the data. Where `good` is empty, every other value is good
        only if the column has exactly two values; otherwise all must be listed.
    word : str
        What bad is called: default, fraud.
    horizon : str
        Over what time, such as "12 months".
    """

    column: str
    bad: tuple[str, ...] = Field(min_length=1)
    good: tuple[str, ...] = ()
    indeterminate: tuple[str, ...] = ()
    word: str = "default"
    horizon: str = ""

    @model_validator(mode="after")
    def _apart(self) -> Outcome:
        listed = [*self.bad, *self.good, *self.indeterminate]
        if len(listed) != len(set(listed)):
            raise ValueError("a value is listed under two of bad, good and indeterminate")
        return self


class Reading(Declared):
    """How this portfolio's text files are written; empty means found out from the file."""

    delimiter: Literal["", ",", ";", "\t", "|"] = ""
    decimal: Literal["", ".", ","] = ""
    encoding: str = ""
    missing: tuple[str, ...] = ()


class Requirements(Declared):
    """What data must offer, and the least AUC a model of it needs."""

    rows: int = Field(default=500, ge=1)
    bads: int = Field(default=50, ge=1)
    missing: float = Field(default=0.95, ge=0, le=1)
    auc: float = Field(default=0.60, ge=0.5, le=1)


class SamplingDefaults(Declared):
    """Sampling the Train page offers first; ``split`` gives shares as 70/30, 70/15/15 or 55/15/15/15.

    Where `kind` is empty it is out-of-time on dated rows where that is possible, else grouped where a
    column says whose row each is, else random.
    """

    kind: Literal["", "random", "grouped", "out-of-time"] = ""
    split: str = "70/30"
    out_of_time: str = ""
    seed: int = Field(default=42, ge=0)

    @field_validator("split")
    @classmethod
    def _shares(cls, value: str) -> str:
        shares(value)
        return value


P_LOW, P_HIGH = 1e-4, 1 - 1e-4
"""Lowest and highest PD that points tell apart."""


class Points(Declared):
    """The points scale: `base` points at `odds` goods to one bad; `pdo` points double the odds."""

    base: float = 600.0
    odds: Annotated[float, Field(gt=0)] = 50.0
    pdo: Annotated[float, Field(gt=0)] = 20.0

    @property
    def factor(self) -> float:
        """Points per unit of log-odds.

        Examples
        --------
        >>> round(Points().factor, 6), round(Points().offset, 6)
        (28.853901, 487.122876)
        """
        return self.pdo / math.log(2.0)

    @property
    def offset(self) -> float:
        """Points at even odds."""
        return self.base - self.factor * math.log(self.odds)

    def exact(self, p_bad: np.ndarray | float) -> np.ndarray:
        """Return points before they are rounded, of PDs clipped to [.0001, .9999]; shape as `p_bad`."""
        p = np.clip(p_bad, P_LOW, P_HIGH)
        return self.offset + self.factor * np.log((1 - p) / p)

    @property
    def ends(self) -> tuple[int, int]:
        """Lowest and highest points there are: those of the highest and the lowest PD told apart.

        Examples
        --------
        >>> Points().ends
        (221, 753)
        """
        span = self.factor * math.log(P_HIGH / P_LOW)
        return math.floor(self.offset - span + 0.5), math.floor(self.offset + span + 0.5)


class Portfolio(Declared):
    """A portfolio as declared in its TOML file.

    Attributes
    ----------
    name, version
        Identity, written ``name@version``.
    characteristics : tuple of Characteristic
        What a model may use, in the order everything is shown.
    protected : tuple of Characteristic
        Kept for fairness, stored apart, never given to a model.
    row_key, date, weight, group : str
        Columns with that role; empty where there is none.
    left_out : tuple of str
        Columns that are known and not used.
    family_parameters : tuple of (family, parameters)
        What a family is trained with where nothing else is asked for; its own defaults elsewhere.
    weights : {"none", "balanced"}
        Whether families are fitted on bads as heavy in sum as goods; PDs are calibrated afterwards.
    reasons : ReasonTable
        What is said to an applicant who is declined.
    """

    name: str
    version: int = Field(default=1, ge=1)
    title: str = ""
    description: str = ""
    kind: Literal["application", "behavioural", "fraud"] = "application"
    currency: str = ""
    outcome: Outcome
    row_key: str = ""
    date: str = ""
    date_format: str = ""
    weight: str = ""
    group: str = ""
    left_out: tuple[str, ...] = ()
    reading: Reading = Reading()
    requirements: Requirements = Requirements()
    sampling: SamplingDefaults = SamplingDefaults()
    families: tuple[str, ...] = ("logistic", "scorecard", "lightgbm")
    family_parameters: FamilyParameters = ()
    calibration: Literal["auto", "sigmoid", "isotonic", "none"] = "auto"
    weights: Literal["none", "balanced"] = "none"
    points: Points = Points()
    characteristics: tuple[Characteristic, ...]
    protected: tuple[Characteristic, ...] = ()
    reasons: ReasonTable = ReasonTable()

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        if not NAME.match(value):
            raise ValueError("use small letters, digits and _, starting with a letter, 63 at most")
        return value

    @model_validator(mode="after")
    def _one_role_a_column(self) -> Portfolio:
        if not self.characteristics:
            raise ValueError("a portfolio needs at least one characteristic")
        seen: dict[str, str] = {}
        for role, names in self.columns_by_role().items():
            for name in names:
                if name in seen:
                    raise ValueError(f"column {name!r} is {seen[name]} and {role}; give it one role")
                seen[name] = role
        for characteristic in self.characteristics:
            if "protected" in characteristic.tags and not characteristic.reason:
                raise ValueError(
                    f"{characteristic.name!r} is protected and given to the model; say why in its reason"
                )
        return self

    @model_validator(mode="after")
    def _parameters_of_its_families(self) -> Portfolio:
        strangers = [family for family, _ in self.family_parameters if family not in self.families]
        if strangers:
            raise ValueError(
                f"family_parameters.{strangers[0]} is for a family that families does not list "
                f"({', '.join(self.families)})"
            )
        return self

    @model_validator(mode="after")
    def _reasons_of_its_characteristics(self) -> Portfolio:
        if wrong := next(mistakes(self), ""):
            raise ValueError(wrong)
        return self

    @property
    def shown(self) -> str:
        """The title, or the name where there is none."""
        return self.title or self.name

    @property
    def identity(self) -> str:
        """``name@version``."""
        return f"{self.name}@{self.version}"

    @property
    def p_bad_title(self) -> str:
        """What the calibrated probability is called on screens: PD, or probability of fraud."""
        return "Probability of fraud" if self.kind == "fraud" else "PD"

    def columns_by_role(self) -> dict[str, tuple[str, ...]]:
        """Return the columns of each role that has any; roles in DESIGN's words."""
        single = {"outcome": self.outcome.column, "row key": self.row_key, "date": self.date}
        single |= {"weight": self.weight, "group": self.group}
        roles = {role: (name,) for role, name in single.items() if name}
        roles["characteristic"] = tuple(c.name for c in self.characteristics)
        if self.protected:
            roles["protected"] = tuple(c.name for c in self.protected)
        if self.left_out:
            roles["leave out"] = self.left_out
        return roles

    def role(self, column: str) -> str:
        """Return the role of a column, or "" where the portfolio does not know it."""
        return next((role for role, names in self.columns_by_role().items() if column in names), "")

    def characteristic(self, name: str) -> Characteristic:
        """Return a characteristic (protected ones too) by its column name.

        Raises
        ------
        InputError
            ``UNKNOWN_CHARACTERISTIC`` where there is none.
        """
        for characteristic in (*self.characteristics, *self.protected):
            if characteristic.name == name:
                return characteristic
        raise InputError(
            "UNKNOWN_CHARACTERISTIC",
            f"the portfolio {self.identity} has no characteristic {name!r}",
            remedy="Take one of: " + ", ".join(c.name for c in self.characteristics) + ".",
        )

    def parameters(self, family: str) -> Parameters:
        """Return the parameters declared for a family; empty where there are none."""
        return dict(self.family_parameters).get(family, ())

    def to_json(self) -> dict[str, Any]:
        """Return the portfolio as plain values, defaults included."""
        return self.model_dump(mode="json")


def shares(split: str) -> tuple[float, ...]:
    """Return the shares of a split such as ``70/15/15``, largest part (development) first.

    Two shares are development and hold-out; three development, validation and hold-out;
    four development, validation, calibration and hold-out.

    Raises
    ------
    ValueError
        Where they are not two to four positive numbers that add to 100.

    Examples
    --------
    >>> shares("70/15/15")
    (0.7, 0.15, 0.15)
    """
    parts = split.split("/")
    if not 2 <= len(parts) <= 4 or not all(re.fullmatch(r"\d+(\.\d+)?", part) for part in parts):
        raise ValueError(f"a split is written like 70/30 or 70/15/15, not {split!r}")
    numbers = [float(part) for part in parts]
    if min(numbers) <= 0 or abs(sum(numbers) - 100) > 1e-6:
        raise ValueError(f"the shares of a split are positive and add to 100, not {split!r}")
    return tuple(number / 100 for number in numbers)
