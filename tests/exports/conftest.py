"""A PostgreSQL server of the tests' own, and LibreOffice; what is absent skips, and fails where CI is set."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


def _absent(what: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


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
def libreoffice(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """Return what recalculates an Excel file by LibreOffice and returns the new one."""
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if program is None:
        pytest.skip("there is no LibreOffice here: apt-get install libreoffice-calc-nogui")
    home, made = tmp_path_factory.mktemp("office"), tmp_path_factory.mktemp("recalculated")

    def recalculate(path: Path) -> Path:
        call = [program, f"-env:UserInstallation=file://{home}", "--headless", "--convert-to", "xlsx"]
        subprocess.run([*call, "--outdir", made, path], check=True, capture_output=True, timeout=300)
        return made / path.name

    return recalculate
