"""What a job of the collector is."""

from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Protocol, runtime_checkable

from sqlalchemy.orm import Session


class LeaseLost(Exception):
    """Another collector leads now: this one must write nothing more."""


class Fence(Protocol):
    """The leader's way to write: every transaction proves first that the lease is still ours."""

    def write(self, *, durable: bool = False) -> AbstractContextManager[Session]:
        """Yield a session as `Store.write` does.

        Raises:
            LeaseLost: another collector has taken over; nothing was written.
        """


class Job(Protocol):
    """Work that comes back: a restartable series of short steps."""

    @property
    def name(self) -> str:
        """Unique, as shown to administrators, e.g. `calls.sync`."""

    def step(self, fence: Fence) -> timedelta:
        """Do one small piece of work and say how long to rest before the next; zero to go on at once.

        A step may be ended at any moment by a crash: what it stored must let the next step go on.
        """


@runtime_checkable
class ReportsProgress(Protocol):
    """A job that can tell how much of a long work is done."""

    @property
    def progress(self) -> float | None:
        """From 0 to 1; None while there is no long work. Asked after every step."""
