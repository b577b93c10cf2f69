"""The lease lets one lead at a time, on every database."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from services.jobs import Lease, LeaseLost
from services.jobs.tables import JobRunRow, LeaseRow
from services.storage import Base, Store, database_now_ms, table_of
from tests.support.stores import KINDS, empty_database


@pytest.fixture
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    store = Store(empty_database(getattr(request, "param", "sqlite"), request, tmp_path))
    Base.metadata.create_all(store.engine, tables=[table_of(LeaseRow), table_of(JobRunRow)])
    yield store
    store.close()


on_every_database = pytest.mark.parametrize("store", KINDS, indirect=True)
on_servers = pytest.mark.parametrize("store", ["postgresql", "mariadb"], indirect=True)


def run_out(store: Store) -> None:
    with store.write() as session:
        session.execute(update(LeaseRow).values(expires_at_ms=database_now_ms()))


def write(lease: Lease) -> None:
    with lease.fence().write():
        pass


@on_every_database
def test_the_first_to_ask_leads_and_the_second_does_not(store: Store) -> None:
    first, second = Lease(store, "collector"), Lease(store, "collector")

    assert first.try_take() == 1
    assert second.try_take() is None
    assert first.renew()
    assert not second.renew()


@on_every_database
def test_leases_of_other_names_are_apart(store: Store) -> None:
    assert Lease(store, "collector").try_take() == 1
    assert Lease(store, "pinger").try_take() == 1


@on_every_database
def test_the_lease_lasts_three_seconds_of_the_database_and_longer_when_renewed(store: Store) -> None:
    lease = Lease(store, "collector")
    lease.try_take()

    def left_ms() -> int:
        with store.read() as session:
            left = session.scalar(select(LeaseRow.expires_at_ms - database_now_ms()))
        assert left is not None
        return left

    assert 0 < left_ms() <= 3000
    run_out(store)
    assert left_ms() <= 0
    lease.renew()
    assert 0 < left_ms() <= 3000


@on_every_database
def test_who_lost_the_lease_can_neither_renew_nor_write(store: Store) -> None:
    former, successor = Lease(store, "collector"), Lease(store, "collector")
    former.try_take()
    fence = former.fence()
    run_out(store)
    assert successor.try_take() == 2

    assert not former.renew()
    with pytest.raises(LeaseLost, match="epoch 1 of collector is over"), fence.write():
        pytest.fail("the block must not be entered")
    write(successor)


@on_every_database
def test_a_leader_that_is_late_but_was_not_replaced_goes_on(store: Store) -> None:
    lease = Lease(store, "collector")
    lease.try_take()
    run_out(store)

    write(lease)
    assert lease.renew()


@on_every_database
def test_a_released_lease_is_taken_at_once_and_its_fences_refuse(store: Store) -> None:
    first, second = Lease(store, "collector"), Lease(store, "collector")
    first.try_take()
    fence = first.fence()

    first.release()

    with pytest.raises(LeaseLost), fence.write():
        pytest.fail("the block must not be entered")
    with pytest.raises(LeaseLost):
        first.fence()
    assert second.try_take() is not None
    first.release()
    assert second.renew()


@on_every_database
def test_of_many_that_ask_at_once_one_leads(store: Store) -> None:
    contenders, rounds = 6, 5
    together = threading.Barrier(contenders)
    epochs: list[int] = []

    def contend(lease: Lease) -> None:
        for _ in range(rounds):
            if together.wait() == 0 and epochs:
                run_out(store)
            together.wait()
            epoch = lease.try_take()
            if epoch is not None:
                epochs.append(epoch)

    threads = [threading.Thread(target=contend, args=(Lease(store, "collector"),)) for _ in range(contenders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert epochs == [1, 2, 3, 4, 5]


@on_servers
def test_nobody_takes_the_lease_while_the_leader_is_writing(store: Store) -> None:
    lease = Lease(store, "collector")
    lease.try_take()

    with lease.fence().write(), store.write() as other, pytest.raises(DBAPIError, match=r"(?i)lock"):
        other.scalar(select(LeaseRow).with_for_update(nowait=True))


@on_servers
def test_jobs_of_the_leader_write_side_by_side(store: Store) -> None:
    lease = Lease(store, "collector")
    lease.try_take()
    fence = lease.fence()

    with fence.write(), fence.write() as second:
        assert second.scalar(select(LeaseRow.epoch)) == 1


def test_standing_by_needs_no_write_lock(store: Store) -> None:
    leader, standby = Lease(store, "collector"), Lease(store, "collector")
    leader.try_take()

    with store.write() as session:
        session.execute(select(LeaseRow))
        assert standby.try_take() is None
