"""The way of calls into the register, and of the register into the copy, on every portal database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from services.live import LiveBoard
from services.storage.migrate import upgrade
from services.telephony.model import EntryState
from services.telephony.register.compare import DifferenceKind, RegisterCompare
from services.telephony.register.copy import RegisterCopy
from services.telephony.register.outbox import Outbox
from services.telephony.tables import CallRow
from tests.support.stores import KINDS, empty_database
from tests.unit.services.telephony.register_world import RULES, Fault, RegisterWorld


@pytest.fixture(params=KINDS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RegisterWorld]:
    url = empty_database(request.param, request, tmp_path)
    upgrade(url)
    made = RegisterWorld(tmp_path, url)
    yield made
    made.close()


def test_calls_are_delivered_once_each_and_those_of_others_are_copied(world: RegisterWorld) -> None:
    delivery, fence = world.delivery(), world.fence()
    live = LiveBoard(world.store, keep=0, clock=lambda: world.now)
    copy = RegisterCopy(world.store, world.engine, live, RULES, clock=lambda: world.now)
    calls = [world.report(number=f"3706123456{n}", agency_name="Saulė 🎉 Žvaigždė") for n in range(3)]
    world.line.at(1, lambda: world.foreign(2, agency_name="Кита", theme="Booking"))
    world.line.faults[9] = Fault.ANSWER_LOST
    for _ in range(4):
        world.now += delivery.step(fence)
    world.change(calls[0], theme="Payment")
    world.end(calls[1])
    world.settle(delivery, fence)

    copy.step(fence)
    world.alter(2, theme="Payment")
    copy.step(fence)

    world.assert_once_each(foreign=1)
    with world.store.read() as session:
        (copied,) = session.scalars(select(CallRow).where(CallRow.token.is_(None)))
    assert (copied.register_key, copied.agency_name, copied.theme) == (2, "Кита", "Payment")
    world.remove(2)
    copy.step(fence)
    with world.store.read() as session:
        assert session.scalar(select(CallRow.id).where(CallRow.token.is_(None))) is None


def test_refusals_are_decided_and_differences_are_found(world: RegisterWorld) -> None:
    delivery, fence = world.delivery(), world.fence()
    live = LiveBoard(world.store, keep=0, clock=lambda: world.now)
    outbox = Outbox(world.store, live, clock=lambda: world.now)
    refused, missing = world.report(curator="206"), world.report(curator="207")
    world.line.refusals.append((lambda row: "206" in row, "ORA-02290: check constraint (S.C) violated"))
    world.run(delivery, fence)
    assert [(entry.call.id, entry.code) for entry in outbox.refused()] == [(refused, "ORA-02290")]

    world.line.refusals.clear()
    outbox.retry(refused, "admin")
    world.run(delivery, fence)
    key = world.call(missing).register_key
    assert key is not None
    world.remove(key)
    world.now += timedelta(days=1)
    delivery.step(fence)
    RegisterCompare(world.store, world.engine, live, RULES, clock=lambda: world.now).step(fence)

    assert outbox.states([refused]) == {refused: EntryState.WRITTEN}
    assert [(found.call.id, found.kind) for found in outbox.differences()] == [
        (missing, DifferenceKind.MISSING)
    ]
    assert outbox.freshness().compared_at == world.now
