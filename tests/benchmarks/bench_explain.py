"""Explain on 100,000 rows: the script's share of opening it and of a move, and what an analyst waits for.

Run: python tests/benchmarks/bench_explain.py [ROWS]
Makes the data, trains on a tenth of them and explains the rest in the training; needs Chromium.
Prints medians.
"""

from __future__ import annotations

import logging
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.conftest import ROOT, Server, leave_no_worker
from tests.browser.driving import Driver
from tests.conftest import CHROMIUM, FLAGS
from workbench import desk
from workbench.run import Run
from workbench.sampling import SamplingSpec
from workbench.settings import Settings
from workbench.study import StudySpec

SERVERS, OPENED, MOVES = 3, 4, 8
SHOWN = """() => document.querySelector("[class*='st-key-swarm_'] .main-svg")
  && document.querySelector("[class*='st-key-points_'] .main-svg")"""


def trained(home: Path, rows: int) -> None:
    """Train a LightGBM on a tenth of made rows and explain it on the others."""
    here = desk.open(Settings(home=home, threads=2))
    dataset = here.keep_generated("consumer_credit", rows)
    spec = StudySpec(("lightgbm",), SamplingSpec.from_split("10/90"))
    started = time.perf_counter()
    here.train(here.request(dataset, spec), Run(2))
    print(f"trained on {rows // 10:,} rows, {rows - rows // 10:,} explained: "
          f"{time.perf_counter() - started:.0f} s")  # fmt: skip


def in_process(home: Path) -> None:
    """Time the script: opened with its data kept from before, and another characteristic chosen."""
    from streamlit.testing.v1 import AppTest

    os.environ["WORKBENCH_HOME"] = str(home)
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    app.query_params["model"] = "consumer_credit-1"
    app.run()
    app.switch_page("pages/9_Explain.py").run()
    choice = app.selectbox(key="characteristic_consumer_credit-1")
    for what, names in (("opened", [choice.value] * OPENED), ("a move", choice.options[1:MOVES])):
        times, processor = [], []
        for position, _ in enumerate(names):
            if what == "a move":
                app.selectbox(key="characteristic_consumer_credit-1").select_index(position + 1)
            started, worked = time.perf_counter(), time.process_time()
            app.run()
            times.append(1e3 * (time.perf_counter() - started))
            processor.append(1e3 * (time.process_time() - worked))
        assert not app.exception
        print(f"{what}, in the script: median {statistics.median(times):.0f} ms, "
              f"{statistics.median(processor):.0f} ms of processor")  # fmt: skip


def in_browser(home: Path) -> None:
    """Time the page from the click on its link until both charts are drawn, each kind of visit by name.

    First of a server: nothing is kept anywhere. First visit: a browser that has loaded none of the app,
    clicking as soon as Home has settled. Later visit: the app opened anew in a browser that has.
    """
    taken: dict[str, list[tuple[float, float]]] = {
        name: [] for name in ("first of a server", "first visit", "later visit")
    }
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for _ in range(SERVERS):
            server = Server(home)
            server.start()
            for position in range(1 + OPENED):
                context = browser.new_context(viewport={"width": 1440, "height": 900})
                driver = Driver(context.new_page(), server, home, [])
                names = ("first visit", "later visit") if position else ("first of a server",)
                for name in names:
                    started = time.perf_counter()
                    driver.open("/?model=consumer_credit-1")
                    taken[name].append((time.perf_counter() - started, clicked(driver)))
                context.close()
            server.stop()
            leave_no_worker(server)
        browser.close()
    for name, pairs in taken.items():
        home_took, page_took = map(statistics.median, zip(*pairs, strict=True))
        print(f"the page, {name}: median {page_took:.2f} s from the click, of {len(pairs)}; "
              f"before it Home settled in {home_took:.2f} s")  # fmt: skip


def clicked(driver: Driver) -> float:
    """Click on the page's link; return the seconds until both charts are drawn."""
    started = time.perf_counter()
    driver.page.locator("[data-testid=stSidebar]").get_by_role("link", name="Explain").click()
    driver.page.wait_for_function(SHOWN, timeout=60_000)
    seconds = time.perf_counter() - started
    driver.settle()
    return seconds


def main() -> None:
    """Print the figures."""
    logging.disable(logging.WARNING)
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 111_200
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        trained(home, rows)
        in_process(home)
        in_browser(home)


if __name__ == "__main__":
    main()
