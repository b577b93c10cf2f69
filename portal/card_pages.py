"""The pages the telephony platform opens: a caller's card, "agency not found", the farewell.

They are made within a request and wait for nothing but the gateway, and for that one not long: a page whose
card is not complete asks for the rest by itself. What cannot be read is left out and said so.
"""

import logging
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from flask import Response, current_app, make_response, render_template, request, url_for

from portal.context import is_secure, services
from portal.i18n import plural
from portal.routes.errors import answer
from portal.security.guard import wants_page
from portal.security.telephony import CALL_COOKIE, CALL_FIELD
from portal.ui import card as ui
from services.storage import StorageError
from services.telephony import (
    Call,
    CallState,
    CardAnswer,
    Match,
    MatchKind,
    NotConfigured,
    Telephony,
    caller_of,
    clean_number,
)

log = logging.getLogger(__name__)

#: So long a page waits for the gateway; what comes later the page gets by itself.
PATIENCE = timedelta(milliseconds=500)
#: Threads of a process that never wait for the gateway: events are stored whatever it does.
FREE_THREADS = 2
_COOKIE_S = 12 * 3600
_MOST_OTHERS = 5
_LONGEST_NAME = 60
_NO_MATCH = Match(MatchKind.NONE)
_AGENCY_FIELD = "agency"


@dataclass(frozen=True, slots=True)
class _Subject:
    """Whose page it is: the number as far as it is one (else what `ani` said), its agencies, its call.

    `address` is where the page is had again without reporting anything; empty for none. Nothing is registered
    for a look-up.
    """

    call: Call | None
    number: str | None
    ani: str
    match: Match
    address: str
    is_look_up: bool = False
    is_stored: bool = True


def telephony() -> Telephony:
    """The telephony of this app.

    Raises:
        NotConfigured: the settings have none.
    """
    found = services().telephony
    if found is None:
        raise NotConfigured("telephony")
    return found


def is_wanted() -> bool:
    """Whether the asker can do something with a page: all can but those who ask for JSON alone."""
    kinds = request.accept_mimetypes
    return not kinds.accept_json or wants_page() or any(kind == "*/*" for kind, _quality in kinds)


def of_call(known: Telephony, call: Call) -> Response:
    """The page of a call: the card of its agency, or that there is none.

    Raises:
        StorageError: the first reading of agencies' numbers failed.
    """
    match = _matched(known, call.number) if call.agency_id is not None else _NO_MATCH
    address = address_of(call, request.args.get(_AGENCY_FIELD, ""))
    return _page(known, _Subject(call, call.number, call.number, match, address))


def of_number(known: Telephony, ani: str, *, is_look_up: bool = True, is_stored: bool = True) -> Response:
    """The page of a number without a call.

    `is_look_up` is False when a call was reported, so that loading the page again reports it again;
    `is_stored` is False when that report could not be stored.
    """
    number = clean_number(ani, known.rules.country)
    address = _here() if is_look_up else ""
    match = _matched(known, number)
    return _page(known, _Subject(None, number, ani, match, address, is_look_up, is_stored))


def farewell(known: Telephony, call: Call | None, ani: str) -> Response:
    """What is shown at the end of a call; None: its begin is still under way."""
    number = call.number if call is not None else clean_number(ani, known.rules.country)
    head = ui.head(call, number, ani, ui.ended(), zone=known.rules.zone, now=datetime.now(UTC))
    return _rendered(
        "card-farewell.html",
        call,
        address=address_of(call) if call is not None else "",
        head=head,
        name=ui.shown((call and call.agency_name) or "") or head.number,
        person=ui.shown((call and call.manager) or ""),
        facts=ui.farewell_facts(call),
        themes=ui.themes(known.rules.themes, call.theme if call is not None else None),
    )


