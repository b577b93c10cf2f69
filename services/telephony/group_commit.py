"""Many threads that each want one thing stored share a commit, and its fsync."""

import atexit
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from copy import copy
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")
_Waiting = tuple[Item, "Future[Answer]"]


class GroupCommit(Generic[Item, Answer]):
    """Hands what threads put in to `write`, as many at once as came while the last ones were written.

    `write` gets at most `most` items and returns what became of each: an answer once it is stored for good,
    or an error. When it raises, that is the answer to each of them. Its thread starts with the first item, so
    that a process may fork before; it is a daemon, and at an orderly end of the process it first finishes
    what is waiting.
    """

    def __init__(
        self, write: Callable[[Sequence[Item]], Sequence[Answer | Exception]], *, most: int, name: str
    ) -> None:
        self._write = write
        self._most = most
        self._name = name
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._queue: SimpleQueue[_Waiting[Item, Answer] | None] = SimpleQueue()

    def put(self, item: Item) -> Answer:
        """Wait until `item` is stored; what became of it.

        Raises:
            Exception: what `write` returned for it or raised.
        """
        answer: Future[Answer] = Future()
        with self._lock:
            if self._thread is None:
                self._start()
            self._queue.put((item, answer))
        try:
            return answer.result()
        finally:
            del answer  # a raised error would keep the future that keeps it

    def close(self) -> None:
        """Finish what is waiting and end the thread. What is put in later starts it anew."""
        with self._lock:
            thread, self._thread = self._thread, None
            self._queue.put(None)
        atexit.unregister(self.close)
        if thread is not None:
            thread.join()

    def _start(self) -> None:
        self._queue = SimpleQueue()
        self._thread = threading.Thread(target=self._work, args=(self._queue,), name=self._name, daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def _work(self, queue: "SimpleQueue[_Waiting[Item, Answer] | None]") -> None:
        is_over = False
        while not is_over:
            came = [queue.get()]
            while len(came) < self._most:
                try:
                    came.append(queue.get_nowait())
                except Empty:
                    break
            is_over = came[-1] is None  # nothing comes after the end
            self._finish([one for one in came if one is not None])

    def _finish(self, batch: "Sequence[_Waiting[Item, Answer]]") -> None:
        """Write the batch and tell everybody who waits for it."""
        if not batch:
            return
        told: Sequence[Answer | Exception]
        try:
            told = self._write([item for item, _ in batch])
        except Exception as error:  # whatever it was, it is theirs who wait, and the thread goes on
            told = [error] * len(batch)
        for (_, answer), one in zip(batch, told, strict=True):
            if isinstance(one, Exception):
                answer.set_exception(_own(one))
            else:
                answer.set_result(one)


def _own(error: Exception) -> Exception:
    """The error anew: threads that raise the same object spoil each other's tracebacks."""
    mine = copy(error)
    mine.__cause__ = error
    return mine
