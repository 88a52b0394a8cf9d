"""How the app is served: to whom, what is closed, and how much a session may bring."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.app.conftest import ROOT
from workbench.errors import InputError
from workbench.jobs.start import environment
from workbench.settings import Settings
from workbench.ui import frame, serving, spool, words

GOOD = b"id,age,bad\n" + b"".join(b"%d,%d,%d\n" % (i, 20 + i % 50, i % 4 == 0) for i in range(300))


def options(monkeypatch, **changes):
    """Let Streamlit's settings be those shipped, with `changes`."""
    told = {
        "server.address": "127.0.0.1",
        "server.allowedHosts": ["localhost"],
        "server.enableAgentApi": False,
    }
    monkeypatch.setattr(serving.st, "get_option", (told | changes).__getitem__)


def test_the_shipped_settings_keep_the_app_on_this_machine(monkeypatch):
    import tomllib

    given = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    assert serving.loopback(given["server"]["address"])
    assert given["server"]["allowedHosts"] == ["localhost", "127.0.0.1"]
    assert given["client"]["showErrorDetails"] == "none"
    assert not given["server"]["enableAgentApi"] and not given["server"]["enableStaticServing"]
    options(monkeypatch)
    serving.check()


@pytest.mark.parametrize(
    ("changes", "code", "remedy"),
    [
        ({"server.address": "0.0.0.0"}, "NOT_LOOPBACK", "cookie_secret"),
        ({"server.address": None}, "NOT_LOOPBACK", "127.0.0.1"),
        ({"server.address": "risk.example"}, "NOT_LOOPBACK", "secrets.toml"),
        ({"server.allowedHosts": []}, "ALLOWED_HOSTS", "localhost"),
        ({"server.enableAgentApi": True}, "AGENT_API", "Turn it off"),
    ],
)
def test_what_would_open_the_app_to_others_is_refused(monkeypatch, changes, code, remedy):
    options(monkeypatch, **changes)
    monkeypatch.setattr(serving, "sign_in_missing", lambda: list(serving.SIGN_IN))
    with pytest.raises(InputError) as caught:
        serving.check()
    assert caught.value.code == code and remedy in str(caught.value)


def test_with_a_sign_in_it_may_be_served_and_nobody_sees_a_page_before(monkeypatch, app):
    options(monkeypatch, **{"server.address": "0.0.0.0"})
    monkeypatch.setattr(serving, "sign_in_missing", list)
    serving.check()
    monkeypatch.undo()
    monkeypatch.setenv("WORKBENCH_HOME", "/nonexistent")
    monkeypatch.setattr(serving, "sign_in_missing", list)
    app.run()
    assert not app.exception
    assert [title.value for title in app.title] == ["Sign in"]
    assert [button.key for button in app.button] == ["sign_in"] and not app.error


