"""A server of its own, a browser, and what must not happen in it: errors, outside addresses."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.browser.driving import Driver

ROOT = Path(__file__).parents[2]
# a hard load of /Page asks for these two below the page's own address first, then at the root
HARMLESS = re.compile(r"/[A-Za-z]+/_stcore/(health|host-config)$")


def pytest_collection_modifyitems(items):
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)


class Server:
    """The app as a user starts it, on a fresh home."""

    def __init__(self, home: Path) -> None:
        self.home = home
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        environment = dict(os.environ) | {"WORKBENCH_HOME": str(self.home), "WORKBENCH_THREADS": "1"}
        environment.pop("WORKBENCH_DATABASE_URL", None)
        self.log = (self.home.parent / "server.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(self.port)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
        )
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"the app ended: {self.text()}")
            try:
                with urllib.request.urlopen(f"{self.address}/_stcore/health", timeout=1) as answer:
                    if answer.read() == b"ok":
                        return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise RuntimeError(f"the app did not start: {self.text()}")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.log.close()

    def text(self) -> str:
        return (self.home.parent / "server.log").read_text(errors="replace")[-4000:]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Return the home of a fresh machine."""
    return tmp_path_factory.mktemp("machine") / "home"


@pytest.fixture(scope="module")
def server(chromium, home):
    """Return the running app."""
    made = Server(home)
    made.start()
    yield made
    made.stop()
    leave_no_worker(made)


def leave_no_worker(server: Server) -> None:
    """Wait until the worker has seen that no app lives and has left."""
    from workbench import jobs
    from workbench.settings import Settings

    settings = Settings(home=server.home)
    end = time.monotonic() + 20
    while jobs.worker_alive(settings) and time.monotonic() < end:
        time.sleep(0.2)


@pytest.fixture
def shots() -> Path | None:
    """Return the folder for screenshots, where one is named: each takes a second."""
    named = os.environ.get("WORKBENCH_SCREENSHOTS")
    if not named:
        return None
    Path(named).mkdir(parents=True, exist_ok=True)
    return Path(named)


@pytest.fixture
def driver(chromium, server, shots):
    """Return a page with its guards: it fails where the browser reported an error or asked elsewhere."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(30_000)
    seen: list[str] = []
    page.on(
        "console",
        lambda m: m.type == "error" and seen.append(f"console: {m.text} {m.location.get('url', '')}"),
    )
    page.on("pageerror", lambda e: seen.append(f"page: {e}"))
    page.on("response", lambda r: r.status >= 400 and seen.append(f"{r.status}: {r.url}"))
    page.on("request", lambda r: outside(r.url) and seen.append(f"outside: {r.url}"))
    yield Driver(page, server, shots, seen)
    context.close()
    wrong = [line for line in seen if not HARMLESS.search(line.strip())]
    assert not wrong, wrong


def outside(url: str) -> bool:
    return not url.startswith(("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:", "about:"))
