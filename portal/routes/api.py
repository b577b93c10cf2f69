"""JSON that other pages and scripts already call: today's calls, figures, client cards, rung agencies.

Paths, parameters, keys and the Russian words for codes are kept as those callers know them, whatever language
the interface is in. Source: the call-centre database's list of JSON routes.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request
from pydantic import Field
from typing_extensions import TypedDict
from werkzeug.exceptions import NotFound

from portal.context import services
from portal.routes.openapi import DAY_SCHEMA, Answer, Operation, Parameter, documented, refusal
from portal.routes.raw import BAD_ID, FRESHNESS_HEADERS, ID_SCHEMA, SOURCE_DOWN, dated, id_of, json_answer
from portal.security.needs import needs
from services.accounts import Right
from services.calls import (
    Agency,
    AgencyInfo,
    Call,
    CallFilter,
    FilterFault,
    Freshness,
    InvalidFilter,
    OperatorCount,
    Page,
)
from services.errors import Reason, UpstreamUnavailable
from services.live import Topic

bp = Blueprint("api", __name__)

#: `calls.result`, in the words that callers compare with.
RESULT_TEXTS: Mapping[int | None, str] = {
    0: "Сорвался",
    1: "Обработано",
    2: "Клиент положил трубку",
    3: "Не работает интернет",
    4: "Сорвался-обрыв",
    5: "Сорвался-плохая слышимость",
    6: "Сорвался-тишина",
}
UNKNOWN_RESULT = "Неизвестный результат"

#: `calls.type_call`
TYPE_TEXTS: Mapping[int | None, str] = {
    0: "Ошиблись номером",
    1: "Англичанин",
    2: "Агентство",
    3: "Сервисный звонок",
    4: "Покупка билетов",
    5: "Заказ тура",
    6: "Не по теме",
    7: "Сорвался звонок",
}
UNKNOWN_TYPE = "Неизвестный тип"

#: `calls_result.result`: how ringing an agency for the client ended.
RINGING_TEXTS: Mapping[int | None, str] = {
    -1: "ошибка",
    0: "дозвон",
    1: "занято",
    2: "не подходят",
    3: "отказались от звонка",
    4: "бросили трубку",
    5: "тишина на линии",
}
UNKNOWN_RINGING = "неизвестно"

UNKNOWN_DAYS_HEADER = "X-Data-Unknown-Days"

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

Moment = Annotated[str, Field(description="DD.MM.YYYY, HH:MM:SS in the centre's zone")]


class CallRow(TypedDict):
    """One call."""

    id: int
    phone_number: Annotated[str | None, Field(description="null: not identified")]
    operator: str | None
    time: Moment
    card_id: int | None
    pp_id: Annotated[int | None, Field(description="id of the call's processing")]
    has_client_card: bool
    result: int | None
    call_result_text: Annotated[str, Field(description="`result` in Russian")]
    call_type_text: Annotated[str, Field(description="the call's type in Russian")]


class CallsAnswer(TypedDict):
    """The calls of one day, newest first."""

    success: Literal[True]
    calls: list[CallRow]


class OperatorRow(TypedDict):
    """How many calls an operator had."""

    operator_name: Annotated[str | None, Field(description="null: calls without an operator")]
    call_count: int


class OperatorsAnswer(TypedDict):
    """The operators of one day, by name."""

    success: Literal[True]
    stats: list[OperatorRow]


class MonthRow(TypedDict):
    """How many calls a month had."""

    year: int
    month: Annotated[int, Field(ge=1, le=12)]
    count: int


class MonthsAnswer(TypedDict):
    """All months with calls, oldest first."""

    success: Literal[True]
    stats: list[MonthRow]


class StatsAnswer(TypedDict):
    """Figures over all calls."""

    total_calls: int
    avg_time: Annotated[
        str | None, Field(description="average duration, M:SS; null: durations are not known")
    ]


class ClientRow(TypedDict):
    """What was noted about the client of a call."""

    processing_id: int
    client_name: str | None
    client_city: str | None
    manager_name: str | None
    metro_name: str | None
    country_name: str | None
    ad_name: Annotated[str | None, Field(description="the advert that brought the client")]
    phone: str | None


class ClientAnswer(TypedDict):
    """The client card of one call."""

    success: Literal[True]
    client_data: ClientRow


class AgencyPhoneRow(TypedDict):
    """One telephone of an agency."""

    number: str
    comment: str | None


class RingingRow(TypedDict):
    """How the agency was rung for the client."""

    outcome: int | None
    outcome_text: Annotated[str, Field(description="`outcome` in Russian")]
    time: Moment | None
    client_name: str | None
    country: str | None
    metro: str | None
    manager: str | None
    operator: str | None


class AgencyFacts(TypedDict):
    """What is known of an agency, with its places as names."""

    id: int
    name: str | None
    english_name: str | None
    address: str | None
    city: str | None
    metro: str | None
    district: str | None
    area: str | None
    region: str | None
    time_zone: Annotated[int | None, Field(description="hours from Moscow")]
    bank_card: bool
    tickets: bool
    english: bool
    station_not_set: bool
    switch_msk_agency: bool
    stambul: bool
    austria: bool
    comment: str | None


class AgencyRow(AgencyFacts):
    """An agency that was rung."""

    phones: list[AgencyPhoneRow]
    ringing: RingingRow


class AgenciesAnswer(TypedDict):
    """The agencies that were rung for one processing; none of them is hidden or technical."""

    success: Literal[True]
    agency_data: list[AgencyRow]


_DATE = Parameter(
    name="date", description="One day in the centre's zone; today when absent", schema=DAY_SCHEMA
)
_BAD_DATE = refusal("The date is malformed or given twice")


@bp.get("/api/calls")
@bp.get("/api/moscow-calls")
@needs(Right.MOSCOW)
@documented(
    Operation(
        tag="Calls",
        summary="The calls of one day, newest first",
        description="`/api/calls` and `/api/moscow-calls` are the same. Ask again with `If-None-Match`: "
        "an unchanged day costs next to nothing.",
        parameters=(_DATE,),
        answers={
            200: Answer("All calls of the day", CallsAnswer, headers=FRESHNESS_HEADERS),
            304: Answer("Nothing changed since the answer with this ETag", headers=FRESHNESS_HEADERS),
            400: _BAD_DATE,
            503: SOURCE_DOWN,
        },
    )
)
def calls_of_day() -> Response:
    """Answer all calls of the day at `?date=`."""
    log = services().calls
    day = _day()
    # Before the calls are read: an answer newer than its tag is fetched once more, an older one would stay.
    version = services().live.snapshot().version(Topic.CALLS)
    period = CallFilter(first=day, last=day)
    first = log.page(period, Page(offset=0, limit=1))
    # The version counts changes of the copy; what is read from the source may have changed without it. The
    # total is for a day whose first fill was cut short: until that fill ends, no version counts its rows.
    tag = f"{day}-{version}-{first.total}" if first.freshness.origin == "copy" else None
    if tag is not None and request.if_none_match.contains_weak(tag):
        response = Response(status=304)
    else:
        rows = [_call_row(call, log.zone) for call in log.stream(period)]
        response = json_answer(CallsAnswer(success=True, calls=rows))
    if tag is not None:
        response.set_etag(tag)
        # Kept by the asker alone, and never used without asking.
        response.headers["Cache-Control"] = "private, no-cache"
    return dated(response, first.freshness)


@bp.get("/api/moscow-operator-stats")
@needs(Right.MOSCOW)
@documented(
    Operation(
        tag="Calls",
        summary="Calls of one day by operator, sorted by name",
        parameters=(_DATE,),
        answers={
            200: Answer("All operators who had calls", OperatorsAnswer, headers=FRESHNESS_HEADERS),
            400: _BAD_DATE,
            503: SOURCE_DOWN,
        },
    )
)
def operator_stats() -> Response:
    """Answer how many calls each operator had on the day at `?date=`."""
    day = _day()
    counts, freshness = services().calls.operator_counts(CallFilter(first=day, last=day))
    rows = [
        OperatorRow(operator_name=operator.name, call_count=operator.calls)
        for operator in sorted(counts, key=_by_name)
    ]
    return dated(json_answer(OperatorsAnswer(success=True, stats=rows)), freshness)


@bp.get("/api/moscow-calls-monthly-stats")
@needs(Right.MOSCOW)
@documented(
    Operation(
        tag="Calls",
        summary="Calls of every month, oldest first",
        description="The portal's own sums of whole days, so the call-centre database is not asked.",
        answers={
            200: Answer(
                "All months that have calls",
                MonthsAnswer,
                headers={
                    **FRESHNESS_HEADERS,
                    UNKNOWN_DAYS_HEADER: "Days that are not counted yet; absent when all are",
                },
            ),
            503: refusal("No day is counted yet, or the call-centre database is not configured"),
        },
    )
)
def monthly_stats() -> Response:
    """Answer how many calls each month had."""
    months = services().statistics.months()
    coverage = months.coverage
    if coverage.as_of is None:
        reason = coverage.problem.reason if coverage.problem is not None else Reason.UNWATCHED
        raise UpstreamUnavailable("no day is rolled up yet", reason)
    rows = [
        MonthRow(year=one.year, month=one.month, count=one.tally.calls)
        for one in months.months
        if one.tally.calls
    ]
    response = json_answer(MonthsAnswer(success=True, stats=rows))
    if coverage.unknown_days:
        response.headers[UNKNOWN_DAYS_HEADER] = str(coverage.unknown_days)
    return dated(response, Freshness("copy", coverage.as_of, coverage.problem))


@bp.get("/api/call_stats")
@needs(Right.MOSCOW)
@documented(
    Operation(
        tag="Calls",
        summary="The number of all calls and their average duration",
        answers={200: Answer("Both figures", StatsAnswer), 503: SOURCE_DOWN},
    )
)
def call_stats() -> Response:
    """Answer how many calls there are and how long they take."""
    stats = services().calls.call_stats()
    return json_answer(StatsAnswer(total_calls=stats.total, avg_time=_minutes(stats.average_seconds)))


@bp.get("/api/client-card/call/<call_id>")
@needs(Right.MOSCOW)
@documented(
    Operation(
        tag="Calls",
        summary="The client card of a call",
        parameters=(Parameter(name="call_id", place="path", description="Id of the call", schema=ID_SCHEMA),),
        answers={
            200: Answer("What was noted about the client", ClientAnswer),
            400: BAD_ID,
            404: refusal("There is no such call, or it has no client card"),
            503: SOURCE_DOWN,
        },
    )
)
def client_card(call_id: str) -> Response:
    """Answer what was noted about the client of a call."""
    card = services().calls.client_card(id_of(call_id, "call_id"))
    if card is None:
        raise NotFound
    return json_answer(
        ClientAnswer(
            success=True,
            client_data=ClientRow(
                processing_id=card.processing_id,
                client_name=card.client_name,
                client_city=card.client_city,
                manager_name=card.manager_name,
                metro_name=card.metro_name,
                country_name=card.country_name,
                ad_name=card.ad_name,
                phone=card.phone,
            ),
        )
    )


@bp.get("/api/call-agency-data/<pp_id>")
@needs(Right.MOSCOW)
@documented(
    Operation(
        tag="Calls",
        summary="The agencies that were rung for a processing",
        parameters=(
            Parameter(
                name="pp_id",
                place="path",
                description="Id of the processing, `pp_id` of a call",
                schema=ID_SCHEMA,
            ),
        ),
        answers={
            200: Answer("The agencies; none when the processing has none", AgenciesAnswer),
            400: BAD_ID,
            503: SOURCE_DOWN,
        },
    )
)
def call_agency_data(pp_id: str) -> Response:
    """Answer the agencies that were rung for a processing."""
    log = services().calls
    rows = [_agency_row(agency, log.zone) for agency in log.agencies_of_processing(id_of(pp_id, "pp_id"))]
    return json_answer(AgenciesAnswer(success=True, agency_data=rows))


def _day() -> date:
    """The day at `?date=`, today without it.

    Raises:
        InvalidFilter: it is no day, or there are two of them.
    """
    given = request.args.getlist("date")
    if not given:
        return services().calls.today()
    if len(given) > 1 or not _DAY.fullmatch(given[0]):
        raise InvalidFilter("date", FilterFault.UNKNOWN)
    try:
        return date.fromisoformat(given[0])
    except ValueError as error:
        raise InvalidFilter("date", FilterFault.UNKNOWN) from error


def _call_row(call: Call, zone: ZoneInfo) -> CallRow:
    return CallRow(
        id=call.id,
        phone_number=call.number,
        operator=call.operator,
        time=_moment(call.at, zone),
        card_id=call.card_id,
        pp_id=call.pp_id,
        has_client_card=call.has_card,
        result=call.result,
        call_result_text=RESULT_TEXTS.get(call.result, UNKNOWN_RESULT),
        call_type_text=TYPE_TEXTS.get(call.call_type, UNKNOWN_TYPE),
    )


def _agency_row(agency: AgencyInfo, zone: ZoneInfo) -> AgencyRow:
    ringing = agency.ringing
    return AgencyRow(
        **agency_facts(agency),
        phones=phone_rows(agency),
        ringing=RingingRow(
            outcome=ringing.outcome,
            outcome_text=RINGING_TEXTS.get(ringing.outcome, UNKNOWN_RINGING),
            time=None if ringing.at is None else _moment(ringing.at, zone),
            client_name=ringing.client_name,
            country=ringing.country,
            metro=ringing.metro,
            manager=ringing.manager,
            operator=ringing.operator,
        ),
    )


def agency_facts(agency: Agency) -> AgencyFacts:
    return AgencyFacts(
        id=agency.id,
        name=agency.name,
        english_name=agency.english_name,
        address=agency.address,
        city=agency.city,
        metro=agency.metro,
        district=agency.district,
        area=agency.area,
        region=agency.region,
        time_zone=agency.time_zone,
        bank_card=agency.bank_card,
        tickets=agency.tickets,
        english=agency.english,
        station_not_set=agency.station_not_set,
        switch_msk_agency=agency.switch_msk_agency,
        stambul=agency.stambul,
        austria=agency.austria,
        comment=agency.comment,
    )


def phone_rows(agency: Agency) -> list[AgencyPhoneRow]:
    return [AgencyPhoneRow(number=phone.number, comment=phone.comment) for phone in agency.phones]


def _by_name(operator: OperatorCount) -> tuple[bool, str, int]:
    """By name in any case; those without one last."""
    return operator.name is None, (operator.name or "").casefold(), operator.operator_id or 0


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%d.%m.%Y, %H:%M:%S")


def _minutes(seconds: float | None) -> str | None:
    """`M:SS`; hours are more minutes."""
    if seconds is None:
        return None
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"