class Served:
    """The app as it is started, reached by hand."""

    def __init__(self, home: Path) -> None:
        self.home, self.log = home, home.parent / "server.log"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(self.port)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment(Settings(home=home)), stdout=log, stderr=log
            )
        end = time.monotonic() + 60
        while self.status("/_stcore/health") != 200:
            assert self.process.poll() is None and time.monotonic() < end, self.log.read_text()
            time.sleep(0.1)

    def status(self, path: str, **headers: str) -> int:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as refused:
            return refused.code
        except OSError:
            return 0

    def said(self, *lines: str) -> bytes:
        """Return the first line of what is answered to a request written by hand."""
        with socket.create_connection(("127.0.0.1", self.port), 10) as raw:
            raw.sendall("\r\n".join((*lines, "", "")).encode())
            return raw.recv(4096).split(b"\r\n")[0]

    def handshake(self, host: str, origin: str) -> bytes:
        return self.said(
            "GET /_stcore/stream HTTP/1.1", f"Host: {host}", f"Origin: {origin}", "Upgrade: websocket",
            "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        )  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    made = Served(tmp_path_factory.mktemp("served") / "home")
    yield made
    made.process.terminate()
    made.process.wait(15)


def test_a_foreign_page_cannot_drive_the_app(served):
    own = f"127.0.0.1:{served.port}"
    assert b" 101 " in served.handshake(own, f"http://{own}")
    assert b" 403 " in served.handshake(own, "http://evil.example")
    assert b" 403 " in served.handshake("evil.example", "http://evil.example")
    assert b" 403 " in served.handshake(f"evil.example:{served.port}", f"http://{own}")
    assert served.status("/", Host="evil.example") == 403
    assert served.status("/_stcore/host-config", Host="evil.example") == 403


@pytest.mark.parametrize(
    "path", ["metrics", "agent/openapi.json", "agent/interact", "agent/mcp", "script-health-check"]
)
def test_no_helper_endpoint_answers(served, path):
    assert served.status(f"/_stcore/{path}") == 404
    assert served.status(f"/Data/_stcore/{path}") == 404


def test_an_upload_says_how_long_it_is_and_is_bounded(served):
    line, host = "PUT /_stcore/upload_file/one/two HTTP/1.1", f"Host: 127.0.0.1:{served.port}"
    assert b" 411 " in served.said(line, host, "Transfer-Encoding: chunked")
    assert b" 413 " in served.said(line, host, f"Content-Length: {3 * (500 << 20) + 1}")
    assert b" 403 " in served.said(line, host, "Content-Length: 1"), "Streamlit's own check comes after"


@pytest.mark.parametrize("base", ["", "/risk", "/risk/bench/Data"])
def test_files_that_come_at_once_share_one_room_wherever_the_app_is_served(monkeypatch, base):
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    monkeypatch.setattr("streamlit.web.server.starlette.starlette_websocket.is_host_allowed", lambda _: True)
    said, inside = [], []

    async def app(scope, receive, send):
        inside.append(scope["path"])
        await asyncio.sleep(0)
        if "broken" in scope["path"]:
            raise OSError("the connection broke")

    async def send(message):
        said.append(message.get("status"))

    async def bring(doors, file, session="one", size=60):
        path = f"{base}/_stcore/upload_file/{session}/{file}"
        headers = [(b"content-length", b"%d" % size)]
        scope = {"type": "http", "method": "PUT", "path": path, "headers": headers}
        await doors(scope, None, send)

    async def bring_all():
        doors = serving.Doors(app, most=100)
        await asyncio.gather(bring(doors, "a"), bring(doors, "b"), bring(doors, "c", "two"))
        assert said == [413, None] and len(inside) == 2, "one of the first session, one of the second"
        with pytest.raises(OSError, match="broke"):
            await bring(doors, "broken")
        await bring(doors, "d")
        assert len(inside) == 4 and not doors._coming

    with ThreadPoolExecutor(1) as pool:  # where a browser is driven, this thread has a loop of its own
        pool.submit(asyncio.run, bring_all()).result()


@pytest.mark.parametrize(
    ("told", "who"),
    [
        ({"email": "ana@bank.example", "name": "Ana", "sub": "7"}, "ana@bank.example"),
        ({"email": "ana@bank.example", "email_verified": True, "sub": "7"}, "ana@bank.example"),
        (
            {"email": "ana@bank.example", "email_verified": False, "iss": "https://id", "sub": "7"},
            "https://id|7",
        ),
        ({"email": "ana@bank.example", "email_verified": "false", "iss": "i", "sub": "7"}, "i|7"),
        ({"name": "ana@bank.example", "iss": "https://id", "sub": "7"}, "https://id|7"),
        ({"name": "Ana"}, ""),
    ],
)
def test_the_trail_names_nobody_by_a_name_they_may_choose(monkeypatch, told, who):
    monkeypatch.setattr(serving, "sign_in_missing", list)
    monkeypatch.setattr(serving.st, "user", {"is_logged_in": True} | told)
    assert serving.signed_in() == who


def test_the_app_does_not_start_open_to_others(served):
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", "0"]
    ended = subprocess.run(
        [*command, "--server.address", "0.0.0.0"], cwd=ROOT, env=environment(Settings(home=served.home)),
        capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert ended.returncode != 0
    assert "nobody has to sign in" in ended.stderr and "127.0.0.1" in ended.stderr
    assert "Traceback" not in ended.stderr


def drop(app, name: str, content: bytes = GOOD):
    app.query_params.pop("data", None)
    app.session_state["_data"] = ""
    app.query_params["step"] = "bring"
    app.run()
    app.file_uploader[0].upload(name, content, "text/csv").run()
    assert not app.exception, app.exception


def test_a_session_brings_some_files_at_a_time_and_removes_one_to_bring_another(app, monkeypatch, tmp_path):
    monkeypatch.setenv("WORKBENCH_SESSION_UPLOADS", "2")
    app.run()
    app.switch_page("pages/1_Data.py").run()
    for i in range(2):
        drop(app, f"{i}.csv", GOOD + b"9%d,30,0\n" % i)
        assert not app.error
    drop(app, "2.csv", GOOD + b"92,30,0\n")
    assert frame.code("SESSION_UPLOADS") in app.error[0].value and "2 files" in app.error[0].value
    assert len(list((tmp_path / "home" / "uploads").glob("*.csv"))) == 2
    first = next(iter(app.session_state["_brought"]))
    app.button(key=f"remove_{first}").click().run()
    assert not list((tmp_path / "home" / "uploads").glob(f"{first.removeprefix(spool.PREFIX)}.*"))
    assert not app.error, "a browser would ask for the file again; this one still holds it"
    assert sorted(u.name for u in app.session_state["_brought"].values()) == ["1.csv", "2.csv"]


def test_all_uploads_together_have_a_room(app, monkeypatch, tmp_path):
    monkeypatch.setenv("WORKBENCH_UPLOADS_MB", "1")
    app.run()
    app.switch_page("pages/1_Data.py").run()
    drop(app, "large.csv", GOOD * 400)
    said = app.error[0].value
    assert frame.code("UPLOADS_FULL") in said and words.text("WORKBENCH_UPLOADS_MB") in said
    assert not list((tmp_path / "home" / "uploads").iterdir()), "nothing half written is left"


def test_what_is_pointed_at_is_forgotten_and_not_deleted(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_bytes(GOOD)
    home = tmp_path / "home"
    upload = spool.point(home, file)
    spool.remove(home, upload.key)
    assert file.exists() and not list((home / "uploads").iterdir())
    kept = spool.put(home, "mine.csv", [GOOD])
    assert spool.used(home) == kept.size == len(GOOD)
    spool.remove(home, kept.key)
    assert spool.used(home) == 0
