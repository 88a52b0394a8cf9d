"""What drives a registered model, on rows of its own data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench import explanation
from workbench.dataset.segment import Segment
from workbench.desk import explaining
from workbench.desk.sample_rows import SampleRows, sample_rows
from workbench.explanation import ALL, Explainer, Kind, Overview
from workbench.run import Run

if TYPE_CHECKING:
    from workbench.desk.desk import Desk


def overview(
    desk: Desk,
    reference: str,
    run: Run,
    *,
    sample: str = "",
    segment: str = "",
    kind: Kind | None = None,
    against: str = ALL,
) -> Overview:
    """Return what drives a model on the rows of a sample, or of a segment of it in words.

    Raises
    ------
    InputError
        ``SAMPLE``, ``SEGMENT``, ``NO_ROWS``; ``KIND`` and ``REFERENCE`` as in `Explainer.attributions`.
    """
    found = sample_rows(desk, reference, sample)
    asked = found.segment(segment)
    told = kept(desk, found, asked, kind=kind, against=against)
    if told is not None:
        return told
    run.step("preparing the explanation", 0.05)
    explainer = desk.explainer(found.row.model_id)
    return of(found, explainer, asked, run.part(0.3, 1.0), kind=kind, against=against)


def kept(
    desk: Desk, found: SampleRows, segment: Segment, *, kind: Kind | None = None, against: str = ALL
) -> Overview | None:
    """Return what training found and kept, where that is what is asked for; without a kind, of any."""
    if segment or against != ALL or found.sample != found.row.reported:
        return None
    told = explaining.kept_overview(desk, found.row.model_id)
    return told if told is not None and kind in (None, told.kind) else None


def of(
    found: SampleRows,
    explainer: Explainer,
    segment: Segment,
    run: Run,
    *,
    kind: Kind | None = None,
    against: str = ALL,
) -> Overview:
    """Return what drives a model on rows that are at hand."""
    words = found.sample + (f", {segment}" if segment else "")
    return explanation.overview(
        explainer, found.rows(segment), sample=words, kind=kind, reference=against, run=run
    )
