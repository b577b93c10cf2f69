"""The job that keeps the copy, over a line to MariaDB that fails in mid-work."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, insert

from sandbox.call_centre.schema import call_centre
from services.calls import CallFilter, CallLog, Page
from services.calls.log import Centre
from services.calls.source import CallCentre
from services.calls.sync import CallSync
from services.errors import Reason
from services.live import LiveBoard
from services.storage import Base, Store
from tests.support.faulty_proxy import FaultyProxy
from tests.support.mariadb import FaultyMariaDB, MariaDB
from tests.unit.services.calls.world import MOSCOW, TODAY, Clock, local


@pytest.mark.parametrize(
    ("fault", "reason"),
    [(FaultyProxy.refuse, Reason.REFUSED), (FaultyProxy.blackhole, Reason.TIMEOUT)],
)
def test_a_line_lost_in_mid_work_leaves_the_copy_with_the_reason_and_heals(
    mariadb: MariaDB,
    faulty_mariadb: FaultyMariaDB,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: Callable[[FaultyProxy], None],
    reason: Reason,
):
    # Shorter than in use, so that the test need not wait for it.
    monkeypatch.setattr("services.calls.source.READ_TIMEOUT_S", 1)
    name = mariadb.create_database()
    engine = create_engine(mariadb.url(name))
    metadata = call_centre()
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(insert(metadata.tables["calls"]).values(datetime=local(14)))
    clock = Clock(datetime(2025, 3, 10, 12, 0, tzinfo=UTC))
    store = Store(f"sqlite:///{tmp_path / 'portal.db'}")
    Base.metadata.create_all(store.engine)
    centre = CallCentre(faulty_mariadb.url(name), pre_ping=False)
    sync = CallSync(store, centre, MOSCOW, 8, clock=clock, stopwatch=lambda: 0.0)
    for _ in range(20):
        sync.step(store)

    def page_of_a_new_process():
        live = LiveBoard(store, keep=0, clock=clock)
        log = CallLog(Centre(store, faulty_mariadb.url(name), 8), live, MOSCOW, clock=clock)
        return log.page(CallFilter(TODAY, TODAY), Page(0, 10))

    fault(faulty_mariadb.proxy)
    rest = sync.step(store)
    in_the_outage = page_of_a_new_process()
    faulty_mariadb.proxy.pass_through()
    with engine.begin() as connection:
        connection.execute(insert(metadata.tables["calls"]).values(datetime=local(15)))
    sync.step(store)
    afterwards = page_of_a_new_process()

    centre.close()
    engine.dispose()
    store.close()
    assert rest == timedelta(seconds=2)
    assert (in_the_outage.total, in_the_outage.freshness.origin) == (1, "copy")
    assert in_the_outage.freshness.problem is not None
    assert in_the_outage.freshness.problem.reason is reason
    assert (afterwards.total, afterwards.freshness.problem) == (2, None)
