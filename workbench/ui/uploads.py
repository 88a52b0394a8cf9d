"""How much one session may bring, what it has brought, and how to make room."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import streamlit as st

from workbench.errors import InputError, MissingError
from workbench.ui import cache, frame, session, spool, words

TYPES = ["csv", "txt", "tsv", "gz", "parquet", "pq", "xlsx", "xlsm", "xls", "ods"]
BROUGHT = "_brought"
PART = 1 << 20


def taken(brought: Any) -> spool.Upload:
    """Write a file of the browser to disk and let go of the memory it is in, whatever comes of it.

    Raises
    ------
    InputError
        ``SESSION_UPLOADS``, ``UPLOADS_FULL``.
    """
    settings = cache.desk().settings
    try:
        here = of_session()
        if len(here) >= settings.session_uploads:
            raise _enough(here)
        upload = spool.put(settings.home, brought.name, _parts(brought), settings.uploads_mb * 1_000_000)
    finally:
        _let_go(brought)
    session.kept(BROUGHT, {})[upload.key] = upload
    with suppress(MissingError):  # marked at once: another session may remove the same file
        spool.find(settings.home, upload.key, session.holder())
    return upload


def bring(label: str, example: str, take: str, prefix: str, use: Callable[[spool.Upload], None]) -> None:
    """Draw the two ways to bring a file: dropped here, or read where it lies on this machine.

    Parameters
    ----------
    label, example, take : str
        What is said above the drop zone, in the empty field of the path, and on its button.
    prefix : str
        What the page's keys begin with.
    use : callable
        What is done with the file.
    """

    def used(upload: spool.Upload) -> None:
        st.session_state[session.UPLOAD_REVISION] = revision + 1  # an empty drop zone the next time
        use(upload)

    revision = session.kept(session.UPLOAD_REVISION, 0)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        brought = st.file_uploader(label, TYPES, key=f"{prefix}{session.UPLOAD}_{revision}")
        if brought is not None:
            with st.spinner("Writing the file to this machine"), frame.errors():
                used(taken(brought))
        draw()
    with right, st.container(border=True, gap="xsmall"):
        st.markdown("**A file on this machine**")
        most = cache.desk().settings.max_upload_mb
        st.caption(f"For files above {most} MB, or when it already lies here. It is read where it is.")
        path = st.text_input("Path", placeholder=example, label_visibility="collapsed", key=f"{prefix}path")
        if st.button(take, key=f"{prefix}take") and path:
            with frame.errors():
                used(spool.point(cache.desk().settings.home, Path(path).expanduser()))


def of_session() -> dict[str, spool.Upload]:
    """Return what the session brought and is still there."""
    home, found = cache.desk().settings.home, {}
    for key in session.kept(BROUGHT, {}):
        with suppress(MissingError):
            found[key] = spool.find(home, key, session.holder())
    st.session_state[BROUGHT] = found
    return found


def draw() -> None:
    """Draw what the session brought, each with a button that takes it away."""
    here = of_session()
    if not here:
        return
    most = cache.desk().settings.session_uploads
    st.caption(f"Brought in this session: {len(here)} of {words.counted(most, 'file')} at a time")
    for key, upload in here.items():
        with st.container(horizontal=True, vertical_alignment="center", key=f"brought_{key}"):
            st.markdown(f"{words.text(upload.name)} :gray[{upload.size / 1e6:,.1f} MB]")
            if st.button("Remove", icon=":material/delete:", key=f"remove_{key}"):
                _remove(key)
                st.rerun()


def _remove(key: str) -> None:
    """Forget a file; its bytes go where no other session works with the same file."""
    with suppress(MissingError):  # another tab was quicker
        spool.remove(cache.desk().settings.home, key, session.holder())
    session.kept(BROUGHT, {}).pop(key, None)
    if session.context().data == key:
        session.choose(data="")


def _enough(here: dict[str, spool.Upload]) -> InputError:
    size = sum(upload.size for upload in here.values()) / 1e6
    return InputError(
        "SESSION_UPLOADS",
        f"this session has brought {words.counted(len(here), 'file')} ({size:,.0f} MB), as many as it may "
        "at a time",
        remedy="Remove one of them here; what was checked stays in the store.",
    )


def _parts(brought: Any) -> Iterator[bytes]:
    brought.seek(0)
    while part := brought.read(PART):
        yield part


def _let_go(brought: Any) -> None:
    """Have Streamlit forget the bytes; it would keep them as long as the tab is open."""
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    context = get_script_run_ctx()
    if context is not None:
        context.uploaded_file_mgr.remove_file(context.session_id, brought.file_id)
