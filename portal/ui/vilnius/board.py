"""The centre at one moment: the last call large, what goes on, whom to call back, the last five, curators."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from portal import i18n
from portal.i18n import _
from portal.ui.blocks import Content, aria, badge, data, hint, icon, since
from portal.ui.card import duration_words
from portal.ui.card import shown as legible
from portal.ui.frame import milliseconds
from portal.ui.states import empty
from portal.ui.vilnius.calls import (
    NOTHING,
    agency_words,
    caller,
    curator_words,
    entry_badge,
    lasted,
    number_button,
    number_words,
    state_words,
)
from services.telephony import Board, Call, Caller, CallState, CuratorTally, ListedCall

#: Lines of a short list; how many more there are is said.
LINES = 5
#: Numbers of a list that scrolls: nobody looks through more.
MOST_CALLERS = 200
#: Curators whose bars are always there.
BARS = 8


@dataclass(frozen=True, slots=True)
class Delivery:
    """How calls fare on their way into the register.

    `is_configured`: there is one; `is_read`: what other programs wrote there is current. `waiting` calls have
    waited for longer than usual, the first of them since `oldest_at`. `outbox` is where refused ones are
    decided about, None for who may not.
    """

    is_configured: bool
    is_read: bool
    waiting: int
    refused: int
    oldest_at: datetime | None = None
    outbox: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """What the board is drawn from; `card_of` gives the address of a call's card, None where it has none."""

    board: Board
    delivery: Delivery
    zone: ZoneInfo
    card_of: Callable[[Call], str | None]


def chip(shown: Shown) -> list[Component]:
    """How current the page is, and what is not well on the way into the register."""
    last = shown.board.last_event_at
    if last is None:
        words: list[Content] = [_("now"), ", ", _("no event yet")]
    else:
        before, _gap, after = _("event {age} ago", age="\0").partition("\0")
        words = [_("now"), ", ", before, since(milliseconds(last)), after]
    current = html.Span([html.Span(className="dot"), html.Span(words)], className="hp-age")
    return [current, *_delivery(shown.delivery)]


def board(shown: Shown) -> list[Component]:
    """Both rows of cards."""
    return [
        html.Div([_last(shown), _going_on(shown), _callers(shown)], className="hp-row w hp-vilnius-now"),
        html.Div([_before(shown), _curators(shown.board)], className="hp-row w hp-vilnius-today"),
    ]


def _delivery(delivery: Delivery) -> list[Component]:
    marks: list[Component] = []
    if not delivery.is_configured:
        words = _("the call register is not configured")
        marks.append(html.Span([icon("cloud-arrow-up"), words], className="hp-age warn hp-hide-s"))
    elif delivery.waiting:
        words = i18n.plural("{n} call waits for Oracle", "{n} calls wait for Oracle", delivery.waiting)
        marks.append(html.Span([icon("cloud-arrow-up"), words], className="hp-age warn hp-hide-s"))
    if delivery.refused:
        words = i18n.plural("Oracle refused {n} call", "Oracle refused {n} calls", delivery.refused)
        told: Content = (
            html.A(words, href=delivery.outbox, className="hp-inline") if delivery.outbox else words
        )
        marks.append(html.Span([icon("x-circle-fill"), told], className="hp-age stale"))
    return marks


# The first row


def _last(shown: Shown) -> Component:
    last = shown.board.last
    if last is None:
        return html.Section(
            empty("telephone", _("No call yet"), _("The first one appears here by itself.")),
            className="hp-card hp-grow hp-vilnius-last",
        )
    call, state = last.call, state_words(last.call)
    name = agency_words(call)
    address = shown.card_of(call)
    title = name or number_words(call.number)
    return html.Section(
        [
            html.Div(
                [
                    html.H2(_("Last call"), className="hp-s hp-mut"),
                    badge(state.kind, state.icon, state.word),
                    html.Span(
                        lasted(call, is_current=_is_current(shown, last)),
                        className="hp-num hp-vilnius-time ms-auto",
                    ),
                ],
                className="hp-flex",
            ),
            html.Div(
                html.A(title, href=address) if address else title,
                className="hp-vilnius-name hp-trunc",
                title=title,
            ),
            html.Div(_person(call), className="hp-vilnius-person hp-trunc"),
            html.Div(
                [
                    html.Div(
                        [
                            html.Div(number_button(call.number), className="hp-tel hp-vilnius-number"),
                            html.Div(_facts(call, shown.zone), className="hp-vilnius-facts hp-mut"),
                        ],
                        className="hp-grow",
                    ),
                    *_card_button(address),
                ],
                className="hp-flex hp-vilnius-foot",
            ),
        ],
        className="hp-card hp-grow hp-vilnius-last" + (" going" if call.state is CallState.OPEN else ""),
    )


