"""What other programs write into the register becomes known here; what we wrote is left alone."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from services.errors import Reason
from services.jobs import Fence
from services.live import LiveBoard, Topic
from services.telephony.model import CallState, MatchKind
from services.telephony.register.copy import CHUNK, EVERY, LATEST, RegisterCopy
from services.telephony.register.outbox import Outbox
from services.telephony.register.wanted import local
from services.telephony.tables import CallRow
from tests.unit.services.telephony.register_world import RULES, RegisterWorld

#: Earlier than any moment in UTC.
TOO_EARLY = datetime(1, 1, 1, tzinfo=RULES.zone).replace(tzinfo=None)


class CopyWorld(RegisterWorld):
    """The register's world with the job that copies."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.live = LiveBoard(self.store, keep=0, clock=lambda: self.now)
        self.job = self.copy()
        self.lead: Fence = self.fence()

    def copy(self) -> RegisterCopy:
        return RegisterCopy(self.store, self.engine, self.live, RULES, clock=lambda: self.now)

    def look(self, steps: int = 1) -> None:
        for _ in range(steps):
            self.now += max(self.job.step(self.lead), timedelta(seconds=0))

    def copied(self) -> dict[int, CallRow]:
        with self.store.read() as session:
            rows = session.scalars(select(CallRow).where(CallRow.token.is_(None))).all()
        return {row.register_key: row for row in rows if row.register_key is not None}

    def version(self) -> int:
        return self.live.snapshot().version(Topic.TELEPHONY)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[CopyWorld]:
    made = CopyWorld(tmp_path)
    yield made
    made.close()


def test_a_call_of_another_program_is_copied(world):
    end = local(world.now + timedelta(minutes=2), RULES)
    world.foreign(
        7,
        time_end=end,
        agency_id="4711",
        phone_number="+370 612 345",
        theme="Booking",
        agency_manager="Rūta",
        agency_name="Saulė",
        currator="ПЕТРОВА",
    )

    world.look()

    call = world.copied()[7]
    assert (call.number, call.curator, call.theme) == ("370612345", "ПЕТРОВА", "Booking")
    assert (call.agency_id, call.match_kind) == (4711, MatchKind.EXACT)
    assert (call.agency_name, call.manager) == ("Saulė", "Rūta")
    assert (call.state, call.ended_at) == (
        CallState.ENDED,
        (world.now + timedelta(minutes=2)).replace(microsecond=0) - EVERY,
    )
    assert call.token is None


def test_our_own_rows_are_left_alone(world):
    call_id = world.report()
    world.settle(fence=world.lead)

    world.look()

    assert world.copied() == {}
    assert world.call(call_id).token is not None


def test_a_key_we_are_about_to_insert_under_is_not_copied_until_it_is_given_up(world):
    call_id = world.report()
    world.line.at(1, lambda: (world.foreign(1), world.look()))

    world.delivery().step(world.lead)
    assert world.call(call_id).register_key is None
    world.settle(fence=world.lead)
    world.look()

    assert list(world.copied()) == [1]
    world.assert_once_each(foreign=1)


def test_other_regions_are_not_ours(world):
    world.foreign(7, region="lv")

    world.look()

    assert world.copied() == {}


def test_a_call_goes_on_while_its_end_is_its_begin_and_not_for_ever(world):
    world.foreign(7)
    world.look()
    assert (world.copied()[7].state, world.copied()[7].ended_at) == (CallState.OPEN, None)

    world.now += RULES.call_span
    world.look()

    assert (world.copied()[7].state, world.copied()[7].ended_at) == (CallState.EXPIRED, None)


def test_what_changes_or_goes_away_does_so_here_too(world):
    for key in range(1, 4):
        world.foreign(key)
    world.look()

    world.alter(2, theme="Payment")
    world.remove(3)
    world.look()

    assert sorted(world.copied()) == [1, 2]
    assert world.copied()[2].theme == "Payment"


