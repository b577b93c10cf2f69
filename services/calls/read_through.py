"""Answers read from the call-centre database itself, for what the copy does not hold."""

import threading
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Float, func, literal, select

from services.calls import queries, source
from services.calls.directory import Directory, names_of
from services.calls.durations import known_seconds
from services.calls.long_periods import (
    MOST_LOOKED_UP,
    KeyRanges,
    is_by_time,
    is_long,
    looks_up_numbers,
    needs_rows,
)
from services.calls.model import AgencyInfo, Call, CallFilter, CallStats, ClientCard, OperatorCount, Page
from services.calls.queries import Figures, Span
from services.calls.resolve import Details, RawCall, Resolver, Ring, call_of, raw_calls, raw_of
from services.calls.source import AnyRow, CallCentre, CallsTable, Reader
from services.calls.source_errors import upstream_error
from services.circuit import Circuit
from services.errors import Reason, UpstreamError

T = TypeVar("T")

#: Questions that one process asks at a time, and how long the next may wait for its turn.
SLOTS = 4
SLOT_WAIT_S = 1.0
#: Of these for figures of long periods, so that others get their rows meanwhile.
LONG_SLOTS = 2
_FAILURES = 3
_PROBE_EVERY = timedelta(seconds=15)
_RUNG_WITHIN = timedelta(days=1)
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
        self._long_slots = threading.BoundedSemaphore(LONG_SLOTS)
        self._ranges = KeyRanges(zone, clock)
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

    def page(self, filter_: CallFilter, page: Page, matches: int | None = None) -> tuple[Call, ...]:
        """One page; `matches` tells how many calls meet the filter, where that is known."""

        def question(reader: Reader) -> list[Call]:
            statement = queries.page_of(raw_calls(), _COLUMNS, filter_, page)
            if not is_by_time(page, matches):
                statement = self._ranges.by_key(reader, statement, filter_)
            return self._calls(reader, reader.all(statement))

        return tuple(self._ask(question))

    def count(self, filter_: CallFilter, until_id: int | None) -> tuple[int, int]:
        """All matching calls, and those above `until_id`."""

        def question(reader: Reader) -> tuple[int, int]:
            self._require_countable(reader, filter_)
            return self._counted(reader, filter_, until_id)

        return self._ask(question)

    def operator_counts(self, filter_: CallFilter) -> tuple[OperatorCount, ...]:
        def question(reader: Reader) -> tuple[OperatorCount, ...]:
            self._require_countable(reader, replace(filter_, operator_id=None, no_operator=False))
            statement = queries.per_operator(_COLUMNS, filter_)
            rows = reader.all(self._ranges.by_key(reader, statement, filter_))
            return queries.operator_counts(rows, names_of(reader, source.operators))

        with self._long_turn(filter_):
            return self._ask(question)

    def figures(self, filter_: CallFilter, span: Span | None = None) -> Figures:
        """The figures; of a long period `identified` is None where too many numbers had to be looked up."""

        def question(reader: Reader) -> Figures:
            if span is not None or not is_long(filter_):
                return queries.figures(reader.all(queries.per_hour(_COLUMNS, filter_, span)))
            self._require_countable(reader, filter_)
            statement = queries.per_hour(_COLUMNS, filter_, span, with_numbers=False)
            found = queries.figures(reader.all(self._ranges.by_key(reader, statement, filter_)))
            return replace(found, identified=self._identified(reader, filter_, found.total))

        with self._long_turn(filter_):
            return self._ask(question)

    def ids(self, filter_: CallFilter, sort: str, descending: bool) -> "array[int]":
        """The ids of all matching calls in order, eight bytes each."""

        def question(reader: Reader) -> "array[int]":
            statement = queries.ids_of(_COLUMNS, filter_, sort, descending)
            if sort != "time" or needs_rows(filter_):
                statement = self._ranges.by_key(reader, statement, filter_)
            return array("q", (row[0] for row in reader.streamed(statement, 10_000)))

        return self._ask(question)

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
            duration = _average_duration(reader.calls_table())
            [(total, average)] = reader.all(select(func.count(source.calls.c.id), duration))
            return CallStats(int(total), None if average is None else float(average))

        return self._ask(question)

    def _identified(self, reader: Reader, filter_: CallFilter, calls: int) -> int | None:
        """How many of the matching `calls` have a number."""
        if filter_.identified is not None:
            return calls if filter_.identified else 0
        if calls > MOST_LOOKED_UP:
            return None
        try:
            identified, _ = self._counted(reader, replace(filter_, identified=True), None)
        except UpstreamError as error:
            if error.reason is not Reason.TOO_SLOW:
                raise
            return None
        return identified

    def _require_countable(self, reader: Reader, filter_: CallFilter) -> None:
        """Raise TOO_SLOW at once where the numbers of too many calls would have to be looked up."""
        if is_long(filter_) and looks_up_numbers(filter_):
            calls, _ = self._counted(reader, replace(filter_, phone="", identified=None), None)
            if calls > MOST_LOOKED_UP:
                raise upstream_error(Reason.TOO_SLOW)

    def _counted(self, reader: Reader, filter_: CallFilter, until_id: int | None) -> tuple[int, int]:
        statement = queries.count_of(_COLUMNS, filter_, until_id)
        if needs_rows(filter_):
            statement = self._ranges.by_key(reader, statement, filter_)
        [(total, newer)] = reader.all(statement)
        return int(total), int(newer or 0)

    @contextmanager
    def _long_turn(self, filter_: CallFilter) -> Iterator[None]:
        """Wait for a turn with figures of a long period."""
        if not is_long(filter_):
            yield
            return
        if not self._long_slots.acquire(timeout=SLOT_WAIT_S):
            raise upstream_error(Reason.OVERLOADED)
        try:
            yield
        finally:
            self._long_slots.release()

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


def _average_duration(table: CallsTable) -> ColumnElement[float | None]:
    """The average of the durations that can be true, in seconds; NULL when none is known."""
    seconds = known_seconds(table)
    return literal(None, Float) if seconds is None else func.avg(seconds)
