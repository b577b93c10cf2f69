"""Finding agencies by telephone: from memory, never held up by a change, with how current it is."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from services.errors import Reason
from services.live import Topic, bump
from services.storage import StorageError, StorageUnavailable
from services.telephony.directory import directory
from services.telephony.model import Match, MatchKind
from tests.support.processes import wait_until
from tests.unit.services.telephony.phone_world import PhoneWorld


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PhoneWorld]:
    made = PhoneWorld(tmp_path)
    yield made
    made.close()


def test_a_caller_is_found_as_crm_has_them(world):
    world.type((7, "+370 612 34567, 52123456"), (9, "612 34567"))
    world.look()
    phones = world.directory()

    assert phones.find("37061234567") == Match(MatchKind.EXACT, 7, (9,))
    assert phones.find("37052123456") == Match(MatchKind.PROBABLE, 7)
    assert phones.find("37061234568") == Match(MatchKind.NONE)
    assert phones.find(None) == Match(MatchKind.NONE)


def test_nothing_is_found_where_crm_is_not_configured(world):
    assert world.directory().find("37061234567") == Match(MatchKind.NONE)
    assert world.directory().freshness() == directory.PhonesFreshness(None, None, None)


def test_a_look_up_asks_no_database_but_for_the_topics(world):
    world.type((7, "+37061234567"))
    world.look()
    phones = world.directory()
    phones.find("37061234567")
    seen = []
    event.listen(world.store.engine, "before_cursor_execute", lambda _c, _cu, text, *_: seen.append(text))

    phones.find("37061234567")

    assert not [statement for statement in seen if "agency_phone" in statement]


def test_a_change_is_found_a_moment_later(world):
    world.type((7, "+37061234567"))
    world.look()
    seconds = [0.0]
    phones = world.directory(stopwatch=lambda: seconds[0])
    phones.find("37061234567")
    world.retype(7, "+37061234568")
    world.look()
    seconds[0] += directory.SHORTEST_REST_S

    wait_until(lambda: phones.find("37061234568").agency_id == 7, "the new number is found")

    assert phones.find("37061234567").agency_id is None


def test_the_earlier_index_answers_while_a_new_one_is_built(world, monkeypatch):
    world.type((7, "+37061234567"))
    world.look()
    seconds = [0.0]
    phones = world.directory(stopwatch=lambda: seconds[0])
    phones.find("37061234567")
    started, may_go_on, builds = threading.Event(), threading.Event(), []
    read_index = directory._read_index

    def slow(store):
        builds.append(store)
        started.set()
        may_go_on.wait(10)
        return read_index(store)

    monkeypatch.setattr(directory, "_read_index", slow)
    world.retype(7, "+37061234568")
    world.look()
    seconds[0] += directory.SHORTEST_REST_S

    assert phones.find("37061234567").agency_id == 7
    assert started.wait(10)
    for _ in range(10):
        assert phones.find("37061234567").agency_id == 7

    may_go_on.set()
    wait_until(lambda: phones.find("37061234568").agency_id == 7, "the new number is found")
    assert len(builds) == 1


def test_many_changes_make_few_builds(world, monkeypatch):
    seconds = [0.0]
    phones = world.directory(stopwatch=lambda: seconds[0])
    phones.find("37061234567")
    builds = []
    monkeypatch.setattr(phones, "_renew", lambda: builds.append(phones._building.release()))

    for _ in range(20):
        with world.store.write() as session:
            bump(session, Topic.PHONES)
        phones.find("37061234567")
    assert builds == []

    seconds[0] += directory.SHORTEST_REST_S
    phones.find("37061234567")
    wait_until(lambda: len(builds) == 1, "the index is built anew")


def test_all_who_ask_first_share_one_reading(world, monkeypatch):
    world.type((7, "+37061234567"))
    world.look()
    phones = world.directory()
    builds = []
    read_index = directory._read_index
    monkeypatch.setattr(directory, "_read_index", lambda store: builds.append(store) or read_index(store))
    found = []
    crowd = [
        threading.Thread(target=lambda: found.append(phones.find("37061234567").agency_id)) for _ in range(8)
    ]

    phones.warm()
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()

    assert found == [7] * 8
    assert len(builds) == 1


def test_the_copy_outlives_crm_and_a_restart(world):
    world.type((7, "+37061234567"))
    world.look()
    looked_at = world.clock.now
    world.vanish()
    world.clock.move(seconds=8)
    world.sync.step(world.fence)
    phones = world.directory()

    assert phones.find("37061234567").agency_id == 7
    freshness = phones.freshness()
    assert freshness.looked_at == looked_at
    assert freshness.problem is not None
    assert freshness.since == world.clock.now


def test_a_collector_that_does_not_work_is_told(world):
    world.look()
    world.clock.move(minutes=10)

    assert world.directory().freshness().problem is Reason.UNWATCHED


def fail(*_: object) -> None:
    raise StorageUnavailable("gone")


def test_what_was_read_goes_on_answering_without_the_portal_database(world, monkeypatch):
    world.type((7, "+37061234567"))
    world.look()
    phones = world.directory()
    phones.find("37061234567")
    monkeypatch.setattr(world.live, "snapshot", fail)

    assert phones.find("37061234567").agency_id == 7


def test_what_was_never_read_is_an_error_and_not_an_unknown_caller(world, monkeypatch):
    monkeypatch.setattr(directory, "_read_index", fail)

    with pytest.raises(StorageError):
        world.directory().find("37061234567")


def test_a_reading_that_fails_later_is_tried_again_and_the_earlier_one_stays(world, monkeypatch):
    world.type((7, "+37061234567"))
    world.look()
    seconds = [0.0]
    phones = world.directory(stopwatch=lambda: seconds[0])
    phones.find("37061234567")
    world.retype(7, "+37061234568")
    world.look()
    failures = []
    with monkeypatch.context() as patch:
        patch.setattr(directory, "_read_index", lambda store: failures.append(1) or fail())
        seconds[0] += directory.SHORTEST_REST_S
        phones.find("37061234567")
        wait_until(lambda: failures and not phones._building.locked(), "the reading fails")
    assert phones.find("37061234567").agency_id == 7

    seconds[0] += directory.SHORTEST_REST_S
    wait_until(lambda: phones.find("37061234568").agency_id == 7, "the new number is found")


def test_ages_are_aware_moments(world):
    world.look()

    looked_at = world.directory().freshness().looked_at

    assert looked_at == datetime(2026, 3, 10, 12, 6, tzinfo=UTC)
    assert looked_at.utcoffset() == timedelta(0)
