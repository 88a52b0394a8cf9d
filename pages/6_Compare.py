"""Compare: is the new one better?"""

from workbench.ui import compare, frame

with frame.page("Compare", "Is the new model better?") as context:
    rows = compare.choose(context, compare.models_of(context))
    found = compare.compared(rows)
    compare.line(found)
    compare.draw(context, found)
