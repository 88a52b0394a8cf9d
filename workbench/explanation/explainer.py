"""The one way from rows to exact Shapley values of a model, and what is kept to compute them."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from workbench.errors import InputError
from workbench.explanation.additive import additive
from workbench.explanation.attributions import (
    INTERVENTIONAL,
    PATH_DEPENDENT,
    WALKED,
    Attributions,
    Interactions,
    Kind,
    require_additive,
)
from workbench.explanation.by_row import ROWS, ByRow, by_row
from workbench.explanation.by_trees import by_trees
from workbench.explanation.references import ALL, Reference, groups
from workbench.features.columns import LevelColumn
from workbench.training import TrainedModel
from workbench.trees import NotCompiled

FILE = "explanation.json"
FORMAT = 1
TYPICAL = "typical"
"""What is kept of a reference group beside what its values need: the median of each number."""
Kept = dict[str, np.ndarray]


class Method(Protocol):
    """One exact way to the values of a fitted model; rows are encoded."""

    method: str
    unit: str
    kinds: tuple[Kind, ...]
    tolerance: float

    def learn(self, x: np.ndarray, weight: np.ndarray | None, threads: int = 1) -> Kept:
        """Return what is kept of reference rows."""
        ...

    def base(self, kept: Kept) -> float:
        """Return the mean margin of the reference."""
        ...

    def margin(self, x: np.ndarray) -> np.ndarray:
        """Return what base and values add up to; shape (n,)."""
        ...

    def values(self, x: np.ndarray, kept: Kept, kind: Kind, threads: int = 1) -> np.ndarray:
        """Return the values of each row; shape (n, characteristics)."""
        ...

    def interactions(self, x: np.ndarray, kept: Kept, kind: Kind, threads: int = 1) -> np.ndarray:
        """Return the values by pair; shape (n, characteristics, characteristics)."""
        ...

    def against(self, x: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Return the values of one row held against another; shape (1, characteristics)."""
        ...


