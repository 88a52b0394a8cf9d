"""How a test drives the app: by keys, roles and words, waiting for what it caused."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

SETTLED = """() => {
  const app = document.querySelector('[data-testid=stApp]');
  return app && app.dataset.testConnectionState === 'CONNECTED'
    && app.dataset.testScriptState === 'notRunning'
    && !document.querySelector('[data-testid=stSkeleton]') && !document.querySelector('[data-stale=true]');
}"""
DRAWN = """() => [...document.querySelectorAll('[data-testid=stPlotlyChart]')]
  .filter(e => e.offsetParent).every(e => e.querySelector('.main-svg'))"""
RUN = "+(document.querySelector('#run-mark')?.dataset.run ?? 0)"


class Driver:
    """A page of the app."""

    def __init__(self, page: Any, server: Any, shots: Path | None, seen: list[str]) -> None:
        self.page, self.server, self.shots, self.seen = page, server, shots, seen

    def open(self, path: str = "/") -> None:
        """Load an address and wait until it is drawn."""
        self.page.goto(self.server.address + path)
        self.page.wait_for_selector("#run-mark", state="attached", timeout=60_000)
        self.settle()

    def settle(self, timeout: int = 60_000) -> None:
        """Wait until the script has ended and nothing is stale."""
        self.page.wait_for_function(SETTLED, timeout=timeout)

    @contextmanager
    def rerun(self, timeout: int = 60_000) -> Iterator[None]:
        """Do one thing inside, and wait until the page has been drawn anew because of it."""
        before = self.page.evaluate(RUN)
        yield
        self.page.wait_for_function(f"n => {RUN} > n", arg=before, timeout=timeout)
        self.settle(timeout)

    def key(self, name: str) -> Any:
        """Return the element with a Streamlit key."""
        return self.page.locator(f".st-key-{name}")

    def press(self, name: str) -> None:
        """Press the button with this key; wait for the page."""
        with self.rerun():
            self.key(name).get_by_role("button").first.click()

    def choose(self, name: str, option: str) -> None:
        """Pick an option of a selectbox or multiselect."""
        self.key(name).get_by_role("combobox").click()
        self.page.get_by_role("option", name=option, exact=True).click()

    def link(self, name: str) -> None:
        """Follow a link of the sidebar."""
        with self.rerun():
            self.page.locator("[data-testid=stSidebar]").get_by_role("link", name=name, exact=True).click()

    def drop(self, path: Path, name: str = "", kind: str = "text/csv") -> None:
        """Drop a file on Data; wait for the page."""
        area = self.page.locator("[data-testid=stFileUploader] input[type=file]")
        with self.rerun():
            area.set_input_files({"name": name or path.name, "mimeType": kind, "buffer": path.read_bytes()})

    def step(self, name: str) -> None:
        """Go to another step of Data."""
        with self.rerun():
            self.page.get_by_role("radio", name=re.compile(name)).first.click()

    def field(self, column: str) -> str:
        """Return the key of a field of Score."""
        mark = self.page.locator(f"[class*='st-key-in_'][class*='_{column}']").first.get_attribute("class")
        return next(name for name in mark.split() if name.startswith("st-key-in_")).removeprefix("st-key-")

    def fill(self, name: str, text: str) -> None:
        """Type into a field and leave it."""
        field = self.key(name).locator("input").first
        field.fill(text)
        field.press("Enter")

    def until(self, holds: Callable[[], bool], why: str, timeout: float = 30.0) -> None:
        """Wait until something holds."""
        end = time.monotonic() + timeout
        while not holds():
            assert time.monotonic() < end, why
            # the page's address is learnt from events, which are heard only while the browser is asked
            self.page.wait_for_timeout(50)

    def see(self, text: str, timeout: int = 60_000) -> None:
        """Wait until `text` is shown."""
        self.page.get_by_text(text).filter(visible=True).first.wait_for(state="visible", timeout=timeout)

    def pick_cell(self, name: str, column: int, row: int) -> None:
        """Select a cell of a grid."""
        from playwright.sync_api import expect

        cell = self.key(name).get_by_test_id(f"glide-cell-{column}-{row}")
        cell.wait_for(state="attached")
        for _ in range(20):
            # the first focus of a cold grid is lost
            self.key(name).get_by_test_id("data-grid-canvas").focus()
            cell.focus()
            with suppress(AssertionError):
                expect(cell).to_have_attribute("aria-selected", "true", timeout=300)
                return
        raise AssertionError(f"cell {column}, {row} of {name} cannot be selected")

    def shot(self, name: str, dark: bool = True) -> None:
        """Wait until the page is drawn; where pictures are asked for, keep one in each theme."""
        for theme in ("light", "dark") if dark and self.shots else ("light",):
            self.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            self.page.wait_for_timeout(250 if self.shots else 50)
            self.settle()
            self.page.wait_for_function(DRAWN)
            self.page.mouse.move(0, 0)
            if self.shots:
                path = self.shots / f"{name}_{theme}.png"
                self.page.screenshot(path=path, animations="disabled", caret="hide")
        self.page.emulate_media(color_scheme="light", reduced_motion="reduce")
