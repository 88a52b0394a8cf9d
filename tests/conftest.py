"""What holds for all tests: waiting threads sleep, as behind every door, and one browser serves them all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from workbench.settings import rest_waiting_threads

rest_waiting_threads()

CHROMIUM = next(
    (path for path in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if Path(path).exists()), ""
)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium():
    """Return the running browser: the library that drives it cannot be started twice in one thread."""
    if not CHROMIUM:
        if os.environ.get("CI"):
            pytest.fail("there is no chromium here: apt-get install chromium")
        pytest.skip("there is no chromium here: apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()
