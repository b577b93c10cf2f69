"""The collector ends what no event ends, and takes up again what could not be applied."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from services.jobs import LeaseLost
from services.telephony import expiry as expiry_module
from services.telephony import ledger as ledger_module
from services.telephony.expiry import BATCH, EVERY, TRY_FAILED_EVERY
from services.telephony.model import CallState, EntryState, Match, MatchKind, Outcome
from services.telephony.tables import CallRow, EntryRow, EventRow
from tests.unit.services.telephony.ledger_world import BEGIN, END, NUMBER, RULES, START, LedgerWorld

SPAN_S = RULES.call_span.total_seconds()
AGENCY = Match(MatchKind.EXACT, 71)


@pytest.fixture
def world(ledger_world: LedgerWorld) -> LedgerWorld:
    return ledger_world


def test_a_call_without_an_end_is_closed_after_the_configured_time_and_marked(world):
    world.tell(BEGIN)

    world.expire(after=SPAN_S)
    assert world.calls[0].state is CallState.OPEN

    world.expire(after=1)
    assert (world.calls[0].state, world.calls[0].ended_at) == (CallState.EXPIRED, None)
    assert world.entries[0].wanted == 1  # the register keeps TIME_END as it is


def test_a_call_copied_from_the_register_does_not_expire(world):
    world.tell(BEGIN)
    with world.store.write() as session:
        session.execute(update(CallRow).values(token=None))

    world.expire(after=SPAN_S + 1)

    assert world.calls[0].state is CallState.OPEN


def test_an_end_whose_begin_never_comes_is_a_call_of_which_no_more_is_known(world):
    world.tell(END, match=AGENCY)

    world.expire(after=60)
    assert (world.calls[0].state, world.entries) == (CallState.AWAITS_BEGIN, [])

    world.expire(after=1)
    [call] = world.calls
    assert (call.state, call.began_at, call.ended_at) == (CallState.ENDED, START, START)
    assert call.agency_id == 71
    assert [entry.state for entry in world.entries] == ["waiting"]


def test_an_end_that_only_repeats_one_hours_later_leaves_no_call(world):
    first = world.tell(BEGIN).call
    world.tell(END, after=60)
    orphan = world.tell(replace(END, cause="hangup"), after=3600)
    assert orphan.outcome is Outcome.AWAITS_BEGIN

    world.expire(after=61)

    [call] = world.calls
    assert (call.id, call.cause) == (first.id, "hangup")
    assert [(event.outcome, event.call_id) for event in world.events] == [
        ("opened", first.id),
        ("ended", first.id),
        ("repeated", first.id),
    ]
    assert len(world.entries) == 1


def test_the_late_end_of_an_expired_call_leaves_no_second_call(world):
    world.tell(BEGIN)
    world.expire(after=SPAN_S + 60)
    world.tell(END)

    world.expire(after=61)

    assert [call.state for call in world.calls] == [CallState.EXPIRED]


def test_a_theme_that_was_chosen_at_a_repeated_end_is_not_lost(world):
    world.tell(BEGIN)
    world.tell(END, after=60)
    with world.store.write() as session:
        session.execute(update(EntryRow).values(state=EntryState.WRITTEN.value, written=2))
    world.ledger.choose_theme(world.tell(END, after=3600).call.token, "Booking")

    world.expire(after=61)

    assert [call.theme for call in world.calls] == ["Booking"]
    assert world.entries[0].state == "waiting"


def test_a_begin_that_comes_after_its_end_was_settled_still_makes_no_second_call(world):
    world.tell(replace(END, call_id="x-1"))
    world.expire(after=61)

    receipt = world.tell(replace(BEGIN, call_id="x-1"), after=30)

    assert receipt.outcome is Outcome.JOINED
    assert (len(world.calls), len(world.entries)) == (1, 1)


def test_when_nothing_is_due_nothing_is_written_and_the_job_rests(world):
    world.tell(BEGIN)
    before = world.version

    assert world.expire(after=5) == EVERY
    assert world.version == before


def test_pages_hear_of_a_call_that_expired(world):
    world.tell(BEGIN)
    before = world.version

    world.expire(after=SPAN_S + 1)

    assert world.version > before


def test_much_work_is_done_in_small_steps_without_a_rest(world):
    for place in range(BATCH + 1):
        world.tell(replace(BEGIN, curator=str(place)))

    assert world.expire(after=SPAN_S + 1) == timedelta(0)
    assert [call.state for call in world.calls].count(CallState.EXPIRED) == BATCH
    assert world.expire() == EVERY
    assert {call.state for call in world.calls} == {CallState.EXPIRED}


def test_a_leader_that_was_replaced_expires_nothing(world):
    class Lost:
        def write(self, *, durable: bool = False):
            raise LeaseLost

    world.tell(BEGIN)
    world.clock.move(seconds=SPAN_S + 1)

    with pytest.raises(LeaseLost):
        world.expiry.step(Lost())
    assert world.calls[0].state is CallState.OPEN


def broken(session, reports, *rest):
    raise ValueError("not understood")


def test_a_failed_event_is_applied_by_a_collector_that_understands_it(world, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(ledger_module, "apply", broken)
        assert world.tell(BEGIN, match=AGENCY).outcome is Outcome.FAILED
    world.tell(END, after=30)

    world.expire(after=10)

    [call] = world.calls
    assert (call.began_at, call.ended_at) == (START, START + timedelta(seconds=30))
    assert (call.agency_id, call.state) == (71, CallState.ENDED)
    assert [(event.outcome, event.call_id) for event in world.events] == [
        ("joined", call.id),
        ("awaits_begin", call.id),
    ]
    assert len(world.entries) == 1


def test_an_event_that_fails_again_holds_up_no_other_and_is_tried_again_later(world, monkeypatch, caplog):
    with monkeypatch.context() as patch:
        patch.setattr(ledger_module, "apply", broken)
        world.tell(BEGIN)
        world.tell(replace(BEGIN, curator="206"))
    apply = expiry_module.apply
    tried: list[str] = []

    def picky(session, reports, *rest):
        tried.append(reports[0].report.curator)
        if reports[0].report.curator == "205":
            raise ValueError("still not understood")
        return apply(session, reports, *rest)

    monkeypatch.setattr(expiry_module, "apply", picky)

    world.expire()
    world.expire(after=5)
    assert tried == ["205", "206"]
    assert [event.outcome for event in world.events] == ["failed", "opened"]
    assert "still not understood" in caplog.text

    world.expire(after=TRY_FAILED_EVERY.total_seconds())
    assert tried == ["205", "206", "205"]


def test_an_event_nobody_can_read_stays_as_it_is(world, caplog):
    with world.store.write() as session:
        session.add(EventRow(received_at=START, report="{", outcome=Outcome.FAILED.value))

    world.expire()

    assert [event.outcome for event in world.events] == ["failed"]
    assert "cannot be applied yet" in caplog.text
    assert world.tell(BEGIN, number=NUMBER).outcome is Outcome.OPENED
