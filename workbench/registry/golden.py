"""Golden rows: a few rows with the PDs the model gave them, scored again whenever it is loaded."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from workbench.errors import ArtifactError, Problem
from workbench.registry.artifacts import canonical_json

GOLDEN = "golden.json"
ROWS = 64
TOLERANCE = 1e-9
_LIBRARIES = ("numpy", "pandas", "scikit-learn", "scipy", "lightgbm", "xgboost-cpu", "xgboost",
              "keras", "jax")  # fmt: skip


@dataclass(frozen=True, eq=False)
class Golden:
    """Rows and the PDs expected of them.

    Parameters
    ----------
    frame : DataFrame
        Typed characteristics, as in `workbench.dataset.Applicants`.
    p_bad : array, shape (n,)
        What the model gave when it was registered.
    environment : mapping
        Platform and library versions it was registered with.
    """

    frame: pd.DataFrame
    p_bad: np.ndarray
    environment: Mapping[str, str]

    def to_bytes(self) -> bytes:
        """Return the rows as JSON; floats are written so that they read back to the bit."""
        columns = [_column(name, self.frame[name]) for name in self.frame.columns]
        values = {
            "environment": dict(self.environment),
            "columns": columns,
            "p_bad": [float(p) for p in self.p_bad],
        }
        return canonical_json(values)

    @classmethod
    def from_bytes(cls, content: bytes) -> Golden:
        """Return what `to_bytes` wrote."""
        values = json.loads(content)
        frame = pd.DataFrame({c["name"]: _series(c) for c in values["columns"]})
        return cls(frame, np.array(values["p_bad"], dtype=float), values["environment"])

    def differences(self, p_bad: np.ndarray, model_id: str) -> tuple[Problem, ...]:
        """Compare the PDs a loaded model gives these rows with those expected.

        They must be equal to the bit where platform and libraries are the same; elsewhere to 1e-9, with a
        note.

        Returns
        -------
        tuple of Problem
            Notes: ``ENV_MISMATCH`` where platform or libraries differ.

        Raises
        ------
        ArtifactError
            ``GOLDEN_ROWS``.
        """
        found = np.asarray(p_bad, dtype=float)
        changed = _changed(self.environment, environment())
        distance = self._distance(found)
        if not distance <= (TOLERANCE if changed else 0.0):
            raise ArtifactError(
                "GOLDEN_ROWS",
                f"does not score its {len(self.p_bad)} golden rows as it did when it was registered "
                f"(largest difference {distance:.3g}{', ' + changed if changed else ''})",
                model_id,
                "Train it again on this machine.",
            )
        if not changed:
            return ()
        what = f"was registered elsewhere ({changed}); its golden rows agree to {TOLERANCE:g}"
        return (Problem("ENV_MISMATCH", what, model_id),)

    def refuse_other(self, p_bad: np.ndarray, what: str) -> None:
        """Refuse PDs that are not those expected, whoever computed them.

        Raises
        ------
        ArtifactError
            ``GOLDEN_ROWS``.
        """
        distance = self._distance(np.asarray(p_bad, dtype=float))
        if not distance <= TOLERANCE:
            raise ArtifactError(
                "GOLDEN_ROWS",
                f"the golden rows were given other PDs than the model gives them (by {distance:.3g})",
                what,
                "Report this as a fault of the model's family.",
            )

    def _distance(self, p_bad: np.ndarray) -> float:
        if p_bad.shape != self.p_bad.shape:
            return math.inf
        return float(np.max(np.abs(p_bad - self.p_bad), initial=0.0))


@lru_cache(maxsize=1)
def environment() -> Mapping[str, str]:
    """Return the platform and the versions of the libraries that can move a score in its last bits."""
    found = {"machine": platform.machine(), "system": platform.system(), "python": platform.python_version()}
    found["processor"] = _processor()
    for library in _LIBRARIES:
        try:
            found[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            continue
    return MappingProxyType(found)


def _processor() -> str:
    """Return the processor's model: linear algebra picks its kernels by it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor())


def positions(n: int, rows: int = ROWS) -> np.ndarray:
    """Return the fixed positions of golden rows among `n`: evenly spaced, first and last included.

    Examples
    --------
    >>> positions(5, 3).tolist(), positions(2, 3).tolist()
    ([0, 2, 4], [0, 1])
    """
    return np.unique(np.linspace(0, max(n - 1, 0), min(rows, n)).round().astype(int))


def _changed(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    keys = [key for key in sorted(before.keys() | now.keys()) if before.get(key) != now.get(key)]
    return ", ".join(f"{key} {before.get(key, 'absent')} then, {now.get(key, 'absent')} now" for key in keys)


def _column(name: str, values: pd.Series) -> dict[str, Any]:
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        texts = [None if pd.isna(v) else pd.Timestamp(v).isoformat() for v in values]
        return {"name": name, "kind": "date", "values": texts}
    if pd.api.types.is_numeric_dtype(values.dtype) and not isinstance(values.dtype, pd.CategoricalDtype):
        return {"name": name, "kind": "number", "values": [None if pd.isna(v) else float(v) for v in values]}
    return {"name": name, "kind": "category", "values": [None if pd.isna(v) else str(v) for v in values]}


def _series(column: dict[str, Any]) -> pd.Series:
    if column["kind"] == "date":
        return pd.Series(pd.to_datetime(column["values"]), dtype="datetime64[s]")
    if column["kind"] == "number":
        return pd.Series([math.nan if v is None else v for v in column["values"]], dtype=float)
    return pd.Series(column["values"], dtype="str").astype("category")
