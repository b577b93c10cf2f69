"""Answers that are kept for a while: many people who ask the same cost one question."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar, cast

T = TypeVar("T")


@dataclass(slots=True)
class _Entry:
    answer: Future[Any]
    until: float | None = None  # None while it is being asked


class Memo:
    """Keeps the latest `size` answers by key.

    Who asks for a key that somebody else is asking for waits for that answer, or that error. Errors are not
    kept.
    """

    def __init__(self, size: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._size = size
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()

    def get(self, key: Hashable, keep_s: float, ask: Callable[[], T]) -> T:
        """The answer that is kept for `key`, else that of `ask`, which is then kept for `keep_s`."""
        with self._lock:
            entry = self._entries.get(key)
            is_ours = entry is None or (entry.until is not None and entry.until <= self._clock())
            if entry is None or is_ours:
                entry = self._entries[key] = _Entry(Future())
                while len(self._entries) > self._size:
                    self._entries.popitem(last=False)
            self._entries.move_to_end(key)
        if is_ours:
            self._answer(key, entry, keep_s, ask)
        return cast(T, entry.answer.result())

    def _answer(self, key: Hashable, entry: _Entry, keep_s: float, ask: Callable[[], T]) -> None:
        try:
            answer = ask()
        except BaseException as error:
            with self._lock:
                if self._entries.get(key) is entry:
                    del self._entries[key]
            entry.answer.set_exception(error)
            return
        entry.until = self._clock() + keep_s
        entry.answer.set_result(answer)
