"""Routes of the telephony platform: what it reports, the card it opens for the operator, the latest calls.

The platform opens `/contact-center/vilnius/tel/` in the operator's browser and also calls it by itself.
What it reports is stored before it is answered, and answered with 503 when it is not, so that the platform
reports it again. Paths and parameters are the platform's. Source: its callback interface.
"""

import logging
from datetime import UTC, datetime
from typing import Annotated, Literal

from flask import Blueprint, Response, jsonify, redirect, request
from pydantic import Field
from typing_extensions import TypedDict
from werkzeug.wrappers import Response as BaseResponse

from portal import card_pages, stat_log
from portal.i18n import _
from portal.routes.errors import answer
from portal.routes.openapi import Answer, Operation, Parameter, documented, refusal
from portal.routes.raw import json_answer
from portal.security.guard import wants_page
from portal.security.needs import Access, needs
from portal.security.telephony import CALL_FIELD, named_call
from portal.telephony_query import UnknownType, read
from portal.ui.card import saved_words
from services.storage import StorageError
from services.telephony import (
    Call,
    CallState,
    EventKind,
    NoSuchCall,
    NoSuchTheme,
    NotConfigured,
    Outcome,
    Report,
    Rules,
)

log = logging.getLogger(__name__)

bp = Blueprint("telephony", __name__)

TEL = "/contact-center/vilnius/tel/"
LATEST = 5
_RETRY_AFTER_S = 1
_NOT_AVAILABLE = "N/A"
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Content-Type",
    "Access-Control-Max-Age": "600",
}

Moment = Annotated[str, Field(description="DD.MM.YYYY HH:MM in the zone of the centre, or N/A")]


class LatestCall(TypedDict):
    """A call, by the names of the register's columns."""

    CALL_INFO_ID: Annotated[int | None, Field(description="null: the call is on its way into the register")]
    TIME_BEGIN: Moment
    TIME_END: Moment
    PHONE_NUMBER: Annotated[str, Field(description="digits of E.164 without a plus")]
    CURRATOR: str
    THEME: str | None
    REGION: str
    AGENCY_MANAGER: str | None
    AGENCY_NAME: str | None


class LatestCalls(TypedDict):
    """The last five calls, newest first."""

    calls: list[LatestCall]


class ThemeAnswer(TypedDict):
    """What became of a choice of theme."""

    status: Annotated[
        Literal["success", "warning", "error"],
        Field(description="warning: there is no call to set it for; error: it was refused or is not stored"),
    ]
    message: Annotated[str, Field(description="in the reader's language")]
    theme: Annotated[str | None, Field(description="the theme that the call has now; null without success")]


@bp.route(TEL, methods=["GET", "POST"], strict_slashes=False)
@bp.route(f"{TEL}<path:tel>/", methods=["GET", "POST"], strict_slashes=False)
@needs(Access.TELEPHONY)
def report(tel: str = "") -> BaseResponse:
    """Take what the platform reports by `type` and show the caller's card; without `type` only show it.

    Who asks for JSON alone gets what became of the event in place of a page.
    """
    known = card_pages.telephony()
    try:
        asked = read(request, tel)
    except UnknownType:
        title = _("The type of the event is not known.")
        return card_pages.notice(400, title, _("It must be newcall, endcall or absent."))
    if asked.report is None:
        stat_log.tell_outcome("looked_up", None)
        return card_pages.of_number(known, asked.ani)
    if asked.report.kind is EventKind.BEGIN and card_pages.is_wanted():
        card_pages.ask_ahead(known, asked.ani)
    try:
        receipt = known.report(asked.report)
    except StorageError as error:
        log.error("an event is not stored: %s", error)
        return _unstored(asked.report)
    call = receipt.call
    stat_log.tell_outcome(receipt.outcome, call.id if call is not None else None)
    if receipt.outcome is Outcome.REFUSED:
        title = _("The event is not of the interface and was refused.")
        limits = _(
            "At most 128 characters name the operator, at most 300 the caller, and none of them is NUL."
        )
        return card_pages.notice(400, title, limits)
    if not card_pages.is_wanted():
        return jsonify(success=True, outcome=receipt.outcome, call=call.token if call is not None else None)
    if asked.report.kind is EventKind.END:
        return card_pages.farewell(known, call, asked.ani)
    if call is None:
        return card_pages.of_number(known, asked.ani, is_look_up=False)
    return card_pages.remember(card_pages.of_call(known, call), call)


