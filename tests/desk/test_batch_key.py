"""What a batch is known by."""

from __future__ import annotations

import dataclasses

from workbench.desk import batches
from workbench.intake import ReadOptions


def test_a_key_tells_bytes_model_and_reading_apart() -> None:
    options = ReadOptions()
    keys = {
        batches.batch_key(source, model, how)
        for source in "ab" for model in "cd" for how in (options, dataclasses.replace(options, decimal=","))
    }  # fmt: skip
    assert len(keys) == 8
