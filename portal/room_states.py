"""What the rooms say on the front page: each asks its service and leaves words and looks to `portal.ui`."""

from datetime import UTC, datetime

from portal.calls_today import calls_today
from portal.i18n import _
from portal.ui import home as ui
from portal.ui.room_state import RoomState
from portal.ui.vilnius import home as vilnius_ui
from portal.ui.words import advice
from portal.vilnius_delivery import PATH as VILNIUS
from portal.vilnius_delivery import delivery
from portal.wiring import CALL_CENTRE, Services
from services.calls import NotConfigured
from services.errors import UpstreamError

_CALLS = "/calls"


def moscow_state(known: Services) -> RoomState:
    """The Moscow call centre: today's figures, and what is unusual in them."""
    log = known.calls
    is_current = known.live.snapshot().source(CALL_CENTRE).is_current
    try:
        today = calls_today(log, datetime.now(log.zone))
        filled = log.facts().filled_share
    except NotConfigured:
        text = _("An administrator names it in the section [call_centre] of the configuration.")
        title = _("The call database is not configured.")
        return RoomState(ui.calls_card_without_data(title, text, path=_CALLS, source=CALL_CENTRE))
    except UpstreamError as error:
        why = advice(CALL_CENTRE, error.reason)
        return RoomState(ui.calls_card_without_data(why.what, why.do, path=_CALLS, source=CALL_CENTRE))
    concerns = ui.calls_concerns(today, path=_CALLS, source=CALL_CENTRE, is_current=is_current)
    if filled < 1:
        concerns.append(ui.filling_concern(filled))
    card = ui.calls_card(today, path=_CALLS, source=CALL_CENTRE, is_current=is_current)
    return RoomState(card, tuple(concerns))


def statistics_state(known: Services) -> RoomState:
    """Call statistics: no card of their own, but whether all days are counted."""
    try:
        facts = known.statistics.facts()
    except NotConfigured:
        return RoomState()
    return RoomState(concerns=tuple(ui.roll_up_concerns(facts, datetime.now(UTC))))


def vilnius_state(known: Services) -> RoomState:
    """The Vilnius contact centre: its card; callers nobody talked to, and calls that reach no register."""
    telephony = known.telephony
    if telephony is None:
        text = _("An administrator names it in the section [telephony] of the configuration.")
        card = vilnius_ui.centre_without_data(_("Telephony is not configured."), text, path=VILNIUS)
        return RoomState(card)
    board, fares = telephony.centre.board(), delivery(known, telephony, may_decide=False)
    card = vilnius_ui.centre(board, path=VILNIUS, zone=telephony.rules.zone)
    differences = len(telephony.outbox.differences())
    concerns = vilnius_ui.concerns(board, fares, differences=differences, path=VILNIUS)
    return RoomState(card, tuple(concerns))