@dataclass(frozen=True, eq=False)
class Explainer:
    """Exact Shapley values of one model.

    Parameters
    ----------
    model : TrainedModel
    references : mapping of str to Reference
        "all" development applicants, and "near cut-off" where the policy approves anybody.
    threads : int
        Threads that many rows may use; they change no value.
    check : mapping
        How many rows' values were held against `shap` ("rows"), on how many of them it could say anything
        ("compared"), and the largest difference of a value by kind ("largest", which models kept before it
        was noted lack); empty of a closed form, and of models kept before any of it was noted.
    prepared : Method, optional
        The exact way to the model's values, where whoever makes the explainer has made it already.
    """

    model: TrainedModel
    references: Mapping[str, Reference]
    threads: int = 1
    check: Mapping[str, Any] = field(default_factory=dict)
    prepared: Method | None = None

    @cached_property
    def way(self) -> Method:
        """The exact way to the values of encoded rows."""
        return self.prepared or method_of(self.model)

    @property
    def method(self) -> str:
        """How values are computed that need no other row: "closed form", "leaf tables", or "shap"."""
        return self.way.method

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of values that are at hand; trees have both, deep ones while their rows are kept."""
        if self.slow and not any(ROWS in group.kept for group in self.references.values()):
            return (PATH_DEPENDENT,)
        return self.way.kinds

    @property
    def slow(self) -> bool:
        """Whether a row takes so long that what is told of many rests on some of them."""
        return isinstance(self.way, ByRow)

    @property
    def deep(self) -> bool:
        """Whether trees are so deep that tables of their pairs cannot be held."""
        tables = getattr(self.way, "tables", None)
        return tables is not None and not tables.pairs_held

    @property
    def characteristics(self) -> tuple[str, ...]:
        """The portfolio's characteristics, in the order of raw rows and of values."""
        return tuple(column.name for column in self.model.encoder.columns)

    def attributions(
        self, raw: np.ndarray, *, kind: Kind | None = None, reference: str = ALL
    ) -> Attributions:
        """Return the values of raw rows (`Encoder.raw`), checked to add up to the margin.

        Parameters
        ----------
        kind : Kind, optional
            The first of `kinds` where not given: interventional, where it is at hand.

        Raises
        ------
        InputError
            ``KIND`` where the model has no such values; ``REFERENCE`` where it has no such group.
        ArtifactError
            ``ADDITIVITY``.
        """
        kind = kind or self.kinds[0]
        group, x = self._asked(kind, reference), self.model.encoder.encode(raw)
        kept = group.kept if group else {}
        values = self.way.values(x, kept, kind, self.threads)
        return self._checked(x, kind, group, self._base(kind, group), values)

    def against(self, raw: np.ndarray, other: np.ndarray) -> Attributions:
        """Return the values of one applicant held against another one; both raw, shape (k,) or (1, k)."""
        one, two = (self.model.encoder.encode(np.atleast_2d(row)) for row in (raw, other))
        values, base = self.way.against(one, two), float(self.way.margin(two)[0])
        group = Reference("other", "the other applicant", 1, np.nan, np.nan)
        return self._checked(one, INTERVENTIONAL, group, base, values)

    def interactions(
        self, raw: np.ndarray, *, kind: Kind | None = None, reference: str = ALL
    ) -> Interactions:
        """Return how pairs of characteristics act together, checked to add up to the margin.

        Raises
        ------
        InputError, ArtifactError
            As in `attributions`.
        """
        kind = kind or (PATH_DEPENDENT if self.slow else self.kinds[0])
        if self.slow and kind != PATH_DEPENDENT:
            raise InputError(
                "KIND", f"the trees of this {self.model.family} model are too deep for {kind} values by pair",
                remedy=f"Take {PATH_DEPENDENT}.",
            )  # fmt: skip
        group, x = self._asked(kind, reference), self.model.encoder.encode(raw)
        values = self.way.interactions(x, group.kept if group else {}, kind, self.threads)
        margin, base = self.way.margin(x), self._base(kind, group)
        require_additive(base, values.sum(axis=(1, 2)), margin, self.way.tolerance)
        return Interactions(
            kind, self.way.method, self.way.unit, group.words if group else "",
            group.n if group else 0, base, self.characteristics, values, margin,
        )  # fmt: skip

    def _named(self, kind: Kind) -> str:
        return WALKED if self.slow and kind == INTERVENTIONAL else self.way.method

    def _base(self, kind: Kind, group: Reference | None) -> float:
        return self.way.base(group.kept if group else {})

    def _asked(self, kind: Kind, reference: str) -> Reference | None:
        """Return the group that is asked for, None for path-dependent values."""
        if kind not in self.kinds:
            raise InputError(
                "KIND", f"this {self.model.family} model has no {kind} values"
                + (": its trees are deep, and the development data are not at hand" if self.slow else ""),
                remedy=f"Take {' or '.join(self.kinds)}.",
            )  # fmt: skip
        if kind != INTERVENTIONAL:
            return None
        if reference not in self.references:
            raise InputError(
                "REFERENCE", f"the model knows no reference group {reference!r}",
                remedy=f"Take {' or '.join(self.references)}.",
            )  # fmt: skip
        return self.references[reference]

    def _checked(
        self, x: np.ndarray, kind: Kind, group: Reference | None, base: float, values: np.ndarray
    ) -> Attributions:
        margin = self.way.margin(x)
        require_additive(base, values.sum(axis=1), margin, self.way.tolerance)
        return Attributions(
            kind=kind, method=self._named(kind), unit=self.way.unit,
            reference=group.words if group else "", n_reference=group.n if group else 0, base=base,
            characteristics=self.characteristics, values=values, margin=margin,
            p_bad=np.asarray(self.model.calibrator.p_bad(self.model.many.margin(x)), dtype=float),
        )  # fmt: skip

    def to_files(self) -> dict[str, bytes]:
        """Return what is kept of the reference groups: means or counts, no applicant's row."""
        files, told = {}, []
        for i, group in enumerate(self.references.values()):
            about = {name: getattr(group, name) for name in ("name", "words", "n", "p_low", "p_high")}
            arrays = []
            for name, array in sorted(group.kept.items()):
                if name == ROWS:
                    continue
                file = f"explanation-{i}-{name}.bin"
                # the level of compression that has most of the gain in a tenth of the time
                files[file] = zlib.compress(np.ascontiguousarray(array).tobytes(), 1)
                arrays.append(
                    {"name": name, "file": file, "type": array.dtype.str, "shape": list(array.shape)}
                )
            told.append(about | {"arrays": arrays})
        values = {"format": FORMAT, "digest": self.model.digest, "references": told}
        values |= {"check": dict(self.check)} if self.check else {}
        return {FILE: json.dumps(values, allow_nan=False, indent=1).encode()} | files

    @classmethod
    def from_files(cls, files: Mapping[str, bytes], model: TrainedModel, threads: int = 1) -> Explainer:
        """Return the explainer that `to_files` wrote for this model; other files are ignored.

        Raises
        ------
        InputError
            ``EXPLANATION`` where it was learned for another model or by a later workbench.
        """
        values = json.loads(files[FILE])
        if values["format"] != FORMAT or values["digest"] != model.digest:
            raise InputError(
                "EXPLANATION", "what is kept to explain the model belongs to another one",
                remedy="Train the model again.",
            )  # fmt: skip
        references = {}
        for told in values["references"]:
            kept = {a["name"]: _array(files[a["file"]], a) for a in told.pop("arrays")}
            references[told["name"]] = Reference(**told, kept=kept)
        return cls(model, references, threads, values.get("check", {}))