def test_a_large_register_is_read_newest_first_and_completely(world):
    _fill(world, 1, 2 * CHUNK + 10)
    world.look()
    assert max(world.copied()) == 2 * CHUNK + 10
    assert len(world.copied()) == CHUNK

    world.look(2)

    assert len(world.copied()) == 2 * CHUNK + 10
    assert Outbox(world.store, world.live).freshness().is_complete


def test_changes_deep_in_the_register_are_found_by_the_walk(world):
    _fill(world, 1, 3 * CHUNK)
    world.look(4)
    world.alter(CHUNK, theme="Payment")
    world.remove(CHUNK + 1)

    world.look(6)

    assert world.copied()[CHUNK].theme == "Payment"
    assert CHUNK + 1 not in world.copied()


def test_what_was_written_while_we_were_away_is_read_before_the_walk_goes_on(world):
    _fill(world, 1, 4 * CHUNK)
    world.look(5)
    _fill(world, 4 * CHUNK + 1, 4 * CHUNK + LATEST + CHUNK)

    world.look()

    assert len(world.copied()) == 4 * CHUNK + LATEST + CHUNK


def test_a_walk_goes_on_where_another_collector_ended(world):
    _fill(world, 1, 3 * CHUNK)
    world.look()

    world.job = world.copy()
    world.look(2)

    assert len(world.copied()) == 3 * CHUNK


def test_nothing_new_moves_no_version(world):
    world.foreign(7)
    world.look(3)
    before = world.version()

    world.look(5)

    assert world.version() == before


@pytest.mark.parametrize(
    "columns",
    [
        {"time_begin": None, "time_end": None},
        {"time_begin": TOO_EARLY, "time_end": TOO_EARLY},
        {"time_begin": TOO_EARLY.replace(year=27), "time_end": None},
    ],
)
def test_a_row_without_a_usable_time_is_passed_over(world, columns):
    world.foreign(7, **columns)
    world.foreign(8)

    world.look()

    assert list(world.copied()) == [8]


def test_strange_agencies_and_empty_texts_are_borne(world):
    world.foreign(7, agency_id="none", phone_number=None, currator=None, agency_name="", theme="  ")

    world.look()

    call = world.copied()[7]
    assert (call.agency_id, call.match_kind, call.number, call.curator) == (None, MatchKind.NONE, "", "")
    assert (call.agency_name, call.theme) == (None, None)


def test_a_register_that_cannot_be_read_keeps_the_copy_and_says_why(world):
    world.foreign(7)
    world.look()
    outbox = Outbox(world.store, world.live)
    read_at = outbox.freshness().looked_at

    world.now += EVERY
    world.line.is_down = True
    failed_at = world.now
    world.look()

    freshness = outbox.freshness()
    assert list(world.copied()) == [7]
    assert (freshness.looked_at, freshness.problem, freshness.since) == (read_at, Reason.REFUSED, failed_at)
    world.line.is_down = False
    world.look()
    assert outbox.freshness().problem is None


def test_a_silent_source_is_not_asked(world):
    world.line.is_down = True
    world.delivery().step(world.lead)
    points = world.line.points

    world.look(3)

    assert world.line.points == points
    assert Outbox(world.store, world.live).freshness().problem is Reason.REFUSED


def test_in_the_hour_that_comes_twice_no_call_ends_before_it_began(world):
    world.foreign(
        7,
        time_begin=datetime(2026, 10, 25, 3, 59, tzinfo=RULES.zone).replace(tzinfo=None),
        time_end=datetime(2026, 10, 25, 3, 1, tzinfo=RULES.zone).replace(tzinfo=None),
    )

    world.look()

    call = world.copied()[7]
    assert call.ended_at - call.began_at == timedelta(minutes=2)


def _fill(world: CopyWorld, first: int, last: int) -> None:
    time = local(world.now, RULES)
    with world.aside.begin() as connection:
        connection.exec_driver_sql(
            "WITH RECURSIVE k(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM k WHERE n < :last) "
            "INSERT INTO t_call_info (call_info_id, time_begin, time_end, region, phone_number, currator) "
            "SELECT n, :time, :time, 'lt', '37060000000', '900' FROM k",
            {"first": first, "last": last, "time": time.isoformat(" ", "microseconds")},
        )
