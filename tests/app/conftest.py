"""The app without a browser: pages run in this process, on a fresh home or one that has trained."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests import made

ROOT = Path(__file__).parents[2]
HOSTILE = "<script>x</script> ![a](http://example.com/i.png) `b` *c*"
CHARACTERISTICS = (
    {**made.CHARACTERISTICS[0], "title": f"Income {HOSTILE}", "group": HOSTILE, "note": HOSTILE},
    *made.CHARACTERISTICS[1:],
)


@pytest.fixture
def app(tmp_path, monkeypatch):
    """Return the app at Home, on a machine that has seen nothing."""
    import streamlit as st
    from streamlit.testing.v1 import AppTest

    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("WORKBENCH_DATABASE_URL", raising=False)
    st.cache_resource.clear()
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    page.session_state["elsewhere_open"] = True  # what it says is drawn only then
    yield page
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


@pytest.fixture(scope="session")
def seeded(tmp_path_factory):
    """Return a home on which a logistic regression was trained on made, dated loans."""
    from workbench import desk
    from workbench.desk import TrainRequest
    from workbench.run import Run
    from workbench.sampling import SamplingSpec
    from workbench.settings import Settings
    from workbench.study import StudySpec

    folder = tmp_path_factory.mktemp("trained")
    made.frame(2000).to_parquet(folder / "made loans.parquet")
    opened = desk.open(Settings(home=folder / "home", threads=1))
    portfolio = opened.shelf.save(made.portfolio(characteristics=CHARACTERISTICS))
    dataset = opened.build(folder / "made loans.parquet", portfolio)
    spec = StudySpec(("logistic",), SamplingSpec.from_split("70/30"))
    request = TrainRequest(portfolio=portfolio.identity, spec=spec, dataset_sha256=dataset.sha256)
    opened.train(request, Run(threads=1))
    return folder / "home"


@pytest.fixture
def trained(app, seeded, tmp_path):
    """Return the app on a machine that has trained, and its desk."""
    from workbench import desk
    from workbench.settings import Settings

    shutil.copytree(seeded, tmp_path / "home")
    return app, desk.open(Settings(home=tmp_path / "home", threads=1))
