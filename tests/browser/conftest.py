"""A server of its own, a browser, and what must not happen in one: errors, failed requests, outside addresses."""

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
# a hard load of /Page asks for these two below the page's own address, and Streamlit then finds them at the root
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


@pytest.fixture(scope="session")
def chromium():
    """Return a running browser."""
    if not CHROMIUM:
        if os.environ.get("CI"):
            pytest.fail("there is no chromium here: apt-get install chromium")
        pytest.skip("there is no chromium here: apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Return the app on a fresh home."""
    made = Server(tmp_path_factory.mktemp("machine") / "home")
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
def shots(tmp_path) -> Path:
    """Return the folder for screenshots."""
    named = os.environ.get("WORKBENCH_SCREENSHOTS")
    folder = Path(named) if named else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    return folder


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


@pytest.fixture(scope="session")
def public_data() -> Path:
    """Return the folder of public data, or skip."""
    named = os.environ.get("WORKBENCH_PUBLIC_DATA", "")
    if not named or not Path(named).is_dir():
        pytest.skip("WORKBENCH_PUBLIC_DATA does not name the folder of public data")
    return Path(named)
