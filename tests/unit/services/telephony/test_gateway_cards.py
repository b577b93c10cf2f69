"""Agencies' cards: fresh when they are to be had in time, else the last known with its age and the reason."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from services.errors import Reason, UpstreamError, UpstreamMalformed, UpstreamRejected, UpstreamUnavailable
from services.live import LiveBoard, report_failure
from services.storage import Base, StorageUnavailable, Store
from services.telephony.gateway import cards as module
from services.telephony.gateway.cards import AgencyCards
from services.telephony.gateway.payload import card_from_json, card_to_json
from services.telephony.gateway.tables import CardRow
from services.telephony.model import AgencyCard, CardAnswer, Contact, NotConfigured
from tests.support.processes import wait_until
from tests.unit.services.calls.world import Clock

LONG, NOT_AT_ALL = timedelta(seconds=10), timedelta(0)
DOWN = UpstreamUnavailable("down", Reason.REFUSED)


class Gateway:
    """Tells every agency by its number, unless it is to fail or to be silent."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.logins = 0
        self.error: Exception | None = None
        self.errors: deque[Exception | None] = deque()
        self.speaks = threading.Event()
        self.speaks.set()

    def agency(self, agency_id: int) -> AgencyCard:
        self.asked.append(agency_id)
        assert self.speaks.wait(30)
        error = self.errors.popleft() if self.errors else self.error
        if error is not None:
            raise error
        return AgencyCard(agency_id, f"agency {len(self.asked)}", *(None,) * 9)

    def log_in(self) -> None:
        self.logins += 1
        if self.error is not None:
            raise self.error


class CardWorld:
    def __init__(self, directory: Path) -> None:
        self.clock = Clock(datetime(2026, 3, 10, 12, tzinfo=UTC))
        self.store = Store(f"sqlite:///{directory / 'portal.db'}")
        Base.metadata.create_all(self.store.engine)
        self.live = LiveBoard(self.store, keep=0, clock=self.clock)
        self.gateway = Gateway()
        self.cards = self.process()

    def process(self) -> AgencyCards:
        """What another web process has."""
        return AgencyCards(self.store, self.gateway, self.live, clock=self.clock)

    def stored(self) -> dict[int, datetime]:
        with self.store.read() as session:
            return {row.agency_id: row.fetched_at for row in session.scalars(select(CardRow))}

    def settle(self) -> None:
        """Wait until nothing is under way."""
        wait_until(
            lambda: not [one for one in threading.enumerate() if one.name.startswith("agency-card")],
            "settled",
        )

    def close(self) -> None:
        self.gateway.speaks.set()
        self.settle()
        self.store.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[CardWorld]:
    made = CardWorld(tmp_path)
    yield made
    made.close()


def in_parallel(count: int, ask: Callable[[], CardAnswer]) -> list[CardAnswer]:
    answers: list[CardAnswer] = []
    together = threading.Barrier(count)

    def run() -> None:
        together.wait()
        answers.append(ask())

    crowd = [threading.Thread(target=run) for _ in range(count)]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    return answers


def test_a_card_is_fresh_for_five_minutes(world):
    first = world.cards.card(7, wait=LONG)
    assert first == CardAnswer(AgencyCard(7, "agency 1", *(None,) * 9), world.clock.now, None)

    world.clock.move(minutes=4, seconds=59)
    assert world.cards.card(7, wait=LONG) == first
    assert world.cards.fresh(7) == first.card

    world.clock.move(seconds=1)
    assert world.cards.fresh(7) is None
    assert world.cards.card(7, wait=LONG).card.name == "agency 2"


def test_a_card_that_another_process_has_had_is_not_asked_for(world):
    world.process().card(7, wait=LONG)
    world.settle()

    answer = world.cards.card(7, wait=LONG)

    assert answer.card.name == "agency 1"
    assert world.gateway.asked == [7]


