"""Asks the copy and the source the same question and compares the answers row by row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from sqlalchemy import select

from sandbox.call_centre.database import connect
from sandbox.call_centre.generate import DemoSize, create
from sandbox.call_centre.schema import call_centre
from services.calls import KNOWN_RESULTS, KNOWN_TYPES, SORTS, Call, CallFilter, Outcome, Page, outcome_of
from services.calls.copy import Copy
from services.calls.phones import phone_key
from services.calls.queries import Span, span_of
from services.calls.read_through import ReadThrough
from services.calls.source import CallCentre
from services.calls.sync import CallSync
from services.storage import Base, Store
from tests.unit.services.calls.world import MOSCOW, TODAY, Clock

#: What the generator does not write: blanks, capitals, the letter yo, wildcards, punctuation of all kinds.
ODD_NUMBERS = (
    " ",
    "+7\u00a0(900)–000—55-55",
    "ДОБ. Ёж",
    "ёлка",
    "50%",
    "5_0",
    "a\\b",
    "O'Neil",
    "x" * 64,
    "  7 ",
)
#: Before all calls; a period that begins here is read in the order of ids.
LONG_AGO = TODAY - timedelta(days=100)
ODD_NAMES = ("Ёлкина Яна", "Елкина Яна", "елкина яна", " ", "Zoe")


@dataclass(frozen=True, slots=True)
class BothWays:
    """A call centre of ten days, wholly copied."""

    copy: Copy
    through: ReadThrough
    store: Store
    source: CallCentre
    days: tuple[date, date]
    truth: "Truth"

    def close(self) -> None:
        self.through.close()
        self.source.close()
        self.store.close()


def build(directory: Path, url: str, portal_url: str) -> BothWays:
    """Generate a call centre at `url`, copy it into the database at `portal_url`."""
    now = datetime(2025, 3, 10, 12, 0, tzinfo=UTC)
    engine = connect(url)
    create(engine, DemoSize(days=10, calls_per_day=60, operators=8, agencies=60), seed=3, now=now)
    with engine.begin() as connection:
        tables = call_centre().tables
        for number in ODD_NUMBERS:
            telephone = connection.execute(tables["telephone"].insert().values(number=number))
            [telephone_id] = telephone.inserted_primary_key or [0]
            [card_id] = connection.execute(
                tables["cards"].insert().values(telephone_id=telephone_id)
            ).inserted_primary_key or [0]
            at = datetime.combine(TODAY, time(10)) + timedelta(seconds=card_id)
            connection.execute(tables["calls"].insert().values(datetime=at, card_id=card_id, operator_id=-1))
        for id_, name in enumerate(ODD_NAMES, start=900):
            connection.execute(tables["operators"].insert().values(id=id_, name=name))
            at = datetime.combine(TODAY, time(0))
            connection.execute(tables["calls"].insert().values(datetime=at, operator_id=id_, result=id_))
            last_second = at - timedelta(seconds=1)
            connection.execute(tables["calls"].insert().values(datetime=last_second, operator_id=id_))
    engine.dispose()
    store = Store(portal_url)
    Base.metadata.create_all(store.engine)
    source = CallCentre(url)
    clock = Clock(now)
    sync = CallSync(store, source, MOSCOW, 10, clock=clock, stopwatch=lambda: 0.0)
    for _ in range(50):
        if sync.step(store) == timedelta(seconds=2):
            break
    copy, days = Copy(store, MOSCOW), (TODAY - timedelta(days=10), TODAY + timedelta(days=1))
    truth = Truth(copy.calls(copy.ids(CallFilter(*days), "id", False)))
    return BothWays(copy, ReadThrough(url, MOSCOW, clock), store, source, days, truth)


_PHONE_PARTS = st.sampled_from(
    ("900", "000-1", "(900) 000", "7900", "55 55", "ЁЖ", "доб.", "%", "_", "\\", "'", "anon", "X")
) | st.text("0123456789 -()+./%_\\abAБбё", min_size=1, max_size=4)


@st.composite
def filters(draw: DrawFn) -> CallFilter:
    first = draw(st.dates(TODAY - timedelta(days=10), TODAY) | st.just(LONG_AGO))
    last = draw(st.dates(max(first, TODAY - timedelta(days=10)), TODAY + timedelta(days=1)))
    operator = draw(st.sampled_from((None, None, None, 1, 5, 900, "none")))
    call_type = draw(st.sampled_from((None, None, None, 2, 5, 42, "unknown")))
    phone = draw(st.just("") | _PHONE_PARTS)
    result = draw(st.sampled_from((None, None, None, *Outcome, *sorted(KNOWN_RESULTS), "unknown")))
    return CallFilter(
        first,
        last,
        phone=phone if phone.strip(" -()+./") else "",
        operator_id=operator if isinstance(operator, int) else None,
        no_operator=operator == "none",
        outcome=result if isinstance(result, Outcome) else None,
        call_type=call_type if isinstance(call_type, int) else None,
        unknown_type=call_type == "unknown",
        with_card=draw(st.sampled_from((None, True, False))),
        hour=draw(st.none() | st.integers(0, 23)),
        weekday=draw(st.none() | st.integers(1, 7)),
        result=result if isinstance(result, int) else None,
        unknown_result=result == "unknown",
        identified=draw(st.sampled_from((None, True, False))),
    )


#: Every value that each of the conditions on time, result and number can have, one at a time.
SINGLE_CONDITIONS: tuple[dict[str, int | bool], ...] = (
    *({"hour": hour} for hour in range(24)),
    *({"weekday": weekday} for weekday in range(1, 8)),
    *({"result": result} for result in sorted(KNOWN_RESULTS)),
    {"unknown_result": True},
    {"identified": True},
    {"identified": False},
)


class Truth:
    """What every filter means, worked out call by call without any database."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self._calls = calls

    def ids(self, asked: CallFilter) -> list[int]:
        return [call.id for call in self._calls if is_meant(call, asked)]


