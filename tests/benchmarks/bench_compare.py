"""Compare, four models on a million scored rows: the page in a real browser, and a move of its slider.

Run: python tests/benchmarks/bench_compare.py [ROWS]
Makes the data, trains on a twentieth of them and judges on the rest; needs Chromium and about 6 GB.
Prints medians; what is looked at is what an analyst waits for, with nothing kept from before.
"""

from __future__ import annotations

import logging
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.conftest import Server, leave_no_worker
from tests.browser.driving import Driver
from tests.conftest import CHROMIUM, FLAGS
from workbench import desk
from workbench.run import Run
from workbench.sampling import SamplingSpec
from workbench.settings import Settings
from workbench.study import StudySpec

FAMILIES = ("logistic", "scorecard", "xgboost", "lightgbm")
OPENED, MOVES = 3, 12
SHOWN = """() => document.querySelector('.st-key-rule_good_verdict')
  && document.querySelector('.st-key-roc .main-svg') && document.querySelector('.beside')"""
WATCH = """() => {
  const place = document.querySelector('.st-key-rule_good_verdict');
  const before = place.innerText;
  window.pressed = performance.now(); window.answered = 0;
  const watcher = new MutationObserver(() => {
    if (place.innerText !== before) { watcher.disconnect(); window.answered = performance.now(); }
  });
  watcher.observe(place, {childList: true, subtree: true, characterData: true});
}"""


def trained(home: Path, rows: int) -> None:
    """Train four families on made rows of which all but a twentieth are held out."""
    here = desk.open(Settings(home=home, threads=2))
    dataset = here.keep_generated("consumer_credit", rows)
    spec = StudySpec(FAMILIES, SamplingSpec.from_split("5/95"))
    started = time.perf_counter()
    here.train(here.request(dataset, spec), Run(2))
    print(
        f"trained on {rows // 20:,} rows, {rows - rows // 20:,} scored: {time.perf_counter() - started:.0f} s"
    )


def in_process(home: Path) -> None:
    """Time the script's share of a move: all that the page computes anew."""
    from workbench import charts
    from workbench.ui import compare_table

    here = desk.open(Settings(home=home, threads=2))
    started, worked = time.perf_counter(), time.process_time()
    found = here.compare([row.model_id for row in here.models()], Run(2))
    print(
        f"compared, nothing kept: {time.perf_counter() - started:.2f} s, "
        f"{time.process_time() - worked:.2f} s of processor"
    )
    c = found.comparison
    own = {name: c.evaluations[name] for name in c.names}
    times, processor = [], []
    for move in range(MOVES):
        started, worked = time.perf_counter(), time.process_time()
        at = c.at(0.30 + 0.05 * move)
        c.verdict_at(at)
        compare_table.cells(c, at, found)
        charts.swap_set(at, c.reference, c.best)
        charts.bad_rates(own, at.approval)
        times.append(1e3 * (time.perf_counter() - started))
        processor.append(1e3 * (time.process_time() - worked))
    print(f"a move, computed and drawn in the script: median {statistics.median(times):.0f} ms, "
          f"worst {max(times):.0f} ms; {statistics.median(processor):.0f} ms of processor")  # fmt: skip


def in_browser(home: Path) -> None:
    """Time the page from the click on its link, and the slider from the key to the new verdict."""
    server = Server(home)
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        opened = []
        for _ in range(OPENED):
            server.start()
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            driver = Driver(page, server, home, [])
            driver.open("/?portfolio=consumer_credit@1")
            started = time.perf_counter()
            page.locator("[data-testid=stSidebar]").get_by_role("link", name="Compare").click()
            page.wait_for_function(SHOWN, timeout=60_000)
            opened.append(time.perf_counter() - started)
            if len(opened) == OPENED:
                moves(driver)
            page.close()
            server.stop()
        browser.close()
    leave_no_worker(server)
    print(f"the page, from the click, nothing kept: median {statistics.median(opened):.2f} s of "
          f"{', '.join(f'{s:.2f}' for s in opened)}")  # fmt: skip


def moves(driver: Driver) -> None:
    """Press the slider's arrow key and wait for the verdict of the new approval rate."""
    driver.settle()
    slider = driver.key("approval").get_by_role("slider")
    times = []
    for move in range(MOVES):
        slider.focus()
        driver.page.evaluate(WATCH)
        slider.press("ArrowLeft" if move % 2 else "ArrowRight")
        driver.page.wait_for_function("window.answered", timeout=20_000)
        times.append(driver.page.evaluate("window.answered - window.pressed"))
        driver.page.wait_for_timeout(700)
    print(f"a move, from the key to the new verdict: median {statistics.median(times):.0f} ms, "
          f"worst {max(times):.0f} ms")  # fmt: skip


def main() -> None:
    """Print the figures."""
    logging.disable(logging.WARNING)
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_052_700
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        trained(home, rows)
        in_process(home)
        in_browser(home)


if __name__ == "__main__":
    main()
