"""A portal for tests: a real app and a real SQLite file, but a call log of the test's own, a clock that is
moved, a quick hasher, and people of every kind."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from argon2.exceptions import VerifyMismatchError
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import i18n
from portal.context import SESSION_COOKIE
from portal.dash_app import PortalDash
from portal.factory import PAGE_ROUTER, create_app
from portal.security import origin
from portal.settings import Settings, read_settings
from portal.stat_log import close_stat_log
from portal.wiring import Services
from services.accounts import Passwords, Person, Right, Role, local_accounts
from services.calls import (
    Agency,
    AgencyCall,
    AgencyCalls,
    AgencyDetails,
    AgencyInfo,
    AgencyPage,
    AgencyPhone,
    AgencySearch,
    Call,
    CallFilter,
    CallPage,
    CallStats,
    CallSummary,
    ClientCard,
    Comparison,
    Coverage,
    Duration,
    Freshness,
    ListedAgency,
    LogFacts,
    Months,
    MonthTally,
    OperatorCount,
    OperatorTally,
    OutcomeTally,
    Page,
    Period,
    Report,
    Ringing,
    RollUpFacts,
    Tally,
)
from services.live import LiveBoard, Topic, bump
from services.storage import Base, Store
from services.wall import Screens

PASSWORD = "demo"
SECRET_KEY = "a key that only these tests know, 48 characters."
MOSCOW = ZoneInfo("Europe/Moscow")
NOON = datetime(2025, 3, 10, 9, 0, tzinfo=UTC)  # a Monday, 12:00 in the centre's zone

#: Everybody the portal knows in these tests; `outsider` is an operator whose right to see calls was revoked.
KINDS = ("operator", "supervisor", "admin", "outsider")

SAME_ORIGIN = {"Origin": "http://localhost"}
AS_PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


class Clock:
    """The time of a test; it stands still until it is moved."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, **step: float) -> None:
        self.now += timedelta(**step)


class QuickHasher:
    """Verifiers that cost nothing and hide nothing."""

    def hash(self, password: bytes, /) -> str:
        return password.hex()

    def verify(self, verifier: str, password: bytes, /) -> bool:
        if verifier != password.hex():
            raise VerifyMismatchError
        return True

    def check_needs_rehash(self, _verifier: str, /) -> bool:
        return False


def call(number: int = 0, **changes: object) -> Call:
    """A handled call, `number` minutes before noon, the higher the id the later."""
    values: dict[str, object] = {
        "id": 9_000_000 - number,
        "at": NOON - timedelta(minutes=number),
        "number": f"+7900000{number:04d}",
        "operator_id": 7,
        "operator": "Белова Анна Игоревна",
        "card_id": 31,
        "pp_id": 52,
        "has_card": True,
        "has_agency": True,
        "result": 1,
        "call_type": 2,
    }
    return Call(**(values | changes))  # type: ignore[arg-type]


COPIED = Freshness("copy", NOON, None)
COUNTED = Tally(calls=40, handled=30, failed=6, with_known_result=38, identified=36, with_card=28)
ROLLED_UP = Coverage(unknown_days=0, as_of=NOON, problem=None)
CARD = ClientCard(
    call_id=9_000_000,
    at=NOON,
    operator="Белова Анна Игоревна",
    processing_id=52,
    client_name="Мария",
    client_city="Москва",
    manager_name="Ольга Ветрова",
    metro_name="Сокол",
    country_name="Греция",
    ad_name="Радио",
    phone="+79000001417",
)
AGENCY = AgencyInfo(
    id=11,
    name="Бриз",
    english_name="Breeze",
    address="Арбат, 1",
    city="Москва",
    metro="Арбатская",
    district="Арбат",
    area="ЦАО",
    region=None,
    time_zone=0,
    bank_card=True,
    tickets=True,
    english=True,
    station_not_set=True,
    switch_msk_agency=True,
    stambul=True,
    austria=True,
    comment="Вход со двора",
    phones=(AgencyPhone("+74950000001", "касса"), AgencyPhone("+74950000002", None)),
    ringing=Ringing(0, NOON, "Мария", "Греция", "Сокол", "Ольга Ветрова", "Белова Анна Игоревна"),
)