def _person(call: Call) -> Content:
    if call.manager:
        return legible(call.manager)
    words = _("the caller is not known by name") if call.agency_id is not None else _("agency not found")
    return html.Span(words, className="hp-mut")


def _facts(call: Call, zone: ZoneInfo) -> str:
    began = i18n.clock(call.began_at.astimezone(zone), seconds=True)
    theme = legible(call.theme or "") or _("theme not chosen")
    curator = _("curator {number}", number=curator_words(call.curator))
    return " · ".join([curator, _("since {time}", time=began), theme])


def _card_button(address: str | None) -> list[Component]:
    if address is None:
        return []
    return [html.A(_("Open the card"), href=address, className="btn btn-primary align-self-end")]


def _going_on(shown: Shown) -> Component:
    calls = shown.board.in_progress
    lines = calls[: LINES - 1] if len(calls) > LINES else calls
    rows = [_going(call, shown) for call in lines]
    if len(calls) > len(lines):
        rows.append(_more(len(calls) - len(lines), columns=2))
    nothing = empty("telephone", _("Nobody is on the phone"), _("A call appears here when it begins."))
    return html.Section(
        [
            html.Header(
                [
                    html.H2(_("Going on now")),
                    html.Span(i18n.number(len(calls)), className="hp-s hp-mut ms-auto"),
                ]
            ),
            _table(None, rows, _("Calls going on now")) if rows else nothing,
        ],
        className="hp-card hp-grow hp-vilnius-going",
    )


def _going(call: Call, shown: Shown) -> Component:
    name = agency_words(call)
    unknown = _("{number}, unknown", number=number_words(call.number))
    words = name or unknown
    address = shown.card_of(call)
    who: Content = html.A(words, href=address) if address else words
    return html.Tr(
        [
            html.Td(
                [
                    html.Span(who, className="d-block hp-trunc" + ("" if name else " hp-mut"), title=words),
                    html.Span(
                        _("curator {number}", number=curator_words(call.curator)), className="hp-s hp-mut"
                    ),
                ],
                className="hp-wide-cell",
            ),
            html.Td(
                lasted(call, is_current=shown.delivery.is_read or call.token is not None),
                className="r fw-semibold",
            ),
        ],
        **data(key=f"call-{call.id}"),
    )


def _callers(shown: Shown) -> Component:
    """Whom to call back, where the platform tells whether calls are answered; and the unknown callers."""
    board = shown.board
    parts: list[Component] = []
    if board.callbacks is not None:
        parts += _caller_list(
            _("Call back"),
            _("Numbers nobody talked to today. A line goes by itself when a call of its number is answered."),
            board.callbacks,
            icon_name="telephone-x-fill",
            kind="bad",
            nobody=_("Every caller was talked to."),
        )
    parts += _caller_list(
        _("Unknown callers"),
        _("Numbers of today that belong to no agency in the CRM."),
        board.unknown,
        icon_name="question-circle",
        kind="",
        nobody=_("All callers of today are known."),
        is_folded=board.callbacks is not None,
    )
    is_urgent = bool(board.callbacks)
    return html.Section(parts, className="hp-card hp-vilnius-callers" + (" urgent" if is_urgent else ""))


def _caller_list(
    title: str,
    definition: str,
    callers: Sequence[Caller],
    *,
    icon_name: str,
    kind: str,
    nobody: str,
    is_folded: bool = False,
) -> list[Component]:
    """A list that scrolls by itself, under its head; one that is folded opens by a press on its head."""
    numbers = i18n.plural("{n} number", "{n} numbers", len(callers))
    count = html.Span(badge(kind, icon_name, numbers), className="ms-auto")
    rows = html.Div(
        _table(None, [_caller(one) for one in callers[:MOST_CALLERS]], title),
        className="hp-scrolled hp-vilnius-list",
        tabIndex="0",
        role="region",
        **aria(label=title),
    )
    if is_folded:
        if not callers:
            return []
        head = html.Summary([icon("chevron-right"), html.H2(title), count], title=definition)
        return [html.Details([head, rows], className="hp-vilnius-folded")]
    heads = [html.H2(title), hint(definition)]
    if not callers:
        return [html.Header(heads), html.Div(nobody, className="body hp-s hp-mut")]
    return [html.Header([*heads, count]), rows]


