"""One whole run: checked, sampled, trained, calibrated, evaluated; no file, no clock."""

from __future__ import annotations

from workbench.study.files import from_files, overview_from, to_files
from workbench.study.path import run
from workbench.study.values import Gate, Study, StudyModel, StudySpec

__all__ = ["Gate", "Study", "StudyModel", "StudySpec", "from_files", "overview_from", "run", "to_files"]
