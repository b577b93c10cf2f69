"""The job that finds out names: for calls that came without, patient, and aware of how the gateway is."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from services.errors import Reason, UpstreamMalformed, UpstreamRejected, UpstreamUnavailable
from services.live import SourceState, SourceStatus
from services.storage import table_of, upsert
from services.telephony.directory.tables import PhoneRow
from services.telephony.gateway.names import CallNames
from services.telephony.ledger import Ledger
from services.telephony.model import AgencyCard, Contact, EventKind, Match, MatchKind, Report, Rules
from services.telephony.tables import CallRow, EntryRow
from tests.unit.services.telephony.test_gateway_cards import CardWorld

NOW = timedelta(0)


class Calls:
    """What the ledger does with names, on the table itself."""

    def __init__(self, world: "NameWorld") -> None:
        self._world = world
        self.named: dict[int, tuple[str | None, str | None]] = {}

    def note_names(self, call_id: int, agency_name: str | None, manager: str | None) -> None:
        self.named[call_id] = (agency_name, manager)
        self.postpone_names(call_id, None)

    def postpone_names(self, call_id: int, until: datetime | None) -> None:
        with self._world.store.write() as session:
            session.get(CallRow, call_id).names_due_at = until


class NameWorld(CardWorld):
    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.calls = Calls(self)
        self.contacts = (Contact("8 612 34567", "Ona", None),)
        self.gateway.agency = self._agency
        self.job = CallNames(
            self.store, self.cards, self.calls, "LT", clock=self.clock, stopwatch=lambda: 0.0
        )
        self.written = 0

    def _agency(self, agency_id: int) -> AgencyCard:
        self.gateway.asked.append(agency_id)
        error = self.gateway.errors.popleft() if self.gateway.errors else self.gateway.error
        if error is not None:
            raise error
        return AgencyCard(agency_id, f"agency {agency_id}", *(None,) * 9, contacts=self.contacts)

    def call(self, *, agency_id: int | None = 7, number: str = "37061234567") -> int:
        """A call that began just now and has no names."""
        row = CallRow(
            number=number,
            curator="205",
            state="open",
            began_at=self.clock.now,
            agency_id=agency_id,
            match_kind="exact",
            names_due_at=self.clock.now,
        )
        with self.store.write() as session:
            session.add(row)
            session.flush()
            return row.id

    def due_at(self, call_id: int) -> datetime | None:
        with self.store.read() as session:
            return session.get(CallRow, call_id).names_due_at

    def step(self) -> timedelta:
        return self.job.step(self.store)  # which writes as a fence does

    def source(self) -> SourceStatus:
        return self.live.snapshot().source("agency_gateway")

    def run(self, duration: timedelta) -> None:
        """Let the job do its work for so long."""
        end = self.clock.now + duration
        while self.clock.now < end:
            self.clock.now += max(self.step(), timedelta(milliseconds=1))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[NameWorld]:
    made = NameWorld(tmp_path)
    yield made
    made.close()


def test_a_call_gets_the_name_of_its_agency_and_the_person_behind_its_number(world):
    known, other = world.call(), world.call(number="37061234568")

    assert world.step() == world.step() == NOW

    assert world.calls.named == {known: ("agency 7", "Ona"), other: ("agency 7", None)}
    assert world.gateway.asked == [7]
    assert world.source().state is SourceState.OK


def test_what_it_finds_out_is_in_the_ledger_and_on_its_way_into_the_register(world):
    rules = Rules("LT", (), timedelta(hours=4), "lt", ZoneInfo("Europe/Vilnius"))
    ledger = Ledger(world.store, rules, clock=world.clock)
    report = Report(EventKind.BEGIN, "37061234567", "205", "/", "127.0.0.1")
    token = ledger.report(report, "37061234567", Match(MatchKind.EXACT, 7)).call.token
    world.job = CallNames(world.store, world.cards, ledger, "LT", clock=world.clock, stopwatch=lambda: 0.0)

    world.run(timedelta(minutes=1))
    ledger.close()

    call = ledger.call(token)
    assert (call.agency_name, call.manager) == ("agency 7", "Ona")
    with world.store.read() as session:
        assert session.get(EntryRow, call.id).wanted == 2


def test_a_call_without_an_agency_is_not_asked_for(world):
    call = world.call(agency_id=None)

    world.step()

    assert world.due_at(call) is None
    assert world.gateway.asked == []


def test_a_call_that_is_due_later_waits(world):
    call = world.call()
    world.calls.postpone_names(call, world.clock.now + timedelta(minutes=1))

    world.run(timedelta(seconds=59))
    assert world.calls.named == {}

    world.run(timedelta(seconds=5))
    assert call in world.calls.named


def test_the_pauses_of_a_call_grow_and_it_is_given_up_after_a_week(world):
    world.gateway.error = UpstreamRejected("no such agency", Reason.FAILED)
    call = world.call()
    tries, pauses = 0, []
    while (due := world.due_at(call)) is not None and tries < 1000:
        world.clock.now = max(world.clock.now, due)
        world.step()
        tries += 1
        if (again := world.due_at(call)) is not None:
            pauses.append(again - world.clock.now)

    assert pauses[0] == timedelta(seconds=10)
    assert pauses == sorted(pauses)
    assert pauses[-1] == timedelta(hours=1)
    assert 150 < tries < 250
    assert world.calls.named == {}


def test_an_agency_that_the_gateway_does_not_know_is_no_failure_of_the_gateway(world):
    world.gateway.errors.append(UpstreamRejected("no such agency", Reason.FAILED))
    first, second = world.call(agency_id=6), world.call()

    assert world.step() == world.step() == NOW

    assert world.source().state is SourceState.OK
    assert list(world.calls.named) == [second]
    assert world.due_at(first) == world.clock.now + timedelta(seconds=10)


@pytest.mark.parametrize(
    "error",
    [
        UpstreamUnavailable("silent", Reason.TIMEOUT),
        UpstreamMalformed("html"),
        UpstreamRejected("who are you?"),
    ],
)
def test_a_failing_gateway_is_told_with_its_reason_and_left_alone_for_growing_pauses(world, error):
    world.gateway.error = error
    call = world.call()

    pauses = [world.step() for _ in range(6)]

    assert world.source().state is SourceState.DOWN
    assert world.source().reason is error.reason
    assert world.source().next_try_at == world.clock.now + pauses[0]
    assert pauses[0] > NOW
    world.run(timedelta(minutes=2))
    assert world.source().state is SourceState.DOWN
    assert world.calls.named == {}

    world.gateway.error = None
    world.run(timedelta(minutes=3))
    assert world.source().state is SourceState.OK
    assert world.calls.named == {call: ("agency 7", "Ona")}


def test_the_state_of_the_gateway_is_never_older_than_ten_seconds(world):
    for is_well in (True, False, True):
        world.gateway.error = None if is_well else UpstreamUnavailable("silent")
        for _ in range(60):
            world.run(timedelta(seconds=1))
            seen = world.source()
            due = max(seen.checked_at, seen.next_try_at or seen.checked_at)
            assert world.clock.now - due <= timedelta(seconds=10)
        assert (world.source().state is SourceState.OK) is is_well


def test_a_gateway_that_is_not_needed_is_asked_seldom(world):
    world.cards.ask(7)
    world.gateway.asked.clear()

    world.run(timedelta(minutes=1))

    assert set(world.gateway.asked) == {7}
    assert len(world.gateway.asked) <= 8


def test_it_is_probed_with_an_agency_that_has_a_telephone_until_it_told_one(world):
    with world.store.write() as session:
        row = {"agency_id": 12, "typed_digest": "", "exact": "", "probable": ""}
        upsert(session, table_of(PhoneRow), [row, row | {"agency_id": 4}])

    world.step()

    assert world.gateway.asked == [12]
    assert world.gateway.logins == 0


def test_it_is_probed_by_a_login_while_no_agency_is_known(world):
    world.step()

    assert world.gateway.logins == 1
    assert world.source().state is SourceState.OK


def test_an_agency_that_it_does_not_know_is_not_probed_with_again(world):
    with world.store.write() as session:
        upsert(
            session,
            table_of(PhoneRow),
            [{"agency_id": 12, "typed_digest": "", "exact": "", "probable": ""}],
        )
    world.gateway.error = UpstreamRejected("no such agency", Reason.FAILED)

    world.run(timedelta(minutes=1))

    assert world.gateway.asked == [12]
    assert world.source().state is SourceState.OK


def test_names_of_yesterday_are_good_enough_while_the_gateway_is_away(world):
    world.cards.ask(7)
    world.gateway.error = UpstreamUnavailable("away")
    world.clock.move(hours=23)
    call = world.call()

    world.step()

    assert world.calls.named == {call: ("agency 7", "Ona")}


def test_older_names_are_taken_only_when_a_call_is_given_up(world):
    world.cards.ask(7)
    world.gateway.error = UpstreamUnavailable("away")
    world.clock.move(hours=25)
    call = world.call()

    world.step()
    assert world.calls.named == {}

    world.clock.move(days=7)
    world.step()
    assert world.calls.named == {call: ("agency 7", "Ona")}
