"""Public data fetched from a server that answers as OpenML does; what is written is the published data."""

from __future__ import annotations

import csv
import hashlib
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.public import public
from workbench.dataset import build
from workbench.errors import InputError, MissingError
from workbench.intake import PortfolioShelf, public_sets, read
from workbench.run import Cancelled, Run

FILES = {
    "taiwan_cards": "taiwan_cards/taiwan.csv",
    "german_credit": "german_credit/german_labelled.csv",
}
Serve = Any


@pytest.fixture
def openml(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Yield what makes the server offer a data set's ARFF file."""
    answers: dict[str, tuple[int, bytes]] = {}
    moved: dict[str, str] = {}
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, content = answers.get(self.path, (404, b"{}"))
            self.send_response(302 if self.path in moved else status)
            if self.path in moved:
                self.send_header("Location", moved[self.path])
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    base = f"http://127.0.0.1:{server.server_address[1]}"
    monkeypatch.setattr(public_sets, "OPENML", base)

    def serve(number: int, content: bytes, **changes: object) -> None:
        said = {"id": str(number), "url": f"{base}/data/v1/download/{number}",
                "md5_checksum": hashlib.md5(content).hexdigest()} | changes  # fmt: skip
        answers[f"/api/v1/json/data/{number}"] = (200, json.dumps({"data_set_description": said}).encode())
        answers[f"/data/v1/download/{number}"] = (200, content)

    serve.answers, serve.moved, serve.asked = answers, moved, asked  # type: ignore[attr-defined]
    yield serve
    server.shutdown()
    server.server_close()


def arff(names: list[str], rows: list[list[str]]) -> bytes:
    """Return rows as OpenML writes them: nominal values quoted, all numbers as floats where asked."""
    quoted = [[f"'{v}'" if set(v) & set(" <>=,") else v for v in row] for row in rows]
    head = ["% a comment", "@RELATION data", *(f"@ATTRIBUTE {name} STRING" for name in names), "@DATA"]
    return "\n".join([*head, *(",".join(row) for row in quoted), ""]).encode()


def offered(name: str, whole: bool = True) -> tuple[int, bytes]:
    """Return OpenML's number and file of a public data set."""
    with public(FILES[name]).open(newline="") as file:
        head, *rows = list(csv.reader(file))
    if name == "german_credit":
        drop = head.index("sex_uci_label")
        keep = [i for i in range(len(head)) if i != drop]
        rows = [[r[i] for i in keep[:-1]] + ["bad" if r[-1] == "1" else "good"] for r in rows]
        return 31, arff([head[i] for i in keep[:-1]] + ["class"], rows)
    rows = [row[1:] if whole else [*(f"{v}.0" for v in row[1:-1]), row[-1]] for row in rows]
    return 42477, arff([*(f"x{i}" for i in range(1, 24)), "y"], rows)


@pytest.mark.parametrize(("name", "whole"), [("taiwan_cards", True), ("taiwan_cards", False),
                                             ("german_credit", True)])  # fmt: skip
def test_what_is_fetched_is_the_published_data(tmp_path: Path, openml: Serve, name: str, whole: bool) -> None:
    openml(*offered(name, whole))
    steps: list[tuple[str, float]] = []
    path = public_sets.fetch(name, tmp_path, Run(1, lambda what, done: steps.append((what, done))))
    assert path == tmp_path / f"{name}.csv" and list(tmp_path.iterdir()) == [path]
    shares = [done for _, done in steps]
    assert shares == sorted(shares) and any("MB" in what for what, _ in steps)
    portfolio = PortfolioShelf(tmp_path).find(public_sets.find(name).portfolio)
    fetched, kept = (build(read(p, portfolio=portfolio), portfolio) for p in (path, public(FILES[name])))
    assert fetched.sha256 == kept.sha256
    assert fetched.protected_sha256 == kept.protected_sha256
    assert fetched.row_key.equals(kept.row_key)


def test_every_set_belongs_to_a_shipped_portfolio(tmp_path: Path) -> None:
    shelf = PortfolioShelf(tmp_path)
    for one in public_sets.public_sets():
        portfolio = shelf.find(one.portfolio)
        needed = {c.name for c in (*portfolio.characteristics, *portfolio.protected)}
        assert needed <= set(one.columns) and one.outcome == portfolio.outcome.column
        assert portfolio.row_key in (one.numbered, "")
        assert one.address.startswith("https://www.openml.org/d/")


def _refused(tmp_path: Path, name: str = "german_credit") -> InputError:
    with pytest.raises(InputError) as error:
        public_sets.fetch(name, tmp_path, Run(1))
    assert not list(tmp_path.iterdir())
    assert len(str(error.value).splitlines()) == 1
    return error.value


def test_without_a_network_one_sentence_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setattr(public_sets, "OPENML", f"http://127.0.0.1:{closed.getsockname()[1]}")
        assert _refused(tmp_path).code == "NO_NETWORK"
    monkeypatch.setattr(public_sets, "OPENML", "http://nowhere.invalid")
    assert _refused(tmp_path).code == "NO_NETWORK"


def test_a_server_that_says_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(public_sets, "OPENML", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setattr(public_sets, "SECONDS", 0.2)
        error = _refused(tmp_path)
    assert error.code == "NO_NETWORK" and "0.2 s" in str(error)


def test_an_answer_that_is_not_there_is_no_data(tmp_path: Path, openml: Serve) -> None:
    error = _refused(tmp_path)
    assert error.code == "NO_NETWORK" and "404" in str(error)


SMALL = arff(["checking_status", "class"], [["<0", "good"], ["no checking", "bad"]])


@pytest.mark.parametrize(
    ("content", "changes", "why"),
    [
        (SMALL, {"md5_checksum": "0" * 32}, "checksum"),
        (SMALL, {"url": "https://elsewhere.example/31"}, "somewhere else"),
        (SMALL, {}, "no column duration"),
        (b"@RELATION x\n@ATTRIBUTE a REAL\n@DATA\n1,2\n", {}, "as many values"),
        (b"<html>maintenance</html>", {}, "no data"),
        (b"\xff\xfe\x00", {}, "not text"),
        (SMALL, {"url": "http://[bad"}, "address of its file cannot be read"),
        (SMALL, {"url": "http://127.0.0.1:many/31"}, "address of its file cannot be read"),
        (SMALL, {"url": "http://127.0.0.1:1/31"}, "somewhere else"),
        (SMALL, {"url": "http://127.0.0.1/31"}, "somewhere else"),
        (SMALL, {"url": "file:///etc/hosts"}, "somewhere else"),
        (SMALL.replace(b"bad", b"b" * (2**24 + 1)), {}, "rows cannot be read"),
    ],
)
def test_other_data_are_refused(
    tmp_path: Path, openml: Serve, content: bytes, changes: dict[str, object], why: str
) -> None:
    openml(31, content, **changes)
    error = _refused(tmp_path)
    assert error.code == "PUBLIC_SET" and why in str(error)


def test_a_name_in_the_address_is_refused(tmp_path: Path, openml: Serve) -> None:
    there = public_sets.OPENML.replace("http://", "http://somebody:secret@")
    openml(31, SMALL, url=f"{there}/data/v1/download/31")
    assert "somewhere else" in str(_refused(tmp_path))


@pytest.mark.parametrize("path", ["/api/v1/json/data/31", "/data/v1/download/31"])
@pytest.mark.parametrize(
    ("to", "why"),
    [
        ("https://elsewhere.example/31", "somewhere else"),
        ("http://localhost:{port}/moved", "somewhere else"),
        ("http://127.0.0.1:1/moved", "somewhere else"),
        ("http://somebody@127.0.0.1:{port}/moved", "somewhere else"),
        ("ftp://127.0.0.1:{port}/moved", "somewhere else"),
        ("http://[bad", "cannot be read"),
    ],
)
def test_a_redirection_leads_nowhere_else(
    tmp_path: Path, openml: Serve, path: str, to: str, why: str
) -> None:
    openml(31, SMALL)
    openml.moved[path] = to.format(port=public_sets.OPENML.rpartition(":")[2])
    error = _refused(tmp_path)
    assert why in f"{error.code} {error}"
    assert "/moved" not in openml.asked


def test_a_redirection_to_its_own_host_is_followed(tmp_path: Path, openml: Serve) -> None:
    openml(*offered("german_credit"))
    openml.moved["/api/v1/json/data/31"] = "/new"
    openml.answers["/new"] = openml.answers["/api/v1/json/data/31"]
    assert public_sets.fetch("german_credit", tmp_path, Run(1)).exists()
    assert "/new" in openml.asked


def test_redirections_go_by_https_whatever_they_name() -> None:
    wanted = public_sets.find("german_credit")
    told = public_sets._own("http://api.openml.org/data/1", wanted)
    assert told == "https://api.openml.org/data/1"
    for other in ("https://www.openml.org:8443/1", "https://me@www.openml.org/1", "https://notopenml.org/1"):
        with pytest.raises(InputError, match="somewhere else"):
            public_sets._own(other, wanted)


def test_changed_rows_are_refused(tmp_path: Path, openml: Serve) -> None:
    number, content = offered("german_credit")
    head, body = content.split(b"@DATA\n")
    lines = body.splitlines()
    for rows, why in (
        (lines[:-1], "999 rows"),
        ([line.replace(b"good", b"bad") for line in lines[:1]] + lines[1:], "301 of its rows"),
        ([lines[0].replace(b",1169,", b",1170,"), *lines[1:]], "adds up to 3,271,259"),
        ([lines[0].replace(b",1169,", b",much,"), *lines[1:]], "whole numbers"),
    ):
        openml(number, head + b"@DATA\n" + b"\n".join(rows) + b"\n")
        assert why in str(_refused(tmp_path))


def test_too_much_is_not_read_to_its_end(
    tmp_path: Path, openml: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    openml(31, SMALL * 1000)
    monkeypatch.setattr(public_sets, "MOST_BYTES", 10_000)
    assert "sends more than" in str(_refused(tmp_path))


def test_a_fetch_can_be_stopped_and_needs_a_folder_and_a_known_name(tmp_path: Path, openml: Serve) -> None:
    openml(31, SMALL)
    with pytest.raises(Cancelled):
        public_sets.fetch("german_credit", tmp_path, Run(1, cancelled=lambda: True))
    with pytest.raises(InputError, match="does not exist"):
        public_sets.fetch("german_credit", tmp_path / "none", Run(1))
    with pytest.raises(MissingError, match="taiwan_cards, german_credit"):
        public_sets.fetch("iris", tmp_path, Run(1))
    assert not list(tmp_path.iterdir())


def test_a_file_of_that_name_is_replaced_whole(tmp_path: Path, openml: Serve) -> None:
    openml(*offered("german_credit"))
    (tmp_path / "german_credit.csv").write_text("old")
    path = public_sets.fetch("german_credit", tmp_path, Run(1))
    assert len(path.read_text().splitlines()) == 1001
