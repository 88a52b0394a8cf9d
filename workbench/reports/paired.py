"""Pairs of models on the same rows, as report parts: tests of their differences, and who is swapped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from workbench.evaluation import Comparison, format_difference, format_p, format_percent
from workbench.evaluation.paired import turned
from workbench.reports.block import as_is, heading, percent, prose, table, whole

PAIR = {
    "pair": ("pair", None),
    "difference": ("difference", as_is),
    "interval": ("95% interval", as_is),
    "p": ("p", as_is),
    "beyond": ("beyond noise", None),
}


def tested(c: Comparison, reference: str) -> list[str]:
    """Return the differences of AUC, KS and bad rate with their tests, each pair less the reference."""
    together = {} if len(c.tests) == 1 else {"interval": ("95% interval, adjusted", as_is)}
    columns = PAIR | together | {"p": ("p" if len(c.tests) == 1 else "p, adjusted", as_is)}
    rate = f"Bad rate at {c.approval.approval:.0%} approved, in percentage points"
    parts = []
    for title, frame, form in (
        ("AUC", c.tests, format_difference),
        ("KS x 100", c.ks_tests, _points),
        (rate, c.approval.tests, _points),
    ):
        parts += [heading(title), table(_pairs(c, reference, frame, form), columns)]
    return parts


def approved(c: Comparison, a: str, b: str) -> list[str]:
    """Return what happens where each model approves the same share, and the test of `b` against `a`."""
    at = c.approval
    columns = {
        "model": ("model", None),
        "cut_off": ("PD up to", format_percent),
        "n_approved": ("approved", whole),
        "n_bad": ("bads", whole),
        "bad_rate": ("bad rate", percent),
        "low": ("from", percent),
        "high": ("to (95%)", percent),
    }
    told = prose(
        f"Each model approves the safest {at.approval:.0%} by its own PD. {_decided(turned(at.tests, a, b))}"
    )
    return [told, table(at.models, columns, (at.models["model"] == a).tolist())]


def swap_table(c: Comparison, a: str, b: str) -> str:
    """Return who is decided otherwise going from `a` to `b`."""
    set_columns = {
        "part": ("going from " + a + " to " + b, None),
        "n": ("applicants", whole),
        "share": ("share", percent),
        "n_bad": ("bads", whole),
        "bad_rate": ("bad rate", percent),
        "low": ("from", percent),
        "high": ("to (95%)", percent),
    }
    return table(swapped(c, a, b), set_columns)


def swapped(c: Comparison, a: str, b: str) -> pd.DataFrame:
    """Return the swap set going from a to b, whichever way it is kept."""
    at = c.approval
    parts = at.swapped(a, b)
    if parts.empty:
        other = {"swapped in": "swapped out", "swapped out": "swapped in"}
        parts = at.swapped(b, a).assign(part=lambda f: f["part"].replace(other))
    order = ("approved by both", "swapped in", "swapped out", "approved by neither")
    return parts.set_index("part").loc[list(order)].reset_index()


def _decided(pair: dict[str, Any]) -> str:
    if pair["reason"]:
        return f"Whether the bad rates differ is not defined: {pair['reason']}."
    low, high = f"{100 * pair['low']:+.1f}", f"{100 * pair['high']:+.1f}"
    told = (
        f"From {pair['a']} to {pair['b']} the bad rate of the approved changes by "
        f"{100 * pair['difference']:+.1f} points ({low} to {high}, bootstrap {format_p(pair['p_adjusted'])})"
    )
    if pair["mcnemar_reason"]:
        return f"{told}; McNemar's test is {pair['mcnemar_reason']}."
    return (
        f"{told}; whether more decisions are right, by McNemar's test: {format_p(pair['mcnemar_adjusted'])}."
    )


def _points(value: float) -> str:
    return f"{100 * value:+.1f}"


def _pairs(c: Comparison, reference: str, tests: pd.DataFrame, form: Callable[[float], str]) -> pd.DataFrame:
    """Return one line a pair, those with the reference first, each the later less the reference."""
    names = [reference, *(n for n in c.names if n != reference)]
    lines = [turned(tests, a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    return pd.DataFrame(
        {
            "pair": f"{line['b']} less {line['a']}",
            "difference": "not defined" if line["reason"] else form(line["difference"]),
            "interval": "" if line["reason"] else f"{form(line['low'])} to {form(line['high'])}",
            "p": "" if line["reason"] else format_p(line["p_adjusted"]).removeprefix("p "),
            "beyond": line["reason"] or ("yes" if line["beyond_noise"] else "no"),
        }
        for line in lines
    )
