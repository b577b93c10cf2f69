"""Requests at a steady rate, however long the answers take: who waits in a queue counts as waiting."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from threading import Barrier, local
from urllib.parse import urlsplit

#: Sends request number N.
Ask = Callable[[int], object]


class Client:
    """Asks one server over a kept connection in each thread."""

    def __init__(self, url: str, *, accept: str = "text/html") -> None:
        parts = urlsplit(url)
        self._headers = {"Accept": accept}
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._mine = local()

    def get(self, target: str) -> bytes:
        """The body of a successful answer.

        Raises:
            RuntimeError: another status than 200.
        """
        if not hasattr(self._mine, "connection"):
            self._mine.connection = HTTPConnection(self._host, self._port, timeout=30)
        connection: HTTPConnection = self._mine.connection
        connection.request("GET", target, headers=self._headers)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{target}: {answer.status} {body[:200]!r}")
        return body


def open_loop(ask: Ask, *, count: int, per_second: float, threads: int) -> list[float]:
    """Seconds from the moment each of `count` requests was due to its answer, sorted."""
    began = time.perf_counter() + 0.1

    def one(number: int) -> float:
        due = began + number / per_second
        if (wait := due - time.perf_counter()) > 0:
            time.sleep(wait)
        ask(number)
        return time.perf_counter() - due

    with ThreadPoolExecutor(threads) as pool:
        return sorted(pool.map(one, range(count)))


def burst(ask: Ask, count: int) -> list[float]:
    """Seconds from the start of `count` requests at one moment to each answer, sorted."""
    together = Barrier(count)

    def one(number: int) -> float:
        together.wait()
        began = time.perf_counter()
        ask(number)
        return time.perf_counter() - began

    with ThreadPoolExecutor(count) as pool:
        return sorted(pool.map(one, range(count)))


def percentile(sorted_values: list[float], share: float) -> float:
    """The value that `share` of the values do not exceed."""
    return sorted_values[min(len(sorted_values) - 1, int(share * len(sorted_values)))]
