"""An executed notebook as one HTML file: no code, no outside address, the same bytes for the same cells."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

TEMPLATES = Path(__file__).parent / "template"
FIGURE = "application/vnd.plotly.v1+json"
HIDDEN_TAGS = ("parameters", "injected-parameters", "hide")
KEPT_TYPES = ("text/html", "text/markdown", "image/svg+xml", "image/png", "text/plain")
DEFAULT_HEIGHT = "380px"
FONT = {"family": "system-ui, -apple-system, Segoe UI, Roboto, DejaVu Sans, sans-serif", "color": "#0f172a"}


def html_of(notebook: Any) -> str:
    """Return the HTML of an executed notebook (an nbformat node); the notebook is not changed.

    Figures are drawn by the plotly.js inside the file. Outputs on standard error are left out.
    """
    import nbformat
    from nbconvert import HTMLExporter
    from plotly.offline import get_plotlyjs
    from traitlets.config import Config

    drawn = nbformat.from_dict(json.loads(json.dumps(notebook)))
    figures = _draw_figures(drawn)
    config = Config()
    config.HTMLExporter.exclude_input = True
    config.HTMLExporter.exclude_input_prompt = True
    config.HTMLExporter.exclude_output_prompt = True
    config.HTMLExporter.exclude_anchor_links = True
    config.HTMLExporter.template_name = "workbench"
    config.HTMLExporter.extra_template_basedirs = [str(TEMPLATES)]
    config.HTMLExporter.preprocessors = ["nbconvert.preprocessors.TagRemovePreprocessor"]
    config.TagRemovePreprocessor.enabled = True
    config.TagRemovePreprocessor.remove_cell_tags = HIDDEN_TAGS
    resources = {
        "workbench_title": _title(drawn),
        "workbench_style": (TEMPLATES / "workbench" / "report.css").read_text(encoding="utf-8"),
        "workbench_plotlyjs": get_plotlyjs() if figures else "",
    }
    html, _ = HTMLExporter(config=config).from_notebook_node(drawn, resources=resources)
    return str(html)


def _draw_figures(notebook: Any) -> int:
    """Put each figure's drawing in place of its data, numbered in order so that two runs are the same."""
    count = 0
    for position, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{position}"  # papermill's is made anew in each run, and stands in the page
        if cell.cell_type != "code":
            continue
        cell.outputs = [o for o in cell.outputs if o.output_type != "stream" or o.name != "stderr"]
        for output in cell.outputs:
            data = output.get("data")
            if data is None:
                continue
            if FIGURE in data:
                count += 1
                data = {"text/html": _drawing(data[FIGURE], count)}
            output["data"] = {kind: data[kind] for kind in KEPT_TYPES if kind in data}
    return count


def _drawing(figure: Any, number: int) -> str:
    import plotly.io as pio

    kept = {part: figure[part] for part in ("data", "layout", "frames") if part in figure}
    kept["layout"] = {**kept.get("layout", {}), "font": {**kept.get("layout", {}).get("font", {}), **FONT}}
    return str(
        pio.to_html(
            pio.from_json(json.dumps(kept), skip_invalid=True),
            full_html=False,
            include_plotlyjs=False,
            include_mathjax=False,
            div_id=f"figure-{number}",
            default_height=DEFAULT_HEIGHT,
            config={"displayModeBar": False, "responsive": True},
        )
    )


def _title(notebook: Any) -> str:
    first = next((c.source for c in notebook.cells if c.cell_type == "markdown"), "")
    heading = next((line for line in first.splitlines() if line.startswith("# ")), "# Report")
    return heading.removeprefix("# ").strip()
