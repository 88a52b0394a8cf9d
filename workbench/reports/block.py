"""What one cell of a report shows: sentences, figures and tables together, all text escaped."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from workbench.portfolio import number_words

if TYPE_CHECKING:
    import pandas as pd

Format = Callable[[Any], str]
SHORT = 15
"""Rows up to which a printed table is kept on one page."""
WIDE = 9
"""Columns from which a table is set smaller, so that A4 holds it."""


@dataclass(frozen=True, eq=False)
class Block:
    """Parts shown one under the other; a notebook shows it by naming it on a cell's last line.

    Attributes
    ----------
    parts : tuple
        HTML as str, or plotly figures.
    """

    parts: tuple[Any, ...] = ()

    def _ipython_display_(self) -> None:
        from IPython.display import HTML, display

        for part in self.parts:
            said = part if isinstance(part, str) else _instead(part)
            display(HTML(said) if said else part)


def _instead(figure: Any) -> str:
    """Return a sentence where a figure has nothing to draw, so that no page holds an empty one."""
    from workbench.charts.canvas import only_words

    said = only_words(figure)
    return prose(said, kind="soft") if said else ""


def prose(*sentences: str, kind: str = "") -> str:
    """Return sentences as one paragraph; `kind` is a class of the report's style.

    Examples
    --------
    >>> prose("Rows < 100.", "Few.")
    '<p>Rows &lt; 100. Few.</p>'
    """
    return f"<p{_class(kind)}>{escape(' '.join(s for s in sentences if s))}</p>"


def heading(text: str) -> str:
    """Return a heading inside a chapter."""
    return f"<h3>{escape(text)}</h3>"


def points_of(sentences: Sequence[str]) -> str:
    """Return sentences as a list of points."""
    return "<ul>" + "".join(f"<li>{escape(s)}</li>" for s in sentences) + "</ul>"


def tiles(figures: Sequence[tuple[str, str, str]]) -> str:
    """Return (what, figure, rows it rests on) side by side, four at most."""
    inner = "".join(
        f'<div class="tile"><span>{escape(what)}</span><b>{escape(figure)}</b>'
        f"<span>{escape(basis)}</span></div>"
        for what, figure, basis in figures[:4]
    )
    return f'<div class="tiles">{inner}</div>'


def table(
    frame: pd.DataFrame, columns: Mapping[str, tuple[str, Format | None]], chosen: Sequence[bool] = ()
) -> str:
    """Return the named columns of a frame as a table.

    Parameters
    ----------
    columns : mapping
        Column -> (heading, format); a format makes it a number and stands it to the right.
        `as_is` is text that must not be broken.
    chosen : sequence of bool, optional
        Rows to mark.
    """
    heads = "".join(f"<th{_class(_kind(form))}>{escape(title)}</th>" for title, form in columns.values())
    marks = list(chosen) or [False] * len(frame)
    body = "".join(
        f"<tr{_class('chosen' if mark else '')}>"
        + "".join(_cell(row[name], form) for name, (_, form) in columns.items())
        + "</tr>"
        for mark, row in zip(marks, frame.to_dict("records"), strict=True)
    )
    looks = ("short" if len(frame) <= SHORT else "", "wide" if len(columns) >= WIDE else "")
    opened = f"<table{_class(' '.join(filter(None, looks)))}>"
    return f"{opened}<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"


def samples_table(frame: pd.DataFrame, marked: Sequence[bool] = ()) -> str:
    """Return models on their samples: columns model, sample, n, n_bad, auc and ks, the last two as shown."""
    columns = {
        "model": ("model", None),
        "sample": ("sample", as_is),
        "n": ("rows", whole),
        "n_bad": ("bads", whole),
        "auc": ("AUC (95%)", as_is),
        "ks": ("KS x 100 (95%)", as_is),
    }
    return table(frame, columns, marked)


def described_table(frame: pd.DataFrame, last: Mapping[str, tuple[str, Format | None]]) -> str:
    """Return what a profile says of each characteristic; `last` names the columns behind it."""
    columns = {
        "title": ("characteristic", None),
        "kind": ("kind", None),
        "missing": ("missing", percent),
        "n_bins": ("bins", whole),
        "iv": ("IV", decimals(3)),
        "iv_words": ("by convention", None),
    }
    return table(frame, columns | dict(last))


def listing(pairs: Mapping[str, str]) -> str:
    """Return names and what they are as a table of two columns, the second set as code."""
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td><code>{escape(told)}</code></td></tr>"
        for name, told in pairs.items()
    )
    return f'<table class="listing"><tbody>{rows}</tbody></table>'


def whole(value: Any) -> str:
    """Return a count with thousands apart.

    Examples
    --------
    >>> whole(30000.0), whole(float("nan"))
    ('30,000', '–')
    """
    return "–" if _undefined(value) else f"{value:,.0f}"


def percent(value: Any) -> str:
    """Return a share as percent.

    Examples
    --------
    >>> percent(0.2212)
    '22.1%'
    """
    return "–" if _undefined(value) else f"{value:.1%}"


def significant(value: Any) -> str:
    """Return a number with three significant digits.

    Examples
    --------
    >>> significant(-1.3214), significant(0.0004567)
    ('-1.32', '0.000457')
    """
    return "–" if _undefined(value) else number_words(float(value), digits=3)


def decimals(places: int) -> Format:
    """Return a format with so many decimals."""
    return lambda value: "–" if _undefined(value) else f"{value:.{places}f}"


def _class(name: str) -> str:
    return f' class="{escape(name)}"' if name else ""


def _undefined(value: Any) -> bool:
    return value is None or isinstance(value, float) and not math.isfinite(value)


def signed(places: int) -> Format:
    """Return a format of a change with so many decimals; what rounds to nothing has no sign."""
    return lambda value: "–" if _undefined(value) else f"{round(value, places) + 0.0:+.{places}f}"


def chance(value: Any) -> str:
    """Return a p or q value; the smallest ones as below a bound.

    Examples
    --------
    >>> chance(0.00003), chance(0.013), chance(float("nan"))
    ('< .0001', '.013', '–')
    """
    from workbench.evaluation import format_p

    return "–" if _undefined(value) else format_p(value).removeprefix("p ")


def as_is(value: Any) -> str:
    """Return text as it is; in a table it is kept on one line."""
    return "–" if _undefined(value) else str(value)


def _kind(form: Format | None) -> str:
    return "nowrap" if form is as_is else "number" if form else ""


def _cell(value: Any, form: Format | None) -> str:
    return f"<td{_class(_kind(form))}>{escape((form or as_is)(value))}</td>"
