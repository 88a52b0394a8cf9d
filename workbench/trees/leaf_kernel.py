"""Rows to indices of leaf groups, and what is done with them: written for LLVM, compiled when first needed.

Every inner loop runs over the rows of a block and has no branch, so that one instruction takes many rows.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

from workbench.trees.machine_code import compiled

ROWS = 512
"""Rows of a block: a tree's tests of them stay in the cache of a core."""
STEP = 7
"""Numbers that a step has, see `Groups`."""

FIND = (
    "x", "stride_column", "stride_row", "n", "columns", "source", "negated", "zero", "tiny", "single",
    "column", "threshold", "tests", "trees", "steps", "step", "first", "inner", "inner_test", "block", "met",
    "state", "index", "wide",
)  # fmt: skip
ADD = ("index", "wide", "n", "groups", "place", "at", "target", "table", "out")
COUNT = ("index", "wide", "n", "groups", "weight", "patterns", "out")
NUMBERS = ("stride_column", "stride_row", "n", "columns", "trees", "wide", "groups", "single")
KINDS: dict[str, Any] = dict.fromkeys(NUMBERS, ctypes.c_int64) | {"tiny": ctypes.c_double}


@cache
def _functions() -> dict[str, Callable[..., None]]:
    """Return the compiled functions by name, which let other threads run; it takes a tenth of a second."""
    engine = compiled(_written(), optimised=True)
    found: dict[str, Callable[..., None]] = {}
    for name, given in (("find", FIND), ("add", ADD), ("count", COUNT)):
        kinds = [KINDS.get(each, ctypes.c_void_p) for each in given]
        found[name] = ctypes.CFUNCTYPE(None, *kinds)(engine.get_function_address(name))
    found["find"].code = engine  # type: ignore[attr-defined]  # goes when they do
    return found


def _at(array: np.ndarray, kind: type[np.generic]) -> int:
    if not array.flags.c_contiguous or array.dtype != kind:
        raise ValueError("the arrays of groups are of their kind and lie in one piece")
    return array.ctypes.data


def find(
    x: np.ndarray, source: np.ndarray, negated: np.ndarray, zero: np.ndarray, tiny: float, single: bool,
    column: np.ndarray, threshold: np.ndarray, tests: np.ndarray, steps: np.ndarray, step: np.ndarray,
    first: np.ndarray, inner: np.ndarray, inner_test: np.ndarray,
    block: np.ndarray, met: np.ndarray, state: np.ndarray, index: np.ndarray,
) -> None:  # fmt: skip
    """Write to `index` where each row lies in each group's table; `x` is shape (columns, rows of a block).

    `block`, `met`, `state` and `index` are as wide as a block.
    """
    wide = index.shape[1]
    if x.dtype != float or x.shape[1] > wide or any(a.shape[1] != wide for a in (block, met, state)):
        raise ValueError("a block has more rows than there is room for")
    whole, real, bits = np.int64, np.float64, np.int32
    _functions()["find"](
        x.ctypes.data, *x.strides, x.shape[1], len(source), _at(source, whole), _at(negated, np.bool_),
        _at(zero, real), tiny, single, _at(column, whole), _at(threshold, real), _at(tests, whole),
        len(tests) - 1, _at(steps, whole), _at(step, whole), _at(first, whole), _at(inner, whole),
        _at(inner_test, whole), _at(block, real), _at(met, bits), _at(state, bits), _at(index, bits), wide,
    )  # fmt: skip


def add(
    index: np.ndarray, place: np.ndarray, at: np.ndarray, target: np.ndarray, table: np.ndarray,
    out: np.ndarray,
) -> None:  # fmt: skip
    """Add to `out`, shape (targets, rows), what the tables say of each row's index.

    There are as many groups as `place` has; `at` says where the targets of each of them start.
    """
    if out.shape[1] > index.shape[1]:
        raise ValueError("there are fewer rows than are asked for")
    whole, real = np.int64, np.float64
    _functions()["add"](
        _at(index, np.int32), index.shape[1], out.shape[1], len(place), _at(place, whole), _at(at, whole),
        _at(target, whole), _at(table, real), _at(out, real),
    )  # fmt: skip