@dataclass
class FakeCallLog:
    """A call log that answers what the test put in, fails when told to, and remembers what was asked.

    It filters nothing: what the portal asks for is in `asked`.
    """

    calls: tuple[Call, ...] = tuple(call(number) for number in range(30))
    freshness: Freshness = COPIED
    error: Exception | None = None
    asked: list[object] = field(default_factory=list)
    zone: ZoneInfo = MOSCOW

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    def today(self) -> date:
        return NOON.astimezone(self.zone).date()

    def facts(self) -> LogFacts:
        return LogFacts((), 0.5)

    def page(self, chosen: CallFilter, page: Page) -> CallPage:
        self._note((chosen, page))
        shown = self.calls[page.offset : page.offset + page.limit]
        return CallPage(shown, len(self.calls), 0, self.freshness)

    def summary(self, chosen: CallFilter) -> CallSummary:
        self._note(chosen)
        total = len(self.calls)
        hours = (0,) * 8 + (total,) + (0,) * 15
        return CallSummary(
            total=total,
            identified=total,
            handled=total,
            with_known_result=total,
            operators=(OperatorCount(7, "Белова Анна Игоревна", total), OperatorCount(None, None, 0)),
            per_hour=hours,
            before=Comparison(chosen.first - timedelta(days=7), total, total, total, hours),
            freshness=self.freshness,
        )

    def operator_counts(self, chosen: CallFilter) -> tuple[tuple[OperatorCount, ...], Freshness]:
        self._note(chosen)
        return (OperatorCount(7, "Белова Анна Игоревна", len(self.calls)),), self.freshness

    def stream(self, chosen: CallFilter) -> Iterator[Call]:
        self._note(chosen)
        return iter(self.calls)

    def operators(self) -> tuple[tuple[int, str], ...]:
        self._note("operators")
        return ((7, "Белова Анна Игоревна"),)

    def copied_today(self) -> int | None:
        return len(self.calls)

    def client_card(self, call_id: int) -> ClientCard | None:
        self._note(call_id)
        return CARD if call_id == CARD.call_id else None

    def agency_of_call(self, call_id: int) -> AgencyInfo | None:
        self._note(call_id)
        return AGENCY if call_id == CARD.call_id else None

    def agencies_of_processing(self, pp_id: int) -> tuple[AgencyInfo, ...]:
        self._note(pp_id)
        return (AGENCY,) if pp_id == CARD.processing_id else ()

    def call_stats(self) -> CallStats:
        self._note("stats")
        return CallStats(len(self.calls), None)

    def _note(self, question: object) -> None:
        self.asked.append(question)
        if self.error is not None:
            raise self.error


@dataclass
class FakeStatistics:
    """Call statistics that answer the same for every period, fail when told to, and remember questions."""

    tally: Tally = COUNTED
    coverage: Coverage = ROLLED_UP
    error: Exception | None = None
    asked: list[object] = field(default_factory=list)
    zone: ZoneInfo = MOSCOW

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    def today(self) -> date:
        return NOON.astimezone(self.zone).date()

    def report(self, period: Period) -> Report:
        self._note(period)
        hours = [Tally()] * 24
        hours[11] = self.tally
        weekday_hours = [[0] * 24 for _ in range(7)]
        weekday_hours[0][11] = self.tally.calls
        return Report(
            period=period,
            total=self.tally,
            active_hours=8,
            operators=(OperatorTally(7, "Белова Анна Игоревна", self.tally, 8),),
            outcomes=(OutcomeTally(2, 1, 30), OutcomeTally(2, 0, 6), OutcomeTally(4, 2, 4)),
            weekday_hours=weekday_hours,
            weekdays=(1, 0, 0, 0, 0, 0, 0),
            hours=hours,
            duration=Duration(),
            has_durations=False,
            coverage=self.coverage,
        )

    def months(self) -> Months:
        self._note("months")
        months = [MonthTally(2025, 2, self.tally, True), MonthTally(2025, 3, self.tally, False)]
        return Months(months, self.coverage)

    def facts(self) -> RollUpFacts:
        self._note("facts")
        return RollUpFacts(
            first_day=date(2025, 2, 1),
            days=38,
            known_days=19,
            checked_at=NOON - timedelta(hours=8),
            sampled_at=NOON - timedelta(hours=8),
            sampled_days=20,
        )

    def _note(self, question: object) -> None:
        self.asked.append(question)
        if self.error is not None:
            raise self.error


