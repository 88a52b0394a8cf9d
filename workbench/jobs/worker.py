"""The worker: takes jobs from the queue, one after another, until it is no longer needed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workbench.errors import BusyError, MissingError
from workbench.jobs import attempt, child, locks, places, queue, strays
from workbench.jobs.presence import Presence
from workbench.jobs.tasks import AT_START, TASKS, Job

if TYPE_CHECKING:
    from workbench.settings import Settings

# loaded once by the server of children, so that a job starts in a fraction of a second
PRELOAD = ("lightgbm", "sklearn.ensemble", "sklearn.linear_model", "pyarrow.parquet", "workbench.desk")
# a job whose worker ended this often is not tried again
ATTEMPTS = 5
MODES = ("app", "stay", "once")


def main() -> None:
    """Run a worker as the environment says; the first argument is one of `MODES`."""
    from workbench.settings import Settings

    mode = sys.argv[1] if len(sys.argv) > 1 else "app"
    try:
        run_worker(Settings.from_env(), mode=mode, at_start=AT_START)
    except MissingError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_status)
    except BusyError as error:
        if mode != "app":
            sys.stderr.write(f"{error}\n")
            sys.exit(error.exit_status)


def run_worker(
    settings: Settings,
    *,
    mode: str = "app",
    tasks: Mapping[str, str] = TASKS,
    preload: Sequence[str] = PRELOAD,
    look_every: float = 1.0,
    patience: float = 20.0,
    attempts: int = ATTEMPTS,
    at_start: str = "",
) -> None:
    """Take and run jobs in this process until told to go; then end the process.

    Parameters
    ----------
    settings : Settings
        Where the jobs are, and how many threads one may use.
    mode : str
        ``app``: leave when no app lives and nothing is queued. ``stay``: leave on SIGTERM or Ctrl-C alone.
        ``once``: leave when nothing is queued.
    tasks : mapping
        The use cases: name to ``module:function``.
    preload : sequence of str
        Modules the jobs need.
    look_every : float
        Seconds between two looks at whether the worker is still needed.
    patience : float
        Seconds after which the jobs of another machine's worker that is gone are taken over.
    attempts : int
        How often a job is begun again after its worker was killed, before it counts as failed.
    at_start : str
        A function of the settings, as ``module:function``, run once in a process of its own.

    Raises
    ------
    BusyError
        ``WORKER`` when a worker already runs for this folder.
    """
    folder = places.folder(settings)
    # whoever asks whether a worker lives holds the lock for an instant
    lock = locks.take(folder / locks.WORKER, patience=1.0)
    if lock is None:
        raise BusyError("WORKER", "a worker already runs", str(folder), "Let it work, or stop it first.")
    # for people; the lock alone says whether it lives
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    strays.end(folder)
    told_to_go = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told_to_go.set())
    cap_threads(settings.threads)
    _warm_up(preload, at_start, settings)
    at_work = AtWork()
    presence = _presence(settings, patience)
    _launch(settings, tasks, at_work, attempts)
    app_lock = None
    while not told_to_go.wait(look_every):
        _take_over(presence)
        if mode == "stay":
            continue
        app_lock = locks.take(folder / locks.APP) if mode == "app" else None
        if (mode == "once" or app_lock) and not _something_queued():
            break
        if app_lock:
            app_lock.close()
    _leave(at_work)


class AtWork:
    """The jobs this worker has in hand, so that leaving can end their processes and keep them queued."""

    def __init__(self) -> None:
        self.leaving = threading.Event()
        self._idle = threading.Condition()
        self._jobs = 0

    def __enter__(self) -> AtWork:
        with self._idle:
            self._jobs += 1
        return self

    def __exit__(self, *_: object) -> None:
        with self._idle:
            self._jobs -= 1
            self._idle.notify_all()

    def end(self, patience: float) -> None:
        """Ask every job's process to end, and wait for it at most `patience` seconds."""
        self.leaving.set()
        with self._idle:
            self._idle.wait_for(lambda: self._jobs == 0, patience)


