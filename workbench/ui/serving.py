"""How the app is served: who may reach it, what it answers to no page, what an error tells the browser."""

from __future__ import annotations

import ipaddress
import secrets
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import streamlit as st

from workbench.errors import InputError, WorkbenchError
from workbench.settings import Settings

Message = MutableMapping[str, Any]
Asgi = Callable[[Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Any]

CLOSED = ("/_stcore/metrics", "/_stcore/agent", "/_stcore/script-health-check")
"""What Streamlit answers beside the pages and the app has no use for."""

UPLOAD = "_stcore/upload_file/"
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"referrer-policy", b"no-referrer"),
)
SIGN_IN = ("client_id", "client_secret", "server_metadata_url", "redirect_uri", "cookie_secret")


def guards() -> dict[str, Any]:
    """Return what `streamlit.App` is given; ends the program where the app must not be served so.

    To be called once, when the server starts.
    """
    from starlette.middleware import Middleware

    try:
        settings = Settings.from_env()
        check()
    except WorkbenchError as error:
        sys.exit(f"workbench: {error}")
    most = settings.max_upload_mb
    st.config.set_option("server.maxUploadSize", most)
    doors = Middleware(Doors, most=settings.session_uploads * (most << 20))
    return {"middleware": [doors], "on_script_error": told}


def check() -> None:
    """Refuse to be served to other machines where nobody has to sign in, or without its names.

    Raises
    ------
    InputError
        ``NOT_LOOPBACK``, ``ALLOWED_HOSTS``, ``AGENT_API``.
    """
    if st.get_option("server.enableAgentApi"):
        what = "server.enableAgentApi is on, and a program could press every button of the app"
        raise InputError("AGENT_API", what, ".streamlit/config.toml", "Turn it off.")
    address = st.get_option("server.address") or "0.0.0.0"
    if not loopback(address):
        missing = sign_in_missing()
        if missing:
            raise InputError(
                "NOT_LOOPBACK",
                f"the app would be open to everyone who can reach {address}, for nobody has to sign in",
                f"server.address {address}",
                "Serve it on 127.0.0.1 (leave --server.address out) behind a proxy, or let people sign in: "
                f"give {', '.join(missing)} under [auth] in .streamlit/secrets.toml.",
            )
    if not st.get_option("server.allowedHosts"):
        what = "server.allowedHosts is empty, so a page of any name could drive the app in a browser"
        remedy = 'List the names it is reached by, such as ["localhost", "127.0.0.1"].'
        raise InputError("ALLOWED_HOSTS", what, ".streamlit/config.toml", remedy)


def loopback(address: str) -> bool:
    """Return whether only this machine can reach an address.

    Examples
    --------
    >>> loopback("127.0.0.1"), loopback("localhost"), loopback("::1"), loopback("0.0.0.0")
    (True, True, True, False)
    """
    if address.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:  # a name, which may be any machine's
        return False


def sign_in_missing() -> list[str]:
    """Return what is not given of what a sign-in needs."""
    if st.secrets.load_if_toml_exists() and "auth" in st.secrets:
        return [name for name in SIGN_IN if not st.secrets["auth"].get(name)]
    return list(SIGN_IN)


def signed_in() -> str:
    """Return who signed in; empty where nobody has to.

    The trail says so for good, so it is never a name, which two people may share and one may choose: it is
    the address, unless whoever signs people in did not verify it; else whom they are to the one who does.
    """
    if sign_in_missing() or not st.user.get("is_logged_in", False):
        return ""
    told = {name: str(st.user.get(name) or "") for name in ("email", "iss", "sub")}
    if told["email"] and str(st.user.get("email_verified", True)).lower() != "false":
        return told["email"]
    return f"{told['iss']}|{told['sub']}" if told["sub"] else ""


def require_sign_in() -> None:
    """End the page with a button where people sign in and nobody has."""
    if sign_in_missing() or signed_in():
        return
    st.title("Sign in", anchor=False)
    if st.button("Sign in", icon=":material/login:", type="primary", key="sign_in"):
        st.login()
    st.stop()


