"""The job that keeps the copy of the agencies like the call-centre database.

Agencies change a few times a day and all of them are small, so a look takes in all of them and stores the
differences; whatever ends a step, the next does the same again.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from services.calls import source
from services.calls.agencies.model import ListedAgency
from services.calls.agencies.payload import listed_to_json
from services.calls.agencies.tables import ONLY, AgencyLookRow, AgencyRow
from services.calls.directory import names_of, read_agencies, read_places
from services.calls.resolve import AgencyBook, agency_book
from services.calls.source import AGENCY_TELEPHONES, CallCentre, Reader
from services.calls.sync import SOURCE
from services.errors import UpstreamError
from services.jobs import Fence, pause_after
from services.live import LiveBoard, SourceState, Topic, bump
from services.storage import Store, table_of, upsert

log = logging.getLogger(__name__)

EVERY = timedelta(minutes=1)
#: A slow source is asked for a tenth of the time at most.
REST_PER_WORK = 9
#: While `calls.sync` finds the source silent, this job does not ask: it waits so long and looks again.
WAIT_FOR_SOURCE = timedelta(seconds=5)
INSPECT_EVERY = timedelta(hours=1)
#: Agencies in one transaction: the write lock is held for well under 50 ms.
BATCH = 500
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=1)
T = TypeVar("T")


class AgencySync:
    """The job `agencies.sync`."""

    name = "agencies.sync"

    def __init__(
        self,
        store: Store,
        centre: CallCentre,
        live: LiveBoard,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._source = centre
        self._live = live
        self._clock = clock
        self._stopwatch = stopwatch
        self._failures = 0
        self._has_hours = False
        self._inspected_at: datetime | None = None

    def step(self, fence: Fence) -> timedelta:
        """Look at all agencies once; a silent source is left alone until it answers again."""
        if self._live.snapshot().source(SOURCE).state is SourceState.DOWN:
            return WAIT_FOR_SOURCE
        began_at, began = self._clock(), self._stopwatch()
        try:
            listed = self._read(began_at)
        except UpstreamError as error:
            return self._bear(fence, error)
        self._store_differences(fence, listed)
        self._note(fence, began_at)
        self._failures = 0
        return max(EVERY, REST_PER_WORK * timedelta(seconds=self._stopwatch() - began))

    def _bear(self, fence: Fence, error: UpstreamError) -> timedelta:
        """Note why there is no newer copy and say how long to rest."""
        self._failures += 1
        if self._failures == 1:
            log.warning("the agencies cannot be read: %s", error, exc_info=error)
        with fence.write() as session:
            row = _look(session)
            if row.reason != error.reason:
                row.reason, row.since = error.reason, self._clock()
                bump(session, Topic.AGENCIES)
        return pause_after(self._failures, first=_FIRST_PAUSE, longest=_LONGEST_PAUSE)

    def _read(self, now: datetime) -> dict[int, str]:
        """All agencies that may be shown, as JSON by id."""
        with self._source.reading() as reader:
            if self._inspected_at is None or now - self._inspected_at >= INSPECT_EVERY:
                self._has_hours = reader.has_names(source.time_rezhim)
                self._inspected_at = now
            desk = _Desk(
                agency_book(reader, read_agencies(reader).by_id, read_places(reader)), self._hours(reader)
            )
        return {id_: listed_to_json(desk.listed(id_)) for id_ in desk.book.rows}

    def _hours(self, reader: Reader) -> Mapping[int, str]:
        return names_of(reader, source.time_rezhim) if self._has_hours else {}

    def _store_differences(self, fence: Fence, listed: Mapping[int, str]) -> None:
        with self._store.read() as session:
            stored = {row.id: row.listed for row in session.execute(select(*table_of(AgencyRow).columns))}
        changed = [{"id": id_, "listed": text} for id_, text in listed.items() if stored.get(id_) != text]
        for batch in _batches(changed):
            with fence.write() as session:
                upsert(session, table_of(AgencyRow), batch)
                bump(session, Topic.AGENCIES)
        for gone in _batches(sorted(stored.keys() - listed.keys())):
            with fence.write() as session:
                session.execute(delete(AgencyRow).where(AgencyRow.id.in_(gone)))
                bump(session, Topic.AGENCIES)

    def _note(self, fence: Fence, looked_at: datetime) -> None:
        with fence.write() as session:
            row = _look(session)
            if row.looked_at is None or row.reason is not None:
                bump(session, Topic.AGENCIES)
            row.looked_at, row.reason, row.since = looked_at, None, None


@dataclass(frozen=True, slots=True)
class _Desk:
    """What an entry of the directory is put together from."""

    book: AgencyBook
    hours: Mapping[int, str]

    def listed(self, id_: int) -> ListedAgency:
        row, phones = self.book.rows[id_], self.book.phones
        slots = (phones.get(getattr(row, slot) or 0) for slot in AGENCY_TELEPHONES)
        return ListedAgency(
            agency=self.book.agency(id_),
            hours=self.hours.get(row.time_rezhim_id or 0),
            numbers=tuple(phone.number if phone else None for phone in slots),
        )


def _look(session: Session) -> AgencyLookRow:
    """The one row, made when it is not there."""
    row = session.get(AgencyLookRow, ONLY)
    if row is None:
        row = AgencyLookRow(id=ONLY)
        session.add(row)
    return row


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]