def count(index: np.ndarray, weight: np.ndarray, patterns: np.ndarray, out: np.ndarray) -> None:
    """Add to `out` the weight of the rows at each index of each group."""
    if len(weight) > index.shape[1]:
        raise ValueError("there are fewer rows than weights")
    _functions()["count"](
        _at(index, np.int32), index.shape[1], len(weight), len(patterns) - 1, _at(weight, np.float64),
        _at(patterns, np.int64), _at(out, np.float64),
    )  # fmt: skip


class _Writing:
    """A function while it is written: its arguments by name, loops, and elements of arrays."""

    def __init__(self, module: Any, name: str, given: tuple[str, ...]) -> None:
        from llvmlite import ir

        self.ir, self.real, self.whole, self.bits = ir, ir.DoubleType(), ir.IntType(64), ir.IntType(32)
        kinds = {ctypes.c_int64: self.whole, ctypes.c_double: self.real}
        types = [kinds.get(KINDS.get(each), ir.PointerType()) for each in given]
        function = ir.Function(module, ir.FunctionType(ir.VoidType(), types), name)
        self.given = dict(zip(given, function.args, strict=True))
        for each in function.args:
            if isinstance(each.type, ir.PointerType):
                each.add_attribute("noalias")
        self.build = ir.IRBuilder(function.append_basic_block())

    def number(self, value: int, kind: Any = None) -> Any:
        return self.ir.Constant(kind or self.whole, value)

    @contextmanager
    def loop(self, first: Any, last: Any) -> Iterator[Any]:
        """Write a loop from `first` up to before `last`; yields what counts."""
        build = self.build
        before, head = build.block, build.append_basic_block()
        body, after = build.append_basic_block(), build.append_basic_block()
        build.branch(head)
        build.position_at_end(head)
        at = build.phi(self.whole)
        at.add_incoming(first, before)
        build.cbranch(build.icmp_signed("<", at, last), body, after)
        build.position_at_end(body)
        yield at
        at.add_incoming(build.add(at, self.number(1), flags=("nsw",)), build.block)
        build.branch(head)
        build.position_at_end(after)

    def where(self, array: str, at: Any, kind: Any) -> Any:
        return self.build.gep(self.given[array], [at], source_etype=kind)

    def get(self, array: str, at: Any, kind: Any = None) -> Any:
        """Return one element of an array, a whole number unless another kind is said."""
        return self.build.load(self.where(array, at, kind or self.whole), typ=kind or self.whole)

    def put(self, value: Any, array: str, at: Any) -> None:
        self.build.store(value, self.where(array, at, value.type))

    def cell(self, row: Any, i: Any, wide: Any) -> Any:
        """Return the place of row `i` in one line of what is `wide`."""
        return self.build.add(self.build.mul(row, wide), i)

    def next(self, at: Any) -> Any:
        return self.build.add(at, self.number(1))

    @contextmanager
    def rows(self) -> Iterator[Any]:
        with self.loop(self.number(0), self.given["n"]) as i:
            yield i


def _written() -> str:
    """Return `find`, `add` and `count` in LLVM's language."""
    from llvmlite import ir

    module = ir.Module("leaves")
    for write, name, given in ((_find, "find", FIND), (_add, "add", ADD), (_count, "count", COUNT)):
        function = _Writing(module, name, given)
        write(function)
        function.build.ret_void()
    return str(module)


def _find(f: _Writing) -> None:
    given, none = f.given, f.number(0)
    with f.loop(none, given["columns"]) as c:
        _fill(f, c)
    with f.rows() as i:
        f.put(f.number(0, f.bits), "state", i)
    with f.loop(none, given["trees"]) as tree:
        start = f.get("tests", tree)
        with f.loop(start, f.get("tests", f.next(tree))) as k:
            values, limit = f.get("column", k), f.get("threshold", k, f.real)
            line = f.build.sub(k, start)
            with f.rows() as i:
                value = f.get("block", f.cell(values, i, given["wide"]), f.real)
                held = f.build.fcmp_ordered(">=", value, limit)
                f.put(f.build.sext(held, f.bits), "met", f.cell(line, i, given["wide"]))
        with f.loop(f.get("steps", tree), f.get("steps", f.next(tree))) as s:
            _step(f, s)


