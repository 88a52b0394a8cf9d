"""Names of columns that are filled only after the outcome, or by an earlier decision."""

from __future__ import annotations

import re

# A count over a window before the application is a bureau item, whatever it counts.
_WINDOW = re.compile(
    r"(^|_)(within|last|past|prior|previous|prev|since|ever|num|nbr|n|count|cnt|no|number|times)_?\d*(_|$)"
    r"|(^|_)\d+_?(m|mo|mth|mths|month|months|d|day|days|y|yr|yrs|year|years)(_|$)"
)
_PAY = r"(pymnts?|pymts?|payments?|pmts?|paid|repayments?|repaid)"
_BOOK = r"(amount|amt|date|dt|d|flag|ind|status|reason|fee|fees|cost|costs|balance|bal)"

# pattern, what the column holds, whether it speaks of what follows a default only,
# whether a window before the application makes it innocent
_PATTERNS: tuple[tuple[re.Pattern[str], str, bool, bool], ...] = tuple(
    (re.compile(rf"(^|_)(?:{pattern})(_|$)"), what, after_default, windowed)
    for pattern, what, after_default, windowed in (
        (r"recover(y|ies|ed|able)|recoveries", "money recovered after default", True, False),
        (r"(debt_)?settlements?(_\w+)?|settled", "a settlement after default", True, False),
        (r"charged?_?offs?", "the charge-off itself", True, True),
        (r"(write|written|wrote)_?offs?", "the write-off itself", True, True),
        (rf"collections?_{_BOOK}|(sent_to|in)_collections?", "collection after default", True, True),
        (
            r"lgd|loss_given_default|net_loss|loss_(amount|amt)|realised_loss|realized_loss",
            "the loss",
            True,
            False,
        ),
        (rf"default_{_BOOK}|defaulted|date_of_default", "the default itself", True, True),
        (r"hardship(_\w+)?", "a hardship plan during the loan", True, True),
        (
            r"repossess(ion|ed)_(date|dt|flag|status)|foreclosure_(date|dt|flag|status)",
            "enforcement",
            True,
            True,
        ),
        (
            rf"tot(al)?_{_PAY}|tot(al)?_rec(eived)?_\w+|amount_repaid",
            "payments made over the loan",
            False,
            False,
        ),
        (rf"(last|next)_{_PAY}(_\w+)?", "the latest payment", False, False),
        (
            r"last_(credit_pull|fico\w*)(_\w+)?",
            "a look at the borrower after the loan was made",
            False,
            False,
        ),
        (r"out_prncp(_\w+)?|outstanding_princip(al|le)", "what is still owed", False, False),
        (r"(loan|final|account)_status|loan_outcome", "how the loan stands", False, False),
        (
            r"(close|closed|closing|closure|payoff|paid_off|paidoff)_(date|dt|reason)",
            "how the loan ended",
            False,
            False,
        ),
    )
)
_DECISION = re.compile(
    r"(^|_)(int_rate|interest_rate|apr|sub_?grade|(risk|loan|credit)_grade|grade|risk_band|pricing_tier|credit_limit_granted)(_|$)"
)


def leakage_name(column: str) -> str | None:
    """Return what a column with this name would hold that is known only after the outcome.

    Counts over a window before the application (``chargeoff_within_12_mths``) are bureau items and
    are let pass.

    Examples
    --------
    >>> leakage_name("collection_recovery_fee")
    'money recovered after default'
    >>> leakage_name("collections_12_mths_ex_med"), leakage_name("PAY_AMT1")
    (None, None)
    """
    match = _match(column)
    return match[0] if match else None


def follows_default(column: str) -> bool:
    """Return whether a suspect name speaks of what happens after a default, not of plain payments."""
    match = _match(column)
    return bool(match and match[1])


def decision_name(column: str) -> bool:
    """Return whether a name is that of a price, grade or limit set by an earlier decision."""
    return bool(_DECISION.search(_plain(column)))


def _match(column: str) -> tuple[str, bool] | None:
    name = _plain(column)
    window = bool(_WINDOW.search(name))
    for pattern, what, after_default, windowed in _PATTERNS:
        if pattern.search(name) and not (windowed and window):
            return what, after_default
    return None


def _plain(column: str) -> str:
    """Return a name in small letters with _ between its words, however it was written."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", column)
    return re.sub(r"[^a-z0-9]+", "_", apart.lower()).strip("_")