LISTED = ListedAgency(
    Agency(**{one.name: getattr(AGENCY, one.name) for one in fields(Agency)}),
    "пн–пт 10–20",
    (None, "+74950000001", "+74950000002", None, None, None, None),
)
RUNG = AgencyCall(call(), AGENCY.ringing, is_last=True)
RUNG_CALLS = AgencyCalls((RUNG,), 1, date(2025, 3, 2), date(2025, 3, 10), COPIED)


@dataclass
class FakeAgencies:
    """A directory that finds what the test put in whatever is searched, and remembers what was asked."""

    listed: tuple[ListedAgency, ...] = (LISTED,)
    rung: AgencyCalls = RUNG_CALLS
    freshness: Freshness = COPIED
    error: Exception | None = None
    asked: list[object] = field(default_factory=list)
    zone: ZoneInfo = MOSCOW

    def search(self, asked: AgencySearch) -> AgencyPage:
        self._note(asked)
        end = None if asked.limit is None else asked.offset + asked.limit
        return AgencyPage(self.listed[asked.offset : end], len(self.listed), len(self.listed), self.freshness)

    def details(self, agency_id: int) -> AgencyDetails | None:
        self._note(agency_id)
        found = [one for one in self.listed if one.agency.id == agency_id]
        return AgencyDetails(found[0], self.freshness) if found else None

    def calls(self, agency_id: int) -> AgencyCalls:
        self._note(("calls", agency_id))
        return self.rung

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    def _note(self, question: object) -> None:
        self.asked.append(question)
        if self.error is not None:
            raise self.error


@dataclass
class Portal:
    """One app with its people, and how to come in."""

    app: PortalDash
    services: Services
    calls: FakeCallLog
    statistics: FakeStatistics
    agencies: FakeAgencies
    clock: Clock
    people: Mapping[str, Person]
    telephony: object | None = None

    @property
    def server(self) -> Flask:
        return self.app.server

    def stranger(self) -> FlaskClient:
        return self.server.test_client()

    def logged_in(self, kind: str, *, remember: bool = False) -> FlaskClient:
        """A client with a session of `kind`."""
        client = self.stranger()
        answer = enter(client, kind, remember=remember)
        assert answer.status_code == 303, answer.text
        return client

    def bump(self, topic: Topic) -> None:
        with self.services.store.write() as session:
            bump(session, topic)


def enter(client: FlaskClient, login: str, password: str = PASSWORD, **form: object) -> TestResponse:
    """Send the login form."""
    fields = {
        "username": login,
        "password": password,
        **{key: str(value) for key, value in form.items() if value},
    }
    return client.post("/login", data=fields)


def in_russian(message: str, **values: object) -> str:
    """What a reader without a choice of language gets for an English message id."""
    i18n.use("ru")
    return i18n._(message, **values)


def token_of(client: FlaskClient) -> str:
    """The session cookie's value."""
    cookie = client.get_cookie(SESSION_COOKIE)
    assert cookie is not None
    return cookie.value


def proof_of(client: FlaskClient) -> dict[str, str]:
    """The header that proves that a request of this client comes from a page of its session."""
    return {origin.TOKEN_HEADER: origin.token_for(token_of(client), SECRET_KEY)}


