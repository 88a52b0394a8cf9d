"""What different laws look at first. A profile chooses what is shown first, never what is true."""

from __future__ import annotations

from dataclasses import dataclass

NOT_ADVICE = (
    "A screen, not a finding, and not legal advice; whoever relies on it checks the law as it stands."
)


@dataclass(frozen=True)
class Screen:
    """A line drawn in a chart, and where it comes from.

    Attributes
    ----------
    ratio : float
    words : str
    source : str
    """

    ratio: float
    words: str
    source: str


FOUR_FIFTHS = Screen(
    0.80,
    ".80, a convention",
    "29 CFR 1607.4(D), a rule of thumb for hiring in the United States that lenders borrow; no law of "
    "lending sets it",
)


@dataclass(frozen=True)
class Profile:
    """What a jurisdiction looks at, as of a date.

    Attributes
    ----------
    name, title : str
    as_of : str
        ISO date on which the sources were read; law changes after it are not in here.
    first : tuple of str
        Measures in the order they are shown; the others follow.
    says : tuple of str
        What the profile rests on, one sentence each.
    sources : tuple of str
    screens : tuple of Screen
    elderly_from : int
        Age from which an applicant is elderly to the rule on age; 0 where there is no such rule.
    """

    name: str
    title: str
    as_of: str
    first: tuple[str, ...]
    says: tuple[str, ...]
    sources: tuple[str, ...]
    screens: tuple[Screen, ...] = (FOUR_FIFTHS,)
    elderly_from: int = 0

    @property
    def shown(self) -> str:
        """The title with its date, as the menu shows it."""
        return f"{self.title}, as of {self.as_of}"


_RATIO = ("air", "p_value", "shortfall", "smd_p_bad")
_ERRORS = ("goods_approved", "bads_approved", "good_of_approved", "calibration_gap")
_AS_OF = "2026-11-20"
PROFILES = {
    one.name: one
    for one in (
        Profile(
            "none", "No jurisdiction", _AS_OF, (*_RATIO, *_ERRORS),
            ("Every measure, in no order of law.",), ("Conventions of the field.",),
        ),
        Profile(
            "us_federal", "US federal, after July 2026", _AS_OF, ("smd_p_bad", *_RATIO[:3], *_ERRORS),
            (
                "Since 21 July 2026 Regulation B no longer holds the effects test: unequal outcomes alone do "
                "not breach it. Treating people differently by a protected attribute, or by a proxy meant as "
                "one, still does.",
                "Age may be scored if no elderly applicant (62 and over) is worse off for it.",
                "States differ, and mortgages have a law of their own (Fair Housing Act).",
            ),
            ("Regulation B, final rule of 22 April 2026, FR Doc. 2026-07804, effective 21 July 2026.",
             "12 CFR 1002.6(b)(2), age in an empirically derived system."),
            elderly_from=62,
        ),
        Profile(
            "new_jersey", "New Jersey", _AS_OF, ("air", "p_value", "shortfall", "smd_p_bad", *_ERRORS),
            (
                "The state's rules of December 2025 keep disparate impact for lending: unequal outcomes need "
                "a reason that the business cannot do without.",
                "A less discriminatory alternative no longer has to be equally effective.",
                "Age may be scored if no elderly applicant (62 and over) is worse off for it (federal).",
            ),
            ("New Jersey Law Against Discrimination, disparate impact rules of December 2025.",
             "12 CFR 1002.6(b)(2), age in an empirically derived system."),
            elderly_from=62,
        ),
        Profile(
            "eu", "European Union", _AS_OF, (*_ERRORS, "air", "smd_p_bad", "p_value", "shortfall"),
            (
                "Scoring the credit of natural persons is high-risk in the AI Act (Annex III, 5(b)); finding "
                "fraud is not. Its duties were put off to 2 December 2027: verify the date.",
                "Since 20 November 2026 the Consumer Credit Directive gives a person who was assessed by "
                "machine an explanation, a say and a review by a person.",
                "No ratio is set anywhere; errors and calibration by group are what accuracy is judged by.",
            ),
            ("Regulation (EU) 2024/1689, Annex III and Articles 10 and 15.",
             "Directive (EU) 2023/2225, Article 18."),
        ),
        Profile(
            "uk", "United Kingdom", _AS_OF, ("air", *_ERRORS, "p_value", "shortfall", "smd_p_bad"),
            (
                "Equality Act 2010, section 19: a practice that puts people who share a protected "
                "characteristic at a disadvantage must be a proportionate means to a legitimate aim.",
                "Section 29 covers services, lending among them; age may be used where the assessment of "
                "risk rests on relevant information (Schedule 3, part 7).",
                "No ratio is set; the Consumer Duty asks whether groups of customers get worse outcomes.",
            ),
            ("Equality Act 2010, sections 19 and 29, Schedule 3.", "FCA Handbook, PRIN 2A."),
        ),
    )
}  # fmt: skip
