import hashlib
import logging
from datetime import timedelta

import pytest
from sqlalchemy import event, select, update

from services.accounts import Right, Role
from services.accounts.sessions import Sessions
from services.accounts.tables import LoginSessionRow, PersonRow
from services.live import LiveBoard
from services.storage import StorageFull, Store

NOW = timedelta()


class FullStore(Store):
    """A portal database whose disk is full while `is_full`."""

    is_full = False
    refused = 0

    def write(self):
        if self.is_full:
            self.refused += 1
            raise StorageFull("the disk of the portal database is full")
        return super().write()


def digest(token):
    return hashlib.sha256(token.encode()).hexdigest()


@pytest.fixture
def seen_at(store):
    """When the person of a token last acted, as stored."""

    def seen_at(token):
        with store.read() as session:
            return session.scalars(
                select(LoginSessionRow.seen_at).where(LoginSessionRow.token_digest == digest(token))
            ).one()

    return seen_at


def session_queries(statements):
    return [each for each in statements if "login_session" in each]


def test_an_idle_session_ends_after_eight_hours(enter, accounts, clock):
    token = enter().token

    clock.move(hours=8, seconds=-1)
    assert accounts.who(token) is not None

    clock.move(seconds=1)
    assert accounts.who(token) is None


def test_activity_keeps_a_session_alive_but_not_beyond_a_day(enter, accounts, clock):
    token = enter().token
    for _ in range(3):
        clock.move(hours=7, minutes=59)
        accounts.touch(token, idle=NOW)
        assert accounts.who(token) is not None

    clock.move(minutes=3)

    assert accounts.who(token) is None


def test_a_remembered_session_lasts_thirty_idle_days(enter, accounts, clock):
    token = enter(remember=True).token

    clock.move(days=30, seconds=-1)
    assert accounts.who(token).remembered

    clock.move(seconds=1)
    assert accounts.who(token) is None


def test_a_remembered_session_ends_after_ninety_days_in_any_case(enter, accounts, clock):
    token = enter(remember=True).token
    for _ in range(3):
        clock.move(days=29, hours=23)
        accounts.touch(token, idle=NOW)
        assert accounts.who(token) is not None

    clock.move(hours=3)

    assert accounts.who(token) is None


def test_an_open_page_that_nobody_touches_does_not_keep_the_session_alive(enter, accounts, clock):
    token = enter().token
    for minutes in range(10, 480, 10):
        clock.move(minutes=10)
        accounts.touch(token, idle=timedelta(minutes=minutes))

    clock.move(minutes=10)

    assert accounts.who(token) is None


def test_the_moment_of_activity_is_stored_not_the_moment_of_the_tick(enter, accounts, clock, seen_at):
    token = enter().token
    clock.move(minutes=10)

    accounts.touch(token, idle=timedelta(minutes=4))

    assert seen_at(token) == clock.now - timedelta(minutes=4)


def test_activity_never_goes_back_nor_into_the_future(enter, accounts, clock, seen_at):
    token = enter().token
    clock.move(minutes=10)
    accounts.touch(token, idle=timedelta(minutes=-60))
    assert seen_at(token) == clock.now
    acted = clock.now

    clock.move(minutes=10)
    accounts.touch(token, idle=timedelta(minutes=15))

    assert seen_at(token) == acted


def test_an_older_report_of_another_process_takes_nothing_back(
    enter, accounts, make_accounts, clock, seen_at
):
    other = make_accounts()
    token = enter().token
    other.who(token)
    clock.move(minutes=10)
    accounts.touch(token, idle=NOW)

    other.touch(token, idle=timedelta(minutes=5))

    assert seen_at(token) == clock.now


def test_activity_is_written_at_most_once_a_minute(enter, accounts, clock, statements):
    token = enter().token
    clock.move(minutes=5)
    statements.clear()

    for _ in range(60):
        accounts.touch(token, idle=NOW)
        clock.move(seconds=1)

    assert len([each for each in statements if each.startswith("UPDATE login_session")]) == 1


def test_activity_through_another_process_counts(enter, accounts, make_accounts, clock):
    other = make_accounts()
    token = enter().token
    assert other.who(token) is not None
    clock.move(hours=7)
    accounts.touch(token, idle=NOW)

    clock.move(hours=7)

    assert other.who(token) is not None


def test_activity_of_an_ended_session_does_not_revive_it(enter, accounts, clock):
    token = enter().token
    clock.move(hours=8)

    accounts.touch(token, idle=NOW)

    assert accounts.who(token) is None


def test_a_full_disk_is_logged_once_a_minute_and_the_person_stays(store, clock, enter, accounts, caplog):
    token = enter().token
    full = FullStore(store.url)
    sessions = Sessions(full, LiveBoard(store, keep=0))
    clock.move(minutes=5)
    full.is_full = True

    for _ in range(59):
        sessions.touch(token, idle=NOW, now=clock())
        clock.move(seconds=1)

    assert sessions.find(token, clock()) is not None
    assert full.refused == 1
    assert "disk" in caplog.text
    assert {record.levelno for record in caplog.records} == {logging.WARNING}
    full.close()


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "я" * 43, "\ud800" * 43, "x" * 100_000])
def test_a_token_that_was_never_given_is_nobodys(accounts, token):
    assert accounts.who(token) is None
    accounts.touch(token, idle=NOW)
    accounts.log_out(token)