@bp.get("/call-show/<path:agency_name>/", strict_slashes=False)
@needs(Access.CALL)
def show(agency_name: str) -> Response:
    """Show the card of a call again: of the one that `?call=` names by its token, else the session's latest.

    The name is for the reader alone. `?agency=` chooses another agency that has the caller's number.
    """
    known, token = card_pages.telephony(), named_call()
    call = known.ledger.call(token) if token else None
    if call is None:
        title = _("This browser has no current call.")
        return card_pages.notice(404, title, _("A card opens by itself when the next call comes in."))
    return card_pages.of_call(known, call)


@bp.post("/update_call_theme")
@needs(Access.CALL)
@documented(
    Operation(
        method="post",
        tag="Telephony",
        summary="Set the theme of a call",
        form=(
            Parameter(
                name="theme",
                description="One of the configured themes",
                schema={"type": "string"},
                is_required=True,
            ),
            Parameter(
                name=CALL_FIELD,
                description="The token of the call; the session's latest call when absent",
                schema={"type": "string"},
            ),
        ),
        answers={
            200: Answer("The theme is set, or there is no call to set it for", ThemeAnswer),
            303: Answer("Instead of 200, for a browser that goes there: the way back to the card"),
            400: Answer("There is no such theme", ThemeAnswer),
            503: Answer("The theme is not stored", ThemeAnswer),
        },
    )
)
def choose_theme() -> BaseResponse:
    """Set the theme of a call: of the one that `call` names by its token, else of the session's latest."""
    known, token = card_pages.telephony(), named_call()
    try:
        if not token:
            raise NoSuchCall
        call = known.ledger.choose_theme(token, request.form.get("theme", ""))
    except NoSuchCall:
        return _theme_answer(200, "warning", _("This browser has no current call."))
    except NoSuchTheme:
        return _theme_answer(400, "error", _("There is no such theme."))
    except StorageError as error:
        log.error("the theme of a call is not stored: %s", error)
        return _theme_answer(
            503, "error", _("Not saved: the portal database cannot be reached. Press again.")
        )
    stat_log.tell_outcome("theme", call.id)
    if wants_page():  # a browser without script
        return redirect(card_pages.address_of(call), 303)
    saved = saved_words(datetime.now(UTC), known.rules.zone)
    return _theme_answer(200, "success", saved, theme=call.theme)


@bp.get("/get_latest_calls")
@needs(Access.LATEST_CALLS)
@documented(
    Operation(
        tag="Telephony",
        summary="The last five calls of the Vilnius centre",
        answers={
            200: Answer("The calls, newest first", LatestCalls),
            404: refusal("Telephony is not configured"),
        },
    )
)
def latest_calls() -> Response:
    """Answer the last five calls, newest first."""
    known = card_pages.telephony()
    rows = [_latest_call(call, known.rules) for call in known.centre.latest(LATEST)]
    return json_answer(LatestCalls(calls=rows))


@bp.after_request
def finish(response: Response) -> Response:
    """Let pages of any origin report calls, and write the line of `stat.log`."""
    if request.endpoint == "telephony.report" and response.status_code != 403:
        response.headers.extend(_CORS)
    stat_log.note(response)
    return response


@bp.errorhandler(NotConfigured)
def not_configured(_error: NotConfigured) -> Response:
    """There is no telephony in the settings: none of these addresses leads anywhere."""
    return answer(404, _("Telephony is not configured."))


def _unstored(reported: Report) -> BaseResponse:
    """The platform is to report it again; the operator is shown who calls all the same."""
    stat_log.tell_outcome("not_stored", None)
    if reported.kind is EventKind.BEGIN and card_pages.is_wanted():
        response = card_pages.of_number(
            card_pages.telephony(), reported.ani, is_look_up=False, is_stored=False
        )
        response.status_code = 503
    else:
        response = answer(503, _("The portal database cannot be reached."))
    response.headers["Retry-After"] = str(_RETRY_AFTER_S)
    return response


def _theme_answer(
    code: int, status: Literal["success", "warning", "error"], message: str, *, theme: str | None = None
) -> Response:
    response = json_answer(ThemeAnswer(status=status, message=message, theme=theme))
    response.status_code = code
    return response


def _latest_call(call: Call, rules: Rules) -> LatestCall:
    has_begin = call.state is not CallState.AWAITS_BEGIN
    return LatestCall(
        CALL_INFO_ID=call.register_key,
        TIME_BEGIN=_moment(call.began_at if has_begin else None, rules),
        TIME_END=_moment(call.ended_at, rules),
        PHONE_NUMBER=call.number,
        CURRATOR=call.curator,
        THEME=call.theme,
        REGION=rules.region,
        AGENCY_MANAGER=call.manager,
        AGENCY_NAME=call.agency_name,
    )


def _moment(at: datetime | None, rules: Rules) -> str:
    return _NOT_AVAILABLE if at is None else at.astimezone(rules.zone).strftime("%d.%m.%Y %H:%M")
