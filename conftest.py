"""How many processes share the tests: one a core where a folder is asked for, none where one file is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from workbench.settings import available_cores

# a process takes some 500 MB, and every one starts a browser and a PostgreSQL server of its own
MOST = 4


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Return the processes for ``-n auto``: as many as there are cores and files, none where one would do.

    A single file is run in this process, so that it starts at once and can be debugged, and so is what is
    run to be read as it prints (``-s``).
    """
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    asked = [Path(argument.partition("::")[0]) for argument in config.args]
    files = len(set(asked)) if all(path.is_file() for path in asked) else MOST
    alone = config.getoption("capture") == "no"
    cores = available_cores()
    workers = max(1, min(cores, files, MOST)) if not alone else 1
    # the cores are shared out: fits of two processes would wait for each other on the same ones
    os.environ.setdefault("OMP_NUM_THREADS", str(cores // workers))
    return workers if workers > 1 else 0
