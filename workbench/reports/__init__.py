"""Reports: a notebook with parameters goes in, an executed notebook and one HTML file come out."""

from __future__ import annotations

from workbench.reports.block import Block
from workbench.reports.catalogue import Parameter, names, parameters, path_of
from workbench.reports.execution import Report, run

__all__ = ["Block", "Parameter", "Report", "names", "parameters", "path_of", "run"]
