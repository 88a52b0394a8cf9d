"""What a long computation may ask of its caller: threads, a place to report progress, whether to stop."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass


class Cancelled(Exception):
    """The caller asked a long computation to stop; nothing was kept."""


def _no_one_watches(what: str, done: float) -> None:
    return None


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Run:
    """The circumstances of one long computation; they never change its result.

    Parameters
    ----------
    threads : int
        Threads the computation may use.
    watch : callable
        Called with a plain-words step and the share done, 0 to 1.
    cancelled : callable
        Asked between steps; True stops the computation with `Cancelled`.
    spare : bool
        Whether the machine has a core beside those threads, on which may be done what nobody waits for yet.
    """

    threads: int = 1
    watch: Callable[[str, float], None] = _no_one_watches
    cancelled: Callable[[], bool] = _never
    spare: bool = False

    def step(self, what: str, done: float) -> None:
        """Report that `what` is under way with share `done` behind us, and stop if asked to.

        Raises
        ------
        Cancelled
            When the caller asked to stop.
        """
        if self.cancelled():
            raise Cancelled
        self.watch(what, min(max(done, 0.0), 1.0))

    def part(self, start: float, end: float, prefix: str = "") -> Run:
        """Return a run whose 0 to 1 is reported as `start` to `end` of this one."""
        outer = self.watch

        def watch(what: str, done: float) -> None:
            outer(f"{prefix}{what}", start + (end - start) * done)

        return Run(self.threads, watch, self.cancelled, self.spare)


def seed_for(seed: int, *names: str) -> int:
    """Return a seed of its own for the purpose `names`, derived from `seed`.

    Two purposes of one study must not share random numbers, and adding one must not move the others.

    Returns
    -------
    int
        0 to 2**31 - 1.

    Examples
    --------
    >>> seed_for(42, "sampling") == seed_for(42, "sampling") != seed_for(42, "folds")
    True
    """
    text = "\0".join((str(seed), *names)).encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:4], "big") & 0x7FFFFFFF
