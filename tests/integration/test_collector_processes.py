"""Two collectors as real processes with the real timing: one leads, whatever happens to the other."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from services.jobs.tables import LeaseRow
from services.storage import Store, database_now_ms
from services.storage.migrate import upgrade
from tests.support.collector_process import beat, metadata
from tests.support.processes import Process, spawn, wait_until
from tests.support.stores import KINDS, empty_database

TAKEOVER_S = 5.0  # promised
PROJECT = Path(__file__).parents[2]

any_database = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def store(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    store = Store(empty_database(kind, request, tmp_path))
    upgrade(store)
    metadata.create_all(store.engine)
    yield store
    store.close()


@pytest.fixture
def start(store: Store, tmp_path: Path) -> Iterator[Callable[[], Process]]:
    """Start a collector; it is ended with the test."""
    started: list[Process] = []
    url = store.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.support.collector_process", url, tmp_path]

    def start() -> Process:
        started.append(spawn(command, tmp_path / f"collector-{len(started)}.log", cwd=PROJECT))
        return started[-1]

    yield start
    for process in started:
        process.stop(signal.SIGKILL)  # also ends one that is still frozen


@pytest.fixture
def leader(start: Callable[[], Process], store: Store) -> Process:
    process = start()
    wait_until(lambda: beats(store, process) > 0, "the first collector leads", 30)
    return process


@pytest.fixture
def standby(leader: Process, start: Callable[[], Process]) -> Process:
    process = start()
    wait_until(lambda: "stands by" in process.output(), "the second collector stands by", 30)
    return process


def beats(store: Store, process: Process) -> int:
    with store.read() as session:
        query = select(func.count()).select_from(beat).where(beat.c.pid == process.pid)
        return session.scalar(query) or 0


def changes_of_leader(store: Store) -> list[int]:
    """The processes that wrote, in the order of their first row of each series."""
    with store.read() as session:
        pids = session.scalars(select(beat.c.pid).order_by(beat.c.id)).all()
    return [pid for index, pid in enumerate(pids) if index == 0 or pids[index - 1] != pid]


def latest_epoch(store: Store) -> int:
    with store.read() as session:
        epoch = session.scalar(select(LeaseRow.epoch))
    assert epoch is not None
    return epoch


def now_ms(store: Store) -> int:
    with store.read() as session:
        now = session.scalar(select(database_now_ms()))
    assert now is not None
    return now


def freeze(store: Store, process: Process, directory: Path, how: str = "freeze") -> int:
    """Freeze it by SIGSTOP at a known place of its work; return the database's time when it was frozen."""
    command = directory / "command"
    command.write_text(how)
    command.rename(directory / str(process.pid))
    wait_until(lambda: state(process) == "T", "it is frozen")
    return now_ms(store)


def state(process: Process) -> str:
    """The kernel's letter for the state of the process, T for stopped (proc(5), stat)."""
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]


@any_database
def test_one_leads_and_the_other_takes_over_when_it_is_killed(
    store: Store, leader: Process, standby: Process
) -> None:
    before = beats(store, standby)

    leader.stop(signal.SIGKILL)
    wait_until(lambda: beats(store, standby) > 0, "the other leads", TAKEOVER_S)

    assert before == 0
    assert changes_of_leader(store) == [leader.pid, standby.pid]


@any_database
def test_an_orderly_stop_hands_over_at_once(store: Store, leader: Process, standby: Process) -> None:
    leader.stop()
    handed_over_at = now_ms(store)
    wait_until(lambda: beats(store, standby) > 0, "the other leads", TAKEOVER_S)

    with store.read() as session:
        first = session.scalar(select(func.min(beat.c.at_ms)).where(beat.c.pid == standby.pid))
    assert first is not None
    assert first - handed_over_at < 2000  # the lease would have lasted longer
    assert "stopped" in leader.output()


@pytest.mark.slow
@any_database
def test_a_leader_that_was_frozen_writes_nothing_when_it_wakes_and_stands_by(
    store: Store, leader: Process, standby: Process, tmp_path: Path
) -> None:
    frozen_at = freeze(store, leader, tmp_path)
    wait_until(lambda: beats(store, standby) > 0, "the other leads", TAKEOVER_S)
    wait_until(lambda: now_ms(store) - frozen_at > 10_000, "ten seconds of frost", 20)
    epoch = latest_epoch(store)

    leader.id.send(signal.SIGCONT)
    wait_until(lambda: "wrote nothing" in leader.output(), "the woken one tries to write")
    wait_until(lambda: leader.output().count("stands by") == 2, "it stands by")
    seen = beats(store, standby)
    wait_until(lambda: beats(store, standby) > seen + 20, "the other goes on")

    assert changes_of_leader(store) == [leader.pid, standby.pid]
    assert latest_epoch(store) == epoch


# On SQLite nobody can take the write lock from a frozen process: all writers wait until it wakes.
@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_leader_frozen_inside_a_transaction_does_not_hold_up_its_successor(
    store: Store, leader: Process, standby: Process, tmp_path: Path
) -> None:
    freeze(store, leader, tmp_path, "freeze inside")

    wait_until(lambda: beats(store, standby) > 0, "the other leads", TAKEOVER_S)
    seen = beats(store, leader)
    leader.id.send(signal.SIGCONT)
    wait_until(lambda: leader.output().count("stands by") == 2, "the woken one stands by")

    assert beats(store, leader) == seen
    assert changes_of_leader(store) == [leader.pid, standby.pid]


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_leader_frozen_inside_a_transaction_on_sqlite_delays_but_does_no_harm(
    store: Store, leader: Process, standby: Process, tmp_path: Path
) -> None:
    frozen_at = freeze(store, leader, tmp_path, "freeze inside")
    wait_until(lambda: now_ms(store) - frozen_at > 4000, "its lease is over")
    seen = beats(store, leader) + beats(store, standby)

    leader.id.send(signal.SIGCONT)
    wait_until(lambda: beats(store, leader) + beats(store, standby) > seen + 20, "somebody leads")

    assert changes_of_leader(store) in ([leader.pid], [leader.pid, standby.pid])
