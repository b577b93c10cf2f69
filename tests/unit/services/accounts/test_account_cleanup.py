from datetime import timedelta

import pytest
from sqlalchemy import func, select

from services.accounts import AccountsCleanup, Closed
from services.accounts.tables import KnownOriginRow, LoginFailureRow, LoginSessionRow
from services.live import LiveBoard


@pytest.fixture
def clean(store, clock):
    """One step of the job; a Store writes as the leader's fence does."""

    def clean(batch=500):
        return AccountsCleanup(batch=batch, clock=clock).step(store)

    return clean


@pytest.fixture
def count(store):
    def count(row):
        with store.read() as session:
            return session.scalar(select(func.count()).select_from(row))

    return count


def test_only_ended_sessions_are_deleted(enter, accounts, clock, clean, count):
    enter()
    remembered = enter(remember=True).token
    clock.move(hours=7)
    fresh = enter().token
    clock.move(hours=1)

    clean()

    assert count(LoginSessionRow) == 2
    assert accounts.who(remembered)
    assert accounts.who(fresh)


def test_sessions_over_their_age_are_deleted_however_active(enter, accounts, clock, clean, count):
    ordinary, remembered = enter().token, enter(remember=True).token
    for _ in range(4):
        clock.move(hours=6)
        accounts.touch(ordinary, idle=timedelta())
        accounts.touch(remembered, idle=timedelta())

    clean()
    assert count(LoginSessionRow) == 1

    for _ in range(4):
        clock.move(days=23)
        accounts.touch(remembered, idle=timedelta())
    clean()
    assert count(LoginSessionRow) == 0


def test_failures_are_kept_while_a_limit_counts_them(enter, clock, clean, count):
    for n in range(20):
        enter(password="a guess", address=f"198.51.100.{n}")
    clock.move(minutes=14, seconds=59)

    clean()
    assert isinstance(enter(address="203.0.113.7"), Closed)

    clock.move(minutes=15, seconds=1)
    clean()
    assert count(LoginFailureRow) == 0


def test_origins_are_deleted_when_they_are_known_no_more(enter, clock, clean, count):
    enter()
    clock.move(days=29)
    clean()
    assert count(KnownOriginRow) == 1

    clock.move(days=1)
    clean()
    assert count(KnownOriginRow) == 0


def test_much_is_deleted_in_batches_without_rest(enter, clock, clean, count):
    for _ in range(5):
        enter()
    clock.move(days=1)

    rests = [clean(batch=2) for _ in range(3)]

    assert rests[:2] == [timedelta(), timedelta()]
    assert rests[2] > timedelta()
    assert count(LoginSessionRow) == 0


def test_cleaning_up_is_news_to_nobody(enter, clock, clean, store):
    enter()
    before = LiveBoard(store).snapshot().versions
    clock.move(days=1)

    clean()

    assert LiveBoard(store).snapshot().versions == before