def test_an_older_card_is_shown_with_its_age_and_the_reason_when_the_gateway_fails(world):
    old = world.cards.card(7, wait=LONG)
    world.settle()
    world.clock.move(hours=2)
    world.gateway.error = UpstreamMalformed("html")

    assert world.cards.card(7, wait=LONG) == replace(old, problem=Reason.MALFORMED)
    # It outlives the process.
    assert world.process().card(7, wait=LONG) == replace(old, problem=Reason.MALFORMED)


def test_of_an_agency_that_was_never_told_nothing_is_known_but_the_reason(world):
    world.gateway.error = DOWN

    assert world.cards.card(7, wait=LONG) == CardAnswer(None, None, Reason.REFUSED)


def test_nobody_waits_longer_than_they_want_and_the_next_to_look_has_the_card(world):
    world.gateway.speaks.clear()

    assert world.cards.card(7, wait=NOT_AT_ALL) == CardAnswer(None, None, Reason.TIMEOUT)

    world.gateway.speaks.set()
    world.settle()
    assert world.cards.card(7, wait=NOT_AT_ALL).card.name == "agency 1"
    assert world.gateway.asked == [7]


def test_all_that_ask_for_one_agency_share_one_question(world):
    world.gateway.speaks.clear()
    threading.Timer(0.05, world.gateway.speaks.set).start()

    answers = in_parallel(8, lambda: world.cards.card(7, wait=LONG))

    assert {answer.card.name for answer in answers} == {"agency 1"}
    assert world.gateway.asked == [7]


def test_an_agency_that_failed_is_left_alone_for_a_moment(world):
    world.gateway.errors.append(DOWN)
    for _ in range(5):
        assert world.cards.card(7, wait=LONG).problem is Reason.REFUSED
    assert world.gateway.asked == [7]

    world.clock.move(seconds=3)
    assert world.cards.card(7, wait=LONG).problem is None


def test_a_dead_gateway_is_asked_now_and_then_and_not_by_everybody(world):
    world.gateway.error = DOWN
    for id_ in range(20):
        assert world.cards.card(id_, wait=LONG).problem is Reason.REFUSED
    assert len(world.gateway.asked) == 3

    world.clock.move(seconds=5)
    world.gateway.error = None
    assert world.cards.card(50, wait=LONG).problem is None
    assert world.cards.card(51, wait=LONG).problem is None


def test_an_agency_that_the_gateway_does_not_know_stops_nobody_else(world):
    world.gateway.error = UpstreamRejected("no such agency", Reason.FAILED)
    for id_ in range(10):
        assert world.cards.card(id_, wait=LONG).problem is Reason.FAILED

    assert len(world.gateway.asked) == 10


def test_refused_credentials_do_stop_the_others(world):
    world.gateway.error = UpstreamRejected("who are you?")
    for id_ in range(10):
        assert world.cards.card(id_, wait=LONG).problem is Reason.LOGIN_REFUSED

    assert len(world.gateway.asked) == 3


def test_nobody_waits_for_a_gateway_that_has_fallen_silent(world):
    world.gateway.speaks.clear()
    world.cards.card(7, wait=NOT_AT_ALL)
    world.clock.move(seconds=2)

    # Would hang for an hour.
    assert world.cards.card(8, wait=timedelta(hours=1)).problem is Reason.TIMEOUT

    world.gateway.speaks.set()
    world.settle()
    assert world.cards.card(9, wait=LONG).problem is None


def test_nobody_waits_for_a_gateway_that_the_collector_found_dead_but_its_recovery_shows(world):
    with world.store.write() as session:
        report_failure(
            session, "agency_gateway", DOWN, now=world.clock.now, next_try_at=world.clock.now + LONG
        )
    world.gateway.speaks.clear()

    assert world.cards.card(7, wait=timedelta(hours=1)).problem is Reason.REFUSED

    world.gateway.speaks.set()
    world.settle()
    assert world.cards.card(7, wait=NOT_AT_ALL).problem is None


def test_a_silent_gateway_gets_a_bounded_number_of_questions(world):
    world.gateway.speaks.clear()
    for id_ in range(400):
        world.cards.card(id_, wait=NOT_AT_ALL)

    assert len(world.gateway.asked) <= 16
    assert world.cards.card(1000, wait=NOT_AT_ALL).problem is Reason.OVERLOADED


