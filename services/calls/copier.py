"""Writes the copy: compares calls of the source with the stored ones and stores the difference."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from services.calls import source
from services.calls.directory import names_of
from services.calls.payload import agencies_to_json, card_to_json
from services.calls.phones import phone_key
from services.calls.resolve import Details, RawCall, ResolvedCall, Resolver
from services.calls.source import Reader
from services.calls.tables import AgencyCallRow, CallOperator, RecentCall, RecentCallDetail
from services.calls.windows import Window
from services.jobs import Fence
from services.live import Topic, bump
from services.storage import Store, table_of, upsert

#: Rows in one transaction, so that the write lock is held for well under 50 ms.
BATCH = 500
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Record:
    """One call as it is stored: columns of `recent_call`, and of `recent_call_detail` if it has them."""

    call: dict[str, Any]
    card: str | None
    agencies: str | None
    agency_ids: Sequence[int] = field(default=(), compare=False)  # of `agencies`

    @property
    def detail(self) -> dict[str, Any] | None:
        if self.card is None and self.agencies is None:
            return None
        return {"call_id": self.call["id"], "card": self.card, "agencies": self.agencies}

    @property
    def agency_calls(self) -> list[dict[str, Any]]:
        """Rows of `agency_call`."""
        call = self.call
        return [{"agency_id": id_, "call_id": call["id"], "at": call["at"]} for id_ in self.agency_ids]


class Copier:
    """Keeps the copy like the source. Every method may raise UpstreamError, LeaseLost or StorageError."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._operators: dict[int, str] = {}

    def load_operators(self, fence: Fence, reader: Reader) -> None:
        """Make the stored names of operators those of the source."""
        names = names_of(reader, source.operators)
        with self._store.read() as session:
            stored = {row.id: row.name for row in session.execute(select(CallOperator.id, CallOperator.name))}
        changed = {id_: name for id_, name in names.items() if stored.get(id_) != name}
        gone = stored.keys() - names.keys()
        if changed or gone:
            with fence.write() as session:
                _put_operators(session, changed)
                session.execute(delete(CallOperator).where(CallOperator.id.in_(gone)))
                bump(session, Topic.CALLS)
        self._operators = names

    def compare(self, fence: Fence, resolver: Resolver, window: Window, *, is_visible: bool = True) -> None:
        """Store what is new, changed or gone in `window`, going by the columns of `calls`.

        Unless `is_visible`, the topic keeps its version: nobody is shown what a fill has not finished.
        """
        with self._store.read() as session:
            stored = _stored_raw(session, window)
        changed = [call for call in window.calls if stored.get(call.id) != call]
        gone = stored.keys() - {call.id for call in window.calls}
        self._store_records(fence, self._records(fence, resolver, changed), gone, is_visible=is_visible)

    def compare_resolved(self, fence: Fence, resolver: Resolver, window: Window) -> None:
        """As `compare`, going also by all that follows from other tables: numbers, cards, agencies."""
        with self._store.read() as session:
            stored = _stored_records(session, window)
        records = self._records(fence, resolver, window.calls)
        changed = [record for record in records if stored.get(record.call["id"]) != record]
        gone = stored.keys() - {call.id for call in window.calls}
        self._store_records(fence, changed, gone)

    def add(self, fence: Fence, resolver: Resolver, calls: Sequence[RawCall]) -> None:
        """Store calls of no particular window."""
        self._store_records(fence, self._records(fence, resolver, calls), ())

    def _records(self, fence: Fence, resolver: Resolver, calls: Sequence[RawCall]) -> list[_Record]:
        resolved = resolver.resolve(calls)
        self._learn_operators(fence, resolver, {call.operator_id for call in calls})
        details = resolver.details(resolved, self._operators)
        return [_record(call, details.get(call.raw.id)) for call in resolved]

    def _learn_operators(self, fence: Fence, resolver: Resolver, ids: set[int | None]) -> None:
        """Store the names of operators who are new since the last `load_operators`."""
        names = resolver.operator_names(ids - self._operators.keys())
        if names:
            with fence.write() as session:
                _put_operators(session, names)
            self._operators = self._operators | names

    def _store_records(
        self, fence: Fence, records: Sequence[_Record], gone: Collection[int], *, is_visible: bool = True
    ) -> None:
        for ids in _batches(sorted(gone)):
            with fence.write() as session:
                delete_calls(session, ids)
                if is_visible:
                    bump(session, Topic.CALLS)
        for batch in _batches(records):
            with fence.write() as session:
                _put(session, batch)
                if is_visible:
                    bump(session, Topic.CALLS)


def delete_calls(session: Session, ids: Sequence[int]) -> None:
    """Take calls out of the copy."""
    session.execute(delete(RecentCall).where(RecentCall.id.in_(ids)))
    session.execute(delete(RecentCallDetail).where(RecentCallDetail.call_id.in_(ids)))
    session.execute(delete(AgencyCallRow).where(AgencyCallRow.call_id.in_(ids)))


def _put(session: Session, records: Sequence[_Record]) -> None:
    upsert(session, table_of(RecentCall), [record.call for record in records])
    details = [detail for record in records if (detail := record.detail) is not None]
    upsert(session, table_of(RecentCallDetail), details)
    bare = [record.call["id"] for record in records if record.detail is None]
    session.execute(delete(RecentCallDetail).where(RecentCallDetail.call_id.in_(bare)))
    ids = [record.call["id"] for record in records]
    session.execute(delete(AgencyCallRow).where(AgencyCallRow.call_id.in_(ids)))
    upsert(session, table_of(AgencyCallRow), [row for record in records for row in record.agency_calls])


def _put_operators(session: Session, names: Mapping[int, str]) -> None:
    upsert(session, table_of(CallOperator), [{"id": id_, "name": name} for id_, name in names.items()])


def _record(call: ResolvedCall, details: Details | None) -> _Record:
    return _Record(
        call={
            **{name: getattr(call.raw, name) for name in RawCall.__slots__},
            "hour": call.raw.at.hour,
            "number": call.number,
            "phone_key": phone_key(call.number) if call.number else None,
            "is_identified": call.number is not None,
            "has_card": call.has_card,
            "has_agency": bool(call.rings),
        },
        card=card_to_json(details.card) if details else None,
        agencies=agencies_to_json(details.agencies) if details else None,
        agency_ids=[agency.id for agency in details.agencies] if details else (),
    )


_RAW = tuple(getattr(RecentCall, name) for name in RawCall.__slots__)
_CALL = table_of(RecentCall).columns


def _stored_raw(session: Session, window: Window) -> dict[int, RawCall]:
    rows = session.execute(select(*_RAW).where(window.holds(_CALL.at, _CALL.id)))
    return {row[0]: RawCall(*row) for row in rows}


def _stored_records(session: Session, window: Window) -> dict[int, _Record]:
    detail = RecentCallDetail
    rows = session.execute(
        select(*_CALL, detail.card, detail.agencies)
        .outerjoin_from(table_of(RecentCall), table_of(detail), detail.call_id == RecentCall.id)
        .where(window.holds(_CALL.at, _CALL.id))
    )
    names = [column.name for column in _CALL]
    return {row[0]: _Record(dict(zip(names, row[:-2], strict=True)), row[-2], row[-1]) for row in rows}


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]
