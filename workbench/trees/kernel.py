"""The traversal of blocks of rows by leaf masks: written out for LLVM, compiled when it is first needed."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache

import numpy as np

from workbench.trees.machine_code import compiled

ROWS = 128
"""Rows of a block: its columns stay in the fastest memory of a core, and the leaves left in its registers."""
LANES = 16
"""Rows that one vector holds; the compiler takes as many registers for it as the processor needs."""
LEAVES = 32
"""Leaves of a word; a test then takes two thirds of the time of 64, and larger trees take several."""
TESTS = 4
"""Each piece of a tree is filled up to a multiple of as many tests."""
BRUIJN = 0x077CB531
"""Times a power of two, its five bits from 27 on are another number for each of 32 powers."""
SLOTS = np.array([(BRUIJN << bit >> 27) & 31 for bit in range(LEAVES)])
"""Where a word's leaf is kept, by the leaf's bit."""

Traverse = Callable[..., None]


@cache
def kernel(single: bool, single_sum: bool) -> Traverse:
    """Return the compiled traversal for values and sums in single or double precision.

    It takes ``x`` (columns, n) of doubles with any strides, a layout's arrays, the sum to start from, and
    ``out`` (n,); it lets go of the interpreter's lock. Compiling takes a tenth of a second, once a process:
    the traversal is written in the compiler's own words, with its vectors, so that nothing is left to
    infer.
    """
    engine = compiled(_written(single, single_sum), optimised=False)
    pointer, size, double = ctypes.c_void_p, ctypes.c_int64, ctypes.c_double
    total = ctypes.c_float if single_sum else double
    run = ctypes.CFUNCTYPE(
        None, pointer, size, size, size, size, pointer, pointer, pointer, double, pointer, pointer, pointer,
        pointer, size, pointer, pointer, total, pointer, pointer,
    )(engine.get_function_address("traverse"))  # fmt: skip

    def traverse(
        x: np.ndarray, source: np.ndarray, negated: np.ndarray, zero: np.ndarray, tiny: float,
        column: np.ndarray, threshold: np.ndarray, mask: np.ndarray, tests: np.ndarray, pieces: np.ndarray,
        leaf: np.ndarray, base: float, out: np.ndarray,
    ) -> None:  # fmt: skip
        block = np.zeros((len(source), ROWS), np.float32 if single else np.float64)
        given = (source, negated, zero, column, threshold, mask, tests, pieces, leaf, out, block)
        at = [array.ctypes.data for array in map(_plain, given)]
        run(x.ctypes.data, *x.strides, x.shape[1], len(source), *at[:3], tiny, *at[3:7], len(pieces) - 1,
            *at[7:9], base, *at[9:])  # fmt: skip

    traverse.code = engine  # type: ignore[attr-defined]  # goes when the traversal does
    return traverse


def _plain(array: np.ndarray) -> np.ndarray:
    if not array.flags.c_contiguous:
        raise ValueError("the arrays of a layout lie in one piece")
    return array


PARTS = range(ROWS // LANES)
WORDS = f"<{LANES} x i32>"
BITS = f"<{LANES} x i1>"


def _written(single: bool, single_sum: bool) -> str:
    """Return the traversal in LLVM's language.

    For each block: fill its columns; for each tree, of each piece in turn, take from all leaves those that
    the tests remove, note the first that is left, and add the value of the last that was noted.
    """
    value, total = ("float" if single else "double"), ("float" if single_sum else "double")
    sums = f"<{LANES} x {total}>"
    gather = f"llvm.masked.gather.v{LANES}f{32 if single_sum else 64}.v{LANES}p0"
    return "\n".join([
        f"declare {sums} @{gather}(<{LANES} x ptr>, i32, {BITS}, {sums})",
        "define void @traverse(ptr %x, i64 %stride_column, i64 %stride_row, i64 %n, i64 %columns,"
        " ptr %source, ptr %negated, ptr %zero, double %tiny, ptr %column, ptr %threshold, ptr %mask,"
        f" ptr %tests, i64 %trees, ptr %pieces, ptr %leaf, {total} %base, ptr %out, ptr %block) {{",
        "entry:",
        f"  %total = alloca [{ROWS} x {total}], align 64",
        "  %minus_tiny = fneg double %tiny",
        *_splat("bases", total, "%base"),
        *_splat("all", "i1", "true"),
        "  br label %blocks",
        *_fill(value),
        "sum.start:",
        *(f"  %start.{j} = getelementptr {total}, ptr %total, i64 {j * LANES}" for j in PARTS),
        *(f"  store {sums} %bases, ptr %start.{j}, align 64" for j in PARTS),
        "  br label %tree",
        *_pieces(),
        *_tests(value),
        *_notes(),
        *_sums(total, sums, gather),
        "end:",
        "  ret void",
        "}",
    ])  # fmt: skip


def _pieces() -> list[str]:
    """Return the loop over trees, and over the pieces of one, up to where the tests of a piece begin."""
    return [
        "tree:",
        "  %t = phi i64 [ 0, %sum.start ], [ %t.next, %tree.sum ]",
        "  %t.more = icmp slt i64 %t, %trees",
        "  br i1 %t.more, label %piece.start, label %copy",
        "piece.start:",
        "  %t.next = add i64 %t, 1",
        *_load("p.first", "i32", "%pieces", "%t"),
        *_load("p.last", "i32", "%pieces", "%t.next"),
        "  %p.first.64 = sext i32 %p.first to i64",
        "  %p.last.64 = sext i32 %p.last to i64",
        "  br label %piece",
        "piece:",
        "  %p = phi i64 [ %p.first.64, %piece.start ], [ %p.next, %piece.next ]",
        *(
            f"  %at.{j} = phi {WORDS} [ zeroinitializer, %piece.start ], [ %noted.{j}, %piece.next ]"
            for j in PARTS
        ),
        "  %p.more = icmp slt i64 %p, %p.last.64",
        "  br i1 %p.more, label %test.start, label %tree.sum",
    ]


def _notes() -> list[str]:
    """Return how the first leaf that is left is noted, for the rows that have one in this piece."""
    return [
        "piece.next:",
        *_splat("bruijn", "i32", str(BRUIJN)),
        *_splat("shift", "i32", "27"),
        "  %p.32 = trunc i64 %p to i32",
        f"  %slot = mul i32 %p.32, {LEAVES}",
        *_splat("slots", "i32", "%slot"),
        *(line for j in PARTS for line in (
            f"  %minus.{j} = sub {WORDS} zeroinitializer, %left.{j}",
            f"  %first.{j} = and {WORDS} %left.{j}, %minus.{j}",
            f"  %product.{j} = mul {WORDS} %first.{j}, %bruijn",
            f"  %place.{j} = lshr {WORDS} %product.{j}, %shift",
            f"  %found.{j} = add {WORDS} %place.{j}, %slots",
            f"  %any.{j} = icmp ne {WORDS} %left.{j}, zeroinitializer",
            f"  %noted.{j} = select {BITS} %any.{j}, {WORDS} %found.{j}, {WORDS} %at.{j}",
        )),
        "  br label %piece",
    ]  # fmt: skip


def _sums(total: str, sums: str, gather: str) -> list[str]:
    """Return how a tree's leaves are added, and a block's sums handed over."""
    aligned = 4 if total == "float" else 8
    return [
        "tree.sum:",
        *(line for j in PARTS for line in (
            f"  %leaves.{j} = getelementptr {total}, ptr %leaf, {WORDS} %at.{j}",
            f"  %values.{j} = call {sums} @{gather}("
            f"<{LANES} x ptr> %leaves.{j}, i32 {aligned}, {BITS} %all, {sums} poison)",
            f"  %sum.{j} = load {sums}, ptr %start.{j}, align 64",
            f"  %added.{j} = fadd {sums} %sum.{j}, %values.{j}",
            f"  store {sums} %added.{j}, ptr %start.{j}, align 64",
        )),
        "  br label %tree",
        "copy:",
        "  %o = phi i64 [ 0, %tree ], [ %o.next, %copy ]",
        *_load("one", total, "%total", "%o"),
        "  %o.out = add i64 %low, %o",
        f"  %o.at = getelementptr {total}, ptr %out, i64 %o.out",
        f"  store {total} %one, ptr %o.at",
        "  %o.next = add i64 %o, 1",
        "  %o.more = icmp slt i64 %o.next, %width",
        "  br i1 %o.more, label %copy, label %blocks.next",
        "blocks.next:",
        f"  %low.next = add i64 %low, {ROWS}",
        "  br label %blocks",
    ]  # fmt: skip


def _load(name: str, kind: str, array: str, at: str) -> list[str]:
    return [f"  %{name}.at = getelementptr {kind}, ptr {array}, i64 {at}",
            f"  %{name} = load {kind}, ptr %{name}.at"]  # fmt: skip


def _splat(name: str, kind: str, one: str) -> list[str]:
    """Return the lines that make a vector of one value."""
    vector = f"<{LANES} x {kind}>"
    return [
        f"  %{name}.one = insertelement {vector} poison, {kind} {one}, i64 0",
        f"  %{name} = shufflevector {vector} %{name}.one, {vector} poison, {WORDS} zeroinitializer",
    ]


def _fill(value: str) -> list[str]:
    """Return the loop over blocks up to where the columns of one are filled."""
    narrow = ["  %y = fptrunc double %signed to float"] if value == "float" else []
    return [
        "blocks:",
        "  %low = phi i64 [ 0, %entry ], [ %low.next, %blocks.next ]",
        "  %more = icmp slt i64 %low, %n",
        "  br i1 %more, label %fill.start, label %end",
        "fill.start:",
        "  %rest = sub i64 %n, %low",
        f"  %short = icmp slt i64 %rest, {ROWS}",
        f"  %width = select i1 %short, i64 %rest, i64 {ROWS}",
        "  %skipped = mul i64 %low, %stride_row",
        "  br label %fill",
        "fill:",
        "  %c = phi i64 [ 0, %fill.start ], [ %c.next, %fill.next ]",
        "  %c.more = icmp slt i64 %c, %columns",
        "  br i1 %c.more, label %fill.column, label %sum.start",
        "fill.column:",
        *_load("from", "i32", "%source", "%c"),
        "  %from.64 = sext i32 %from to i64",
        "  %from.column = mul i64 %from.64, %stride_column",
        "  %from.bytes = add i64 %from.column, %skipped",
        "  %x.column = getelementptr i8, ptr %x, i64 %from.bytes",
        *_load("other", "i8", "%negated", "%c"),
        "  %minus = icmp ne i8 %other, 0",
        *_load("small", "double", "%zero", "%c"),
        f"  %to.first = mul i64 %c, {ROWS}",
        f"  %to = getelementptr {value}, ptr %block, i64 %to.first",
        "  br label %fill.row",
        "fill.row:",
        "  %i = phi i64 [ 0, %fill.column ], [ %i.next, %fill.row ]",
        "  %i.bytes = mul i64 %i, %stride_row",
        "  %x.at = getelementptr i8, ptr %x.column, i64 %i.bytes",
        "  %given = load double, ptr %x.at",
        "  %not_below = fcmp oge double %given, %minus_tiny",
        "  %not_above = fcmp ole double %given, %tiny",
        "  %is_small = and i1 %not_below, %not_above",
        "  %kept = select i1 %is_small, double %small, double %given",
        "  %opposite = fneg double %kept",
        "  %signed = select i1 %minus, double %opposite, double %kept",
        *narrow,
        f"  %to.at = getelementptr {value}, ptr %to, i64 %i",
        f"  store {value} {'%y' if narrow else '%signed'}, ptr %to.at",
        "  %i.next = add i64 %i, 1",
        "  %i.more = icmp slt i64 %i.next, %width",
        "  br i1 %i.more, label %fill.row, label %fill.next",
        "fill.next:",
        "  %c.next = add i64 %c, 1",
        "  br label %fill",
    ]


def _tests(value: str) -> list[str]:
    """Return the loop over the tests of a piece; a test that is met removes leaves of its rows."""
    values = f"<{LANES} x {value}>"
    all_ones = f"<{', '.join(['i32 -1'] * LANES)}>"
    return [
        "test.start:",
        "  %p.next = add i64 %p, 1",
        *_load("k.first", "i32", "%tests", "%p"),
        *_load("k.last", "i32", "%tests", "%p.next"),
        "  %k.first.64 = sext i32 %k.first to i64",
        "  %k.last.64 = sext i32 %k.last to i64",
        "  br label %test",
        "test:",
        "  %k = phi i64 [ %k.first.64, %test.start ], [ %k.next, %test.body ]",
        *(
            f"  %left.{j} = phi {WORDS} [ {all_ones}, %test.start ], [ %after.{j}, %test.body ]"
            for j in PARTS
        ),
        "  %k.more = icmp slt i64 %k, %k.last.64",
        "  br i1 %k.more, label %test.body, label %piece.next",
        "test.body:",
        *_load("tested", "i32", "%column", "%k"),
        "  %tested.64 = sext i32 %tested to i64",
        f"  %tested.first = mul i64 %tested.64, {ROWS}",
        *_load("limit", value, "%threshold", "%k"),
        *_splat("limits", value, "%limit"),
        *_load("removal", "i32", "%mask", "%k"),
        *_splat("removals", "i32", "%removal"),
        *(line for j in PARTS for line in (
            f"  %row.{j} = add i64 %tested.first, {j * LANES}",
            f"  %row.{j}.at = getelementptr {value}, ptr %block, i64 %row.{j}",
            f"  %tested.{j} = load {values}, ptr %row.{j}.at, align {4 if value == 'float' else 8}",
            f"  %met.{j} = fcmp oge {values} %tested.{j}, %limits",
            f"  %stay.{j} = select {BITS} %met.{j}, {WORDS} %removals, {WORDS} {all_ones}",
            f"  %after.{j} = and {WORDS} %left.{j}, %stay.{j}",
        )),
        "  %k.next = add i64 %k, 1",
        "  br label %test",
    ]  # fmt: skip