def notice(status: int, title: str, text: str) -> Response:
    """A page that has nothing but a message."""
    if not is_wanted():
        return answer(status, f"{title} {text}")
    kind, icon_name = ("info", "info-circle") if status == 404 else ("crit", "x-octagon-fill")
    response = _rendered("card-notice.html", None, notice=ui.Notice(kind, icon_name, title, text))
    response.status_code = status
    return response


def remember(response: Response, call: Call) -> Response:
    """Make `call` the current one of the session."""
    section = services().settings.telephony
    is_framed = section is not None and bool(section.frame_origins)
    response.set_cookie(
        CALL_COOKIE,
        call.token or "",
        max_age=_COOKIE_S,
        httponly=True,
        # Within a page of another site browsers keep no other cookie, and this one only over TLS.
        samesite="None" if is_framed and is_secure() else "Lax",
        secure=is_secure(),
    )
    return response


def address_of(call: Call, agency: str = "") -> str:
    """Where the card of `call` is shown again, for its agency or for another one."""
    name = re.sub(r"\W+", "-", call.agency_name or "").strip("-")[:_LONGEST_NAME] or "caller"
    values = {CALL_FIELD: call.token or "", **({_AGENCY_FIELD: agency} if agency else {})}
    return f"{url_for('telephony.show', agency_name=name)}?{urlencode(values)}"


def ask_ahead(known: Telephony, ani: str) -> None:
    """Begin to ask the gateway for the caller's agency: the card comes sooner by as long as storing takes."""
    match = _matched(known, clean_number(ani, known.rules.country))
    if match.agency_id is not None:
        _card(known, match.agency_id, wait=timedelta(0))


def _here(agency: str = "") -> str:
    """The address of the present look-up."""
    values = {**request.args.to_dict(), **({_AGENCY_FIELD: agency} if agency else {})}
    return f"{quote(request.path)}?{urlencode(values)}"


def _page(known: Telephony, subject: _Subject) -> Response:
    call, rules, now = subject.call, known.rules, datetime.now(UTC)
    agencies = _agencies(subject)
    agency_id = _chosen(agencies)
    past = _past(known, subject, agency_id, call.began_at if call is not None else now)
    common: dict[str, Any] = {
        "address": subject.address,
        "head": ui.head(call, subject.number, subject.ani, _badge(subject), zone=rules.zone, now=now),
        "is_stored": subject.is_stored,
        "past_calls": None if past is None else ui.past_calls(past[0], zone=rules.zone, now=now),
        "in_year": None if past is None else past[1],
        "themes": ui.themes(rules.themes, call.theme if call is not None else None),
    }
    calm = "calm" if call is not None and call.state is CallState.OPEN else ""
    if agency_id is None:
        return _rendered("card-unknown.html", call, ask=calm, **common, **_unknown(known, subject))
    answered = _card(known, agency_id)
    card = answered.card if answered is not None else None
    contact = caller_of(card, subject.number, rules.country) if card is not None else None
    is_complete = answered is None or (card is not None and answered.problem is None)
    others = [one for one in agencies if one != agency_id]
    return _rendered(
        "card.html",
        call,
        ask=calm if is_complete else "soon",
        note=ui.card_note(answered, zone=rules.zone, now=now),
        agency=ui.agency(call, agency_id, card, contact),
        is_other=call is not None and agency_id != agencies[0],
        facts=ui.facts(card),
        people=ui.people(card),
        # How sure it was when the call began.
        match=ui.match_words(call.match if call is not None else subject.match.kind),
        others=[_other(known, subject, other) for other in others[:_MOST_OTHERS]],
        others_words=plural(
            "{n} more agency with this number", "{n} more agencies with this number", len(others)
        ),
        **common,
    )


def _badge(subject: _Subject) -> ui.Badge:
    if subject.is_look_up:
        return ui.looked_up()
    is_over = subject.call is not None and subject.call.state is not CallState.OPEN
    return ui.ended() if is_over else ui.incoming()


