"""What is told of the way into the register, what an administrator decides, and the nightly comparison."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.errors import Reason
from services.jobs import Fence
from services.live import LiveBoard, Topic
from services.telephony.model import EntryState
from services.telephony.register import compare
from services.telephony.register.compare import DifferenceKind, RegisterCompare
from services.telephony.register.copy import RegisterCopy
from services.telephony.register.outbox import NotRefused, Outbox, Waiting
from services.telephony.register.refusals import ROW_GONE
from services.telephony.register.wanted import local
from tests.unit.services.telephony.register_world import RULES, RegisterWorld

TOO_LARGE = 'ORA-12899: value too large for column "S"."T_CALL_INFO"."THEME" (actual: 9, maximum: 8)'


class OutboxWorld(RegisterWorld):
    """The register's world with its outbox and the nightly comparison."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.live = LiveBoard(self.store, keep=0, clock=lambda: self.now)
        self.outbox = Outbox(self.store, self.live, clock=lambda: self.now)
        self.lead: Fence = self.fence()
        self.courier = self.delivery()

    def deliver(self) -> None:
        self.run(self.courier, self.lead)

    def refuse(self, call_id: int) -> None:
        """Have the register refuse this call for good, and no other."""
        curator = self.call(call_id).curator
        self.line.refusals.append((lambda row: curator in row, TOO_LARGE))
        self.deliver()
        self.line.refusals.clear()

    def sleep(self, job: RegisterCompare | None = None) -> None:
        """The next night passes."""
        self.now = (self.now + timedelta(days=1)).replace(hour=1, minute=30)
        self.courier.step(self.lead)  # sees that SALES answers
        job = job or self.comparison()
        for _ in range(10):
            job.step(self.lead)

    def comparison(self) -> RegisterCompare:
        return RegisterCompare(self.store, self.engine, self.live, RULES, clock=lambda: self.now)

    def differences(self) -> list[tuple[int, DifferenceKind, tuple[str, ...]]]:
        return [(found.call.id, found.kind, found.columns) for found in self.outbox.differences()]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[OutboxWorld]:
    made = OutboxWorld(tmp_path)
    yield made
    made.close()


def test_what_waits_is_counted_from_the_first_on(world):
    began_at = world.now
    world.report()
    world.now += timedelta(minutes=1)
    world.report(number="2")
    assert world.outbox.waiting() == Waiting(2, began_at)

    world.deliver()

    assert world.outbox.waiting() == Waiting(0, None)


def test_the_state_of_each_call_is_told(world):
    written, refused, waits = world.report(), world.report(curator="206"), world.report(curator="207")
    world.line.refusals.append((lambda row: "207" in row, "ORA-00060: deadlock"))
    world.line.refusals.append((lambda row: "206" in row, TOO_LARGE))
    world.courier.step(world.lead)

    assert world.outbox.states([written, refused, waits, 99]) == {
        written: EntryState.WRITTEN,
        refused: EntryState.REFUSED,
        waits: EntryState.WAITING,
    }
    assert world.outbox.states([]) == {}


def test_a_refusal_is_shown_with_its_reason(world):
    call_id = world.report(theme="Payment")
    world.refuse(call_id)

    (shown,) = world.outbox.refused()

    assert (shown.call.id, shown.code, shown.text) == (call_id, "ORA-12899", TOO_LARGE)
    assert shown.refused_at == world.now


def test_a_refused_call_is_tried_again_when_somebody_says_so(world):
    call_id = world.report()
    world.refuse(call_id)
    version = world.live.snapshot().version(Topic.TELEPHONY)

    world.outbox.retry(call_id, "admin")

    assert world.live.snapshot().version(Topic.TELEPHONY) > version
    assert world.outbox.refused() == []
    world.settle()
    world.assert_once_each()


def test_a_dropped_call_stays_out_of_the_register(world):
    call_id = world.report()
    world.refuse(call_id)

    world.outbox.drop(call_id, "admin")
    world.end(call_id)
    world.deliver()

    assert world.outbox.states([call_id]) == {call_id: EntryState.DROPPED}
    assert world.rows() == {}


def test_only_what_is_refused_can_be_decided(world):
    call_id = world.report()

    for decide in (world.outbox.retry, world.outbox.drop):
        with pytest.raises(NotRefused):
            decide(call_id, "admin")
        with pytest.raises(NotRefused):
            decide(99, "admin")