def _caller(one: Caller) -> Component:
    ago = since(milliseconds(one.last_at))
    return html.Tr(
        [
            html.Td(number_button(one.number), className="hp-tel", title=legible(one.agency_name or "")),
            html.Td(i18n.plural("{n} time", "{n} times", one.calls), className="hp-mut hp-s hp-nowrap"),
            html.Td(ago, className="r hp-mut"),
        ],
        **data(key=one.number),
    )


# The second row


def _before(shown: Shown) -> Component:
    heads = [
        (_("Begin"), ""),
        (_("Lasted"), "r"),
        (_("Phone"), ""),
        (_("Agency and caller"), ""),
        (_("Curator"), ""),
        (_("Theme"), ""),
        (_("Register"), ""),
    ]
    rows = [_line(one, shown) for one in shown.board.before]
    nothing = empty("clock-history", _("No call is over yet"), _("Calls move here when they end."))
    return html.Section(
        [
            html.Header(html.H2(_("Last five"))),
            _table(heads, rows, _("Last five")) if rows else nothing,
        ],
        className="hp-card hp-grow hp-vilnius-before",
    )


def _line(one: ListedCall, shown: Shown) -> Component:
    call = one.call
    theme = legible(call.theme or "") or NOTHING
    return html.Tr(
        [
            html.Td(_begin_words(call.began_at, shown), className="hp-num"),
            html.Td(lasted(call), className="r"),
            html.Td(number_button(call.number), className="hp-tel"),
            html.Td(caller(call), className="hp-wide-cell"),
            html.Td(curator_words(call.curator), className="hp-nowrap hp-short-cell"),
            html.Td(theme, className="hp-nowrap hp-short-cell", title=theme),
            html.Td(entry_badge(one.entry)),
        ],
        **data(key=f"call-{call.id}"),
    )


def _begin_words(began_at: datetime, shown: Shown) -> str:
    there = began_at.astimezone(shown.zone)
    is_today = there.date() == shown.board.today
    return i18n.clock(there, seconds=True) if is_today else i18n.moment(there)


def _curators(board: Board) -> Component:
    most = max((one.tally.calls for one in board.curators), default=0)
    bars = [_bar(one, most) for one in board.curators]
    rest = bars[BARS:]
    more: list[Component] = []
    if rest:
        words = i18n.plural("{n} more curator", "{n} more curators", len(rest))
        more = [html.Details([html.Summary(words, className="hp-s hp-bars-more"), *rest])]
    nothing = empty("people", _("No call today"), _("Curators appear here with their first call."))
    return html.Section(
        [
            html.Header(
                [
                    html.H2(_("Curators today")),
                    html.Span(
                        i18n.plural("{n} call", "{n} calls", board.total.calls),
                        className="hp-s hp-mut ms-auto",
                    ),
                ]
            ),
            html.Div([*bars[:BARS], *more], className="hp-bars hp-vilnius-bars") if bars else nothing,
        ],
        className="hp-card hp-grow hp-vilnius-curators",
    )


def _bar(one: CuratorTally, most: int) -> Component:
    tally = one.tally
    details = [_("{n} with an agency", n=i18n.number(tally.with_agency))]
    if tally.mean_seconds is not None:
        details.append(
            _("{duration} on average", duration=duration_words(timedelta(seconds=tally.mean_seconds)))
        )
    return html.Button(
        [
            html.Span(
                [
                    curator_words(one.curator),
                    html.Span(" · " + " · ".join(details), className="hp-s hp-mut"),
                ],
                className="hp-trunc",
            ),
            html.Span(i18n.number(tally.calls), className="hp-num"),
            html.Span(html.Span(style={"width": f"{100 * tally.calls / most:.1f}%"}), className="t"),
        ],
        type="button",
        className="hp-bar",
        title=_("Show today's calls of curator {number}", number=curator_words(one.curator)),
        **data(key=f"curator-{one.curator}", curator=one.curator, period="today"),
    )


def _table(heads: Sequence[tuple[str, str]] | None, rows: Sequence[Component], title: str) -> Component:
    caption = html.Caption(title, className="visually-hidden")
    head = (
        [html.Thead(html.Tr([html.Th(words, scope="col", className=kind) for words, kind in heads]))]
        if heads
        else []
    )
    return html.Table([caption, *head, html.Tbody(list(rows))], className="hp-table mt-1")


def _more(count: int, *, columns: int) -> Component:
    words = _("and {n} more", n=i18n.number(count))
    return html.Tr(html.Td(words, colSpan=str(columns), className="hp-s hp-mut"), **data(key="more"))


def _is_current(shown: Shown, one: ListedCall) -> bool:
    return shown.delivery.is_read or one.call.token is not None