def _agencies(subject: _Subject) -> list[int]:
    """All that have the number: first the one the call is registered with, or would be."""
    match, call = subject.match, subject.call
    found = [one for one in (match.agency_id, *match.others) if one is not None]
    if call is not None and call.agency_id is not None:
        return [call.agency_id, *(one for one in found if one != call.agency_id)]
    return found


def _chosen(agencies: Sequence[int]) -> int | None:
    """The one that `?agency=` chooses among them, else the first."""
    wanted = request.args.get(_AGENCY_FIELD, "")
    chosen = [one for one in agencies if str(one) == wanted]
    return next(iter(chosen or agencies), None)


def _other(known: Telephony, subject: _Subject, agency_id: int) -> tuple[str, str]:
    """Name and address of another agency with this number; empty where there is no address."""
    name = ui.agency(None, agency_id, known.cards.known(agency_id).card, None).name
    if subject.call is not None:
        return name, address_of(subject.call, str(agency_id))
    return name, _here(str(agency_id)) if subject.address else ""


def _unknown(known: Telephony, subject: _Subject) -> dict[str, Any]:
    """What the page of a caller without an agency says besides."""
    return {
        "note": None,
        "trouble": _directory_trouble(known),
        "explained": ui.unknown_words(subject.call, subject.number),
        "steps": ui.next_steps(subject.call, subject.number),
        "copied": f"+{subject.number}" if subject.number is not None else "",
        "has_past": subject.number is not None,
    }


def _directory_trouble(known: Telephony) -> ui.Notice | None:
    """Why an agency may not be found though it has the number."""
    if services().settings.crm is None:
        return ui.no_directory()
    try:
        freshness = known.directory.freshness()
    except StorageError as error:
        log.warning("the age of agencies' numbers cannot be read: %s", error)
        return None
    return ui.directory_trouble(
        freshness.looked_at, freshness.problem, zone=known.rules.zone, now=datetime.now(UTC)
    )


def _matched(known: Telephony, number: str | None) -> Match:
    try:
        return known.match(number)
    except StorageError as error:
        log.warning("agencies cannot be looked up by number: %s", error)
        return _NO_MATCH


def _past(
    known: Telephony, subject: _Subject, agency_id: int | None, before: datetime
) -> tuple[Sequence[Call], int] | None:
    """The calls before and how many there were in a year; None: they cannot be read."""
    if subject.number is None:
        return (), 0
    try:
        found = known.centre.past_calls(number=subject.number, agency_id=agency_id, before=before)
    except StorageError as error:
        log.warning("past calls cannot be read: %s", error)
        return None
    return found.calls, found.in_year


def _card(known: Telephony, agency_id: int, *, wait: timedelta = PATIENCE) -> CardAnswer | None:
    """The agency's card; None when there is neither a gateway nor a card of an earlier time."""
    try:
        with _place_to_wait(is_wanted=bool(wait)) as has_place:
            return known.cards.card(agency_id, wait=wait if has_place else timedelta(0))
    except NotConfigured:
        earlier = known.cards.known(agency_id)
        return earlier if earlier.card is not None else None


@contextmanager
def _place_to_wait(*, is_wanted: bool) -> Iterator[bool]:
    """Whether one more thread may wait for the gateway."""
    most = max(1, services().settings.portal.threads - FREE_THREADS)
    places: threading.Semaphore = current_app.extensions.setdefault(
        "portal.card_places", threading.Semaphore(most)
    )
    has_place = is_wanted and places.acquire(blocking=False)
    try:
        yield has_place
    finally:
        if has_place:
            places.release()


def _rendered(
    template: str, call: Call | None, *, address: str = "", ask: str = "", **values: Any
) -> Response:
    page = render_template(
        template,
        words=orjson.dumps(ui.script_words()).decode(),
        now_ms=round(datetime.now(UTC).timestamp() * 1000),
        token=call.token if call is not None else "",
        address=address,
        ask=ask if address else "",
        **values,
    )
    return make_response(page)
