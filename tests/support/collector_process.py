"""A collector in a process of its own, for tests that kill or freeze it.

Run as `python -m tests.support.collector_process URL DIRECTORY`. Its one job adds a row to `beat` twenty
times a second. A file in the directory that is named after the process number holds a command for it:
`freeze` just before it writes, or `freeze inside` the transaction. SIGTERM ends it in order.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from datetime import timedelta
from pathlib import Path

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, insert

from services.jobs import Collector, Fence
from services.storage import Store, database_now_ms

metadata = MetaData()
beat = Table(
    "beat",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("pid", Integer, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)


def freeze() -> None:
    """Stop the whole process here: a signal to the process would let this thread run on for a moment."""
    signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)


class Beat:
    """The job that shows who leads."""

    name = "beat"

    def __init__(self, directory: Path) -> None:
        self._command = directory / str(os.getpid())

    def step(self, fence: Fence) -> timedelta:
        command = self._command.read_text() if self._command.exists() else ""
        self._command.unlink(missing_ok=True)
        if command == "freeze":
            freeze()
        with fence.write() as session:
            session.execute(insert(beat).values(pid=os.getpid(), at_ms=database_now_ms()))
            if command == "freeze inside":
                freeze()
        return timedelta(seconds=0.05)


def main(url: str, directory: str) -> None:
    """Run until SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    store = Store(url)
    Collector(store, [Beat(Path(directory))]).run(stop)
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
