"""Many processes and threads on one SQLite file: nobody is turned away and nothing is lost.

`STORAGE_CROWD_SECONDS` sets how long they work; the promise is for a minute.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from services.storage import Store
from tests.support.storage_crowd import entry, metadata

SECONDS = float(os.environ.get("STORAGE_CROWD_SECONDS", "4"))
PROCESSES = 4
WRITERS, READERS = 16, 100  # in all processes together
PROJECT = Path(__file__).parents[2]


def crowd(url: str) -> list[dict[str, Any]]:
    """Let the processes work at the same time; return what each did."""
    command = [sys.executable, "-m", "tests.support.storage_crowd", url]
    share = [str(WRITERS // PROCESSES), str(READERS // PROCESSES), str(SECONDS)]
    processes = [
        subprocess.Popen([*command, *share], cwd=PROJECT, stdout=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    return [json.loads(process.communicate(timeout=SECONDS + 120)[0]) for process in processes]


def test_sixteen_writers_and_a_hundred_readers_are_all_served(tmp_path: Path) -> None:
    path = tmp_path / "portal.db"
    store = Store(f"sqlite:///{path}")
    metadata.create_all(store.engine)

    tallies = crowd(str(store.url))

    assert [error for tally in tallies for error in tally["errors"]] == []
    assert sum(tally["reads"] for tally in tallies) >= READERS
    assert sum(tally["writes"] for tally in tallies) >= WRITERS
    with store.read() as session:
        rows = session.scalar(select(func.count()).select_from(entry))
    assert rows == 5 * sum(tally["writes"] for tally in tallies)
    store.close()