def _fill(f: _Writing, c: Any) -> None:
    """Write how a column of the tests is filled."""
    b, given = f.build, f.given
    own = b.mul(f.get("source", c), given["stride_column"])
    small = f.get("zero", c, f.real)
    other = b.icmp_signed("!=", f.get("negated", c, f.ir.IntType(8)), f.number(0, f.ir.IntType(8)))
    single = b.icmp_signed("!=", given["single"], f.number(0))
    least = b.fneg(given["tiny"])
    with f.rows() as i:
        place = b.add(own, b.mul(i, given["stride_row"]))
        value = b.load(b.gep(given["x"], [place], source_etype=f.ir.IntType(8)), typ=f.real)
        value = b.select(single, b.fpext(b.fptrunc(value, f.ir.FloatType()), f.real), value)
        none = b.and_(b.fcmp_ordered(">=", value, least), b.fcmp_ordered("<=", value, given["tiny"]))
        value = b.select(none, small, value)
        f.put(b.select(other, b.fneg(value), value), "block", f.cell(c, i, given["wide"]))


def _step(f: _Writing, s: Any) -> None:
    """Write one step: from one level of the path to the next, and what starts there."""
    b, wide = f.build, f.given["wide"]
    at = b.mul(s, f.number(STEP))
    before, after, test, flip, bit, fresh, group = (
        f.get("step", b.add(at, f.number(k))) for k in range(STEP)
    )
    flip, bit = b.trunc(flip, f.bits), b.trunc(bit, f.bits)
    split = b.icmp_signed("!=", bit, f.number(0, f.bits))
    with b.if_then(split), b.if_else(b.icmp_signed("!=", fresh, f.number(0))) as (new, known):
        for way, is_new in ((new, True), (known, False)):
            with way, f.rows() as i:
                held = b.xor(f.get("met", f.cell(test, i, wide), f.bits), flip)
                path = f.get("state", f.cell(before, i, wide), f.bits)
                of_new = b.or_(path, b.and_(held, bit))
                of_known = b.and_(path, b.or_(held, b.not_(bit)))
                f.put(of_new if is_new else of_known, "state", f.cell(after, i, wide))
    with b.if_then(b.icmp_signed(">=", group, f.number(0))):
        with f.rows() as i:
            f.put(f.get("state", f.cell(after, i, wide), f.bits), "index", f.cell(group, i, wide))
        begin, first = f.get("inner", group), f.get("first", group)
        with f.loop(begin, f.get("inner", f.next(group))) as e:
            number = f.get("inner_test", e)
            own = b.trunc(b.shl(f.number(1), b.add(first, b.sub(e, begin))), f.bits)
            with f.rows() as i:
                place = f.cell(group, i, wide)
                held = b.and_(f.get("met", f.cell(number, i, wide), f.bits), own)
                f.put(b.or_(f.get("index", place, f.bits), held), "index", place)


def _add(f: _Writing) -> None:
    b, given = f.build, f.given
    with f.loop(f.number(0), given["groups"]) as g:
        first, base = f.get("at", g), f.get("place", g)
        width = b.sub(f.get("at", f.next(g)), first)
        with f.loop(f.number(0), width) as o:
            to, start = f.get("target", b.add(first, o)), b.add(base, o)
            with f.rows() as i:
                row = b.sext(f.get("index", f.cell(g, i, given["wide"]), f.bits), f.whole)
                value = f.get("table", b.add(start, b.mul(row, width)), f.real)
                place = f.cell(to, i, given["n"])
                f.put(b.fadd(f.get("out", place, f.real), value), "out", place)


def _count(f: _Writing) -> None:
    b, given = f.build, f.given
    with f.loop(f.number(0), given["groups"]) as g:
        base = f.get("patterns", g)
        with f.rows() as i:
            row = b.sext(f.get("index", f.cell(g, i, given["wide"]), f.bits), f.whole)
            place, weight = b.add(base, row), f.get("weight", i, f.real)
            f.put(b.fadd(f.get("out", place, f.real), weight), "out", place)
