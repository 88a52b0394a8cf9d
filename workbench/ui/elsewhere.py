"""The fold "Do this elsewhere": command line, Python and notebook that give the same numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from workbench.ui import cache, spool


@st.fragment
def fold(command: str, python: str, notebook: str, note: str = "", key: str = "elsewhere") -> None:
    """Draw the fold at the end of a page; a text that is empty is left out.

    What colours code is a megabyte and a half that a browser would load and run before the page's charts:
    it is asked for once the fold is open.
    """
    every = (
        ("Command line", command, "bash"), ("Python", python, "python"), ("Notebook", notebook, "python"),
    )  # fmt: skip
    texts = [text for text in every if text[1]]
    with st.container(key=key):
        opened = st.expander(
            "Do this elsewhere", icon=":material/terminal:", key=f"{key}_open", on_change="rerun"
        )
    if not opened.open:
        return
    with opened:
        for place, (_, text, language) in zip(st.tabs([text[0] for text in texts]), texts, strict=True):
            with place:
                st.code(text, language, wrap_lines=True)
        if note:
            st.caption(note)


def check(dataset: Any) -> None:
    """Draw how a data set is checked elsewhere."""
    from workbench.desk import calls

    desk, source = cache.desk(), dataset.source
    told = calls.of_check(desk, dataset.portfolio.identity, source, dataset.rows_in, _path(source))
    fold(told.command, told.python, told.notebook, told.note)


def training(study: Any, study_id: str) -> None:
    """Draw how a study is run again elsewhere."""
    from workbench.desk import calls

    told = calls.of_training(
        cache.desk(), study.spec, study.portfolio.identity, study.dataset_sha256, study.source,
        study.rows_in, study_id, _path(study.source),
    )  # fmt: skip
    fold(told.command, told.python, told.notebook, told.note)


def comparison(rows: list[Any], approval: float, path: str, segment: str) -> None:
    """Draw how models are compared elsewhere, on kept rows or on a file's, all or those of a segment."""
    from workbench.desk import calls

    told = calls.of_comparison(cache.desk(), [row.model_id for row in rows], approval, path, segment)
    fold(told.command, told.python, told.notebook, told.note)


def explanation(row: Any, sample: str, segment: str, kind: str, against: str) -> None:
    """Draw how what drives a model is told elsewhere."""
    from workbench.desk import calls

    told = calls.of_explanation(cache.desk(), row.model_id, sample, segment, kind, against)
    fold(told.command, told.python, told.notebook, told.note)


def fairness(row: Any, asked: Any, found: Any, by: str, path: str) -> None:
    """Draw how groups are compared elsewhere, at the same cut-off."""
    from workbench.desk import calls

    told = calls.of_fairness(cache.desk(), row.model_id, asked, found.cut_off, by, path)
    fold(told.command, told.python, told.notebook, told.note)


def score(row: Any, values: dict[str, Any]) -> None:
    """Draw how an applicant is scored elsewhere."""
    from workbench.desk import calls

    told = calls.of_score(cache.desk(), row.model_id, values, row.study_id or "")
    fold(told.command, told.python, told.notebook, told.note)


def batch(found: Any) -> None:
    """Draw how a file is scored elsewhere."""
    from workbench.desk import calls
    from workbench.intake import ReadOptions

    options = ReadOptions(**(found.options | {"missing": tuple(found.options["missing"])}))
    told = calls.of_batch(
        cache.desk(), found.model_id, found.path, options, found.rename, found.asked_reasons
    )
    fold(told.command, told.python, told.notebook, told.note)


def drift(found: Any, options: Any) -> None:
    """Draw how an extract is held against development elsewhere."""
    from workbench.desk import calls

    told = calls.of_drift(cache.desk(), found.model_id, found.path, options, found.dataset_sha256)
    fold(told.command, told.python, told.notebook, told.note)


def version(row: Any) -> None:
    """Draw how a version is shown elsewhere."""
    from workbench.desk import calls

    told = calls.of_version(cache.desk(), row.model_id, row.family, row.study_id or "")
    fold(told.command, told.python, told.notebook, told.note)


def report(name: str, parameters: Mapping[str, Any]) -> None:
    """Draw how a report is run elsewhere."""
    from workbench.desk import calls

    told = calls.of_report(cache.desk(), name, parameters)
    fold(told.command, told.python, told.notebook, told.note)


def _path(source: Any) -> str:
    """Return where the bytes of a brought file lie, while they are kept."""
    upload = spool.of_digest(cache.desk().settings.home, source.sha256) if source.sha256 else None
    return upload.path if upload is not None else ""
