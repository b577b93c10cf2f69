"""The agency directory on a real MariaDB: the copy, what is hidden, plans, and a line that is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, insert, select, update

from sandbox.call_centre import generate
from sandbox.call_centre.schema import AGENCY_TELEPHONES, call_centre
from services.calls import AgencyDirectory, AgencySearch
from services.calls.agencies.sync import AgencySync
from services.calls.source import CallCentre
from services.errors import Reason
from services.live import LiveBoard, Topic
from services.storage import Base, Store
from tests.support.faulty_proxy import FaultyProxy
from tests.support.mariadb import FaultyMariaDB, MariaDB
from tests.support.stores import KINDS, empty_database
from tests.unit.services.calls.world import MOSCOW, Clock

NOON = datetime(2025, 3, 10, 12, 0, tzinfo=UTC)
TABLES = call_centre().tables
AGENTSTVO = TABLES["agentstvo"]


@dataclass
class Centre:
    """A generated call centre on MariaDB."""

    engine: Engine
    name: str

    def rows(self) -> dict[int, Any]:
        with self.engine.connect() as connection:
            return {row.id: row for row in connection.execute(select(AGENTSTVO))}

    def hidden_districts(self) -> set[int]:
        district = TABLES["district"].c
        with self.engine.connect() as connection:
            return set(connection.scalars(select(district.id).where(district.hidden == 1)))

    def change(self, id_: int, **values: object) -> None:
        with self.engine.begin() as connection:
            connection.execute(update(AGENTSTVO).where(AGENTSTVO.c.id == id_).values(**values))


@pytest.fixture
def centre(mariadb: MariaDB) -> Iterator[Centre]:
    name = mariadb.create_database()
    engine = create_engine(mariadb.url(name))
    size = generate.DemoSize(days=1, calls_per_day=10, operators=3, agencies=700)
    generate.create(engine, size, seed=5, now=NOON)
    yield Centre(engine, name)
    engine.dispose()


class Portal:
    """The job and the directory over a portal database."""

    def __init__(self, store: Store, url: str) -> None:
        self.clock = Clock(NOON)
        self.store = store
        self.source = CallCentre(url)
        self.live = LiveBoard(store, keep=0, clock=self.clock)
        self.job = AgencySync(store, self.source, self.live, clock=self.clock, stopwatch=lambda: 0.0)
        ticks = count(step=1_000_000)
        self.directory = AgencyDirectory(
            store, self.live, MOSCOW, clock=self.clock, stopwatch=lambda: float(next(ticks))
        )

    def found(self, search: str = "") -> list[int]:
        return [one.agency.id for one in self.directory.search(AgencySearch(search)).agencies]

    def version(self) -> int:
        return self.live.snapshot().version(Topic.AGENCIES)

    def close(self) -> None:
        self.source.close()
        self.store.close()


@pytest.fixture(params=KINDS)
def portal(
    request: pytest.FixtureRequest, tmp_path: Path, mariadb: MariaDB, centre: Centre
) -> Iterator[Portal]:
    """The portal in each of the databases it may live in."""
    store = Store(empty_database(request.param, request, tmp_path))
    Base.metadata.create_all(store.engine)
    made = Portal(store, mariadb.url(centre.name))
    yield made
    made.close()


def test_the_copy_holds_exactly_the_agencies_that_may_be_shown(portal, centre):
    districts = centre.hidden_districts()
    shown = {
        id_
        for id_, row in centre.rows().items()
        if row.hidden != 1 and row.district_id not in districts and id_ not in (280, 318)
    }
    assert shown < centre.rows().keys()

    portal.job.step(portal.store)

    assert set(portal.found()) == shown
    for id_ in centre.rows().keys() - shown:
        assert portal.directory.details(id_) is None


def test_an_agency_is_found_by_its_name_and_each_of_its_telephones(portal, centre):
    portal.job.step(portal.store)
    telephone = TABLES["telephone"].c
    with centre.engine.connect() as connection:
        numbers = {
            id_: number.strip() for id_, number in connection.execute(select(telephone.id, telephone.number))
        }
    rows = centre.rows()

    for id_ in portal.found()[::50]:
        listed = portal.directory.details(id_).listed
        slots = [numbers.get(getattr(rows[id_], slot)) for slot in AGENCY_TELEPHONES]
        searches = [listed.agency.name, *filter(None, slots)]

        assert listed.numbers == tuple(number or None for number in slots)
        assert [search for search in searches if id_ not in portal.found(search)] == []


def test_a_look_at_what_did_not_change_tells_nobody(portal):
    portal.job.step(portal.store)
    version = portal.version()
    portal.clock.move(minutes=1)

    portal.job.step(portal.store)

    assert portal.version() == version
    assert portal.directory.search(AgencySearch()).freshness.as_of == portal.clock.now


def test_an_agency_that_is_hidden_renamed_or_shown_again_follows_with_the_next_look(portal, centre):
    portal.job.step(portal.store)
    first, second, *_rest = portal.found()
    centre.change(first, hidden=1)
    centre.change(second, name="Ёжик «Тур» 🚀", comment="x" * 60_000)

    portal.job.step(portal.store)

    assert portal.directory.details(first) is None
    assert portal.found("ежик") == [second]
    assert portal.directory.details(second).listed.agency.comment == "x" * 60_000

    centre.change(first, hidden=None)
    portal.job.step(portal.store)

    assert first in portal.found()


def test_working_hours_come_from_a_table_that_not_every_installation_has(portal, centre, mariadb):
    portal.job.step(portal.store)
    id_ = portal.found()[0]
    assert portal.directory.details(id_).listed.hours is None
    with centre.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE time_rezhim (id INT PRIMARY KEY, name VARCHAR(255))")
        connection.exec_driver_sql("INSERT INTO time_rezhim VALUES (77, 'пн–пт 10–20')")
    centre.change(id_, time_rezhim_id=77)
    portal.clock.move(hours=1)

    portal.job.step(portal.store)

    assert portal.directory.details(id_).listed.hours == "пн–пт 10–20"


@pytest.mark.parametrize(
    ("fault", "reason"),
    [(FaultyProxy.refuse, Reason.REFUSED), (FaultyProxy.blackhole, Reason.TIMEOUT)],
)
def test_a_line_lost_in_mid_work_leaves_the_copy_with_the_reason_and_heals(
    centre: Centre,
    faulty_mariadb: FaultyMariaDB,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: Callable[[FaultyProxy], None],
    reason: Reason,
):
    # Shorter than in use, so that the test need not wait for it.
    monkeypatch.setattr("services.calls.source.READ_TIMEOUT_S", 1)
    monkeypatch.setattr("services.calls.source.CONNECT_TIMEOUT_S", 1)
    store = Store(f"sqlite:///{tmp_path / 'portal.db'}")
    Base.metadata.create_all(store.engine)
    portal = Portal(store, faulty_mariadb.url(centre.name))
    portal.job.step(store)
    known = portal.found()

    fault(faulty_mariadb.proxy)
    portal.clock.move(minutes=1)
    rest = portal.job.step(store)
    in_the_outage = portal.directory.search(AgencySearch())
    faulty_mariadb.proxy.pass_through()
    with centre.engine.begin() as connection:
        connection.execute(insert(AGENTSTVO).values(name="Новое агентство", hidden=0))
    portal.job.step(store)
    afterwards = portal.directory.search(AgencySearch())

    portal.close()
    assert rest == timedelta(seconds=5)
    assert [one.agency.id for one in in_the_outage.agencies] == known
    assert in_the_outage.freshness.as_of == NOON
    assert in_the_outage.freshness.problem is not None
    assert in_the_outage.freshness.problem.reason is reason
    assert (afterwards.total, afterwards.freshness.problem) == (len(known) + 1, None)
