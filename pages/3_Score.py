"""Score: one applicant."""

from workbench.ui import cache, frame, score

with frame.page("Score", "What is the risk of this applicant?") as context:
    row = score.model_of(context)
    scorer = cache.scorer(row)
    score.line(row, scorer)
    score.draw(row, scorer)
