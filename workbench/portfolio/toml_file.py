"""Portfolios as TOML files: parsed with every mistake named by its key, written so that they read back."""

from __future__ import annotations

import tomllib
from typing import Any

from pydantic import ValidationError

from workbench.errors import InputError, Problem
from workbench.portfolio.values import Portfolio


def from_values(values: dict[str, Any], source: str) -> Portfolio:
    """Return the portfolio that plain values declare.

    Raises
    ------
    InputError
        ``PORTFOLIO``: every mistake, each with its key; `source` says in which file.
    """
    try:
        return Portfolio.model_validate(values)
    except ValidationError as error:
        raise InputError.of([_problem(values, source, item) for item in error.errors()]) from None


def parse(text: str, source: str) -> Portfolio:
    """Return the portfolio written in TOML `text`; `source` names the file in errors.

    Raises
    ------
    InputError
        ``PORTFOLIO`` with the key (or line) of every mistake.
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError("PORTFOLIO", f"is not valid TOML: {error}", source, "Correct that line.") from None
    return from_values(values, source)


def _problem(values: dict[str, Any], source: str, item: Any) -> Problem:
    """Word one pydantic error: the key as the TOML's author would look for it."""
    path = []
    at: Any = values
    for step in item["loc"]:
        at = (
            at[step]
            if isinstance(at, dict) and step in at or isinstance(at, list) and isinstance(step, int)
            else None
        )
        named = at.get("name") if isinstance(at, dict) and isinstance(step, int) else None
        path.append(f"[{named}]" if named else f"[{step}]" if isinstance(step, int) else f".{step}")
    key = "".join(path).lstrip(".") or "portfolio"
    what = item["msg"].removeprefix("Value error, ")
    what = {"Extra inputs are not permitted": "is no key that a portfolio has"}.get(what, what)
    what = {"Field required": "is missing"}.get(what, what)
    return Problem(
        "PORTFOLIO", f"key {key} {what[0].lower()}{what[1:]}", source, "Correct the key and read it again."
    )


def to_toml(portfolio: Portfolio) -> str:
    """Return the portfolio as a TOML file that `parse` reads back to an equal value."""
    values = portfolio.model_dump(mode="json", exclude_defaults=True)
    values.setdefault("version", portfolio.version)
    return "\n".join(_toml_lines(values, ())) + "\n"


def _toml_lines(values: dict[str, Any], path: tuple[str, ...]) -> list[str]:
    plain = {k: v for k, v in values.items() if not _is_table(v)}
    lines = [f"{key} = {_toml_value(value)}" for key, value in plain.items() if value is not None]
    for key, value in values.items():
        if isinstance(value, dict):
            lines += ["", f"[{'.'.join((*path, key))}]", *_toml_lines(value, (*path, key))]
        elif key not in plain:
            for item in value:
                inner = {k: v for k, v in item.items() if v is not None}
                lines += ["", f"[[{'.'.join((*path, key))}]]"]
                lines += [f"{k} = {_toml_value(v)}" for k, v in inner.items()]
    return lines


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def _toml_value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        escaped = "".join(_toml_character(c) for c in value)
        return f'"{escaped}"'
    if isinstance(value, list):
        return "[" + ", ".join(_toml_value(v) for v in value) + "]"
    if isinstance(value, dict):
        inner = ", ".join(f"{k} = {_toml_value(v)}" for k, v in value.items() if v is not None)
        return "{ " + inner + " }"
    return repr(value)


def _toml_character(c: str) -> str:
    if c in '"\\':
        return "\\" + c
    return f"\\u{ord(c):04x}" if ord(c) < 32 or ord(c) == 127 else c
