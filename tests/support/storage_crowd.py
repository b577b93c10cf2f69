"""Readers and writers of one process on the portal database, for tests with many processes.

Run as `python -m tests.support.storage_crowd URL WRITERS READERS SECONDS`. Prints one JSON object: how many
writes and reads ended well, the longest of each in seconds, and the errors.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from sqlalchemy import Column, Integer, MetaData, Table, func, insert, select

from services.storage import Store

metadata = MetaData()
entry = Table("entry", metadata, Column("id", Integer, primary_key=True), Column("worker", Integer))


@dataclass
class Tally:
    """What the threads of one process did."""

    writes: int = 0
    reads: int = 0
    longest_write_s: float = 0.0
    longest_read_s: float = 0.0
    errors: list[str] = field(default_factory=list)


def main(url: str, writers: int, readers: int, seconds: float) -> Tally:
    """Let all threads work for `seconds` and return what they did together."""
    store = Store(url)
    tally = Tally()
    lock = threading.Lock()
    end = time.monotonic() + seconds

    def work(once: Callable[[], None], kind: str) -> None:
        done, longest, errors = 0, 0.0, []
        # On a busy machine a thread may begin late: each gets its turn once at least.
        while time.monotonic() < end or not (done or errors):
            began = time.monotonic()
            try:
                once()
            except Exception as error:
                errors.append(f"{kind}: {error!r}, caused by {error.__cause__!r}")
            else:
                done += 1
                longest = max(longest, time.monotonic() - began)
        with lock:
            tally.errors += errors
            if kind == "write":
                tally.writes += done
                tally.longest_write_s = max(tally.longest_write_s, longest)
            else:
                tally.reads += done
                tally.longest_read_s = max(tally.longest_read_s, longest)

    def write() -> None:
        with store.write() as session:
            session.execute(insert(entry), [{"worker": number} for number in range(5)])

    def read() -> None:
        with store.read() as session:
            highest = session.scalar(select(func.max(entry.c.id))) or 0
            session.execute(select(entry).where(entry.c.id > highest - 50)).all()

    threads = [threading.Thread(target=work, args=(write, "write")) for _ in range(writers)]
    threads += [threading.Thread(target=work, args=(read, "read")) for _ in range(readers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.close()
    return tally


if __name__ == "__main__":
    url, writers, readers, seconds = sys.argv[1:]
    sys.stdout.write(json.dumps(asdict(main(url, int(writers), int(readers), float(seconds)))))
