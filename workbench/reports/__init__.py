"""Reports: a notebook with parameters goes in, an executed notebook and one HTML file come out."""

from __future__ import annotations

from workbench.reports.block import Block
from workbench.reports.catalogue import Parameter, checked, names, parameters, path_of, question_of, title_of
from workbench.reports.execution import Report, run
from workbench.reports.shelf import Kept, find, kept

__all__ = [
    "Block",
    "Kept",
    "Parameter",
    "Report",
    "checked",
    "find",
    "kept",
    "names",
    "parameters",
    "path_of",
    "question_of",
    "run",
    "title_of",
]
