"""Batch: a whole file."""

from workbench.ui import batch, batch_result, frame, score

with frame.page("Batch", "What is the risk of each row of this file?") as context:
    if not batch_result.draw(context):
        row = score.model_of(context, "A file is scored with a trained model. ")
        batch.draw(context, row)
        batch_result.listing()
