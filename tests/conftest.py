"""What holds for all tests: waiting threads sleep, and one browser and one PostgreSQL server serve them all.

Where there is no browser or no server, tests that need it skip; where CI is set, they fail.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import Databases
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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let files with slow tests come first: one that starts last would be waited for by all processes."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def _absent(what: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def chromium():
    """Return the running browser: the library that drives it cannot be started twice in one thread."""
    if not CHROMIUM:
        _absent("there is no chromium here: apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Yield the connection string of an empty PostgreSQL database."""
    if url := os.environ.get("WORKBENCH_TEST_PG"):
        yield url
        return
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: float(p.parent.name))
    if not places:
        _absent("there is no PostgreSQL here: apt-get install postgresql")
    # a socket's path must be short, and the server refuses to run as root
    folder = Path(tempfile.mkdtemp(prefix="wbpg-", dir="/tmp"))
    who: dict[str, object] = {"cwd": folder, "check": True, "capture_output": True, "text": True}
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(folder, user.pw_uid, user.pw_gid)
        who |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quick = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"
    options = f"-p {port} -k {folder} -c listen_addresses= {quick}"
    control = [str(places[-1] / "pg_ctl"), "-D", str(folder / "data"), "-w"]
    make = [str(places[-1] / "initdb"), "-D", str(folder / "data"), "-U", "wb", "--auth=trust", "-E", "UTF8"]
    try:
        subprocess.run([*make, "--locale=C", "--no-sync"], **who)  # type: ignore[call-overload]
        started = [*control, "-t", "30", "-l", str(folder / "log"), "-o", options, "start"]
        # a server that keeps our pipes would be waited for
        subprocess.run(started, **(who | {"capture_output": False, "stdout": subprocess.DEVNULL}))  # type: ignore[call-overload]
        yield f"host={folder} port={port} user=wb dbname=postgres"
        subprocess.run([*control, "-m", "immediate", "stop"], **who)  # type: ignore[call-overload]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def databases(request: pytest.FixtureRequest) -> Databases:
    """Give databases to tests; the PostgreSQL server is started by the first that needs it."""
    return Databases(lambda: request.getfixturevalue("postgres"))
