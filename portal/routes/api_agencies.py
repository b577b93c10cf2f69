"""JSON that other pages and scripts already call: the agency directory, with the keys they know."""

from typing import Annotated, Literal

from flask import Blueprint, Response, request
from pydantic import Field
from typing_extensions import TypedDict
from werkzeug.exceptions import NotFound

from portal.context import services
from portal.routes.api import AgencyFacts, AgencyPhoneRow, agency_facts, phone_rows
from portal.routes.openapi import Answer, Operation, Parameter, documented, refusal
from portal.routes.raw import BAD_ID, FRESHNESS_HEADERS, ID_SCHEMA, SOURCE_DOWN, dated, id_of, json_answer
from portal.security.needs import needs
from services.accounts import Right
from services.calls import LONGEST_SEARCH, AgencySearch, FilterFault, InvalidFilter, ListedAgency

bp = Blueprint("api_agencies", __name__)


class FoundAgency(TypedDict):
    """One agency of a search; its telephones as they stand in the columns of the source."""

    ID_TR: int
    NAME_RU: str | None
    NAME_EN: str | None
    ADDRESS: str | None
    CITY_NAME: str | None
    METRO_STATION_NAME: str | None
    DISTRICT_NAME: str | None
    telephone_1_number: str | None
    telephone_2_number: str | None
    telephone_3_number: str | None
    telephone_4_number: str | None
    telephone_5_number: str | None
    telephone_6_number: str | None
    telephone_7_number: str | None
    ALL_TELEPHONES_CONCAT: Annotated[str, Field(description="the numbers, separated by a comma and a blank")]


class FoundAnswer(TypedDict):
    """The agencies that match, those whose name begins with the search first, then by name."""

    success: Literal[True]
    agencies: list[FoundAgency]


class AgencyAnswer(AgencyFacts):
    """One agency."""

    success: Literal[True]
    telephones: list[AgencyPhoneRow]


@bp.get("/api/agencies")
@needs(Right.MOSCOW)
@documented(
    Operation(
        tag="Agencies",
        summary="The agencies that match a search; all of them without one",
        description="Hidden and technical agencies and those of hidden districts are left out.",
        parameters=(
            Parameter(
                name="search",
                description="Words in any order; each must be in a name, the address, the city, metro, "
                "district or area, or in a telephone, whose punctuation and prefix (+7 or 8) do not matter",
                schema={"type": "string", "maxLength": LONGEST_SEARCH},
                may_be_empty=True,
            ),
        ),
        answers={
            200: Answer("All agencies that match", FoundAnswer, headers=FRESHNESS_HEADERS),
            400: refusal("The search is too long or given twice"),
            503: SOURCE_DOWN,
        },
    )
)
def agencies() -> Response:
    """Answer the agencies that match `?search=`."""
    page = services().agencies.search(AgencySearch(_search()))
    rows = [_found(listed) for listed in page.agencies]
    return dated(json_answer(FoundAnswer(success=True, agencies=rows)), page.freshness)


@bp.get("/api/agency-details/<agency_id>")
@needs(Right.MOSCOW)
@documented(
    Operation(
        tag="Agencies",
        summary="One agency with its places as names and its telephones",
        parameters=(
            Parameter(
                name="agency_id",
                place="path",
                description="Id of the agency, `ID_TR` of a search",
                schema=ID_SCHEMA,
            ),
        ),
        answers={
            200: Answer("The agency", AgencyAnswer, headers=FRESHNESS_HEADERS),
            400: BAD_ID,
            404: refusal("There is no such agency, or it is hidden"),
            503: SOURCE_DOWN,
        },
    )
)
def agency_details(agency_id: str) -> Response:
    """Answer one agency."""
    details = services().agencies.details(id_of(agency_id, "agency_id"))
    if details is None:
        raise NotFound
    agency = details.listed.agency
    answer = AgencyAnswer(success=True, **agency_facts(agency), telephones=phone_rows(agency))
    return dated(json_answer(answer), details.freshness)


def _search() -> str:
    """What `?search=` asks for.

    Raises:
        InvalidFilter: there are two of them.
    """
    given = request.args.getlist("search")
    if len(given) > 1:
        raise InvalidFilter("search", FilterFault.UNKNOWN)
    return given[0] if given else ""


def _found(listed: ListedAgency) -> FoundAgency:
    agency = listed.agency
    numbers = listed.numbers
    return FoundAgency(
        ID_TR=agency.id,
        NAME_RU=agency.name,
        NAME_EN=agency.english_name,
        ADDRESS=agency.address,
        CITY_NAME=agency.city,
        METRO_STATION_NAME=agency.metro,
        DISTRICT_NAME=agency.district,
        telephone_1_number=numbers[0],
        telephone_2_number=numbers[1],
        telephone_3_number=numbers[2],
        telephone_4_number=numbers[3],
        telephone_5_number=numbers[4],
        telephone_6_number=numbers[5],
        telephone_7_number=numbers[6],
        ALL_TELEPHONES_CONCAT=", ".join(phone.number for phone in agency.phones),
    )
