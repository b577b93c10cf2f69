"""JSON that other pages and scripts already call: today's calls, figures, client cards, rung agencies.

Paths, parameters, keys and the Russian words for codes are kept as those callers know them, whatever language
the interface is in. Source: the call-centre database's list of JSON routes.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import orjson
from flask import Blueprint, Response, request
from pydantic import Field
from typing_extensions import TypedDict
from werkzeug.exceptions import NotFound

from portal.context import services
from portal.routes.openapi import DAY_SCHEMA, Answer, Operation, Parameter, documented, refusal
from portal.security.needs import needs
from services.accounts import Right
from services.calls import (
    AgencyInfo,
    Call,
    CallFilter,
    FilterFault,
    Freshness,
    InvalidFilter,
    OperatorCount,
    Page,
)
from services.live import Topic

bp = Blueprint("api", __name__)

AS_OF_HEADER = "X-Data-As-Of"
PROBLEM_HEADER = "X-Data-Problem"

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

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ID = re.compile(r"0|[1-9][0-9]{0,18}")
_LARGEST_ID = 2**63 - 1

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


class AgencyRow(TypedDict):
    """An agency that was rung."""

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
    phones: list[AgencyPhoneRow]
    ringing: RingingRow


class AgenciesAnswer(TypedDict):
    """The agencies that were rung for one processing; none of them is hidden or technical."""

    success: Literal[True]
    agency_data: list[AgencyRow]


_DATE = Parameter(
    name="date", description="One day in the centre's zone; today when absent", schema=DAY_SCHEMA
)
_ID_SCHEMA = {"type": "integer", "minimum": 0, "maximum": _LARGEST_ID}
_FRESHNESS_HEADERS = {
    AS_OF_HEADER: "When the call-centre database last confirmed all of this, ISO 8601; absent when unknown",
    PROBLEM_HEADER: "Why the answer is not current, as a code; absent when it is",
}
_SOURCE_DOWN = refusal(
    "The call-centre database cannot be reached and nothing is known, or is not configured"
)
_BAD_DATE = refusal("The date is malformed or given twice")
_BAD_ID = refusal("The id is malformed")


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
            200: Answer("All calls of the day", CallsAnswer, headers=_FRESHNESS_HEADERS),
            304: Answer("Nothing changed since the answer with this ETag", headers=_FRESHNESS_HEADERS),
            400: _BAD_DATE,
            503: _SOURCE_DOWN,
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
        response = _json(CallsAnswer(success=True, calls=rows))
    if tag is not None:
        response.set_etag(tag)
        # Kept by the asker alone, and never used without asking.
        response.headers["Cache-Control"] = "private, no-cache"
    return _dated(response, first.freshness)


@bp.get("/api/moscow-operator-stats")
@needs(Right.MOSCOW)
@documented(
    Operation(
        tag="Calls",
        summary="Calls of one day by operator, sorted by name",
        parameters=(_DATE,),
        answers={
            200: Answer("All operators who had calls", OperatorsAnswer, headers=_FRESHNESS_HEADERS),
            400: _BAD_DATE,
            503: _SOURCE_DOWN,
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
    return _dated(_json(OperatorsAnswer(success=True, stats=rows)), freshness)


@bp.get("/api/call_stats")
@needs(Right.MOSCOW)
@documented(
    Operation(
        tag="Calls",
        summary="The number of all calls and their average duration",
        answers={200: Answer("Both figures", StatsAnswer), 503: _SOURCE_DOWN},
    )
)
def call_stats() -> Response:
    """Answer how many calls there are and how long they take."""
    stats = services().calls.call_stats()
    return _json(StatsAnswer(total_calls=stats.total, avg_time=_minutes(stats.average_seconds)))


@bp.get("/api/client-card/call/<call_id>")
@needs(Right.MOSCOW)
@documented(
    Operation(
        tag="Calls",
        summary="The client card of a call",
        parameters=(
            Parameter(name="call_id", place="path", description="Id of the call", schema=_ID_SCHEMA),
        ),
        answers={
            200: Answer("What was noted about the client", ClientAnswer),
            400: _BAD_ID,
            404: refusal("There is no such call, or it has no client card"),
            503: _SOURCE_DOWN,
        },
    )
)
def client_card(call_id: str) -> Response:
    """Answer what was noted about the client of a call."""
    card = services().calls.client_card(_id(call_id, "call_id"))
    if card is None:
        raise NotFound
    return _json(
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
                schema=_ID_SCHEMA,
            ),
        ),
        answers={
            200: Answer("The agencies; none when the processing has none", AgenciesAnswer),
            400: _BAD_ID,
            503: _SOURCE_DOWN,
        },
    )
)
def call_agency_data(pp_id: str) -> Response:
    """Answer the agencies that were rung for a processing."""
    log = services().calls
    rows = [_agency_row(agency, log.zone) for agency in log.agencies_of_processing(_id(pp_id, "pp_id"))]
    return _json(AgenciesAnswer(success=True, agency_data=rows))


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


def _id(text: str, name: str) -> int:
    """An id in the path; 0, the centre's "none", is one that nobody has.

    Raises:
        InvalidFilter: it is no number, or larger than any id.
    """
    if not _ID.fullmatch(text):
        raise InvalidFilter(name, FilterFault.UNKNOWN)
    if int(text) > _LARGEST_ID:
        raise InvalidFilter(name, FilterFault.OUT_OF_RANGE)
    return int(text)


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
        phones=[AgencyPhoneRow(number=phone.number, comment=phone.comment) for phone in agency.phones],
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


def _json(answer: Mapping[str, object]) -> Response:
    return Response(orjson.dumps(answer), mimetype="application/json")


def _dated(response: Response, freshness: Freshness) -> Response:
    """Say how old the answer is: nothing in the body may change for old callers."""
    if freshness.as_of is not None:
        response.headers[AS_OF_HEADER] = freshness.as_of.isoformat()
    if freshness.problem is not None:
        response.headers[PROBLEM_HEADER] = freshness.problem.reason
    return response