def test_a_row_that_is_gone_is_inserted_anew_when_somebody_says_so(world):
    call_id = world.report()
    world.deliver()
    world.remove(1)
    world.end(call_id)
    world.deliver()
    assert world.outbox.refused()[0].code == ROW_GONE

    world.outbox.retry(call_id, "admin")

    world.settle()
    world.assert_once_each()


def test_a_row_whose_key_is_taken_now_is_inserted_under_another_when_somebody_says_so(world):
    call_id = world.report()
    world.deliver()
    world.remove(1)
    world.foreign(1)
    world.end(call_id)
    world.deliver()

    world.outbox.retry(call_id, "admin")

    world.settle()
    world.assert_once_each(foreign=1)


def test_a_night_without_differences_says_so(world):
    world.report()
    world.deliver()

    world.sleep()

    assert world.differences() == []
    assert world.outbox.freshness().compared_at == world.now


def test_what_is_missing_or_changed_in_the_register_is_found_at_night(world):
    missing, changed = world.report(), world.report(number="2")
    world.deliver()
    world.remove(world.call(missing).register_key)
    world.alter(world.call(changed).register_key, theme="Other", agency_name="Other")

    world.sleep()

    assert sorted(world.differences()) == [
        (missing, DifferenceKind.MISSING, ()),
        (changed, DifferenceKind.DIFFERS, ("theme", "agency_name")),
    ]


def test_a_dropped_call_that_is_in_the_register_all_the_same_is_found(world):
    call_id = world.report()
    world.deliver()
    world.change(call_id, theme="Payment")
    world.refuse(call_id)
    world.outbox.drop(call_id, "admin")

    world.sleep()

    assert world.differences() == [(call_id, DifferenceKind.UNWANTED, ())]


def test_a_call_that_another_program_wrote_too_is_found(world):
    call_id = world.report()
    world.deliver()
    world.foreign(50, phone_number="37061234567", currator="205", time_begin=local(world.now, RULES))
    RegisterCopy(world.store, world.engine, world.live, RULES, clock=lambda: world.now).step(world.lead)

    world.sleep()

    assert (call_id, DifferenceKind.TWICE, ()) in world.differences()


def test_the_next_night_forgets_what_is_put_right(world):
    call_id = world.report()
    world.deliver()
    world.alter(1, theme="Other")
    world.sleep()
    assert len(world.differences()) == 1

    world.alter(1, theme=None)
    world.sleep()

    assert world.differences() == []
    assert world.call(call_id).theme is None


def test_a_call_that_changes_meanwhile_is_no_difference(world):
    call_id = world.report()
    world.deliver()
    world.alter(1, theme="Other")
    job = world.comparison()
    world.now = (world.now + timedelta(days=1)).replace(hour=1, minute=30)
    world.courier.step(world.lead)
    world.line.at(world.line.points, lambda: world.change(call_id, theme="Payment"))

    job.step(world.lead)

    assert world.differences() == []


def test_a_large_ledger_is_compared_in_parts_and_each_collector_goes_on(world, monkeypatch):
    monkeypatch.setattr(compare, "MOST_KEYS", 3)
    ids = [world.report(number=str(n)) for n in range(10)]
    world.deliver()
    for id_ in ids:
        world.alter(world.call(id_).register_key, theme="Other")
    world.now = (world.now + timedelta(days=1)).replace(hour=1, minute=30)
    world.courier.step(world.lead)

    for _ in range(6):
        world.comparison().step(world.lead)

    assert sorted(id_ for id_, _, _ in world.differences()) == ids


def test_a_comparison_waits_for_three_in_the_morning_and_runs_once(world):
    world.now = datetime(2026, 3, 2, 22, 0, tzinfo=UTC)  # midnight in Vilnius
    world.courier.step(world.lead)
    job = world.comparison()
    job.step(world.lead)
    first = world.outbox.freshness().compared_at

    compared = []
    for _ in range(8):
        world.now += timedelta(minutes=30)
        world.courier.step(world.lead)
        job.step(world.lead)
        compared.append(world.outbox.freshness().compared_at)

    three = datetime(2026, 3, 3, 1, 0, tzinfo=UTC)
    assert set(compared) == {first, three}


def test_nothing_is_compared_with_a_silent_register(world):
    world.report()
    world.deliver()
    world.line.is_down = True
    world.now += timedelta(days=1)
    world.courier.step(world.lead)

    world.comparison().step(world.lead)

    freshness = world.outbox.freshness()
    assert (freshness.compared_at, freshness.problem) == (None, Reason.REFUSED)
    assert world.differences() == []