def test_what_is_known_is_told_without_asking(world):
    assert world.cards.known(7) == CardAnswer(None, None, None)
    card = world.cards.card(7, wait=LONG)
    world.settle()

    assert world.process().known(7) == card
    assert world.gateway.asked == [7]


def test_an_older_card_that_is_known_tells_why_there_is_no_newer(world):
    card = world.cards.card(7, wait=LONG)
    world.settle()
    world.clock.move(hours=1)
    with world.store.write() as session:
        report_failure(session, "agency_gateway", DOWN, now=world.clock.now, next_try_at=world.clock.now)

    assert world.cards.known(7) == replace(card, problem=Reason.REFUSED)


def test_without_a_gateway_there_is_no_card_to_ask_for(world):
    cards = AgencyCards(world.store, None, world.live, clock=world.clock)

    assert not cards.is_configured
    for ask in (lambda: cards.card(7, wait=LONG), lambda: cards.ask(7), lambda: cards.probe(None)):
        with pytest.raises(NotConfigured):
            ask()
    assert cards.known(7).card is None


def test_a_portal_database_that_is_away_costs_the_copy_and_not_the_card(world, monkeypatch):
    def fail(**_: object) -> None:
        raise StorageUnavailable("away")

    monkeypatch.setattr(world.store, "read", fail)
    monkeypatch.setattr(world.store, "write", fail)

    assert world.cards.card(7, wait=LONG).card.name == "agency 1"
    world.settle()
    assert world.cards.known(7).card.name == "agency 1"
    world.clock.move(minutes=6)
    assert world.cards.known(7).card.name == "agency 1"


def test_a_mistake_of_the_portal_in_reading_an_answer_is_no_crash_of_the_card(world, caplog):
    world.gateway.errors.append(RuntimeError("a mistake"))

    assert world.cards.card(7, wait=LONG).problem is Reason.MALFORMED
    assert "a mistake" in caplog.text


def test_memory_is_bounded_and_the_copy_is_not(world, monkeypatch):
    monkeypatch.setattr(module, "_MOST_IN_MEMORY", 3)
    for id_ in range(10):
        world.cards.card(id_, wait=LONG)
    world.settle()

    assert len(world.cards._memory) == 3
    assert len(world.stored()) == 10
    world.cards.card(0, wait=LONG)
    assert len(world.gateway.asked) == 10


def test_asking_in_this_thread_renews_a_fresh_card_too_and_tells_errors(world):
    world.cards.card(7, wait=LONG)
    world.settle()

    assert world.cards.ask(7).name == "agency 2"
    assert world.cards.known(7).card.name == "agency 2"
    assert world.cards.latest() == 7

    world.gateway.error = DOWN
    with pytest.raises(UpstreamError):
        world.cards.ask(7)


def test_a_probe_asks_for_an_agency_or_logs_in(world):
    world.cards.probe(7)
    world.cards.probe(None)

    assert world.gateway.asked == [7]
    assert world.gateway.logins == 1


def test_a_card_is_kept_whole():
    hostile = "<b>'\"&\u202e🌊Ж" + "x" * 300
    card = AgencyCard(
        agency_id=7,
        name=hostile,
        english_name=None,
        city=hostile,
        percent="12.5",
        front_office=True,
        contract="iki 2027",
        tourists_per_year="340",
        boss=None,
        curator=hostile,
        blacklisted=False,
        managers=(hostile, "b"),
        contacts=(Contact(hostile, None, hostile),),
    )

    assert card_from_json(card_to_json(card)) == card


def test_a_card_of_another_version_of_the_portal_is_asked_for_anew(world):
    world.cards.card(7, wait=LONG)
    world.settle()
    with world.store.write() as session:
        session.execute(update(CardRow).values(card='{"agency_id": 7, "what": "ever"}'))

    assert world.process().card(7, wait=LONG).card.name == "agency 2"
