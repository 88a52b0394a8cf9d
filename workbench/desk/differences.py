"""What differs between two versions: portfolio, data, what was asked, samples, figures, policy."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from workbench.evaluation import TITLES, format_difference, format_figure, format_percent
from workbench.proposal import difference
from workbench.registry import ModelRow

if TYPE_CHECKING:
    from workbench.desk.desk import Desk

COLUMNS = ["topic", "what", "a", "b", "difference"]
METRICS = (
    "auc", "gini", "ks", "average_precision", "brier", "log_loss", "ece", "calibration_slope", "bad_rate",
    "mean_p_bad", "approval_rate", "bad_rate_approved",
)  # fmt: skip
ABSENT = "–"

Line = tuple[str, str, str, str, str]


def differences(desk: Desk, a: str, b: str) -> pd.DataFrame:
    """Return what two versions are, line by line; see `Desk.differences`."""
    rows = desk.registry.resolve(a), desk.registry.resolve(b)
    lines = [*_version(*rows), *_portfolio(desk, *rows), *_data(desk, *rows), *_spec(*rows)]
    lines += [*_samples(*rows), *_figures(*rows), *_policy(desk, *rows)]
    frame = pd.DataFrame(lines, columns=COLUMNS)
    return frame.assign(same=frame["a"] == frame["b"])


def _version(a: ModelRow, b: ModelRow) -> Iterator[Line]:
    for what, name in (("Family", "family"), ("Stage", "stage"), ("Trained by", "created_by")):
        yield "Version", what, getattr(a, name), getattr(b, name), ""
    yield "Version", "Trained", f"{a.created_at:%Y-%m-%d %H:%M} UTC", f"{b.created_at:%Y-%m-%d %H:%M} UTC", ""
    same = "the same model" if a.digest == b.digest else "another model"
    yield "Version", "What was learned", a.digest[:12], b.digest[:12], same
    gates = ("passed" if row.gate.get("passed") else "not passed" for row in (a, b))
    yield "Version", "Gate", *gates, ""


def _portfolio(desk: Desk, a: ModelRow, b: ModelRow) -> Iterator[Line]:
    names = [f"{row.portfolio}@{row.portfolio_version}" for row in (a, b)]
    changes = () if names[0] == names[1] else difference(*(desk.portfolio(name) for name in names))
    yield "Portfolio", "Version", *names, " ".join(changes)


def _data(desk: Desk, a: ModelRow, b: ModelRow) -> Iterator[Line]:
    known = {row.sha256: row for row in desk.registry.datasets()}
    sets = [known.get(row.dataset_sha256) for row in (a, b)]
    yield "Data", "Fingerprint", a.dataset_sha256[:12], b.dataset_sha256[:12], ""
    yield "Data", "File", *(one.name if one else ABSENT for one in sets), ""
    rows = [one.rows if one else None for one in sets]
    more = "" if None in rows else f"{rows[1] - rows[0]:+,}"  # type: ignore[operator]
    yield "Data", "Rows", *(ABSENT if n is None else f"{n:,}" for n in rows), more
    rates = [one.bad_rate if one else None for one in sets]
    yield "Data", "Bad rate", *(ABSENT if rate is None else format_percent(rate) for rate in rates), ""


def _spec(a: ModelRow, b: ModelRow) -> Iterator[Line]:
    left, right = _flat(a.spec), _flat(b.spec)
    for name in dict.fromkeys([*left, *right]):
        if name != "families":
            yield "Asked", _words(name), left.get(name, ABSENT), right.get(name, ABSENT), ""


def _flat(spec: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Return a spec's values by dotted name, as text."""
    found: dict[str, str] = {}
    for name, value in spec.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{name}.")
        else:
            told = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
            found[prefix + name] = told or "none"
    return found


def _words(name: str) -> str:
    return name.replace("_", " ").replace(".", ": ").capitalize()


def _samples(a: ModelRow, b: ModelRow) -> Iterator[Line]:
    for name in dict.fromkeys([*a.samples, *b.samples]):
        sizes = [row.samples.get(name) for row in (a, b)]
        told = [f"{s['n']:,} rows, {s['n_bad']:,} bads" if s else ABSENT for s in sizes]
        yield "Samples", name.capitalize(), *told, ""


def _figures(a: ModelRow, b: ModelRow) -> Iterator[Line]:
    yield "Figures", "Reported sample", a.reported, b.reported, ""
    for name in METRICS:
        values = [row.metrics.get(name) for row in (a, b)]
        if values == [None, None]:
            continue
        told = [ABSENT if v is None else format_figure(name, v) for v in values]
        title = "KS x 100" if name == "ks" else TITLES[name]
        yield "Figures", title, *told, "" if None in values else _step(name, *values)


def _step(name: str, a: float, b: float) -> str:
    """Return b less a, in the unit the figures are shown in."""
    if not math.isfinite(b - a):
        return ""
    if name == "ks" or format_figure(name, a).endswith("%"):
        return f"{100 * (b - a):+.1f}" + ("" if name == "ks" else " points")
    told = format_difference(b - a)
    return told if told.startswith("-") else f"+{told}"


def _policy(desk: Desk, a: ModelRow, b: ModelRow) -> Iterator[Line]:
    policies = [_policy_of(desk, row) for row in (a, b)]
    for what, name in (("Approve below a PD of", "approve_below"), ("Decline from a PD of", "decline_from")):
        yield "Policy", what, *(format_percent(p[name]) if p else ABSENT for p in policies), ""
    states = ("provisional" if p.get("provisional") else "set" for p in policies)
    yield "Policy", "State", *(s if p else ABSENT for s, p in zip(states, policies, strict=True)), ""


def _policy_of(desk: Desk, row: ModelRow) -> Mapping[str, Any]:
    return desk.study(row.study_id).model(row.family).policy if row.study_id else {}
