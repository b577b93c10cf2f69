"""The agency directory: answers to the web from a copy in memory, with how current it is."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from services.calls.agencies.calls import RungCalls
from services.calls.agencies.index import Index
from services.calls.agencies.model import (
    AgenciesNotRead,
    AgencyCalls,
    AgencyDetails,
    AgencyPage,
    AgencySearch,
)
from services.calls.agencies.tables import ONLY, AgencyLookRow, AgencyRow
from services.calls.memo import Memo
from services.calls.model import Freshness, NotConfigured, Problem, is_possible_id
from services.calls.source_errors import upstream_error
from services.calls.sync import SOURCE
from services.errors import Reason
from services.live import LiveBoard, SourceState, SourceStatus, Topic
from services.storage import Store, table_of

_KEEP_LOOK_S = 1.0


@dataclass(frozen=True, slots=True)
class _Look:
    """The row of `agency_look`."""

    looked_at: datetime | None
    problem: Problem | None


class AgencyDirectory:
    """The agencies of one centre that may be shown.

    Every method may raise NotConfigured (there is no call-centre database), UpstreamError (nothing is known
    and the source gives no answer), AgenciesNotRead (nothing is known yet), StorageError (the portal database
    cannot be read).
    """

    def __init__(
        self,
        store: Store | None,
        live: LiveBoard,
        zone: ZoneInfo,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; nothing is read. `store` is None when there is no call-centre database."""
        self._maybe_store = store
        self._live = live
        self.zone = zone
        self._clock = clock
        self._indexes = Memo(1, stopwatch)
        self._latest: Index | None = None
        self._looks = Memo(1, stopwatch)

    def search(self, asked: AgencySearch) -> AgencyPage:
        """The agencies that match, the best first."""
        freshness, index = self._freshness(), self._index()
        found = index.found(asked.text)
        end = None if asked.limit is None else asked.offset + asked.limit
        return AgencyPage(tuple(found[asked.offset : end]), len(found), len(index), freshness)

    def details(self, agency_id: int) -> AgencyDetails | None:
        """One agency; None when there is none of this id that may be shown."""
        freshness, index = self._freshness(), self._index()
        listed = index.agency(agency_id)
        return None if listed is None else AgencyDetails(listed, freshness)

    def calls(self, agency_id: int) -> AgencyCalls:
        """The latest calls in which the agency was rung, from the copy of recent calls alone."""
        rung = RungCalls(self._store, self.zone)
        today = self._clock().astimezone(self.zone).date()
        since, as_of = rung.period(today)
        is_known = is_possible_id(agency_id)
        return AgencyCalls(
            latest=rung.latest(agency_id) if is_known else (),
            total=rung.total(agency_id) if is_known else 0,
            since=since,
            until=today,
            freshness=Freshness("copy", as_of, _problem_of(self._status())),
        )

    @property
    def _store(self) -> Store:
        if self._maybe_store is None:
            raise NotConfigured("call_centre")
        return self._maybe_store

    def _status(self) -> SourceStatus:
        return self._live.snapshot().source(SOURCE)

    def _index(self) -> Index:
        """The copy as it is at the topic's present version, read once by a process."""
        store = self._store
        # The version is taken before the copy is read: what is kept under it is never older.
        version = self._live.snapshot().version(Topic.AGENCIES)
        return self._indexes.get(version, math.inf, lambda: self._renewed(store))

    def _renewed(self, store: Store) -> Index:
        with store.read() as session:
            rows = session.execute(select(*table_of(AgencyRow).columns)).all()
        self._latest = Index({row.id: row.listed for row in rows}, self._latest)
        return self._latest

    def _freshness(self) -> Freshness:
        """Raises AgenciesNotRead or UpstreamError when there was no complete look at the source yet."""
        store = self._store
        look = self._looks.get("look", _KEEP_LOOK_S, lambda: _read_look(store))
        # What the source as a whole is like is known sooner, and ends sooner, than what a look came upon.
        problem = _problem_of(self._status()) or look.problem
        if look.looked_at is not None:
            return Freshness("copy", look.looked_at, problem)
        if problem is None:
            raise AgenciesNotRead
        raise upstream_error(problem.reason)


def _problem_of(status: SourceStatus) -> Problem | None:
    if status.state is SourceState.DOWN:
        return Problem(status.reason or Reason.FAILED, status.since)
    if status.state is SourceState.UNWATCHED:
        return Problem(Reason.UNWATCHED, status.since)
    return None


def _read_look(store: Store) -> _Look:
    with store.read() as session:
        row = session.get(AgencyLookRow, ONLY)
    if row is None:
        return _Look(None, None)
    return _Look(row.looked_at, Problem(Reason(row.reason), row.since) if row.reason else None)
