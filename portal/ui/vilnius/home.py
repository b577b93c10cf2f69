"""The centre on the front page: its card, and what of it needs attention."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from dash import dcc, html
from dash.development.base_component import Component

from portal import i18n
from portal.i18n import _
from portal.ui.blocks import Contents, banner, kpi, since
from portal.ui.frame import milliseconds, moment_words
from portal.ui.home import centre_card
from portal.ui.room_state import Concern, Severity
from portal.ui.states import empty
from portal.ui.vilnius.board import Delivery
from services.telephony import Board

#: Of calls that wait for a register that answers, nobody is told before so long.
WAITS_TOO_LONG = timedelta(minutes=10)


def centre(board: Board, *, path: str, zone: ZoneInfo) -> Component:
    """Today's figures, what goes on and the last event."""
    last = board.last
    ago: Contents = _("no event yet")
    if board.last_event_at is not None:
        before, _gap, after = _("event {age} ago", age="\0").partition("\0")
        ago = [before, since(milliseconds(board.last_event_at)), after]
    shown = "—" if last is None else moment_words(last.call.began_at, zone)
    figures = [
        kpi(
            _("Calls today"),
            i18n.number(board.total.calls),
            _("{n} with an agency", n=i18n.number(board.total.with_agency)),
            definition=_("Calls of the centre since midnight there."),
        ),
        kpi(
            _("Going on now"),
            i18n.number(len(board.in_progress)),
            i18n.plural("{n} unknown caller today", "{n} unknown callers today", len(board.unknown)),
            definition=_("Calls whose end was not reported yet."),
        ),
        kpi(
            _("Last call"),
            shown,
            ago,
            definition=_("When the latest call began, in the centre's zone."),
        ),
    ]
    body = html.Div(figures, className="hp-centre-figures")
    return centre_card(_("Vilnius"), path, [body], icon_name="broadcast", link=_("Contact centre"))


def centre_without_data(title: str, text: str, *, path: str) -> Component:
    """In place of figures that nobody knows: why."""
    body = [empty("telephone-x", title, text)]
    return centre_card(
        _("Vilnius"), path, body, icon_name="broadcast", link=_("Contact centre"), is_current=False
    )


def concerns(board: Board, delivery: Delivery, *, differences: int, path: str) -> list[Concern]:
    """What is unusual: callers nobody talked to, calls that do not get into the register."""
    found = []
    if board.callbacks:
        words = i18n.plural(
            "{n} number in Vilnius is to be called back.",
            "{n} numbers in Vilnius are to be called back.",
            len(board.callbacks),
        )
        found.append(_warning("telephone-x-fill", words, _("Nobody talked to them today."), path))
    if delivery.refused:
        words = i18n.plural(
            "Oracle refused {n} call of Vilnius.", "Oracle refused {n} calls of Vilnius.", delivery.refused
        )
        text = _("An administrator decides whether they are sent again or left out.")
        found.append(_warning("x-circle-fill", words, text, path))
    # While the register does not answer, its own banner says so.
    oldest_at = delivery.oldest_at
    if delivery.is_read and oldest_at is not None and board.as_of - oldest_at > WAITS_TOO_LONG:
        words = i18n.plural(
            "{n} call of Vilnius waits for Oracle for long.",
            "{n} calls of Vilnius wait for Oracle for long.",
            delivery.waiting,
        )
        found.append(_warning("cloud-arrow-up", words, _("Nothing is lost: they are sent again."), path))
    if differences:
        words = i18n.plural(
            "The nightly comparison of the Vilnius register found {n} difference.",
            "The nightly comparison of the Vilnius register found {n} differences.",
            differences,
        )
        text = _("Administrators see them on the centre's page.")
        found.append(_warning("exclamation-triangle-fill", words, text, path))
    return found


def _warning(icon_name: str, words: str, text: str, path: str) -> Concern:
    link = dcc.Link(_("To the centre"), href=path, className="btn btn-sm btn-outline-secondary")
    return Concern(Severity.WARNING, banner("warn", icon_name, [html.B(words + " "), text], link))
