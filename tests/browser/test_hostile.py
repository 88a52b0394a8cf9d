"""What is in a file stays text: in the pages, in the report, in an error that nobody expected."""

from __future__ import annotations

import json
import re
import shutil

import pytest

from tests import made
from workbench import desk
from workbench.desk import TrainRequest
from workbench.run import Run
from workbench.sampling import SamplingSpec
from workbench.settings import Settings
from workbench.study import StudySpec

EVIL = "<img src=x onerror=window.__xss=1><script>window.__xss=2</script>"
LINK = "[a](javascript:window.__xss=3) <svg onload=window.__xss=4>"
NOTE = "0123456789abcdef"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Return a home that trained on a file whose every name is a script."""
    home = tmp_path_factory.mktemp("hostile") / "home"
    frame = made.frame(1500).rename(columns={"income": EVIL})
    frame["home"] = frame["home"].map({"rent": EVIL, "own": LINK}).fillna("other")
    file = home.parent / f"{EVIL.replace('/', '')}.parquet"
    frame.to_parquet(file)
    first = {**made.CHARACTERISTICS[0], "name": EVIL, "title": f"{EVIL} {LINK}", "group": EVIL, "note": LINK}
    rest = [c for c in made.CHARACTERISTICS[1:] if c["name"] != "home"]
    characteristics = (first, *rest, {"name": "home", "kind": "category"})
    opened = desk.open(Settings(home=home, threads=1))
    portfolio = opened.shelf.save(made.portfolio(title=f"{EVIL} {LINK}", characteristics=characteristics))
    dataset = opened.build(file, portfolio)
    spec = StudySpec(("logistic",), SamplingSpec.from_split("70/30"))
    opened.train(
        TrainRequest(portfolio=portfolio.identity, spec=spec, dataset_sha256=dataset.sha256), Run(threads=1)
    )
    folder = home / "uploads"
    folder.mkdir(exist_ok=True)
    shutil.copy(file, folder / "kept.parquet")
    (folder / f"{NOTE}.json").write_text(json.dumps({"name": "x", "canary": "canary-4711"}))
    return home


def inert(driver) -> None:
    page = driver.page
    driver.settle()
    assert page.evaluate("window.__xss") is None
    assert page.locator("img[src=x], svg[onload], a[href^='javascript:']").count() == 0


def test_a_script_in_every_name_is_only_text_on_every_page(driver):
    driver.open("/?portfolio=made@1&model=made-1")
    inert(driver)
    for name in ("Data", "Train", "Score", "Registry", "Compare", "Reports"):
        driver.link(name)
        assert "img src=x" in driver.page.content().replace("&lt;", "") or name in {"Reports", "Compare"}
        inert(driver)
    driver.open("/Data?portfolio=made@1&step=bring")
    inert(driver)


def test_a_file_of_scripts_is_read_and_shown_as_text(driver, home, tmp_path):
    frame = made.frame(300).rename(columns={"income": EVIL})
    file = tmp_path / "hostile.csv"
    frame.assign(home=EVIL).to_csv(file, index=False)
    driver.open("/Data?step=bring")
    driver.drop(file, name=f"{EVIL.replace('/', '')}.csv")
    driver.see("img src=x")
    inert(driver)


def test_an_error_nobody_expected_is_a_number_and_its_trace_is_in_the_log_alone(driver, server):
    driver.page.goto(f"{server.address}/Data?data=upload-{NOTE}")
    driver.see("Its number is")
    shown = driver.page.locator("body").inner_text()
    number = re.search(r"Its number is ([0-9a-f]{8})", shown)[1]
    assert "Traceback" not in shown and "TypeError" not in shown and "canary-4711" not in shown
    log = (server.home.parent / "server.log").read_text()
    assert f"error {number} on a page: TypeError" in log and "Traceback" in log
    driver.shot("90_unexpected")
    driver.page.get_by_role("link", name="Start again at Home").click()
    driver.page.wait_for_selector("#run-mark", state="attached")
    assert "data=" not in driver.page.url
