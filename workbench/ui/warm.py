"""What the first chart, comparison and score would wait for, loaded beside the first page."""

from __future__ import annotations

import threading

import streamlit as st

_CHARTS = threading.Event()


@st.cache_resource(show_spinner=False)
def up(engine: bool) -> None:
    """Load, once a process and without anyone waiting, what draws charts and compares models.

    Half a second of processor that whoever opened a page would otherwise wait for, after the click that
    first asks for a chart.

    Parameters
    ----------
    engine : bool
        Whether to load what scores, too: for who looks at a model, nearly a second more.
    """
    threading.Thread(target=_load, args=(engine,), name="warm-up", daemon=True).start()


def charts() -> bool:
    """Return whether what draws charts is loaded, so that drawing one makes nobody wait for it."""
    return _CHARTS.is_set()


def _load(engine: bool) -> None:
    import plotly.graph_objects as go
    import plotly.tools  # noqa: F401  what Streamlit hands a figure to

    from workbench import families
    from workbench.charts import canvas

    # plotly loads what checks a figure's parts when the first figure has them
    canvas.style(go.Figure(go.Scatter(x=[0.0], y=[0.0], line={"width": 1})), "", "", legend="keys").to_json()
    _CHARTS.set()
    if engine:
        families.warm_up()
    from workbench.desk import comparing  # noqa: F401
