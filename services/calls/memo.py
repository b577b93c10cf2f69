"""Answers that are kept for a while: many people who ask the same cost one question."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar, cast

T = TypeVar("T")

#: An answer is not kept longer than this for the work that it made.
LONGEST_REST_S = 60.0


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

    def get(self, key: Hashable, keep_s: float, ask: Callable[[], T], *, rest: float = 0.0) -> T:
        """The answer that is kept for `key`, else that of `ask`, which is then kept for `keep_s`.

        It is kept longer if that is less than `rest` times as long as it took, up to LONGEST_REST_S.
        """
        with self._lock:
            entry = self._entries.get(key)
            is_ours = entry is None or (entry.until is not None and entry.until <= self._clock())
            if entry is None or is_ours:
                entry = self._entries[key] = _Entry(Future())
                while len(self._entries) > self._size:
                    self._entries.popitem(last=False)
            self._entries.move_to_end(key)
        if is_ours:
            self._answer(key, entry, keep_s, ask, rest)
        return cast(T, entry.answer.result())

    def _answer(self, key: Hashable, entry: _Entry, keep_s: float, ask: Callable[[], T], rest: float) -> None:
        began = self._clock()
        try:
            answer = ask()
        except BaseException as error:
            with self._lock:
                if self._entries.get(key) is entry:
                    del self._entries[key]
            entry.answer.set_exception(error)
            return
        now = self._clock()
        entry.until = now + max(keep_s, min(rest * (now - began), LONGEST_REST_S))
        entry.answer.set_result(answer)
