"""What a study needs only at its end, done on a core that its fits leave free."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Event
from types import TracebackType
from typing import TypeVar

from workbench.run import Run

Value = TypeVar("Value")
LOOK_EVERY = 0.1
"""Seconds between two looks at how far some work is that is waited for."""


class Aside:
    """One piece of work after the other beside the steps of a run, or at once where no core is spare.

    It begins when a fit spends its time in an engine: beside steps in Python it would only slow them down.
    Leaving it early, as an error or a stop does, also stops what is under way at its next step.
    """

    def __init__(self, run: Run) -> None:
        self._begun, self._stopped = Event(), Event()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="aside") if run.spare else None
        if self._pool is not None:
            self._pool.submit(self._begun.wait)

    def begin(self) -> None:
        """Let the work begin, what is given later too."""
        self._begun.set()

    def do(self, work: Callable[[Run], Value], run: Run, *, beside: bool = True) -> Callable[[Run], Value]:
        """Take some work, and return what waits for its value, in circumstances of its own.

        Parameters
        ----------
        work : callable
            Given `run` where it is done at once, else one thread and nobody who watches until something
            waits.
        beside : bool
            False for what is done at once anyway.
        """
        if self._pool is None or not beside:
            value = work(run)
            return lambda _: value
        stands = ["explaining", 0.0]

        def watch(what: str, done: float) -> None:
            stands[:] = what, done

        own = Run(1, watch, lambda: self._stopped.is_set() or run.cancelled())
        future = self._pool.submit(work, own)

        def waited(here: Run) -> Value:
            self.begin()
            while not future.done():
                here.step(*stands)
                wait([future], LOOK_EVERY)
            return future.result()

        return waited

    def __enter__(self) -> Aside:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._pool is not None:
            if kind is not None:
                self._stopped.set()
                self._pool.shutdown(wait=False, cancel_futures=True)
            self.begin()
            self._pool.shutdown()
