"""Which applicants a model is fitted on, and which it is judged on."""

from __future__ import annotations

from workbench.sampling.drawing import SAMPLES, Samples, draw, suggest
from workbench.sampling.spec import KINDS, SamplingSpec

__all__ = ["KINDS", "SAMPLES", "Samples", "SamplingSpec", "draw", "suggest"]