def _array(content: bytes, about: Mapping[str, Any]) -> np.ndarray:
    return np.frombuffer(zlib.decompress(content), np.dtype(about["type"])).reshape(about["shape"])


def medians(model: TrainedModel, raw: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    """Return the median of each number over raw rows, special codes apart; NaN where there is none."""
    out = np.full(raw.shape[1], np.nan)
    for j, column in enumerate(model.encoder.columns):
        if isinstance(column, LevelColumn):
            continue
        usual = ~np.isnan(raw[:, j]) & ~np.isin(raw[:, j], column.special)
        if usual.any():
            share = None if weight is None else weight[usual]
            out[j] = np.quantile(raw[usual, j], 0.5, method="inverted_cdf", weights=share)
    return out


def method_of(model: TrainedModel) -> Method:
    """Return the way to a model's values: closed form, tables, or row by row where trees are too deep.

    Raises
    ------
    InputError
        ``NO_EXPLANATION`` where there is none.
    """
    try:
        try:
            found = additive(model) or by_trees(model)
        except NotCompiled:
            found = by_row(model)
    except NotCompiled as why:
        raise InputError(
            "NO_EXPLANATION", f"the {model.family} model has no exact explanation: {why}",
            remedy="Take fewer or shallower trees.",
        ) from None  # fmt: skip
    if found is None:
        raise InputError(
            "NO_EXPLANATION", f"{model.family} models are not explained",
            remedy="Take a model of another family.",
        )  # fmt: skip
    return found


def learn(
    model: TrainedModel, raw: np.ndarray, *, weight: np.ndarray | None = None, threads: int = 1
) -> Explainer:
    """Return the explainer of a model.

    Parameters
    ----------
    raw : array, shape (n, characteristics)
        The development rows as `Encoder.raw` has them.
    weight : array, shape (n,), optional
        Their sampling weights.

    Raises
    ------
    InputError
        ``NO_EXPLANATION``.
    """
    method = method_of(model)
    x = model.encoder.encode(raw)
    margin = model.many.margin(x)
    p_bad = np.asarray(model.calibrator.p_bad(margin), dtype=float)
    place = np.arange(len(x))
    if isinstance(method, ByRow):
        # by margin, equal ones in the order of their values: the order of the rows decides nothing
        place[np.lexsort((*x.T[::-1], margin))] = np.arange(len(x))
    references = {}
    for name, (chosen, words) in groups(p_bad, model.policy, weight is not None).items():
        rows = chosen[np.argsort(place[chosen])]
        share = None if weight is None else weight[rows]
        kept = method.learn(x[rows], share, threads) | {TYPICAL: medians(model, raw[rows], share)}
        p, n = p_bad[rows], len(kept.get(ROWS, rows))
        if ROWS in kept and (n < len(rows) or share is not None):
            words = f"{n:,} of {words}, evenly taken by PD"
        references[name] = Reference(name, words, n, float(p.min()), float(p.max()), kept)
    return Explainer(model, references, threads, prepared=method)
