"""The telephony platform: reports live calls to a portal, with all the disorder real ones have."""

from __future__ import annotations

import heapq
import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Final

from sandbox.vilnius.agencies import KnownAgency
from sandbox.vilnius.live_calls import PlannedCall, Step, live_calls
from sandbox.vilnius.reporter import NotTaken, Reporter

log = logging.getLogger(__name__)

_SENDERS: Final = 8


class Platform:
    """A platform that reports while the `with` block lasts."""

    def __init__(self, portal_url: str, agencies: Sequence[KnownAgency], *, rate: float, seed: int) -> None:
        """Prepare; `rate` is new calls a minute. The same seed makes the same calls, with other ids."""
        self._stop = threading.Event()
        self._reporter = Reporter(portal_url, self._stop)
        # A platform gives no id twice, however often it is started.
        self._calls = live_calls(agencies, rate, seed, run=f"{time.time_ns():x}")
        self._thread = threading.Thread(target=self._run, name="platform", daemon=True)

    def __enter__(self) -> Platform:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        """Send each step of each call when it is due; a call that begins brings the next one with it."""
        began = time.monotonic()
        due: list[tuple[float, int, PlannedCall, Step]] = []
        place = 0
        upcoming = next(self._calls)
        with ThreadPoolExecutor(_SENDERS, thread_name_prefix="platform") as pool:
            while True:
                while not due or upcoming.begins_s <= due[0][0]:
                    for step in upcoming.steps:
                        place += 1
                        heapq.heappush(due, (upcoming.begins_s + step.after_s, place, upcoming, step))
                    upcoming = next(self._calls)
                if self._stop.wait(max(0.0, due[0][0] - (time.monotonic() - began))):
                    pool.shutdown(wait=False, cancel_futures=True)
                    return
                _, _, call, step = heapq.heappop(due)
                pool.submit(self._send, call, step)

    def _send(self, call: PlannedCall, step: Step) -> None:
        try:
            self._reporter.report(call, step)
        except NotTaken:
            log.debug("stopped before an event was taken")
        except Exception:  # nobody waits for what becomes of it
            log.exception("an event was not reported")