def cap_threads(threads: int) -> None:
    """Bound what the libraries of later processes take of the machine."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[name] = str(threads)
    # waiting threads sleep: they would spin away the cores the others need
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"


def _presence(settings: Settings, patience: float) -> Presence | None:
    """Say that this worker lives, where workers of other machines share the queue."""
    url = places.database_url(settings)
    if url.startswith("sqlite"):
        return None
    presence = Presence(url, places.worker_name(settings), patience)
    presence.gone(())
    return presence


def _take_over(presence: Presence | None) -> None:
    """Put the jobs of workers that are gone back into the queue."""
    if presence is None:
        return
    from dbos import DBOS

    pending = DBOS.list_workflows(
        status="PENDING",
        name=places.WORKFLOW,
        app_version=places.VERSION,
        load_input=False,
        load_output=False,
    )
    names = presence.gone({str(row.executor_id) for row in pending})
    if names:
        # DBOS 3.4 offers this under no public name. We rest on it moving a job only while its executor_id
        # is one of these names and its status is PENDING, in one UPDATE, so that of two workers who take
        # over at once only one gets it; tests/jobs/test_taking_over.py fails where a release changes that.
        DBOS._recover_pending_workflows(names)


def _warm_up(preload: Sequence[str], at_start: str, settings: Settings) -> None:
    multiprocessing.set_forkserver_preload(["workbench.jobs.child", *preload])
    process = multiprocessing.get_context("forkserver").Process(
        target=child.warm_up, args=(at_start, settings)
    )

    def start() -> None:
        process.start()
        process.join()

    # loading takes seconds, in which the queue can be opened
    threading.Thread(target=start, daemon=True).start()


def _launch(settings: Settings, tasks: Mapping[str, str], at_work: AtWork, attempts: int) -> None:
    from dbos import DBOS, DBOSPortableJSONSerializer

    url = places.database_url(settings)
    queue.migrate(url, places.folder(settings))
    DBOS(
        config={
            "name": places.APPLICATION,
            "system_database_url": url,
            "application_version": places.VERSION,
            "executor_id": places.worker_name(settings),
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "WARNING",
        }
    )
    _declare(settings, tasks, at_work, attempts)
    DBOS.launch()
    DBOS.register_queue(places.QUEUE, worker_concurrency=1, polling_interval_sec=0.5)


def _declare(settings: Settings, tasks: Mapping[str, str], at_work: AtWork, attempts: int) -> None:
    """Tell DBOS what a job is: one step, done in a process of its own."""
    from dbos import DBOS

    @DBOS.step(name="attempt")
    def step(kind: str, params: dict[str, Any], who: str) -> dict[str, Any]:
        job_id = str(DBOS.workflow_id)
        with at_work:
            try:
                return _attempt(kind, params, Job(job_id, who, settings), tasks, at_work)
            except attempt.JobStopped:
                if not at_work.leaving.is_set():
                    # cancelled: the state says so already, and what is raised here changes nothing
                    raise
        # leaving: whatever this thread returned or raised would finish the job; a later worker takes it up
        threading.Event().wait()
        raise AssertionError

    @DBOS.workflow(name=places.WORKFLOW, max_recovery_attempts=attempts)
    def job(kind: str, params: dict[str, Any], who: str) -> dict[str, Any]:
        return step(kind, params, who)


def _attempt(
    kind: str, params: dict[str, Any], job: Job, tasks: Mapping[str, str], at_work: AtWork
) -> dict[str, Any]:
    from dbos import DBOS

    if kind not in tasks:
        known = ", ".join(sorted(tasks))
        raise attempt.JobFailed(
            {"error": "NO_TASK", "message": f"There is no job of the kind {kind!r}. Use one of: {known}."}
        )

    def row() -> Any:
        (found,) = DBOS.list_workflows(workflow_ids=[job.job_id], load_input=False, load_output=False)
        return found

    def stop() -> bool:
        now = row()
        # taken over: what this worker still made of it would not be taken by the queue
        elsewhere = now.executor_id != places.worker_name(job.settings)
        return at_work.leaving.is_set() or now.status == "CANCELLED" or elsewhere

    log = places.log_path(job.settings, job.job_id)
    diary = attempt.Diary(_teller(), log, row().recovery_attempts or 1)
    return attempt.attempt(tasks[kind], params, job, log, diary, stop=stop)


def _teller() -> Callable[[dict[str, Any]], None]:
    from dbos import DBOS

    return lambda progress: DBOS.set_event(queue.PROGRESS, progress)


def _something_queued() -> bool:
    from dbos import DBOS

    waiting = DBOS.list_workflows(
        status=["PENDING", "ENQUEUED"],
        name=places.WORKFLOW,
        app_version=places.VERSION,
        limit=1,
        load_input=False,
        load_output=False,
    )
    return bool(waiting)


def _leave(at_work: AtWork) -> None:
    from dbos import DBOS

    at_work.end(patience=3.0)
    DBOS.destroy(workflow_completion_timeout_sec=0)
    sys.stdout.flush()
    sys.stderr.flush()
    # a thread may still wait for a job that was left; the locks fall here, after the queue is let go
    os._exit(0)
