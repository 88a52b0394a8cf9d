"""Frames as plain values: undefined is None, and what is counted is a whole number."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

COUNTS = ("n_bad", "n_approved")
"""Counts that may be undefined, which makes them floats in a frame."""


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return lines as plain values: undefined is None, and an empty reason is left out."""
    lines = []
    for line in frame.to_dict("records"):
        plain = {name: _plain(value) for name, value in line.items()}
        plain |= {name: int(plain[name]) for name in COUNTS if plain.get(name) is not None}
        lines.append({k: v for k, v in plain.items() if v != "" or not k.endswith("reason")})
    return lines


def _plain(value: Any) -> Any:
    if value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value.item() if isinstance(value, np.generic) else value
