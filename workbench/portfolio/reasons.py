"""The words of a decline: which reason each characteristic stands for, as it may be sent to an applicant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from workbench.portfolio.base import Declared

if TYPE_CHECKING:
    from workbench.portfolio.values import Characteristic, Portfolio

Reference = Literal["all", "near cut-off"]


class ValueText(Declared):
    """What is said where a characteristic has just this value: an attribute or a special code."""

    value: str
    text: str = Field(min_length=1)


class ReasonText(Declared):
    """What is said of characteristics that made a score worse.

    Attributes
    ----------
    characteristics : tuple of str
        Columns these words hold for; more than one are one reason.
    group : str
        Texts of the same group are one reason too, worded by the characteristic that weighs most. Where
        empty the group is these characteristics alone.
    text : str
        Said whatever the value is, where none of the others is said; empty where that would not be true.
    high, low : str
        Said of a number above, or below, the median of those whom applicants are measured against, where
        the model's risk of this applicant falls once the number is that median; of a date that lies longer
        ago, or less long. Else `text` is said.
    missing : str
        Said where there is no value.
    values : tuple of ValueText
        Said of single attributes and special codes.
    """

    characteristics: tuple[str, ...] = Field(min_length=1)
    group: str = ""
    text: str = ""
    high: str = ""
    low: str = ""
    missing: str = ""
    values: tuple[ValueText, ...] = ()

    @model_validator(mode="after")
    def _says_something_once(self) -> ReasonText:
        values = [one.value for one in self.values]
        if len(values) != len(set(values)):
            raise ValueError("a value is listed twice")
        if not self.says_something:
            raise ValueError("says nothing: give it a text")
        return self

    @property
    def says_something(self) -> bool:
        """Whether there is a text at all."""
        return bool(self.text or self.high or self.low or self.missing or self.values)

    @property
    def key(self) -> str:
        """What tells this reason from others: its group, or its first characteristic."""
        return self.group or self.characteristics[0]


class ReasonTable(Declared):
    """How reasons for a decline are measured and worded.

    Attributes
    ----------
    version : int
        Of the words, kept with every list of reasons; raise it when a text changes.
    reference : {"all", "near cut-off"}
        Whom an applicant is measured against: all development applicants, or those at or just above the
        cut-off.
    texts : tuple of ReasonText
    """

    version: int = Field(default=1, ge=1)
    reference: Reference = "all"
    texts: tuple[ReasonText, ...] = ()

    @model_validator(mode="after")
    def _one_text_a_characteristic(self) -> ReasonTable:
        seen: set[str] = set()
        for name in (name for text in self.texts for name in text.characteristics):
            if name in seen:
                raise ValueError(f"characteristic {name!r} has two texts; give it one")
            seen.add(name)
        return self

    def text_of(self, characteristic: str) -> ReasonText | None:
        """Return the text of a characteristic, or None where it has none."""
        return next((text for text in self.texts if characteristic in text.characteristics), None)

    def fitting(self, characteristics: Iterable[Characteristic]) -> ReasonTable:
        """Return what of the table can be said of these characteristics; the rest goes."""
        known = {one.name: one for one in characteristics}
        kept: list[ReasonText] = []
        for text in self.texts:
            fits = [_fit(text, known[name]) for name in text.characteristics if name in known]
            # characteristics of which different things can be said stay one reason by their group
            alike: dict[str, list[ReasonText]] = {}
            for fit in fits:
                if fit.says_something:
                    said = fit.model_dump_json(exclude={"characteristics"})
                    alike.setdefault(said, []).append(fit)
            group = text.group if len(alike) < 2 else text.key
            for same in alike.values():
                names = tuple(name for fit in same for name in fit.characteristics)
                kept.append(same[0].model_copy(update={"characteristics": names, "group": group}))
        return self.model_copy(update={"texts": tuple(kept)})


def mistakes(portfolio: Portfolio) -> Iterator[str]:
    """Yield what is wrong with the texts of a portfolio, in words."""
    known = {one.name: one for one in portfolio.characteristics}
    for text in portfolio.reasons.texts:
        for name in text.characteristics:
            if name not in known:
                yield f"reasons.texts: {name!r} is no characteristic of this portfolio"
            elif wrong := _unfit(text, known[name]):
                yield f"reasons.texts: {name!r} {wrong}"


def _fit(text: ReasonText, characteristic: Characteristic) -> ReasonText:
    """Return what of a text can be said of one characteristic; it may say nothing then."""
    listed, number = _listed(characteristic), characteristic.kind in ("number", "date")
    said = tuple(one for one in text.values if one.value in listed or not (listed or number))
    ends = {} if number else {"high": "", "low": ""}
    return text.model_copy(update={"characteristics": (characteristic.name,), "values": said} | ends)


def _unfit(text: ReasonText, characteristic: Characteristic) -> str:
    """Return why a text cannot be said of a characteristic, or ""."""
    if (text.high or text.low) and characteristic.kind not in ("number", "date"):
        return "is no number, so that it is neither high nor low; use values"
    listed = _listed(characteristic)
    strange = [one.value for one in text.values if one.value not in listed]
    # a category may be declared without its attributes: any value is one of it then
    if strange and (listed or characteristic.kind in ("number", "date")):
        return f"has no attribute or special code {strange[0]!r}"
    return ""


def _listed(characteristic: Characteristic) -> set[str]:
    return {one.value for one in (*characteristic.attributes, *characteristic.special)}
