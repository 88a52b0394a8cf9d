"""Small real use cases for the tests of jobs: a LightGBM fit and some ways to fail."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import time
from typing import Any

from workbench.errors import InputError, Problem
from workbench.jobs.tasks import Job
from workbench.run import Run


def fit(params: dict[str, Any], run: Run, job: Job) -> dict[str, Any]:
    """Fit `trees` trees, `pause` seconds apart, and register by the job's id."""
    import lightgbm
    import numpy as np

    rng = np.random.default_rng(7)
    x = rng.normal(size=(500, 5))
    trees, pause = params["trees"], params.get("pause", 0.0)

    def tell(env: Any) -> None:
        run.step(f"Fitting LightGBM, tree {env.iteration + 1} of {trees}", (env.iteration + 1) / trees)
        time.sleep(pause)

    run.step("Preparing", 0.0)
    lightgbm.train(
        {"objective": "binary", "num_threads": run.threads, "num_leaves": 4, "verbose": -1},
        lightgbm.Dataset(x, x[:, 0] > 0),
        trees,
        callbacks=[tell],
    )
    register(job)
    return {"study_id": "s-1", "models": [f"m-{job.job_id}"], "threads": run.threads, "who": job.who,
            "omp": os.environ["OMP_NUM_THREADS"], "wait": os.environ["OMP_WAIT_POLICY"]}  # fmt: skip


def register(job: Job) -> None:
    """Leave one line for each time the job got here."""
    made = job.settings.home / "made" / job.job_id
    made.parent.mkdir(exist_ok=True)
    with made.open("a") as file:
        file.write("registered\n")


def count(params: dict[str, Any], run: Run, job: Job) -> dict[str, Any]:
    """Count to `steps`, a twentieth of a second each, and register."""
    for i in range(params["steps"]):
        run.step("Counting", i / params["steps"])
        time.sleep(0.05)
    register(job)
    return {"models": [f"m-{job.job_id}"]}


def publish(params: dict[str, Any], run: Run, job: Job) -> dict[str, Any]:
    """Count to `steps`, a twentieth of a second each, and register a version of the job."""
    from tests.registry.tiny import LineModel, read_line, register, score_line
    from workbench.registry.registry import open_registry

    for i in range(params["steps"]):
        run.step("Counting", i / params["steps"])
        time.sleep(0.05)
    registry = open_registry(job.settings, reader=read_line, score=score_line)
    row = register(registry, LineModel(params["slope"]), job_id=job.job_id, who=job.who)
    registry.close()
    return {"models": [row.model_id]}


def hold(params: dict[str, Any], run: Run, job: Job) -> dict[str, Any]:
    """Stay in one call, with a process of its own beside it; `busy` lets no other thread run meanwhile."""
    other = subprocess.Popen(["sleep", "300"])
    run.step(f"process {os.getpid()} beside {other.pid}", 0.5)
    # PyDLL keeps the interpreter's lock, as a busy library may
    ctypes.PyDLL(None).sleep(300) if params.get("busy") else time.sleep(300)
    return {}


def refuse(params: dict[str, Any], run: Run, job: Job) -> dict[str, Any]:
    """Fail as the caller's data might make it."""
    raise InputError.of(
        [
            Problem("TOO_FEW_BADS", "3 bads, 100 are needed", "sample", "Give more rows."),
            Problem("CONSTANT", "one value only", "income", "Leave it out."),
        ]
    )


def stumble(params: dict[str, Any], run: Run, job: Job) -> dict[str, Any]:
    """Fail as a bug might make it."""
    return {"nothing": {}["there"]}


def swallow(params: dict[str, Any], run: Run, job: Job) -> dict[str, Any]:
    """Take memory until there is no more, by numpy, or by a library that knows no exceptions."""
    import numpy as np

    if params["how"] == "numpy":
        return {"kept": len([np.ones(1 << 24) for _ in range(64)])}
    code = "import sys; sys.stderr.write('terminate called: std::bad_alloc'); import os; os.abort()"
    os.execv(sys.executable, [sys.executable, "-c", code])


def version(params: dict[str, Any], run: Run, job: Job) -> dict[str, Any]:
    """Work a while, then register a version; `pause` is spent in the middle of that."""
    from tests.registry import tiny
    from workbench.registry.registry import open_registry

    made = job.settings.home / "made" / job.job_id
    made.parent.mkdir(exist_ok=True)
    with made.open("a") as file:
        file.write(f"{os.getpid()}\n")
    for i in range(params["steps"]):
        run.step(f"Working {i}", i / params["steps"] / 2)
        time.sleep(0.05)

    def score(model: Any, frame: Any) -> Any:
        run.step("Registering", 0.8)
        time.sleep(params["pause"])
        return tiny.score_line(model, frame)

    registry = open_registry(job.settings, reader=tiny.read_line, score=score)
    registry.save_dataset(tiny.made_dataset(), who="ana", when=tiny.WHEN)
    row = tiny.register(registry, tiny.LineModel(params["slope"]), job_id=job.job_id)
    run.step("Registered", 0.9)
    time.sleep(params.get("after", 0.05))
    return {"models": [row.model_id]}


def die(params: dict[str, Any], run: Run, job: Job) -> dict[str, Any]:
    """End as the out-of-memory killer might end it."""
    os.kill(os.getpid(), 9)
    return {}