def is_meant(call: Call, asked: CallFilter) -> bool:
    """Whether a call meets a filter."""
    local = call.at.astimezone(MOSCOW)
    return all(
        (
            asked.first <= local.date() <= asked.last,
            not asked.phone or phone_key(asked.phone) in phone_key(call.number or ""),
            asked.operator_id is None or call.operator_id == asked.operator_id,
            not asked.no_operator or call.operator_id is None,
            asked.outcome is None or outcome_of(call.result) is asked.outcome,
            asked.call_type is None or call.call_type == asked.call_type,
            not asked.unknown_type or call.call_type not in KNOWN_TYPES,
            asked.with_card is None or call.has_card is asked.with_card,
            asked.hour is None or local.hour == asked.hour,
            asked.weekday is None or local.isoweekday() == asked.weekday,
            asked.result is None or call.result == asked.result,
            not asked.unknown_result or call.result not in KNOWN_RESULTS,
            asked.identified is None or (call.number is not None) is asked.identified,
        )
    )


@st.composite
def pages(draw: DrawFn) -> Page:
    return Page(
        offset=draw(st.integers(0, 60)),
        limit=draw(st.integers(1, 100)),
        sort=draw(st.sampled_from(SORTS)),
        descending=draw(st.booleans()),
        until_id=draw(st.none() | st.integers(9_200_000, 9_200_700)),
    )


def assert_same(both: BothWays, asked: CallFilter, page: Page) -> None:
    """Everything that can be asked with this filter has the same answer both ways."""
    part = Span(
        span_of(asked.first, asked.first).since, span_of(asked.first, asked.first).since + timedelta(hours=15)
    )
    assert both.copy.page(asked, page) == both.through.page(asked, page)
    assert both.copy.page(asked, page) == both.through.page(asked, page, matches=0)
    assert both.copy.count(asked, page.until_id) == both.through.count(asked, page.until_id)
    assert both.copy.operator_counts(asked) == both.through.operator_counts(asked)
    assert both.copy.figures(asked) == both.through.figures(asked)
    assert both.copy.figures(asked, part) == both.through.figures(asked, part)
    ids = both.copy.ids(asked, page.sort, page.descending)
    assert ids == both.through.ids(asked, page.sort, page.descending)
    assert both.copy.calls(ids[:100]) == both.through.calls(ids[:100])
    assert sorted(ids) == both.truth.ids(asked)


def assert_each_condition_is_met(both: BothWays) -> None:
    """Every single condition leaves the same calls both ways, those it names, and the generator made some."""
    for condition in SINGLE_CONDITIONS:
        asked = CallFilter(*both.days, **condition)  # type: ignore[arg-type]
        copied, read = both.copy.page(asked, Page(0, 500)), both.through.page(asked, Page(0, 500))
        assert copied == read, condition
        ids = list(both.copy.ids(asked, "id", False))
        assert ids == list(both.through.ids(asked, "id", False)), condition
        assert ids == both.truth.ids(asked), condition
        assert ids or "hour" in condition, condition


def assert_same_details(both: BothWays) -> None:
    """Client card and agencies of every call are the same both ways, and the generator made some of each."""
    cards = agencies = 0
    for id_ in both.copy.ids(CallFilter(*both.days), "id", False):
        copied = both.copy.details(id_)
        assert copied == both.through.details(id_)
        assert copied is not None
        cards += copied[0] is not None
        agencies += bool(copied[1])
    assert cards > 100
    assert agencies > 100


def assert_same_processings(both: BothWays, url: str) -> None:
    """The agencies of every processing are the same both ways."""
    engine = connect(url)
    with engine.connect() as connection:
        ids = connection.scalars(select(call_centre().tables["calls"].c.privat_processing_id)).all()
    engine.dispose()
    for pp_id in sorted({id_ for id_ in ids if id_})[:200]:
        assert both.copy.details_of_processing(pp_id) == both.through.details_of_processing(pp_id)
