"""Which role a column seems to have, by its name and what its values look like."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from workbench.proposal.looks import Look

PROTECTED = re.compile(
    r"(^|_)(sex|gender|race|ethnic\w*|religion|marital\w*|marriage|married|nationality|citizen\w*|foreign\w*|disab\w*"
    r"|pregnan\w*|birth\w*|dob|skin_?colou?r|national_origin|education|personal_status)(_|$)"
    r"|^((applicant|customer|client|borrower|person)_?)?age(_?(years|yrs|in_years|groups?"
    r"|bands?|brackets?|buckets?|bins?|class|cat|category|range))?$",
    re.IGNORECASE,
)
OUTCOME_NAME = re.compile(
    r"^(bad|bads|is_?bad|bad_?(flag|loan|ind)|default\w*|\w*_default(ed)?|is_?default|target|outcome|label|class|y"
    r"|loan_?status|charged_?off|charge_?off_?flag|good_?bad|gb_?flag|fraud\w*|is_?fraud|seriousdlqin2yrs"
    r"|risk|credit_?risk|response)$",
    re.IGNORECASE,
)
BAD_WORDS = re.compile(
    r"charged?[ _-]?off|default|\bbad\b|late|delinquen|non[- ]?perform|writ(?:e|ten)[ _-]?off|fraud|\bloss\b",
    re.IGNORECASE,
)
GOOD_WORDS = re.compile(
    r"fully[ _]paid|\bpaid\b|\bgood\b|perform|repaid|\b(?:no|non|not)[-_ ]?default|legit|genuine",
    re.IGNORECASE,
)
NOT_BAD = re.compile(r"\b(no|not|non)[-_ ]?(bad|default\w*|fraud\w*|late|delinquent)\b", re.IGNORECASE)
KEY_NAME = re.compile(
    r"^id$|(^|_)(id|key|uuid|guid|ref|reference)$|[a-z](Id|ID)$|(account|loan|application|customer|client|member|contract)"
    r"_?(no|nr|num|number)$|^sk_id\w*$|^(rownum|row_?id|index|unnamed.*)$",
    re.IGNORECASE,
)
GROUP_NAME = re.compile(
    r"(customer|client|member|borrower|person|household|cust)_?(id|no|nr|num|number|key|code)$"
    r"|^(customer|client|borrower|household|cust)$",
    re.IGNORECASE,
)
DATE_NAME = re.compile(
    r"^issue_?d(ate)?$|appl\w*_?d(ate|t)?$|(application|origination|orig|open\w*|booking|start|issue\w*|snapshot"
    r"|observation|reporting|disbursal|approval)_?(date|month|dt|d)?$|^(date|month|as_of|asof\w*|vintage|cohort)$",
    re.IGNORECASE,
)
LATER_DATE = re.compile(
    r"last|next|settle|charge|clos|matur|birth|dob|earliest|end|paid|pymnt|payment", re.IGNORECASE
)
WEIGHT_NAME = re.compile(r"^(\w+_)?(weight|wgt|wt)s?$", re.IGNORECASE)
AMOUNT_NAME = re.compile(
    r"^(loan|credit|application|facility)?_?(amnt|amount|amt|limit|limit_bal|exposure)$", re.IGNORECASE
)
SEGMENT_NAME = re.compile(r"(^|_)(state|region|channel|product|segment|branch|country)(_|$)", re.IGNORECASE)


def outcome_score(look: Look) -> float:
    """Return how much a column looks like the outcome: 3 and more is a candidate."""
    if not 2 <= look.distinct <= 20:
        return 0.0
    score = 3.0 if OUTCOME_NAME.search(look.plain) else 0.0
    if not look.whole:
        bad = look.texts.str.contains(BAD_WORDS).any()
        good = look.texts.str.contains(GOOD_WORDS).any()
        score += 3.0 if bad and good else 0.5 * (bad or good)
    if look.distinct == 2:
        score += 0.5
    return score


def suggestion(value: str, values: Sequence[str]) -> str:
    """Return "bad", "good" or "" for one value of an outcome; only ever a suggestion."""
    if set(values) <= {"0", "1"}:
        return "bad" if value == "1" else "good"
    if set(values) <= {"false", "true"}:
        return "bad" if value == "true" else "good"
    if set(map(str.lower, values)) <= {"y", "n", "yes", "no"}:
        return "bad" if value.lower().startswith("y") else "good"
    if NOT_BAD.search(value):
        return "good"
    if BAD_WORDS.search(value):
        return "bad"
    return "good" if GOOD_WORDS.search(value) else ""


def role_of(look: Look, taken: set[str]) -> tuple[str, str]:
    """Return the role of a column that is not the outcome, and why; `taken` names roles that are gone."""
    name = look.plain
    if look.filled == 0:
        return "leave out", "all values are missing"
    if look.distinct == 1:
        return "leave out", "one value in every row" if look.missing == 0 else "one value and blanks"
    if PROTECTED.search(name):
        return "protected", "its name says that it may be protected; kept apart for fairness"
    if (
        WEIGHT_NAME.search(name)
        and look.kind == "number"
        and np.nanmin(look.values) > 0
        and "weight" not in taken
    ):
        return "weight", "its name says weight and all values are positive"
    if look.kind == "date" and look.question:
        return "leave out", "its dates can be read in two ways; say how they are written"
    key = _key(look, taken)
    if key:
        return key
    if look.kind == "category" and _free_text(look):
        return "leave out", f"free text: {look.distinct:,} different values in {look.rows:,} rows"
    return "characteristic", ""


def _key(look: Look, taken: set[str]) -> tuple[str, str] | None:
    named = bool(KEY_NAME.search(look.plain)) or look.plain == "column_1"
    unique = look.filled == look.rows and look.distinct == look.rows
    counting = unique and look.whole and np.ptp(look.values) == look.rows - 1
    nearly = look.rows >= 50 and look.distinct > 0.95 * look.filled
    if unique and (named or counting) and look.rows > 1 and not (look.kind == "number" and not look.whole):
        if "row key" not in taken:
            return "row key", "names every row once"
        return "leave out", "names every row once, like the row key"
    if (
        GROUP_NAME.search(look.plain)
        and not unique
        and look.distinct > 0.02 * look.rows
        and "group" not in taken
    ):
        return "group", "names whom the row belongs to; several rows share a value"
    if nearly and (look.kind == "category" or (named and look.whole)):
        return (
            "leave out",
            f"looks like an identifier: {look.distinct:,} different values in {look.rows:,} rows",
        )
    if named and look.distinct > 0.5 * look.filled and look.kind != "date":
        return "leave out", "its name and its many values say identifier"
    return None


def _free_text(look: Look) -> bool:
    long = float(np.average(look.texts.str.len(), weights=look.counts)) > 40 and look.distinct > 50
    return long or (look.distinct > 200 and look.distinct > 0.2 * look.filled)


def application_date(looks: Sequence[Look]) -> str:
    """Return the column that dates the application, or "" where none does."""
    dated = [look for look in looks if look.kind == "date" and not look.question and look.missing == 0]
    named = [look.column for look in dated if DATE_NAME.search(look.plain)]
    if named:
        return named[0]
    others = [
        look.column
        for look in dated
        if not LATER_DATE.search(look.plain) and not PROTECTED.search(look.plain)
    ]
    return others[0] if len(others) == 1 else ""


def tags_of(look: Look, role: str) -> tuple[str, ...]:
    """Return the tags that a characteristic's name suggests."""
    if role != "characteristic":
        return ()
    if look.kind == "number" and AMOUNT_NAME.search(look.plain):
        return ("amount",)
    return ("segment",) if look.kind in ("category", "flag") and SEGMENT_NAME.search(look.plain) else ()
