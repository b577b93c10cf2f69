"""The ledger: what was answered is stored, has become a call, and waits for the register."""

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, update

from services.storage import StorageFull, Store
from services.telephony import ledger as ledger_module
from services.telephony.applying import NAMES_AFTER
from services.telephony.ledger import MOST_AT_ONCE, Ledger
from services.telephony.model import (
    LONGEST_CURATOR,
    CallState,
    EntryState,
    EventKind,
    Match,
    MatchKind,
    NoSuchCall,
    NoSuchTheme,
    Outcome,
    Receipt,
)
from services.telephony.rows import told_from_json
from services.telephony.tables import CallRow, EntryRow
from tests.support.processes import wait_until
from tests.unit.services.telephony.ledger_world import (
    BEGIN,
    CURATOR,
    END,
    NOBODY,
    NUMBER,
    RULES,
    START,
    LedgerWorld,
)

AGENCY = Match(MatchKind.EXACT, 71, (70,))


@pytest.fixture
def world(ledger_world: LedgerWorld) -> LedgerWorld:
    return ledger_world


def set_entry(world: LedgerWorld, **columns: object) -> None:
    """What the delivery would note of the only entry."""
    with world.store.write() as session:
        session.execute(update(EntryRow).values(**columns))


def test_a_begin_becomes_a_call_that_waits_for_the_register(world):
    receipt = world.tell(replace(BEGIN, queue="sales", call_id="x-1"), match=AGENCY)

    assert receipt.outcome is Outcome.OPENED
    [call] = world.calls
    assert receipt.call == call
    assert (call.number, call.curator, call.state, call.began_at) == (NUMBER, CURATOR, CallState.OPEN, START)
    assert (call.agency_id, call.match, call.queue, call.ended_at) == (71, MatchKind.EXACT, "sales", None)
    [entry] = world.entries
    assert (entry.call_id, entry.state, entry.wanted, entry.written) == (call.id, "waiting", 1, 0)
    assert (entry.created_at, entry.next_try_at, entry.is_inserted) == (START, START, False)


def test_every_event_is_stored_as_it_was_reported_with_what_became_of_it(world):
    world.tell(BEGIN, match=AGENCY)
    world.tell(END, after=90)

    begin, end = world.events
    stored = told_from_json(begin.report, begin.received_at)
    assert (stored.report, stored.match) == (BEGIN, AGENCY)
    assert isinstance(stored.report.kind, EventKind)
    assert (begin.outcome, end.outcome) == ("opened", "ended")
    assert begin.call_id == end.call_id == world.calls[0].id
    assert end.received_at == START + timedelta(seconds=90)


def test_an_end_closes_its_call_and_lets_the_register_learn_it(world):
    world.tell(BEGIN)
    set_entry(world, state=EntryState.WRITTEN.value, written=1, next_try_at=START + timedelta(days=1))

    receipt = world.tell(END, after=90)

    assert receipt.call.duration == timedelta(seconds=90)
    [entry] = world.entries
    assert (entry.state, entry.wanted, entry.written) == ("waiting", 2, 1)
    assert entry.next_try_at == START + timedelta(seconds=90)


def test_a_repeated_event_is_stored_and_asks_nothing_of_the_register(world):
    world.tell(BEGIN)
    set_entry(world, state=EntryState.WRITTEN.value, written=1)

    receipt = world.tell(BEGIN, after=2)

    assert receipt.outcome is Outcome.REPEATED
    assert len(world.calls) == 1
    assert len(world.events) == 2
    assert (world.entries[0].state, world.entries[0].wanted) == ("written", 1)


@pytest.mark.parametrize("state", [EntryState.REFUSED, EntryState.DROPPED])
def test_what_the_register_refused_stays_with_the_administrator_when_the_call_changes(world, state):
    world.tell(BEGIN)
    set_entry(world, state=state.value)

    world.tell(END, after=90)

    assert (world.entries[0].state, world.entries[0].wanted) == (state.value, 2)


