"""The app without a browser: pages run in this process, on a fresh home."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def app(tmp_path, monkeypatch):
    """Return the app at Home, on a machine that has seen nothing."""
    import streamlit as st
    from streamlit.testing.v1 import AppTest

    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("WORKBENCH_DATABASE_URL", raising=False)
    st.cache_resource.clear()
    yield AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    st.cache_resource.clear()


@pytest.fixture
def bring(app):
    """Return a function that brings a file on Data and runs the page."""

    def brought(name: str, content: bytes):
        app.run()
        app.switch_page("pages/1_Data.py").run()
        app.file_uploader[0].upload(name, content, "text/csv").run()
        return app

    return brought
