"""Monitor: is it still the model that was approved?"""

from workbench.ui import frame, monitor, monitor_result, score

with frame.page("Monitor", "Is it still the model that was approved?") as context:
    if not monitor_result.draw(context):
        row = score.model_of(context, "A later extract is held against what a model was developed on. ")
        monitor.draw(context, row)
        monitor.listing(row)