def told(error: Exception) -> bool:
    """Show an unexpected error as one sentence with a number; Streamlit has written its trace to the log."""
    number = secrets.token_hex(4)
    sys.stderr.write(f"workbench: error {number} on a page: {type(error).__name__}, told just above\n")
    sys.stderr.flush()
    st.error(
        f"Something went wrong that is not yours to mend; nothing that was kept is lost. Its number is "
        f"**{number}**: what happened stands beside it in the app's log.",
        icon=":material/error:",
    )
    st.html('<a href="./" target="_self">Start again at Home</a>')  # a new session, with nothing chosen
    return True


class Doors:
    """What every request passes first.

    Parameters
    ----------
    app : callable
        What answers behind it.
    most : int
        Bytes of uploads one session may have in memory.
    """

    def __init__(self, app: Asgi, most: int) -> None:
        self._app = app
        self._most = most
        self._coming: Counter[str] = Counter()  # bytes by session, said to come and not yet held

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        """Answer with a refusal, or pass the request on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is None:
            with self._room(scope):
                await self._app(scope, receive, _with_headers(send) if scope["type"] == "http" else send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 4403})  # before it is accepted: HTTP 403
        else:
            status, what = refusal
            said = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close"), *HEADERS]
            await send({"type": "http.response.start", "status": status, "headers": said})
            await send({"type": "http.response.body", "body": what.encode()})

    def _refusal(self, scope: Message) -> tuple[int, str] | None:
        from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

        given = _given(scope)
        if not is_host_allowed(given.get("host")):
            return 403, "The app is not reached by this name.\n"
        if any(f"/{part}".startswith(CLOSED) for part in _tails(scope["path"])):
            return 404, "There is nothing here.\n"
        session = _brings(scope)
        return None if session is None else self._too_much(session, given)

    def _too_much(self, session: str, given: dict[str, str]) -> tuple[int, str] | None:
        length = given.get("content-length", "")
        if not length.isdigit():
            return 411, "Say how long the file is.\n"
        if int(length) + self._coming[session] + _held(session) > self._most:
            return 413, "This session has brought as much as it may; remove an upload on the page Data.\n"
        return None

    @contextmanager
    def _room(self, scope: Message) -> Iterator[None]:
        """Reserve what an upload says it will take, for several may come at once and none is held yet."""
        session = _brings(scope)
        if session is None:
            yield
            return
        size = int(_given(scope)["content-length"])
        self._coming[session] += size
        try:
            yield
        finally:
            self._coming[session] -= size
            if not self._coming[session]:
                del self._coming[session]


def _given(scope: Message) -> dict[str, str]:
    """Return the headers of a request."""
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def _brings(scope: Message) -> str | None:
    """Return the session that a request brings a file to; None where it brings none."""
    if scope.get("method") != "PUT":
        return None
    found = [part for part in _tails(scope["path"]) if part.startswith(UPLOAD)]
    return found[0].removeprefix(UPLOAD).partition("/")[0] if found else None


def _tails(path: str) -> list[str]:
    """Return a path and what is left of it below each of its folders: Streamlit answers below any page."""
    parts = path.strip("/").split("/")
    return ["/".join(parts[at:]) for at in range(len(parts))]


def _held(session: str) -> int:
    """Return the bytes of uploads that Streamlit holds in memory for a session."""
    from streamlit.runtime import Runtime

    if not Runtime.exists():
        return 0
    files = getattr(Runtime.instance().uploaded_file_mgr, "file_storage", {}).get(session, {})
    return sum(len(file.data) for file in list(files.values()))


def _with_headers(send: Any) -> Any:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            have = {name.lower() for name, _ in message.get("headers", ())}
            more = [header for header in HEADERS if header[0] not in have]
            message = {**message, "headers": [*message.get("headers", ()), *more]}
        await send(message)

    return sent