def test_an_end_without_a_begin_is_no_entry_until_the_begin_comes(world):
    assert world.tell(END).outcome is Outcome.AWAITS_BEGIN
    assert world.entries == []

    receipt = world.tell(BEGIN, after=2)

    assert receipt.outcome is Outcome.JOINED
    [call] = world.calls
    assert (call.state, call.began_at, call.ended_at) == (
        CallState.ENDED,
        START,
        START + timedelta(seconds=2),
    )
    assert [entry.call_id for entry in world.entries] == [call.id]


def test_calls_of_other_curators_and_numbers_are_not_touched(world):
    world.tell(BEGIN)
    world.tell(replace(BEGIN, curator="206"), after=1)
    world.tell(BEGIN, number="37069999999", after=1)

    world.tell(END, after=10)

    assert [call.state for call in world.calls] == [CallState.ENDED, CallState.OPEN, CallState.OPEN]


def test_an_end_with_an_id_ends_that_call_also_when_the_curator_or_the_number_is_told_differently(world):
    world.tell(replace(BEGIN, call_id="x-1"))
    world.tell(replace(BEGIN, curator="206"), after=1)

    receipt = world.tell(replace(END, call_id="x-1", ani="", curator="206"), number=None, after=9)

    assert (receipt.outcome, receipt.call.curator) == (Outcome.ENDED, CURATOR)


def test_a_call_copied_from_the_register_takes_no_events(world):
    with world.store.write() as session:
        session.add(
            CallRow(
                register_key=5,
                number=NUMBER,
                curator=CURATOR,
                state=CallState.OPEN.value,
                began_at=START,
                match_kind=MatchKind.NONE.value,
            )
        )

    assert world.tell(BEGIN, after=1).outcome is Outcome.OPENED


def test_a_number_that_is_none_makes_no_call(world):
    receipt = world.tell(replace(BEGIN, ani="anonymous"), number=None)

    assert receipt == Receipt(Outcome.UNUSABLE, None)
    assert (world.calls, [event.outcome for event in world.events]) == ([], ["unusable"])


@pytest.mark.parametrize(
    "report",
    [
        replace(BEGIN, curator="x" * (LONGEST_CURATOR + 1)),
        replace(BEGIN, curator="20\0005"),
        replace(BEGIN, ani="3706\x001234567"),
        replace(BEGIN, ani=" " * 301),
        replace(BEGIN, call_id="\0"),
        replace(BEGIN, cause="\ud83d"),
        replace(BEGIN, curator="ж" * 1_000_000, url="/" * 1_000_000),
    ],
)
def test_what_is_not_of_the_interface_is_refused_and_stored_as_far_as_it_can_be(world, report):
    assert world.tell(report) == Receipt(Outcome.REFUSED, None)

    [event] = world.events
    assert event.outcome == "refused"
    assert "\0" not in event.report
    assert len(event.report) < 65_000
    assert json.loads(event.report)["report"]["curator"][:100] == report.curator[:100]


@pytest.mark.parametrize(
    "curator", ["<script>alert(1)</script>", "Ж" * LONGEST_CURATOR, "👩‍💻 Ona", "'; DROP TABLE x; --", ""]
)
def test_hostile_texts_are_kept_whole(world, curator):
    world.tell(replace(BEGIN, curator=curator))

    assert world.calls[0].curator == curator


def test_remarks_are_shortened_in_the_call_and_kept_whole_with_the_event(world):
    world.tell(replace(BEGIN, cause="ж" * 300))

    assert world.calls[0].cause == "ж" * 128
    assert "ж" * 300 in json.loads(world.events[0].report)["report"]["cause"]


def test_ids_that_differ_only_at_their_ends_are_two_calls_however_long_they_are(world):
    world.tell(replace(BEGIN, call_id="x" * 500 + "1"))

    assert world.tell(replace(BEGIN, call_id="x" * 500 + "2")).outcome is Outcome.OPENED
    assert world.tell(replace(END, call_id="x" * 500 + "1"), after=1).call == world.calls[0]


def test_an_agency_that_is_found_only_with_a_later_event_is_noted(world):
    world.tell(BEGIN)
    set_entry(world, state=EntryState.WRITTEN.value, written=1)

    receipt = world.tell(END, match=AGENCY, after=9)

    assert (receipt.call.agency_id, receipt.call.match) == (71, MatchKind.EXACT)
    assert world.entries[0].wanted == 2


