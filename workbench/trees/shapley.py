"""Exact Shapley values of an ensemble of trees by tables over groups of its leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from workbench.trees import leaf_kernel, leaf_tables
from workbench.trees.ensemble import Ensemble, NotCompiled
from workbench.trees.leaf_few import Leaves, few_interactions, few_values, leaves_of
from workbench.trees.leaf_groups import Groups, cut
from workbench.trees.leaf_kernel import ROWS
from workbench.trees.leaf_plan import plan

PART_ENTRIES = 1 << 25
"""Table entries that are held at a time, 256 MB; where there are more, trees are taken in turns."""
FEW = 100
"""Rows for which tables that cannot be held are not made."""
MOST_PATTERNS = 1 << 22
"""More take longer to count, over ten thousands of rows, than whoever asks for one row would wait."""


@dataclass(frozen=True, eq=False)
class _Part:
    """Some trees that follow each other: how rows find their groups, and which groups."""

    groups: slice
    tests: np.ndarray
    steps: np.ndarray
    step: np.ndarray
    first: np.ndarray
    inner: np.ndarray


@dataclass(frozen=True, eq=False)
class Tables:
    """Tables of the groups of a part: where each starts, whom it adds to, and what."""

    place: np.ndarray
    at: np.ndarray
    target: np.ndarray
    table: np.ndarray


@dataclass(frozen=True, eq=False)
class Prepared:
    """The tables of a reference, held where they are few enough, else made whenever they are asked for.

    Attributes
    ----------
    base : float
        Mean sum over the reference rows; of path-dependent values by the cover.
    """

    base: float
    counts: np.ndarray | None
    parts: tuple[_Part, ...]
    make: Callable[[_Part], Tables]

    @cached_property
    def _held(self) -> Tables:
        return self.make(self.parts[0])

    def __iter__(self) -> Iterator[tuple[_Part, Tables]]:
        for part in self.parts:
            yield part, self._held if len(self.parts) == 1 else self.make(part)


class LeafTables:
    """Exact Shapley values of a sum over trees, in the sum's own unit.

    Values of a row cost the same however many reference rows stand behind `counts`. Rows may have missing
    values; zero counts as missing, and values are rounded to single precision, where the engine does so.

    Parameters
    ----------
    ensemble : Ensemble

    Raises
    ------
    NotCompiled
        Where leaves depend on too many columns for tables.

    Notes
    -----
    `counts` in the methods is the weight of the reference rows by group and index, as `counts` returns it;
    None is for path-dependent values, by the cover of the trees.
    """

    def __init__(self, ensemble: Ensemble) -> None:
        self.ensemble = ensemble
        self._plan = plan(ensemble)
        if self.patterns > MOST_PATTERNS:
            raise NotCompiled(f"its leaves ask for {self.patterns:,} patterns of conditions")

    @cached_property
    def groups(self) -> Groups:
        """The trees cut into groups of leaves; done when it is first asked for."""
        return cut(self.ensemble, self._plan)

    @property
    def entries(self) -> int:
        """Entries of all tables of values."""
        return int(self.groups.place[-1])

    @property
    def patterns(self) -> int:
        """Numbers that `counts` returns."""
        return self._plan.patterns

    @property
    def pairs_held(self) -> bool:
        """Whether the tables of pairs can be held, all at a time."""
        return len(self._parts(PART_ENTRIES // 4)) == 1

    def prepare(self, counts: np.ndarray | None, pairs: bool = False) -> Prepared:
        """Return the tables of a reference, of values or of pairs; they are made when they are first used."""
        # a group of seven features has three times as many pairs
        parts = self._parts(PART_ENTRIES // 4 if pairs else PART_ENTRIES)
        return Prepared(self.base(counts), counts, parts, lambda part: self._tables(part, counts, pairs))

    def _parts(self, most: int) -> tuple[_Part, ...]:
        g = self.groups
        ends = g.place[g.tree_groups]
        bounds = [0]
        for tree in range(1, g.trees + 1):
            if ends[tree] - ends[bounds[-1]] > most and tree - 1 > bounds[-1]:
                bounds.append(tree - 1)
        bounds.append(g.trees)
        return tuple(self._part(a, b) for a, b in zip(bounds[:-1], bounds[1:], strict=True))

    def _part(self, first: int, last: int) -> _Part:
        g = self.groups
        groups = slice(int(g.tree_groups[first]), int(g.tree_groups[last]))
        step = g.step[g.steps[first] : g.steps[last]].copy()
        step[:, 6] -= np.where(step[:, 6] >= 0, groups.start, 0)
        return _Part(
            groups, g.tests[first : last + 1], g.steps[first : last + 1] - g.steps[first], step,
            g.first[groups], g.inner[groups.start : groups.stop + 1],
        )  # fmt: skip

    def _found(self, part: _Part, x: np.ndarray, rows: int) -> Callable[[int], np.ndarray]:
        """Return a finder of the indices of a block of rows, with room of its own; `x` is (columns, n)."""
        g = self.groups
        block = np.zeros((max(1, len(g.source)), rows))
        met = np.zeros((max(1, int(np.diff(part.tests).max())), rows), np.int32)
        state = np.zeros((g.levels, rows), np.int32)
        index = np.zeros((len(part.first), rows), np.int32)

        def found(low: int) -> np.ndarray:
            leaf_kernel.find(
                x[:, low : low + rows], g.source, g.negated, g.zero, g.tiny, g.single, g.column,
                g.threshold, part.tests, part.steps, part.step, part.first, part.inner, g.inner_test,
                block, met, state, index,
            )  # fmt: skip
            return index

        return found

    def counts(self, x: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
        """Return the weight of the rows by group and index, all a reference is to be kept of.

        Parameters
        ----------
        x : array, shape (n, width)
        weight : array, shape (n,), optional

        Returns
        -------
        array, shape (patterns,)
        """
        g = self.groups
        columns = np.asarray(x, dtype=float).T
        weight = np.ones(len(x)) if weight is None else np.ascontiguousarray(weight, dtype=float)
        out = np.zeros(self.patterns)
        for part in self._parts(PART_ENTRIES):
            found = self._found(part, columns, min(ROWS, max(1, len(x))))
            patterns = g.patterns[part.groups.start : part.groups.stop + 1]
            for low in range(0, len(x), ROWS):
                leaf_kernel.count(found(low), weight[low : low + ROWS], patterns, out)
        return out

    def _tables(self, part: _Part, counts: np.ndarray | None, pairs: bool) -> Tables:
        g, groups = self.groups, part.groups
        at = g.at[groups.start : groups.stop + 1]
        target = g.features
        size = g.place[groups.start : groups.stop + 1] - g.place[groups.start]
        if pairs:
            members = [g.features[a:b] for a, b in zip(at[:-1], at[1:], strict=True)]
            target, at = self._pair_targets(members)
            entries = np.diff(g.patterns[groups.start : groups.stop + 1]) * np.diff(at)
            size = np.concatenate([[0], np.cumsum(entries)])
        table = np.zeros(int(size[-1]))
        leaf_tables.fill(table, self._places(groups, size[:-1], counts), pairs)
        return Tables(size[:-1], at, target, table)

    def _places(
        self, groups: slice, start: np.ndarray, counts: np.ndarray | None
    ) -> Iterator[leaf_tables.Place]:
        for alike in self.groups.alike:
            inside = np.flatnonzero((alike.group >= groups.start) & (alike.group < groups.stop))
            for batch in leaf_tables.batches(alike.shape, len(inside)):
                chosen = inside[batch]
                found = alike.group[chosen]
                shares = self._shares(counts, found, alike.shape.bits)
                yield leaf_tables.Place(alike, chosen, start[found - groups.start], shares)

    def _pair_targets(self, members: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        width, found, at = self.ensemble.width, [], [0]
        for features in members:
            a, b = np.triu_indices(len(features), 1)
            low, high = np.minimum(features[a], features[b]), np.maximum(features[a], features[b])
            found.append(low * width + high)
            at.append(at[-1] + len(a))
        return np.concatenate([np.zeros(0, np.int64), *found]), np.array(at, np.int64)

    def _shares(self, counts: np.ndarray | None, groups: np.ndarray, bits: int) -> np.ndarray | None:
        if counts is None:
            return None
        held = counts[self.groups.patterns[groups][:, None] + np.arange(1 << bits)]
        return held / self._total(counts)

    def _total(self, counts: np.ndarray) -> float:
        """Return the weight of the reference rows: each lies at one index of each group."""
        return float(counts[: self.groups.patterns[1]].sum())

    def base(self, counts: np.ndarray | None) -> float:
        """Return the mean sum over the reference rows; of path-dependent values by the cover."""
        total = self.ensemble.base
        for alike in self.groups.alike:
            for batch in leaf_tables.batches(alike.shape, len(alike.group)):
                chosen = np.arange(len(alike.group))[batch]
                shares = self._shares(counts, alike.group[chosen], alike.shape.bits)
                total += leaf_tables.expected(alike, chosen, shares)
        return total

    def values(self, x: np.ndarray, prepared: Prepared, threads: int = 1) -> np.ndarray:
        """Return the Shapley values of each row; shape (n, width)."""
        if len(prepared.parts) > 1 and 0 < len(x) <= FEW and prepared.counts is not None:
            return self._few(x, prepared.counts)
        return self._summed(x, prepared, self.ensemble.width, 1, threads)

    def interactions(
        self, x: np.ndarray, prepared: Prepared, values: np.ndarray, threads: int = 1
    ) -> np.ndarray:
        """Return what pairs add together, shared between them, and on the diagonal what each adds by itself.

        Parameters
        ----------
        prepared : Prepared
            Tables of pairs.
        values : array, shape (n, width)
            As `values` returns them; what a row of the result sums to.

        Returns
        -------
        array, shape (n, width, width)
        """
        width = self.ensemble.width
        if len(prepared.parts) > 1 and 0 < len(x) <= FEW and prepared.counts is not None:
            flat = self._few(x, prepared.counts, pairs=True)
        else:
            flat = self._summed(x, prepared, width * width, 8, threads)
        out = flat.reshape(len(x), width, width)
        out += out.transpose(0, 2, 1).copy()
        out[:, np.arange(width), np.arange(width)] = values - out.sum(axis=2)
        return out

    def between(self, x: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Return the values of one row held against another; both shape (1, width), as the result."""
        g = self.groups
        columns = np.asarray(np.concatenate([x, other]), dtype=float).T
        out = np.zeros((1, self.ensemble.width))
        (part,) = self._parts(self.entries + 1)
        index = self._found(part, columns, 2)(0)
        for alike in g.alike:
            found = leaf_tables.between(alike, index[alike.group, 0], index[alike.group, 1])
            features = g.features[g.at[alike.group][:, None] + np.arange(alike.shape.width)]
            np.add.at(out[0], features, found)
        return out

    @cached_property
    def _leaves(self) -> Leaves:
        return leaves_of(self.groups)

    def _few(self, x: np.ndarray, counts: np.ndarray, pairs: bool = False) -> np.ndarray:
        g = self.groups
        (part,) = self._parts(self.entries + 1)
        columns = np.asarray(x, dtype=float).T
        index = self._found(part, columns, len(x))(0)
        shares = counts / self._total(counts)
        found = few_interactions if pairs else few_values
        return found(self._leaves, index, shares, g.patterns, self.ensemble.width)

    def _summed(
        self, x: np.ndarray, prepared: Prepared, targets: int, narrower: int, threads: int
    ) -> np.ndarray:
        """Return what the tables add up to; shape (n, targets). Blocks of rows are so many times narrower."""
        out = np.zeros((len(x), targets))
        columns = np.asarray(x, dtype=float).T
        rows = min(max(1, len(x)), ROWS // narrower)
        for part, tables in prepared:
            for low, found in self._added(part, columns, tables, (targets, rows), threads):
                out[low : low + found.shape[1]] += found.T
        return out

    def _added(
        self, part: _Part, columns: np.ndarray, tables: Tables, shape: tuple[int, int], threads: int
    ) -> Iterator[tuple[int, np.ndarray]]:  # fmt: skip
        """Yield what the tables add to the rows of each block: its first row, and (targets, rows)."""
        n, (targets, rows) = columns.shape[1], shape

        def share(starts: range) -> list[tuple[int, np.ndarray]]:
            found, done = self._found(part, columns, rows), []
            for low in starts:
                out = np.zeros((targets, min(rows, n - low)))
                leaf_kernel.add(found(low), tables.place, tables.at, tables.target, tables.table, out)
                done.append((low, out))
            return done

        threads = max(1, min(threads, -(-n // rows)))
        ranges = [range(k * rows, n, threads * rows) for k in range(threads)]
        if threads == 1:
            yield from share(ranges[0])
            return
        with ThreadPoolExecutor(threads) as pool:
            for done in pool.map(share, ranges):
                yield from done
