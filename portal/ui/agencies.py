"""The agency directory: rows of the list and the window of one agency, from data to components."""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from dash import dcc, html
from dash.development.base_component import Component

from portal import i18n, ids
from portal.i18n import _
from portal.ui.blocks import Content, badge, icon, unseen
from portal.ui.calls import operator_words
from portal.ui.details import agency_place, agency_title, modal_head, offset_words, phones
from portal.ui.names import short_name
from portal.ui.phones import readable_number
from portal.ui.words import ringing_outcome
from services.calls import Agency, AgencyCall, AgencyCalls, AgencyDetails, Freshness, ListedAgency

_DIGIT = re.compile("[0-9]")


def row(listed: ListedAgency) -> dict[str, object]:
    """One line of the list, in the reader's words."""
    agency = listed.agency
    title = agency_title(agency)
    numbers = [readable_number(phone.number) or phone.number for phone in agency.phones]
    others = numbers[1:]
    return {
        "id": str(agency.id),
        "name": title,
        "english": agency.english_name if agency.english_name != title else None,
        "city": agency.city,
        "metro": agency.metro or agency.district or agency.area,
        "address": agency.address,
        "phone": numbers[0] if numbers else None,
        "others": i18n.plural("{n} more number", "{n} more numbers", len(others)) if others else None,
        "more": f"+{len(others)}" if others else None,
        "time": _("{offset} h", offset=offset_words(agency.time_zone)) if agency.time_zone else None,
    }


def found_words(total: int, known: int) -> str:
    """How many agencies are shown."""
    shown = i18n.plural("{n} agency", "{n} agencies", total)
    return shown if total == known else _("{shown} of {known}", shown=shown, known=i18n.number(known))


def agency_details(details: AgencyDetails, calls: AgencyCalls, zone: ZoneInfo) -> list[Component]:
    """The window of one agency."""
    listed = details.listed
    agency = listed.agency
    return [
        modal_head(
            "building",
            [_("Agency no. {id}", id=agency.id), *_as_of(details.freshness, zone)],
            agency_title(agency),
            agency.english_name,
            modal=ids.AGENCIES_DETAILS,
        ),
        html.Div(
            [
                agency_place(agency, zone, hours=listed.hours),
                html.Div([html.H3(_("Phones"), className="mb-2"), _phones(agency, calls)]),
            ],
            className="hp-modal-columns",
        ),
        _calls(calls, zone),
    ]


def _as_of(freshness: Freshness, zone: ZoneInfo) -> list[str]:
    """When the data are from, where they are not current."""
    if freshness.problem is None or freshness.as_of is None:
        return []
    return [" · ", _("data of {time}", time=i18n.moment(freshness.as_of.astimezone(zone)))]


def _phones(agency: Agency, calls: AgencyCalls) -> Component:
    return phones([(phone.number, phone.comment) for phone in agency.phones], _calls_from(calls))


def _calls_from(calls: AgencyCalls) -> Callable[[str], Component | None]:
    """A link to the calls that came from a number, in the days the copy has."""

    def link(number: str) -> Component | None:
        if not _DIGIT.search(number):
            return None
        shown = readable_number(number) or number
        words = _("Calls from {number}", number=shown)
        return dcc.Link(
            [icon("telephone-inbound"), unseen(words)],
            href=_log_address(calls.since or calls.until, calls.until, phone=shown),
            className="btn btn-ghost btn-sm btn-icon",
            title=f"{words}, {_days(calls)}",
        )

    return link


def _calls(calls: AgencyCalls, zone: ZoneInfo) -> Component:
    """The latest calls in which the agency was rung, and of which days these are."""
    return html.Section(
        [
            html.Header(
                [
                    html.H3(_("Calls in which it was rung")),
                    html.Span(_counted(calls), className="hp-s hp-mut ms-auto"),
                ],
                className="hp-flex",
            ),
            *([_table(calls.latest, zone)] if calls.latest else []),
            html.P(_period_words(calls, zone), className="hp-s hp-mut"),
        ],
        className="hp-rung",
    )


def _counted(calls: AgencyCalls) -> str:
    if not calls.total:
        return ""
    counted = i18n.plural("{n} call", "{n} calls", calls.total)
    if calls.total == len(calls.latest):
        return counted
    return _("{calls}, the latest {n} are shown", calls=counted, n=len(calls.latest))


def _period_words(calls: AgencyCalls, zone: ZoneInfo) -> str:
    if calls.since is None:
        words = _("Today's calls are still being copied: the list may be incomplete.")
    elif calls.total:
        words = _("Calls of {days}: the days of which the portal has a copy.", days=_days(calls))
    else:
        words = _("Not rung in {days}, the days of which the portal has a copy.", days=_days(calls))
    if calls.freshness.problem is None or calls.freshness.as_of is None:
        return words
    as_of = i18n.moment(calls.freshness.as_of.astimezone(zone))
    return f"{words} {_('Data of {time}.', time=as_of)}"


def _days(calls: AgencyCalls) -> str:
    if calls.since is None or calls.since == calls.until:
        return i18n.short_day(calls.until)
    return f"{i18n.short_day(calls.since)} – {i18n.short_day(calls.until)}"


def _table(latest: Sequence[AgencyCall], zone: ZoneInfo) -> Component:
    heads = (_("Call"), _("Phone"), _("Operator"), _("Outcome of ringing"))
    return html.Div(
        html.Table(
            [
                html.Thead(html.Tr([html.Th(head, scope="col") for head in heads])),
                html.Tbody([_call_row(one, zone) for one in latest]),
            ],
            className="hp-table",
        ),
        className="hp-rung-scroll",
    )


def _call_row(one: AgencyCall, zone: ZoneInfo) -> html.Tr:
    call = one.call
    at = call.at.astimezone(zone)
    outcome = ringing_outcome(one.ringing.outcome)
    operator = operator_words(call.operator_id, call.operator and short_name(call.operator))
    return html.Tr(
        [
            html.Td(
                dcc.Link(
                    i18n.moment(at),
                    href=_log_address(at.date(), at.date(), open=f"agency:{call.id}"),
                    className="hp-num",
                    title=_("Call no. {id} in the call log", id=i18n.number(call.id)),
                )
            ),
            html.Td(readable_number(call.number) or html.Span(_("not identified"), className="hp-mut")),
            html.Td(operator or html.Span(_("not assigned"), className="hp-mut"), title=call.operator),
            html.Td([badge(outcome.kind, outcome.icon, outcome.word), *_rung_at(one, at, zone)]),
        ]
    )


def _rung_at(one: AgencyCall, call_at: datetime, zone: ZoneInfo) -> list[Content]:
    shown: list[Content] = []
    if one.ringing.at is not None:
        there = one.ringing.at.astimezone(zone)
        words = i18n.clock(there, seconds=True) if there.date() == call_at.date() else i18n.moment(there)
        shown += [" ", html.Span(words, className="hp-num hp-mut")]
    if not one.is_last:
        shown.append(html.Div(_("then another agency was rung"), className="hp-s hp-mut"))
    return shown


def _log_address(first: date, last: date, **condition: str) -> str:
    period = {"from": first.isoformat(), **({"to": last.isoformat()} if last != first else {})}
    return "/calls?" + urlencode(period | condition, safe=":")
