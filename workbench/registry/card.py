"""What is written beside a model for people and other programs: ``metadata.json`` and ``model_card.md``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from workbench.evaluation import format_figure
from workbench.families import FAMILIES
from workbench.registry.artifacts import canonical_json, sha256
from workbench.registry.golden import environment
from workbench.registry.rows import Model

if TYPE_CHECKING:
    from workbench.registry.registration import Registration

METADATA_NAMES = {
    "auc_roc": "auc",
    "auc_pr": "average_precision",
    "gini": "gini",
    "ks": "ks",
    "precision_at_10pct_recall": "precision_at_10pct_recall",
    "calibration_error": "ece",
    "brier": "brier",
    "log_loss": "log_loss",
}
"""The names other programs know the metrics by, and ours."""

_CARD_METRICS = (
    ("auc", "AUC"),
    ("gini", "Gini"),
    ("ks", "KS x 100"),
    ("average_precision", "Average precision"),
    ("brier", "Brier score"),
    ("ece", "Calibration error (ECE)"),
    ("bad_rate", "Bad rate"),
    ("mean_p_bad", "Mean predicted PD"),
)
_LIMITS = (
    "It was fitted on applicants that were accepted at the time; how it ranks those who were turned away is "
    "not known from these data.",
    "It holds for applicants like those of its development sample. Values outside the ranges seen there are "
    "flagged when scored, not corrected.",
    "It says what went together, not what caused what; changing a characteristic need not change the risk.",
    "Protected characteristics are not given to it unless the portfolio says so with a reason; that alone "
    "does not make its decisions fair.",
)


def facts(model: Model, model_id: str, number: int, asked: Registration) -> dict[str, Any]:
    """Return ``metadata.json``: versions, date, characteristics and metrics as plain values."""
    portfolio = model.portfolio
    features = [{"name": c.name, "kind": c.kind} for c in portfolio.characteristics]
    return {
        "model_id": model_id,
        "portfolio": portfolio.name,
        "portfolio_version": portfolio.version,
        "family": model.family,
        "model_version": number,
        "calibration_version": _calibration_version(model),
        "feature_set_version": f"{portfolio.identity}-{sha256(canonical_json(features))[:12]}",
        "training_date": asked.when.date().isoformat(),
        "trained_at": asked.when.isoformat(),
        "trained_by": asked.who,
        "feature_names": [feature["name"] for feature in features],
        "outcome": {"bad": 1, "word": portfolio.outcome.word, "horizon": portfolio.outcome.horizon},
        "reported_sample": asked.reported_sample,
        "metrics": _named(asked.metrics),
        "training_metrics": _named(asked.samples.get("development", {})),
        "validation_metrics": _named(asked.samples.get(asked.reported_sample, asked.metrics)),
        "samples": {name: dict(values) for name, values in asked.samples.items()},
        "gate": dict(asked.gate),
        "spec": dict(asked.spec),
        "dataset_sha256": asked.dataset_sha256,
        "study_id": asked.study_id,
        "digest": model.digest,
        "environment": dict(environment()),
    }


def model_card(model: Model, known: Mapping[str, Any], asked: Registration) -> str:
    """Return the model card in Markdown, for a reader who was not there when the model was made."""
    parts = [
        f"# {known['model_id']}",
        _what(model, known),
        "## Purpose",
        _purpose(model),
        "## Data and samples",
        _data(known, asked),
        _sample_table(asked),
        "## Metrics",
        _metric_words(asked),
        _metric_table(asked),
        f"Gate: {'passed' if asked.gate.get('passed') else 'not passed'}. {why(asked.gate)}".rstrip(),
        "## What it looks at",
        _characteristics(model),
        "## Limits",
        _limits(model),
        "## How it was made",
        _made(known, asked),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def why(gate: Mapping[str, Any]) -> str:
    """Return the gate's reason and note as sentences."""
    texts = [str(gate[key]).strip() for key in ("reason", "note") if gate.get(key)]
    return " ".join(text if text.endswith(".") else f"{text}." for text in texts)


def family_title(family: str) -> str:
    """Return what a family is called on screens."""
    return FAMILIES[family].title if family in FAMILIES else family.replace("_", " ")


def _calibration_version(model: Model) -> str:
    """Return the method and the digest of the calibrator's numbers."""
    calibrator = getattr(model, "calibrator", None)
    if calibrator is None:
        return "none"
    return f"{calibrator.method}-{sha256(canonical_json(calibrator.to_json()))[:12]}"


def _named(values: Mapping[str, Any]) -> dict[str, Any]:
    named = {name: values.get(ours) for name, ours in METADATA_NAMES.items()}
    # null alone would leave its reader to guess
    named |= {
        f"{name}_reason": values.get(f"{ours}_reason") or "not measured"
        for name, ours in METADATA_NAMES.items()
        if named[name] is None
    }
    return named | {key: values[key] for key in ("n", "n_bad") if key in values}


