"""The pieces of windows that show one object: head, telephones, and where an agency is."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import quote_plus
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from portal import i18n
from portal.i18n import _
from portal.ui.blocks import Contents, badge, data, definitions, icon, icon_button
from portal.ui.phones import readable_number
from services.calls import Agency

#: What is further from Moscow is a mistake in the data: no clock is shown for it.
_FURTHEST_ZONE_H = 14


def modal_head(icon_name: str, above: Contents, title: str, below: str | None, *, modal: str) -> html.Div:
    """What the window `modal` is about, and its close button."""
    return html.Div(
        [
            html.Div(
                [
                    html.Div([icon(icon_name), " ", html.Span(above)], className="hp-flex hp-s hp-mut"),
                    html.H2(title, id=title_of(modal)),
                    *([html.Div(below, className="hp-s hp-mut")] if below and below != title else []),
                ],
                className="hp-grow",
            ),
            icon_button("x-lg", _("Close"), className="btn btn-ghost btn-icon", **data(close_details=modal)),
        ],
        className="hp-modal-head",
    )


def title_of(modal: str) -> str:
    """The id of the title of a window."""
    return f"{modal}-title"


def missing_details(text: str, *, modal: str) -> list[Component]:
    """A window whose object is not there, or cannot be read now."""
    return [
        modal_head("question-circle", [], _("Nothing to show"), None, modal=modal),
        html.Div(text, className="hp-modal-text"),
    ]


def phones(
    known: Sequence[tuple[str | None, str | None]],
    further: Callable[[str], Component | None] = lambda _number: None,
) -> Component:
    """Numbers with comments, to be dialled and copied; `further` gives what else a number offers."""
    shown = [(number, comment) for number, comment in known if number]
    if not shown:
        return html.P(_("No phone is known."), className="hp-mut")
    return html.Table(
        html.Tbody([_phone_row(number, comment, further(number)) for number, comment in shown]),
        className="hp-table hp-phones",
    )


def _phone_row(number: str, comment: str | None, further: Component | None) -> html.Tr:
    shown = readable_number(number) or number
    dialled = "".join(character for character in shown if character.isdigit() or character == "+")
    copy = icon_button(
        "copy",
        _("Copy {number}", number=shown),
        className="btn btn-ghost btn-sm btn-icon",
        **data(copy=shown),
    )
    return html.Tr(
        [
            html.Td(
                [
                    html.A(shown, href=f"tel:{dialled}", className="hp-tel"),
                    *([html.Div(comment, className="hp-s hp-mut")] if comment else []),
                ]
            ),
            html.Td([further, copy] if further else copy, className="r"),
        ]
    )


def agency_title(agency: Agency) -> str:
    return agency.name or agency.english_name or _("Agency without a name")


def agency_place(agency: Agency, zone: ZoneInfo, *, hours: str | None = None) -> Component:
    """How to find an agency, when it is open, what is to be known of it; `zone` is that of Moscow."""
    return html.Div(
        [
            html.H3(_("How to find it"), className="mb-2"),
            definitions(
                [
                    (_("Address"), _address(agency)),
                    (
                        _("City"),
                        ", ".join(filter(None, (agency.city, agency.district, agency.area, agency.region))),
                    ),
                    (_("Metro"), agency.metro),
                    (_("Time"), _time_words(agency.time_zone, zone)),
                    (_("Working hours"), hours),
                    (_("Terms"), _terms(agency)),
                    (_("Comment"), agency.comment and html.Span(agency.comment, className="hp-lines")),
                ]
            ),
        ]
    )


def _address(agency: Agency) -> Contents:
    if not agency.address:
        return None
    search = ", ".join(filter(None, (agency.city, agency.address)))
    return [
        html.A(
            [agency.address, " ", icon("box-arrow-up-right", className="hp-s")],
            href=f"https://yandex.ru/maps/?text={quote_plus(search)}",
            target="_blank",
            rel="noopener noreferrer",
        ),
        html.Div(_("opens in Yandex Maps"), className="hp-s hp-mut"),
    ]


def offset_words(offset: int) -> str:
    """How far ahead of Moscow a clock is: `+2`."""
    return f"{offset:+d}".replace("-", "−")


def _time_words(offset: int | None, zone: ZoneInfo) -> Contents:
    if offset is None:
        return None
    ahead = _("Moscow {offset} h", offset=offset_words(offset))
    if abs(offset) > _FURTHEST_ZONE_H:
        return ahead
    words = _("{ahead}, there it is now", ahead=ahead) if offset else _("as in Moscow, now")
    there = (datetime.now(UTC) + timedelta(hours=offset)).astimezone(zone)
    running = html.Span(i18n.clock(there), className="hp-num", **data(there=str(zone), ahead=str(offset)))
    return [words, " ", running]


def _terms(agency: Agency) -> Contents:
    known = [
        (agency.bank_card, badge("ok", "credit-card", _("takes cards"))),
        (agency.tickets, badge("", "ticket-perforated", _("tickets"))),
        (agency.english, badge("", "translate", _("English"))),
        (agency.stambul, badge("", "geo-alt", _("Istanbul"))),
        (agency.austria, badge("", "geo-alt", _("Austria"))),
        (agency.switch_msk_agency, badge("", "arrow-left-right", _("switched to a Moscow agency"))),
        (agency.station_not_set, badge("warn", "exclamation-triangle-fill", _("station not set"))),
    ]
    shown = [mark for flag, mark in known if flag]
    return html.Div(shown, className="hp-flex hp-wrap hp-marks") if shown else None
