"""The ledger keeps its word on every kind of portal database."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from services.storage import Store, migrate
from services.telephony import ledger as ledger_module
from services.telephony.expiry import CallExpiry
from services.telephony.ledger import Ledger
from services.telephony.model import CallState, EntryState, Match, MatchKind, Outcome
from services.telephony.tables import EntryRow
from tests.support.stores import KINDS, empty_database
from tests.unit.services.calls.world import Clock
from tests.unit.services.telephony.ledger_world import (
    BEGIN,
    END,
    NOBODY,
    NUMBER,
    RULES,
    START,
    LedgerWorld,
)


@pytest.fixture(params=KINDS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LedgerWorld]:
    store, clock = Store(empty_database(request.param, request, tmp_path)), Clock(START)
    migrate.upgrade(store)
    made = LedgerWorld(store, clock, Ledger(store, RULES, clock=clock), CallExpiry(store, RULES, clock=clock))
    yield made
    made.close()


def test_processes_that_report_the_same_calls_at_once_make_each_once(world):
    other = Store(world.store.url)
    elsewhere = Ledger(other, RULES, clock=world.clock)
    with ThreadPoolExecutor(16) as threads:
        receipts = list(
            threads.map(
                lambda place: (world.ledger, elsewhere)[place % 2].report(
                    replace(BEGIN, curator=str(place // 8)), NUMBER, NOBODY
                ),
                range(160),
            )
        )
    elsewhere.close()
    other.close()

    assert len(world.calls) == len(world.entries) == 20
    assert [receipt.outcome for receipt in receipts].count(Outcome.OPENED) == 20
    assert all(receipt.call.curator == str(place // 8) for place, receipt in enumerate(receipts))
    assert len(world.events) == 160


def test_a_call_goes_its_way_and_the_register_hears_of_every_change(world):
    token = world.tell(
        replace(BEGIN, curator="👩‍💻 Жанна", call_id="x"), match=Match(MatchKind.EXACT, 71)
    ).call.token
    with world.store.write() as session:
        later = START + timedelta(days=1)
        session.execute(update(EntryRow).values(state=EntryState.WRITTEN.value, next_try_at=later, written=1))

    call = world.tell(replace(END, curator="👩‍💻 Жанна", call_id="x", cause="ж" * 300), after=90).call
    world.ledger.choose_theme(token, "Payment")
    world.ledger.note_names(call.id, "Ж" * 300, "Ona")

    [stored] = world.calls
    assert (stored.state, stored.began_at, stored.duration) == (CallState.ENDED, START, timedelta(seconds=90))
    assert (stored.theme, stored.agency_name, stored.manager) == ("Payment", "Ж" * 255, "Ona")
    [entry] = world.entries
    assert (entry.state, entry.wanted, entry.next_try_at) == ("waiting", 4, START + timedelta(seconds=90))


def test_names_that_differ_only_in_upper_and_lower_case_are_not_the_same(world):
    token = world.tell(replace(BEGIN, curator="Ann", call_id="X")).call.token

    assert world.tell(replace(BEGIN, curator="ann")).outcome is Outcome.OPENED
    assert world.tell(replace(END, curator="bob", call_id="x"), after=1).outcome is Outcome.AWAITS_BEGIN
    assert world.ledger.call(token.swapcase()) is None


def test_a_report_the_database_refuses_spoils_no_other(world, monkeypatch):
    """As a bug of ours would: a value that has no place in its column."""
    monkeypatch.setattr("services.telephony.applying.LONGEST_CURATOR", 10**6)
    reports = [BEGIN, replace(BEGIN, curator="\0" + "x" * 70_000), replace(BEGIN, curator="206")]
    monkeypatch.setattr("services.telephony.applying._is_storable", lambda text: True)

    receipts = world.ledger._store_reports(
        [ledger_module.Told(report, NUMBER, NOBODY, START) for report in reports]
    )

    outcomes = [receipt.outcome for receipt in receipts]
    assert outcomes[::2] == [Outcome.OPENED] * 2
    assert outcomes[1] in (Outcome.FAILED, Outcome.OPENED)  # SQLite takes what it is given
    assert len(world.events) == 3


def test_the_collector_ends_what_no_event_ended_and_drops_late_repeats(world):
    world.tell(BEGIN)
    world.tell(replace(BEGIN, curator="206"))
    world.tell(END, after=60)
    world.tell(END, after=1800)

    world.expire(after=61)
    assert [call.state for call in world.calls] == [CallState.ENDED, CallState.OPEN]

    world.expire(after=RULES.call_span.total_seconds())
    assert [call.state for call in world.calls] == [CallState.ENDED, CallState.EXPIRED]
    assert [event.outcome for event in world.events] == ["opened", "opened", "ended", "repeated"]
