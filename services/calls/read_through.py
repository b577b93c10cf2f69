"""Answers read from the call-centre database itself, for what the copy does not hold."""

import threading
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, DateTime, Float, Integer, case, column, func, literal, select

from services.calls import queries, source
from services.calls.directory import Directory, names_of
from services.calls.model import AgencyInfo, Call, CallFilter, CallStats, ClientCard, OperatorCount, Page
from services.calls.queries import Figures, Span
from services.calls.resolve import Details, RawCall, Resolver, Ring, call_of, raw_calls, raw_of
from services.calls.source import AnyRow, CallCentre, CallsTable, Reader
from services.calls.source_errors import upstream_error
from services.calls.sql import seconds_between
from services.circuit import Circuit
from services.errors import Reason

T = TypeVar("T")

#: Questions that one process asks at a time, and how long the next may wait for its turn.
SLOTS = 4
SLOT_WAIT_S = 1.0
_FAILURES = 3
_PROBE_EVERY = timedelta(seconds=15)
_RUNG_WITHIN = timedelta(days=1)
_LONGEST_TALK_S = 24 * 3600  # longer is a mistake in the data, not a call
_COLUMNS = queries.source_columns()


class ReadThrough:
    """Reads the source, a few questions at a time, and leaves it alone while it is dead.

    Every method raises UpstreamError when the source cannot answer.
    """

    def __init__(self, database_url: str, zone: ZoneInfo, clock: Callable[[], datetime]) -> None:
        self._source = CallCentre(database_url)
        self._zone = zone
        self._directory = Directory(clock)
        self._circuit = Circuit(_FAILURES, _PROBE_EVERY, clock)
        self._slots = threading.BoundedSemaphore(SLOTS)
        self._mine = threading.local()

    def close(self) -> None:
        """Close all connections."""
        self._source.close()

    @contextmanager
    def together(self) -> Iterator[None]:
        """All questions this thread asks in the block share one turn and one connection.

        Nothing is taken before the first of them: answers that are kept need neither.
        """
        with ExitStack() as held:
            self._mine.held, self._mine.reader = held, None
            try:
                yield
            finally:
                self._mine.held = None

    def page(self, filter_: CallFilter, page: Page) -> tuple[Call, ...]:
        return tuple(
            self._ask(
                lambda reader: self._calls(
                    reader, reader.all(queries.page_of(raw_calls(), _COLUMNS, filter_, page))
                )
            )
        )

    def count(self, filter_: CallFilter, until_id: int | None) -> tuple[int, int]:
        """All matching calls, and those above `until_id`."""
        [(total, newer)] = self._ask(lambda reader: reader.all(queries.count_of(_COLUMNS, filter_, until_id)))
        return int(total), int(newer or 0)

    def operator_counts(self, filter_: CallFilter) -> tuple[OperatorCount, ...]:
        def question(reader: Reader) -> tuple[OperatorCount, ...]:
            rows = reader.all(queries.per_operator(_COLUMNS, filter_))
            return queries.operator_counts(rows, names_of(reader, source.operators))

        return self._ask(question)

    def figures(self, filter_: CallFilter, span: Span | None = None) -> Figures:
        return queries.figures(
            self._ask(lambda reader: reader.all(queries.per_hour(_COLUMNS, filter_, span)))
        )

    def ids(self, filter_: CallFilter, sort: str, descending: bool) -> "array[int]":
        """The ids of all matching calls in order, eight bytes each."""
        statement = queries.ids_of(_COLUMNS, filter_, sort, descending)
        return self._ask(lambda reader: array("q", (row[0] for row in reader.streamed(statement, 10_000))))

    def calls(self, ids: Sequence[int]) -> list[Call]:
        """The calls of these ids that are there, in the order of `ids`."""
        statement = raw_calls().where(source.calls.c.id.in_(ids))
        found = {
            call.id: call for call in self._ask(lambda reader: self._calls(reader, reader.all(statement)))
        }
        return [found[id_] for id_ in ids if id_ in found]

    def details(self, call_id: int) -> tuple[ClientCard | None, tuple[AgencyInfo, ...]] | None:
        """Client card and agencies of a call; None when there is no such call."""
        found = self._ask(lambda reader: self._details(reader, call_id))
        return None if found is None else (found.card, found.agencies)

    def details_of_processing(self, pp_id: int) -> tuple[AgencyInfo, ...]:
        """The agencies rung for a processing."""

        def question(reader: Reader) -> tuple[AgencyInfo, ...]:
            resolver = Resolver(reader, self._directory, self._zone)
            processing = resolver.processings([pp_id]).get(pp_id)
            if processing is None:
                return ()
            rings = resolver.rings([processing])[pp_id]
            call = _call_of_rings(reader, pp_id, rings)
            if call is None:
                return resolver.agencies_of(processing, rings)
            operators = resolver.operator_names([call.operator_id])
            return resolver.agencies_of(processing, rings, operators.get(call.operator_id or 0))

        return self._ask(question)

    def stats(self) -> CallStats:
        """All calls ever, and their average duration where the installation notes an end or a duration."""

        def question(reader: Reader) -> CallStats:
            duration = _duration(reader.calls_table())
            [(total, average)] = reader.all(select(func.count(source.calls.c.id), duration))
            return CallStats(int(total), None if average is None else float(average))

        return self._ask(question)

    def _ask(self, question: Callable[[Reader], T]) -> T:
        held: ExitStack | None = getattr(self._mine, "held", None)
        if held is None:
            with self._reading() as reader:
                return question(reader)
        if self._mine.reader is None:
            self._mine.reader = held.enter_context(self._reading())
        return question(self._mine.reader)

    @contextmanager
    def _reading(self) -> Iterator[Reader]:
        if not self._slots.acquire(timeout=SLOT_WAIT_S):
            raise upstream_error(Reason.OVERLOADED)
        try:
            with self._circuit.guard(), self._source.reading() as reader:
                yield reader
        finally:
            self._slots.release()

    def _calls(self, reader: Reader, rows: Sequence[AnyRow]) -> list[Call]:
        resolver = Resolver(reader, self._directory, self._zone)
        resolved = resolver.resolve(raw_of(rows))
        operators = resolver.operator_names(call.raw.operator_id for call in resolved)
        return [call_of(call, operators.get(call.raw.operator_id or 0), self._zone) for call in resolved]

    def _details(self, reader: Reader, call_id: int) -> Details | None:
        raws = raw_of(reader.all(raw_calls().where(source.calls.c.id == call_id)))
        if not raws:
            return None
        resolver = Resolver(reader, self._directory, self._zone)
        operators = resolver.operator_names(raw.operator_id for raw in raws)
        return resolver.details(resolver.resolve(raws), operators).get(call_id) or Details(None, ())


def _call_of_rings(reader: Reader, pp_id: int, rings: Sequence[Ring]) -> RawCall | None:
    """The newest call with this processing, looked for around the time its agencies were rung.

    `calls.privat_processing_id` has no index: without a time the question would read all calls ever.
    """
    times = [ring.at for ring in rings if ring.at is not None]
    if not times:
        return None
    call = source.calls.c
    rows = reader.all(
        raw_calls()
        .where(
            call.datetime >= min(times) - _RUNG_WITHIN,
            call.datetime < max(times) + _RUNG_WITHIN,
            call.privat_processing_id == pp_id,
        )
        .order_by(call.datetime.desc(), call.id.desc())
        .limit(1)
    )
    return next(iter(raw_of(rows)), None)


def _duration(table: CallsTable) -> ColumnElement[float | None]:
    """The average of the durations that can be true, in seconds; NULL when none is known."""
    if table.duration_column is not None:
        seconds: ColumnElement[Any] = column(table.duration_column, Integer)
    elif table.end_column is not None:
        seconds = seconds_between(source.calls.c.datetime, column(table.end_column, DateTime))
    else:
        return literal(None, Float)
    return func.avg(case((seconds.between(0, _LONGEST_TALK_S), seconds)))