def settings_in(directory: Path, *, sandbox: bool = False, **environment: str) -> Settings:
    """Settings with both databases in `directory`; `environment` is named without its prefix."""
    variables = {
        "PORTAL__SECRET_KEY": SECRET_KEY,
        "PORTAL__DATABASE_URL": f"sqlite:///{directory / 'portal.db'}",
        "CALL_CENTRE__DATABASE_URL": f"sqlite:///{directory / 'call-centre.db'}",
        **environment,
    }
    return read_settings(None, {f"PORTAL__{key}": value for key, value in variables.items()}, sandbox=sandbox)


@dataclass(frozen=True)
class Prepared:
    """A database with all tables and one person of each kind, for copying."""

    file: Path
    people: Mapping[str, Person]


def prepare(file: Path) -> Prepared:
    """Make such a database."""
    store = Store(f"sqlite:///{file}")
    Base.metadata.create_all(store.engine)
    clock = Clock()
    accounts = local_accounts(
        store, LiveBoard(store, clock=clock), passwords=Passwords(QuickHasher()), clock=clock
    )
    people = {
        kind: accounts.add(
            kind,
            f"Person {kind}",
            Role.OPERATOR if kind == "outsider" else Role(kind),
            PASSWORD,
            allow_weak_password=True,
        )
        for kind in KINDS
    }
    accounts.revoke(people["outsider"].id, Right.MOSCOW)
    store.close()
    return Prepared(file, people)


@contextmanager
def open_portal(
    directory: Path,
    prepared: Prepared,
    *,
    sandbox: bool = False,
    telephony: object | None = None,
    **environment: str,
) -> Iterator[Portal]:
    """A portal whose database is in `directory`, a copy of `prepared`; `telephony` is the test's own."""
    settings = settings_in(directory, sandbox=sandbox, **environment)
    shutil.copy(prepared.file, directory / "portal.db")
    store = Store(settings.portal.database_url.get_secret_value())
    clock, calls, statistics, agencies = Clock(), FakeCallLog(), FakeStatistics(), FakeAgencies()
    live = LiveBoard(store, keep=0, clock=clock)
    accounts = local_accounts(store, live, passwords=Passwords(QuickHasher()), clock=clock)
    screens = Screens(store, live, clock=clock)
    services = Services(
        settings,
        store,
        live,
        accounts,
        calls,  # type: ignore[arg-type]
        statistics,  # type: ignore[arg-type]
        agencies,  # type: ignore[arg-type]
        screens,
        telephony,  # type: ignore[arg-type]
    )
    portal = Portal(
        create_app(services), services, calls, statistics, agencies, clock, prepared.people, telephony
    )
    try:
        yield portal
    finally:
        close_stat_log(portal.server)
        store.close()


def page_request(path: str = "/calls") -> dict[str, object]:
    """What Dash's script sends to get the page at `path`."""
    return callback_request(
        PAGE_ROUTER,
        inputs=[("_pages_location", "pathname", path), ("_pages_location", "search", "")],
    )


def callback_request(output: str, *, inputs=(), state=()) -> dict[str, object]:
    """The body of a callback; `inputs` and `state` are triples of id, property and value."""
    targets = [dict(zip(("id", "property"), pair.rsplit(".", 1), strict=True)) for pair in outputs_of(output)]
    return {
        "output": output,
        "outputs": targets if output.startswith("..") else targets[0],
        "inputs": [{"id": one, "property": prop, "value": value} for one, prop, value in inputs],
        "state": [{"id": one, "property": prop, "value": value} for one, prop, value in state],
        "changedPropIds": [f"{one}.{prop}" for one, prop, _value in inputs],
    }


def outputs_of(output: str) -> list[str]:
    return output.removeprefix("..").removesuffix("..").split("...") if output.startswith("..") else [output]


def registered_request(portal: Portal, output: str) -> dict[str, object]:
    """A well-formed body for a registered callback, all values null."""
    registered = portal.app.callback_map[output]
    return callback_request(
        output,
        inputs=[(one["id"], one["property"], None) for one in registered["inputs"]],
        state=[(one["id"], one["property"], None) for one in registered["state"]],
    )


def server_callbacks(portal: Portal) -> list[str]:
    return [output for output, one in portal.app.callback_map.items() if "callback" in one]