def test_an_agency_once_found_stays(world):
    world.tell(BEGIN, match=AGENCY)

    assert world.tell(END, match=Match(MatchKind.PROBABLE, 99), after=9).call.agency_id == 71


def test_the_names_of_a_known_agency_are_to_be_asked_for_and_those_of_a_stranger_are_not(world):
    world.tell(BEGIN, match=AGENCY)
    world.tell(replace(BEGIN, curator="206"))

    with world.store.read() as session:
        due = [session.get(CallRow, call.id).names_due_at for call in world.calls]
    assert due == [START + NAMES_AFTER, None]


# Many at once.


def test_reports_that_wait_together_are_stored_in_one_commit(world):
    commits: list[object] = []
    event.listen(world.store.engine, "commit", commits.append)
    first_is_stored, go_on = threading.Event(), threading.Event()

    def hold(_connection: object) -> None:
        first_is_stored.set()
        go_on.wait(10)

    event.listen(world.store.engine, "commit", hold, once=True)
    with ThreadPoolExecutor(21) as threads:
        told = [threads.submit(world.ledger.report, BEGIN, NUMBER, NOBODY)]
        assert first_is_stored.wait(10)
        told += [
            threads.submit(world.ledger.report, replace(BEGIN, curator=str(i)), NUMBER, NOBODY)
            for i in range(20)
        ]
        queue = world.ledger._writer._queue
        wait_until(lambda: queue.qsize() == 20, "all wait for the first commit", 30)
        go_on.set()
        outcomes = [one.result().outcome for one in told]

    assert outcomes == [Outcome.OPENED] * 21
    assert len(commits) == 2
    assert len(world.calls) == len({call.token for call in world.calls}) == 21


def test_a_batch_is_bounded(world):
    batches: list[int] = []
    apply = ledger_module.apply

    def counted(session, reports, *rest):
        batches.append(len(reports))
        return apply(session, reports, *rest)

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(200) as threads:
        patch.setattr(ledger_module, "apply", counted)
        list(
            threads.map(
                lambda i: world.ledger.report(replace(BEGIN, curator=str(i)), NUMBER, NOBODY), range(200)
            )
        )

    assert sum(batches) == 200
    assert max(batches) <= MOST_AT_ONCE


def test_a_report_that_cannot_be_applied_is_kept_for_the_collector_and_fails_nobody_else(world, caplog):
    poisoned = replace(BEGIN, curator="poisoned")
    apply = ledger_module.apply

    def strict(session, reports, *rest):
        receipts = apply(session, reports, *rest)
        if any(told.report == poisoned for told in reports):
            raise ValueError("not understood")
        return receipts

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger_module, "apply", strict)
        receipts = world.ledger._store_reports(
            [
                ledger_module.Told(report, NUMBER, NOBODY, START)
                for report in (BEGIN, poisoned, replace(BEGIN, curator="206"))
            ]
        )

    assert [receipt.outcome for receipt in receipts] == [Outcome.OPENED, Outcome.FAILED, Outcome.OPENED]
    assert sorted(event.outcome for event in world.events) == ["failed", "opened", "opened"]
    assert [call.curator for call in world.calls] == [CURATOR, "206"]
    assert "not understood" in caplog.text


def test_what_cannot_be_stored_is_an_error_for_everybody_who_waits_and_is_stored_when_told_again(world):
    def full(_connection: object) -> None:
        raise StorageFull("the disk of the portal database is full")

    event.listen(world.store.engine, "commit", full)
    with ThreadPoolExecutor(8) as threads:
        told = [
            threads.submit(world.ledger.report, replace(BEGIN, curator=str(i)), NUMBER, NOBODY)
            for i in range(8)
        ]
        errors = [one.exception() for one in told]
    event.remove(world.store.engine, "commit", full)

    assert all(type(error) is StorageFull for error in errors)
    assert len({id(error) for error in errors}) == 8
    assert (world.events, world.calls) == ([], [])
    assert world.tell(BEGIN).outcome is Outcome.OPENED


