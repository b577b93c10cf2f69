"""A circuit breaker: a dead upstream costs one probe per interval, not a thread per visitor."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from services.errors import Reason, UpstreamError, UpstreamUnavailable


class Circuit:
    """Lets questions to one outside system pass until it failed `threshold` times in a row.

    From then on it is open: questions are refused at once, but for one probe per `pause`. A question that is
    answered closes it.
    """

    def __init__(self, threshold: int, pause: timedelta, clock: Callable[[], datetime]) -> None:
        self._threshold = threshold
        self._pause = pause
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._next_probe_at: datetime | None = None  # None while closed
        self._last_error: UpstreamError | None = None

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Ask the outside system inside this block; an `UpstreamError` that leaves it counts as a failure.

        That it gave up a long question counts as an answer: it is well, and others need not be spared.

        Raises:
            UpstreamUnavailable: the circuit is open (reason OVERLOADED, caused by the last failure).
        """
        self._admit()
        try:
            yield
        except UpstreamError as error:
            if error.reason is Reason.TOO_SLOW:
                self._note_answer()
            else:
                self._note_failure(error)
            raise
        self._note_answer()

    def _admit(self) -> None:
        with self._lock:
            if self._next_probe_at is None:
                return
            now = self._clock()
            if now < self._next_probe_at:
                raise UpstreamUnavailable(
                    f"not asked: failed {self._failures} times in a row", Reason.OVERLOADED
                ) from self._last_error
            self._next_probe_at = now + self._pause  # this question is the probe; others wait for its outcome

    def _note_failure(self, error: UpstreamError) -> None:
        with self._lock:
            self._failures += 1
            self._last_error = error
            if self._failures >= self._threshold:
                self._next_probe_at = self._clock() + self._pause

    def _note_answer(self) -> None:
        with self._lock:
            self._failures = 0
            self._next_probe_at = None
            self._last_error = None
