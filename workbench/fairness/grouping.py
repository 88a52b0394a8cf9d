"""Which group each applicant belongs to; whoever's group is not known is a group too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.errors import InputError

UNKNOWN = "Unknown"
CROSS = " × "
MOST_GROUPS = 50


@dataclass(frozen=True, eq=False)
class Grouping:
    """One protected attribute: the group of each row.

    Attributes
    ----------
    by : str
        The column.
    title : str
        What it is called on screens.
    labels : tuple of str
        The groups in the order they are shown; `UNKNOWN` last, where some row's is not known.
    code : array of int, shape (n,)
        Position in `labels` of each row's group.
    reference : str
        The group the portfolio compares others with; empty where it names none.
    """

    by: str
    title: str
    labels: tuple[str, ...]
    code: np.ndarray
    reference: str = ""

    @property
    def known(self) -> np.ndarray:
        """Mask of the groups that are known ones; shape (groups,)."""
        return np.array([UNKNOWN not in label.split(CROSS) for label in self.labels], dtype=bool)

    def taken(self, rows: np.ndarray) -> Grouping:
        """Return the grouping of some of the rows."""
        return Grouping(self.by, self.title, self.labels, self.code[rows], self.reference)


def grouping(
    by: str, values: Sequence[str | None] | pd.Series, *, title: str = "", reference: str = "",
    order: Sequence[str] = (),
) -> Grouping:  # fmt: skip
    """Return the groups of a column of labels.

    Parameters
    ----------
    by : str
    values : sequence of str, shape (n,)
        Missing or empty: not known.
    order : sequence of str
        Labels in the order they are shown; others follow in their own order. One without rows is left out.

    Raises
    ------
    InputError
        ``NO_GROUPS`` where no row's group is known, or all rows are of one group; ``TOO_MANY_GROUPS``.

    Examples
    --------
    >>> g = grouping("sex", ["f", "m", None, "f"], order=["m", "f"])
    >>> g.labels, g.code.tolist()
    (('m', 'f', 'Unknown'), [1, 0, 2, 1])
    """
    code, found = pd.factorize(pd.Series(values, dtype=object), use_na_sentinel=True)
    names = [str(one) for one in found]
    known = {name for name in names if name and name != UNKNOWN}
    if len(known) < 2:
        said = f"all rows are of one group ({next(iter(known))})" if known else "no row's group is known"
        raise InputError("NO_GROUPS", f"{said}, so there is nothing to compare", title or by,
                         "Bring rows of two groups at least.")  # fmt: skip
    if len(known) > MOST_GROUPS:
        raise InputError("TOO_MANY_GROUPS", f"has {len(known)} groups; {MOST_GROUPS} at most",
                         title or by, "Declare bands, or fewer groups, in the portfolio.")  # fmt: skip
    labels = [one for one in order if one in known] + sorted(known - set(order))
    place = {label: i for i, label in enumerate(labels)}
    at = np.array([place.get(name, len(labels)) for name in names] + [len(labels)], dtype=np.int16)
    code = at[code]  # -1, a missing value, takes the last entry
    if (code == len(labels)).any():
        labels.append(UNKNOWN)
    return Grouping(by, title or by, tuple(labels), code, reference)


def crossed(first: Grouping, second: Grouping) -> Grouping:
    """Return the intersections of two groupings, all that could be, with or without rows.

    A row that is unknown in either is of a group that says so.
    """
    width = len(second.labels)
    labels = tuple(f"{a}{CROSS}{b}" for a in first.labels for b in second.labels)
    reference = f"{first.reference}{CROSS}{second.reference}" if first.reference and second.reference else ""
    code = first.code.astype(np.int16) * np.int16(width) + second.code
    return Grouping(
        f"{first.by}{CROSS}{second.by}", f"{first.title}{CROSS}{second.title}", labels, code,
        reference if reference in labels else "",
    )  # fmt: skip