def test_two_processes_that_report_the_same_call_make_one(world):
    other = Store(world.store.url)
    elsewhere = Ledger(other, RULES, clock=world.clock)
    with ThreadPoolExecutor(16) as threads:
        receipts = list(
            threads.map(
                lambda place: (world.ledger, elsewhere)[place % 2].report(
                    replace(BEGIN, curator=str(place // 8)), NUMBER, NOBODY
                ),
                range(80),
            )
        )
    elsewhere.close()
    other.close()

    assert len(world.calls) == 10
    assert [receipt.outcome for receipt in receipts].count(Outcome.OPENED) == 10


def test_what_is_stored_was_written_with_an_fsync(world):
    synchronous: list[int] = []

    def note(connection: object) -> None:
        synchronous.append(connection.exec_driver_sql("PRAGMA synchronous").scalar())

    event.listen(world.store.engine, "commit", note)
    world.tell(BEGIN)

    assert synchronous == [2]  # FULL


def test_pages_hear_of_a_new_call(world):
    before = world.version
    world.tell(BEGIN)

    assert world.version > before


_LAST_WORDS = """
import atexit, sys, threading
from dataclasses import replace
from services.storage import Store
from services.telephony.ledger import Ledger
from tests.support.processes import wait_until
from tests.unit.services.telephony.ledger_world import BEGIN, NOBODY, NUMBER, RULES

ledger = Ledger(Store(sys.argv[1]), RULES)
ledger.report(BEGIN, NUMBER, NOBODY)
store, waits, go_on = ledger._writer._write, threading.Event(), threading.Event()

def held(reports):
    waits.set()
    go_on.wait()
    return store(reports)

ledger._writer._write = held

def tell(curator):
    report = replace(BEGIN, curator=curator)
    threading.Thread(target=ledger.report, args=(report, NUMBER, NOBODY), daemon=True).start()

tell("0")
waits.wait()
for place in range(1, 5):
    tell(str(place))
wait_until(lambda: ledger._writer._queue.qsize() == 4, "all wait", 30)
atexit.register(go_on.set)  # the last to come is the first to be called
"""


def test_a_process_that_ends_in_order_stores_what_was_waiting(world):
    subprocess.run(
        [sys.executable, "-c", dedent(_LAST_WORDS), str(world.store.url)],
        cwd=Path(__file__).parents[4],
        check=True,
        timeout=60,
    )

    assert sorted(call.curator for call in world.calls) == ["0", "1", "2", "205", "3", "4"]


def test_a_closed_ledger_takes_reports_again(world):
    world.tell(BEGIN)
    world.ledger.close()

    assert world.tell(END, after=1).outcome is Outcome.ENDED


# How reports fall into transactions.

_reports = st.lists(
    st.tuples(
        st.builds(
            lambda base, curator, call_id, cause: replace(
                base, curator=curator, call_id=call_id, cause=cause
            ),
            st.sampled_from([BEGIN, END]),
            st.sampled_from(["205", "206"]),
            st.sampled_from([None, "a", "b"]),
            st.sampled_from([None, "hangup"]),
        ),
        st.sampled_from([NUMBER, "37069999999", None]),
        st.sampled_from([NOBODY, AGENCY]),
        st.sampled_from([0, 1, 25, 50, 130, 3_600, 3_700]),
    ),
    min_size=1,
    max_size=10,
)


@settings(deadline=None, max_examples=15, phases=set(Phase) - {Phase.shrink})
@given(_reports, st.data())
def test_it_makes_no_difference_which_reports_share_a_transaction(reports, data):
    cuts = data.draw(st.sets(st.integers(1, len(reports))))
    told, moment = [], START
    for report, number, match, pause in reports:
        moment += timedelta(seconds=pause)
        told.append(ledger_module.Told(report, number, match, moment))
    together = [told[a:b] for a, b in zip([0, *sorted(cuts)], [*sorted(cuts), len(told)], strict=True)]

    assert _stored([[one] for one in told]) == _stored([batch for batch in together if batch])


def _stored(batches: Sequence[Sequence[ledger_module.Told]]) -> list[object]:
    """The tables after `batches`, without what is random or counts changes."""
    with tempfile.TemporaryDirectory() as directory:
        world = LedgerWorld.at(Path(directory))
        try:
            for batch in batches:
                world.ledger._store_reports(batch)
            calls = [replace(call, token=None) for call in world.calls]
            entries = [(entry.call_id, entry.state) for entry in world.entries]
            return [calls, entries, [(event.report, event.outcome, event.call_id) for event in world.events]]
        finally:
            world.close()


# The call by its token, its theme and its names.


def test_a_call_is_found_by_its_token_alone(world):
    call = world.tell(BEGIN).call

    assert world.ledger.call(call.token) == call
    for wrong in ("", "x", call.token[:-1], call.token.swapcase(), "\0" * 43, "ж" * 43):
        assert world.ledger.call(wrong) is None


def test_tokens_cannot_be_guessed(world):
    tokens = {world.tell(replace(BEGIN, curator=str(place))).call.token for place in range(20)}

    assert len(tokens) == 20
    assert all(len(token) == 43 for token in tokens)


def test_a_theme_is_stored_and_the_register_learns_it(world):
    token = world.tell(BEGIN).call.token
    set_entry(world, state=EntryState.WRITTEN.value, written=1)
    before = world.version

    call = world.ledger.choose_theme(token, "Payment")

    assert call.theme == "Payment"
    assert world.calls[0] == call
    assert (world.entries[0].state, world.entries[0].wanted) == ("waiting", 2)
    assert world.version > before


def test_a_theme_that_is_chosen_again_asks_nothing_of_the_register(world):
    token = world.tell(BEGIN).call.token

    world.ledger.choose_theme(token, "Payment")
    world.ledger.choose_theme(token, "Payment")

    assert world.entries[0].wanted == 2


def test_the_theme_of_a_call_that_is_over_can_still_be_chosen(world):
    world.tell(BEGIN)
    token = world.tell(END, after=60).call.token

    assert world.ledger.choose_theme(token, "Booking").state is CallState.ENDED


def test_the_theme_of_an_end_that_waits_for_its_begin_goes_to_the_register_with_the_call(world):
    token = world.tell(END).call.token
    world.ledger.choose_theme(token, "Booking")

    world.tell(BEGIN, after=1)

    assert (world.calls[0].theme, len(world.entries)) == ("Booking", 1)


def test_only_configured_themes_of_known_calls_are_taken(world):
    token = world.tell(BEGIN).call.token

    with pytest.raises(NoSuchTheme):
        world.ledger.choose_theme(token, "<b>Booking</b>")
    with pytest.raises(NoSuchCall):
        world.ledger.choose_theme("x" * 43, "Booking")
    assert world.calls[0].theme is None


def names_due(world: LedgerWorld) -> object:
    with world.store.read() as session:
        return session.get(CallRow, world.calls[0].id).names_due_at


def test_names_are_filled_in_and_the_register_learns_them_once(world):
    call_id = world.tell(BEGIN, match=AGENCY).call.id
    set_entry(world, state=EntryState.WRITTEN.value, written=1)

    world.ledger.note_names(call_id, "Saulė ir Ko", "Ona")
    world.ledger.note_names(call_id, "Saulė ir Ko", "Ona")

    assert (world.calls[0].agency_name, world.calls[0].manager) == ("Saulė ir Ko", "Ona")
    assert (world.entries[0].state, world.entries[0].wanted) == ("waiting", 2)
    assert names_due(world) is None


def test_names_that_are_not_told_erase_none(world):
    call_id = world.tell(BEGIN, match=AGENCY).call.id
    world.ledger.note_names(call_id, "Saulė ir Ko", "Ona")

    world.ledger.note_names(call_id, None, None)

    assert (world.calls[0].agency_name, world.calls[0].manager) == ("Saulė ir Ko", "Ona")


def test_long_names_are_shortened_to_what_is_kept(world):
    call_id = world.tell(BEGIN, match=AGENCY).call.id

    world.ledger.note_names(call_id, "Ж" * 400, None)

    assert world.calls[0].agency_name == "Ж" * 255


def test_names_of_a_call_that_is_gone_are_nobodys(world):
    world.ledger.note_names(4711, "Saulė", None)

    assert world.calls == []


def test_asking_for_names_can_be_put_off_and_given_up(world):
    call_id = world.tell(BEGIN, match=AGENCY).call.id
    later = START + timedelta(hours=1)

    world.ledger.postpone_names(call_id, later)
    assert names_due(world) == later

    world.ledger.postpone_names(call_id, None)
    assert names_due(world) is None