def _what(model: Model, known: Mapping[str, Any]) -> str:
    portfolio = model.portfolio
    horizon = f" within {portfolio.outcome.horizon}" if portfolio.outcome.horizon else ""
    return (
        f"A model of the family {family_title(model.family)} that gives each applicant of "
        f"**{_cell(portfolio.shown)}** ({portfolio.identity}) a calibrated probability of "
        f"{_cell(portfolio.outcome.word)}{horizon}. "
        f"Trained on {known['training_date']} by {_cell(known['trained_by'])}."
    )


def _purpose(model: Model) -> str:
    portfolio = model.portfolio
    described = f"{_cell(portfolio.description)}\n\n" if portfolio.description else ""
    return (
        f"{described}For ranking and deciding on {portfolio.kind} cases of this portfolio, by the people who "
        "answer for its policy. Not for other portfolios, and not for setting prices or limits without a "
        "validation of that use."
    )


def _data(known: Mapping[str, Any], asked: Registration) -> str:
    lines = [f"Data set `{asked.dataset_sha256}`."]
    if known["study_id"]:
        lines.append(f"Study `{known['study_id']}` keeps the samples and every score.")
    return " ".join(lines)


def _sample_table(asked: Registration) -> str:
    rows = [
        f"| {name} | {_number(v.get('n'), '{:,}')} | {_number(v.get('n_bad'), '{:,}')} |"
        f" {_figure('bad_rate', v.get('bad_rate'))} |"
        for name, v in asked.samples.items()
    ]
    head = ["| sample | applicants | bads | bad rate |", "|---|---:|---:|---:|"]
    return "\n".join(head + rows) if rows else ""


def _metric_words(asked: Registration) -> str:
    n, bads = (_number(asked.metrics.get(key), "{:,}") for key in ("n", "n_bad"))
    sample = f"the {asked.reported_sample} sample" if asked.reported_sample else "the reported sample"
    return f"Of {sample}: {n} applicants, {bads} bads. Intervals are 95%."


def _metric_table(asked: Registration) -> str:
    lines = ["| metric | value | interval | development |", "|---|---:|---|---:|"]
    development = asked.samples.get("development", {})
    for name, title in _CARD_METRICS:
        value = asked.metrics.get(name)
        if value is None and name not in asked.metrics:
            continue
        low, high = asked.metrics.get(f"{name}_low"), asked.metrics.get(f"{name}_high")
        interval = "" if low is None or high is None else f"{_figure(name, low)} to {_figure(name, high)}"
        shown = asked.metrics.get(f"{name}_reason") or "undefined" if value is None else _figure(name, value)
        lines.append(f"| {title} | {shown} | {interval} | {_figure(name, development.get(name))} |")
    return "\n".join(lines)


def _characteristics(model: Model) -> str:
    importance = getattr(model, "importance", None)
    if importance is not None and len(importance):
        head = ["| characteristic | importance | effect on risk |", "|---|---:|---|"]
        top = importance.head(15)
        rows = [
            f"| {_cell(title)} | {value:.4g} | {_cell(effect)} |"
            for title, value, effect in zip(top["title"], top["importance"], top["effect"], strict=True)
        ]
        more = len(importance) - len(top)
        return "\n".join(head + rows) + (f"\n\n{more} more are of less weight." if more > 0 else "")
    names = ", ".join(_cell(c.shown) for c in model.portfolio.characteristics)
    return f"{len(model.portfolio.characteristics)} characteristics: {names}."


def _limits(model: Model) -> str:
    own = (FAMILIES[model.family].limits,) if model.family in FAMILIES else ()
    return "\n".join(f"- {limit}" for limit in (*own, *_LIMITS))


def _made(known: Mapping[str, Any], asked: Registration) -> str:
    asked_for = "\n".join(f"- {key}: {_asked(value)}" for key, value in sorted(asked.spec.items()))
    used = ", ".join(f"{name} {_cell(version)}" for name, version in sorted(known["environment"].items()))
    return (
        f"{asked_for}\n\nDigest of the learned content: `{known['digest']}`. Made with {used}. "
        "The files beside this one are listed with their digests in `manifest.json`."
    )


def _asked(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(
            f"{_cell(key)} {_asked(inner)}" for key, inner in value.items() if inner not in ("", [])
        )
    if isinstance(value, list | tuple):
        return "; ".join(_asked(inner) for inner in value) or "none"
    return _cell(value)


def _figure(name: str, value: float | None) -> str:
    """Return a measure as screens show it; empty where there is none."""
    return "" if value is None else format_figure(name, value)


def _number(value: Any, form: str) -> str:
    return "" if value is None else form.format(value)


def _cell(text: str) -> str:
    """Return text that cannot break out of a Markdown table, or become a tag or a link."""
    plain = " ".join(str(text).split())
    for sign in "\\`|<>[]*_":
        plain = plain.replace(sign, f"\\{sign}" if sign not in "<>" else {"<": "&lt;", ">": "&gt;"}[sign])
    return plain
