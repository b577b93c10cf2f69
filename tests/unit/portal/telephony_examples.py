"""A telephony for tests of its routes: it stores in memory, fails when told to, and remembers what was asked.

What becomes of events is decided by the ledger's own tests; here every begin opens a call and every end ends
the last one of its number.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from services.errors import Reason
from services.telephony.model import (
    AgencyCard,
    Call,
    CallState,
    CardAnswer,
    Contact,
    EventKind,
    Match,
    MatchKind,
    NoSuchCall,
    NoSuchTheme,
    NotConfigured,
    Outcome,
    Receipt,
    Report,
    Rules,
)
from services.telephony.numbers import clean_number

VILNIUS = ZoneInfo("Europe/Vilnius")
THEMES = ("Бронь", "Оплата", "Изменение тура", "Документы и визы", "Жалоба", "Другое")
NUMBER = "37060000417"
RULES = Rules("LT", THEMES, timedelta(hours=4), "lt", VILNIUS)
UNKNOWN_NUMBER = "37060000999"
AGENCY_ID = 11
TEL = "/contact-center/vilnius/tel/"

CARD = AgencyCard(
    agency_id=AGENCY_ID,
    name="Pavyzdinės Kelionės",
    english_name="Sample Journeys",
    city="Каунас",
    percent="11",
    front_office=True,
    contract=True,
    tourists_per_year="1240",
    boss="Дайва Римкувене",
    curator="Ирена Каспарайте",
    blacklisted=False,
    managers=("Р. Петрайтене", "Л. Янкаускас"),
    contacts=(Contact("+370 600 00417", "Рута Петрайтене", "Старший менеджер"),),
)


def token_of_call(number: int) -> str:
    """The token of the fake's call with this id."""
    return f"{number:043}"


@dataclass
class FakeLedger:
    calls: dict[str, Call] = field(default_factory=dict)
    error: Exception | None = None

    def call(self, token: str) -> Call | None:
        self._fail()
        return self.calls.get(token)

    def choose_theme(self, token: str, theme: str) -> Call:
        self._fail()
        if token not in self.calls:
            raise NoSuchCall
        if theme not in THEMES:
            raise NoSuchTheme
        self.calls[token] = replace(self.calls[token], theme=theme)
        return self.calls[token]

    def _fail(self) -> None:
        if self.error is not None:
            raise self.error


@dataclass
class FakeCards:
    """Cards as the gateway would tell them; `answer` replaces what is known of every agency."""

    cards: dict[int, AgencyCard] = field(default_factory=lambda: {AGENCY_ID: CARD})
    answer: CardAnswer | None = None
    is_configured: bool = True
    waits: list[timedelta] = field(default_factory=list)

    def card(self, agency_id: int, *, wait: timedelta) -> CardAnswer:
        if not self.is_configured:
            raise NotConfigured("agency_gateway")
        self.waits.append(wait)
        return self.known(agency_id)

    def known(self, agency_id: int) -> CardAnswer:
        if self.answer is not None:
            return self.answer
        card = self.cards.get(agency_id)
        return CardAnswer(card, datetime.now(UTC), None) if card else CardAnswer(None, None, Reason.TIMEOUT)


@dataclass(frozen=True)
class FakePastCalls:
    calls: tuple[Call, ...]
    in_year: int


@dataclass
class FakeCentre:
    past: tuple[Call, ...] = ()
    error: Exception | None = None
    asked: list[dict[str, object]] = field(default_factory=list)

    def past_calls(self, **asked: object) -> FakePastCalls:
        self.asked.append(asked)
        if self.error is not None:
            raise self.error
        return FakePastCalls(self.past[:6], len(self.past))

    def latest(self, count: int) -> tuple[Call, ...]:
        if self.error is not None:
            raise self.error
        return self.past[:count]


@dataclass(frozen=True)
class FakeFreshness:
    looked_at: datetime | None
    problem: Reason | None = None


@dataclass
class FakeDirectory:
    looked_at: datetime | None = field(default_factory=lambda: datetime.now(UTC))
    problem: Reason | None = None

    def freshness(self) -> FakeFreshness:
        return FakeFreshness(self.looked_at, self.problem)


def past_call(days: int = 1, **changes: object) -> Call:
    """A call of the register, so many days ago."""
    began_at = datetime.now(UTC) - timedelta(days=days)
    values: dict[str, object] = {
        "id": 1_000 - days,
        "token": None,
        "register_key": 5_000 - days,
        "number": NUMBER,
        "curator": "205",
        "state": CallState.ENDED,
        "began_at": began_at,
        "ended_at": began_at + timedelta(seconds=48),
        "agency_id": AGENCY_ID,
        "match": MatchKind.EXACT,
        "agency_name": CARD.name,
        "manager": "Рута Петрайтене",
        "theme": "Оплата",
    }
    return Call(**(values | changes))  # type: ignore[arg-type]


@dataclass
class FakeTelephony:
    """`matches` by number; `error` is raised in place of storing, `outcome` told in place of the real one."""

    rules: Rules = RULES
    ledger: FakeLedger = field(default_factory=FakeLedger)
    cards: FakeCards = field(default_factory=FakeCards)
    centre: FakeCentre = field(default_factory=FakeCentre)
    directory: FakeDirectory = field(default_factory=FakeDirectory)
    matches: dict[str, Match] = field(default_factory=lambda: {NUMBER: Match(MatchKind.EXACT, AGENCY_ID)})
    reports: list[Report] = field(default_factory=list)
    error: Exception | None = None
    outcome: Outcome | None = None

    def __hash__(self) -> int:
        return id(self)

    def match(self, number: str | None) -> Match:
        return self.matches.get(number or "", Match(MatchKind.NONE))

    def report(self, report: Report) -> Receipt:
        if self.error is not None:
            raise self.error
        self.reports.append(report)
        if self.outcome is not None:
            return Receipt(self.outcome, None)
        number = clean_number(report.ani, self.rules.country)
        if number is None:
            return Receipt(Outcome.UNUSABLE, None)
        if report.kind is EventKind.BEGIN:
            return Receipt(Outcome.OPENED, self._open(number, report))
        open_calls = [one for one in self.ledger.calls.values() if one.number == number]
        if not open_calls:
            return Receipt(Outcome.AWAITS_BEGIN, None)
        ended_at = open_calls[-1].began_at + timedelta(minutes=3)
        ended = replace(open_calls[-1], state=CallState.ENDED, ended_at=ended_at)
        self.ledger.calls[ended.token or ""] = ended
        return Receipt(Outcome.ENDED, ended)

    def _open(self, number: str, report: Report) -> Call:
        match = self.match(number)
        place = len(self.ledger.calls) + 1
        call = past_call(
            0,
            id=place,
            token=token_of_call(place),
            register_key=None,
            number=number,
            curator=report.curator,
            state=CallState.OPEN,
            ended_at=None,
            agency_id=match.agency_id,
            match=match.kind,
            agency_name=None,
            manager=None,
            theme=None,
        )
        self.ledger.calls[call.token or ""] = call
        return call
