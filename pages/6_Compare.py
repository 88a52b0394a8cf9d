"""Compare: is the new one better?"""

from workbench.ui import compare, frame

with frame.page("Compare", "Is the new model better?") as context:
    rows = compare.choose(context, compare.models_of(context))
    file = compare.choose_rows(rows)
    found, offer = compare.narrowed(context, compare.compared(rows, file))
    compare.line(found)
    compare.draw(context, found, file)
    offer()