def test_the_stored_digest_is_no_token(enter, accounts):
    token = enter().token

    assert accounts.who(digest(token)) is None
    assert accounts.who(digest(token)[:43]) is None


def test_an_unchanged_tick_asks_the_database_nothing(enter, make_accounts, store, statements):
    quiet = make_accounts(live=LiveBoard(store, keep=3600))
    token = enter(at=quiet).token
    quiet.who(token)
    statements.clear()

    for _ in range(100):
        assert quiet.who(token) is not None
        quiet.touch(token, idle=NOW)

    assert statements == []


def test_a_login_of_somebody_else_empties_no_memory(enter, accounts, statements):
    token = enter().token
    accounts.who(token)
    enter()
    statements.clear()

    accounts.who(token)

    assert session_queries(statements) == []


def test_memory_is_bounded(store, enter, clock, statements):
    sessions = Sessions(store, LiveBoard(store, keep=0), keep_at_most=2)
    tokens = [enter().token for _ in range(3)]
    for token in tokens:
        sessions.find(token, clock())
    statements.clear()

    sessions.find(tokens[2], clock())
    assert session_queries(statements) == []

    assert sessions.find(tokens[0], clock()) is not None
    assert len(session_queries(statements)) == 1


def test_a_logged_out_token_is_dead_in_every_process(enter, accounts, make_accounts):
    other = make_accounts()
    token, second = enter().token, enter().token
    assert other.who(token) is not None

    accounts.log_out(token)

    assert accounts.who(token) is None
    assert other.who(token) is None
    assert other.who(second) is not None


def test_logging_out_of_nothing_empties_no_memory(enter, accounts, statements):
    token = enter().token
    accounts.who(token)
    accounts.log_out("x" * 43)
    statements.clear()

    accounts.who(token)

    assert session_queries(statements) == []


def test_a_revoked_session_lives_no_longer_than_the_board_keeps_its_snapshot(
    enter, accounts, make_accounts, store, olga
):
    """The other process notices with its next snapshot, and not for any other reason."""

    class Board(LiveBoard):
        stale = None

        def snapshot(self):
            return self.stale or super().snapshot()

    board = Board(store, keep=0)
    other = make_accounts(live=board)
    token = enter().token
    other.who(token)
    board.stale = board.snapshot()

    accounts.end_sessions(olga.id)
    assert other.who(token) is not None

    board.stale = None
    assert other.who(token) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda accounts, person: accounts.end_sessions(person.id),
        lambda accounts, person: accounts.disable(person.id),
        lambda accounts, person: accounts.set_password(person.id, "another horse"),
    ],
    ids=["end_sessions", "disable", "set_password"],
)
def test_what_ends_sessions_ends_all_of_that_person_everywhere(enter, accounts, make_accounts, olga, change):
    accounts.add("boris", "Борис", Role.OPERATOR, "correct horse")
    other = make_accounts()
    tokens = [enter().token, enter(remember=True).token]
    boris = enter("boris").token
    assert all(other.who(token) for token in [*tokens, boris])

    change(accounts, olga)

    assert [other.who(token) for token in tokens] == [None, None]
    assert other.who(boris) is not None


def test_a_session_opened_at_the_moment_of_disabling_opens_nothing(enter, accounts, store, olga, clock):
    """Where two transactions write at a time, a login may be stored just after the sessions were ended."""
    token = enter().token
    with store.write() as session:
        session.execute(update(PersonRow).values(disabled_at=clock()))

    assert accounts.who(token) is None


def test_an_enabled_person_must_log_in_again(enter, accounts, olga):
    token = enter().token
    accounts.disable(olga.id)

    accounts.enable(olga.id)

    assert accounts.who(token) is None
    assert accounts.who(enter().token) is not None


def test_a_change_of_role_rights_or_language_reaches_open_sessions_everywhere(
    enter, accounts, make_accounts, olga
):
    other = make_accounts()
    token = enter().token

    def person():
        return other.who(token).person

    assert not person().may(Right.ADMIN)
    accounts.set_role(olga.id, Role.ADMIN)
    assert person().may(Right.ADMIN)
    accounts.revoke(olga.id, Right.ADMIN)
    assert not person().may(Right.ADMIN)
    accounts.grant(olga.id, Right.ADMIN)
    assert person().may(Right.ADMIN)
    accounts.set_language(olga.id, "en")
    assert person().language == "en"


def test_a_session_revoked_while_it_was_being_read_does_not_stay_in_memory(
    enter, accounts, make_accounts, store, olga
):
    slow = make_accounts()
    token = enter().token
    revoked = []

    def revoke_meanwhile(_connection, _cursor, statement, *_rest):
        if "FROM login_session" in statement and not revoked:
            revoked.append(True)
            accounts.end_sessions(olga.id)
            slow.who("x" * 43)  # another thread of that process sees the new version first

    event.listen(store.engine, "after_cursor_execute", revoke_meanwhile)
    slow.who(token)  # it read the session just before it ended
    event.remove(store.engine, "after_cursor_execute", revoke_meanwhile)

    assert revoked
    assert slow.who(token) is None
