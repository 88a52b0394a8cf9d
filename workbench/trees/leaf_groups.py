"""Trees cut into groups of neighbouring leaves, each with the conditions that decide what it adds.

A leaf pays out where a row meets every condition on its path. What it contributes to Shapley values depends
on which characteristics meet theirs, and so on a few bits. Neighbouring leaves share most of these bits:
one table for a group of them is smaller than a table a leaf, and is looked up once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from workbench.trees.compiled import leaf_ranges, sides, tests_of
from workbench.trees.ensemble import Ensemble
from workbench.trees.leaf_plan import Plan


@dataclass(frozen=True)
class Leaf:
    """A leaf within its group, by bits of the group's index.

    Attributes
    ----------
    features : tuple of int
        Positions in the group's features, those that the leaf's path asks for.
    conditions : tuple of tuple of (int, int)
        For each of them, the bits that must have these values.
    """

    features: tuple[int, ...]
    conditions: tuple[tuple[tuple[int, int], ...], ...]


@dataclass(frozen=True)
class Shape:
    """What groups that look alike share: bits of the index, number of features, and leaves."""

    bits: int
    width: int
    leaves: tuple[Leaf, ...]

    @cached_property
    def patterns(self) -> dict[int, np.ndarray]:
        """Patterns of leaves by their number, where they are held; see `leaf_tables.pattern_of`."""
        return {}


@dataclass(frozen=True, eq=False)
class Alike:
    """The groups of one shape.

    Attributes
    ----------
    group : array of int, shape (groups,)
    value : array, shape (groups, leaves)
    ratio : tuple of array, shape (groups, features of the leaf)
        A leaf's share of the cover at the splits on each feature of its path.
    """

    shape: Shape
    group: np.ndarray
    value: np.ndarray
    ratio: tuple[np.ndarray, ...]


@dataclass(frozen=True, eq=False)
class Groups:
    """How rows become an index into each group's table.

    Attributes
    ----------
    column, threshold : array, shape (tests,)
        A test is met where the column is at least the threshold; columns are `source` and so on, as in
        `CompiledTrees`.
    tests, steps : array of int, shape (trees + 1,)
        Where each tree's tests and steps start.
    step : array of int, shape (steps, 7)
        From one level of the path to the next: level from, level to, test, wanted (0, or -1 for not met),
        bit (0 for none), whether the feature is new on the path, group that starts there or -1.
    first, inner : array of int
        Bit of the first test within a group, and where its tests start in `inner_test`.
    features, at : array of int
        Features of the groups one after the other, and where each group's start.
    place, patterns : array of int, shape (groups + 1,)
        Where each group's table and counts start.
    """

    trees: int
    width: int
    single: bool
    tiny: float
    source: np.ndarray
    negated: np.ndarray
    zero: np.ndarray
    column: np.ndarray
    threshold: np.ndarray
    tests: np.ndarray
    steps: np.ndarray
    step: np.ndarray
    first: np.ndarray
    inner: np.ndarray
    inner_test: np.ndarray
    features: np.ndarray
    at: np.ndarray
    place: np.ndarray
    patterns: np.ndarray
    tree_groups: np.ndarray
    alike: tuple[Alike, ...]
    levels: int


@dataclass(eq=False)
class _Made:
    """What is collected while trees are cut."""

    steps: list[tuple[int, ...]] = field(default_factory=list)
    first: list[int] = field(default_factory=list)
    inner: list[int] = field(default_factory=lambda: [0])
    inner_test: list[int] = field(default_factory=list)
    features: list[int] = field(default_factory=list)
    at: list[int] = field(default_factory=lambda: [0])
    place: list[int] = field(default_factory=lambda: [0])
    patterns: list[int] = field(default_factory=lambda: [0])
    shapes: dict[Shape, list[tuple[int, list[float], list[tuple[float, ...]]]]] = field(default_factory=dict)


class _Tree:
    """One tree while it is cut: children by the test, features and cover ratios of each node's path."""

    def __init__(
        self, near: list[int], far: list[int], feature: list[int], cover: list[float], whole: list[bool]
    ) -> None:
        self.near, self.far, self.feature, self.cover = near, far, feature, cover
        self.path: list[tuple[int, ...]] = [()] * len(near)
        self.ratio: list[tuple[float, ...]] = [()] * len(near)
        self.whole = whole
        self._down()

    def _down(self) -> None:
        left = [0]
        while left:
            node = left.pop()
            if self.near[node] < 0:
                continue
            path, ratio, split = self.path[node], self.ratio[node], self.feature[node]
            known = path.index(split) if split in path else -1
            for child in (self.far[node], self.near[node]):
                share = self.cover[child] / self.cover[node] if self.cover[node] > 0 else 0.0
                if known < 0:
                    self.path[child], self.ratio[child] = (*path, split), (*ratio, share)
                else:
                    self.path[child] = path
                    self.ratio[child] = (*ratio[:known], ratio[known] * share, *ratio[known + 1 :])
                left.append(child)


