"""Explain: what drives this model?"""

from workbench.ui import explain, frame

with frame.page("Explain", "What drives this model?") as context:
    row = explain.model_of(context)
    place = explain.line_ahead()
    with frame.chart_ahead():
        found, asked = explain.choose(context, row)
        told = explain.overview(found, asked)
    explain.line(place, row, told)
    explain.draw(context, found, told, asked)