def cut(ensemble: Ensemble, plan: Plan) -> Groups:
    """Return the ensemble's trees cut into groups of leaves as planned."""
    near, far = sides(ensemble)
    column, threshold, _, _ = tests_of(ensemble, *leaf_ranges(ensemble))
    inner = ensemble.left >= 0
    number = np.cumsum(inner) - 1  # of each node's test
    ends = np.append(ensemble.root[1:], len(near))
    made, steps, groups, tests = _Made(), [0], [0], [0]
    levels = 1
    for root, end in zip(ensemble.root.tolist(), ends.tolist(), strict=True):
        part = slice(root, end)
        tree = _Tree(
            np.where(inner[part], near[part] - root, -1).tolist(), (far[part] - root).tolist(),
            ensemble.feature[part].tolist(), ensemble.cover[part].tolist(), plan.whole[part].tolist(),
        )  # fmt: skip
        first = tests[-1]
        local = (number[part] - first).tolist()
        levels = max(levels, _cut_tree(tree, local, ensemble.value[part].tolist(), made))
        steps.append(len(made.steps))
        groups.append(len(made.first))
        tests.append(first + int(inner[part].sum()))
    used, compact = np.unique(column, return_inverse=True)
    return _groups(ensemble, made, used, compact, threshold, (tests, steps, groups), levels)


def _groups(
    ensemble: Ensemble, made: _Made, used: np.ndarray, compact: np.ndarray, threshold: np.ndarray,
    starts: tuple[list[int], list[int], list[int]], levels: int,
) -> Groups:  # fmt: skip
    def whole(numbers: list[int]) -> np.ndarray:
        return np.array(numbers, np.int64)

    alike = tuple(
        Alike(
            shape, whole([group for group, _, _ in found]), np.array([value for _, value, _ in found]),
            tuple(np.array(ratios) for ratios in zip(*(ratio for _, _, ratio in found), strict=True)),
        )
        for shape, found in made.shapes.items()
    )  # fmt: skip
    return Groups(
        trees=ensemble.trees, width=ensemble.width, single=ensemble.single, tiny=ensemble.tiny,
        source=(used >> 2).astype(np.int64), negated=(used & 1) > 0, zero=np.where(used & 2, np.nan, 0.0),
        column=compact.astype(np.int64), threshold=threshold.astype(float), tests=whole(starts[0]),
        steps=whole(starts[1]), step=np.array(made.steps, np.int64).reshape(-1, 7), first=whole(made.first),
        inner=whole(made.inner), inner_test=whole(made.inner_test), features=whole(made.features),
        at=whole(made.at), place=whole(made.place), patterns=whole(made.patterns),
        tree_groups=whole(starts[2]), alike=alike, levels=levels,
    )  # fmt: skip


def _cut_tree(tree: _Tree, test: list[int], value: list[float], made: _Made) -> int:
    """Add a tree's steps and groups to `made`; return the number of levels its paths take."""
    levels, left = 1, [(0, 0, (0, 0, 0, 0, 0, 0))]
    while left:
        node, level, step = left.pop()
        levels = max(levels, level + 1)
        if tree.whole[node]:
            made.steps.append((max(level - 1, 0), level, *step[2:], len(made.first)))
            _add_group(tree, node, test, value, made)
            continue
        made.steps.append((max(level - 1, 0), level, *step[2:], -1))
        path, split = tree.path[node], tree.feature[node]
        fresh = split not in path
        bit = 1 << (len(path) if fresh else path.index(split))
        for child, flip in ((tree.far[node], 0), (tree.near[node], -1)):
            left.append((child, level + 1, (0, 0, test[node], flip, bit, int(fresh))))
    return levels


def _add_group(tree: _Tree, root: int, test: list[int], value: list[float], made: _Made) -> None:
    path = tree.path[root]
    local = {feature: k for k, feature in enumerate(path)}
    values, ratios, leaves = [], [], []
    tests: list[int] = []
    for node, asked in _leaves_below(tree, root, tests):
        for feature in tree.path[node]:
            local.setdefault(feature, len(local))
        conditions = []
        for k, feature in enumerate(tree.path[node]):
            own = [(k, 1)] if k < len(path) else []
            inside = [(len(path) + t, met) for t, (f, met) in asked if f == feature]
            conditions.append(tuple(own + inside))
        leaves.append(Leaf(tuple(local[f] for f in tree.path[node]), tuple(conditions)))
        values.append(value[node])
        ratios.append(tree.ratio[node])
    bits = len(path) + len(tests)
    shape = Shape(bits, len(local), tuple(leaves))
    made.shapes.setdefault(shape, []).append((len(made.first), values, ratios))
    made.first.append(len(path))
    made.inner_test += [test[node] for node in tests]
    made.inner.append(len(made.inner_test))
    made.features += list(local)
    made.at.append(len(made.features))
    made.place.append(made.place[-1] + (len(local) << bits))
    made.patterns.append(made.patterns[-1] + (1 << bits))


def _leaves_below(
    tree: _Tree, root: int, tests: list[int]
) -> Iterator[tuple[int, list[tuple[int, tuple[int, int]]]]]:
    """Yield each leaf below `root` with what is asked on the way: (test, (feature, whether met)).

    Inner nodes are added to `tests` in the order of their numbers.
    """
    left: list[tuple[int, list[tuple[int, tuple[int, int]]]]] = [(root, [])]
    while left:
        node, asked = left.pop()
        if tree.near[node] < 0:
            yield node, asked
            continue
        number, split = len(tests), tree.feature[node]
        tests.append(node)
        left.append((tree.far[node], [*asked, (number, (split, 1))]))
        left.append((tree.near[node], [*asked, (number, (split, 0))]))
