"""What the centre's page does: what Oracle refused is sent again or left out; the rest runs in the browser.

The board, the register with its filter, the figures and the entries are in `assets/20-vilnius.js`; what it
shows comes by the routes under `/contact-center/vilnius/`.
"""

import logging

from dash import Input, Output, ctx, no_update, set_props

from portal import ids
from portal.context import current_person, services
from portal.dash_app import PortalDash
from portal.i18n import _
from portal.ui.vilnius.outbox import question
from services.accounts import Right
from services.live import Topic
from services.telephony import NotRefused, RefusedEntry

audit = logging.getLogger("portal.audit")

#: No database of ours counts further: what is beyond is no call.
_HIGHEST_ID = 2**63 - 1
#: Among so many the call that is asked about is looked for; the list shows fewer.
_LOOKED_THROUGH = 500


def register(app: PortalDash) -> None:
    """Register the behaviours of the page on `app`."""
    app.in_browser(
        "vilnius",
        "attach",
        Output(ids.VILNIUS_GRID, "getRowsResponse"),
        Input(ids.VILNIUS_GRID, "getRowsRequest"),
    )
    app.in_browser(
        "vilnius",
        "changed",
        Output(ids.VILNIUS_SEEN, "data"),
        Input(ids.topic(Topic.TELEPHONY), "data"),
        Input(ids.topic(Topic.SOURCES), "data"),
        Input(ids.FRAME_TICK, "n_intervals"),
    )
    app.on(
        Right.ADMIN,
        Output(ids.VILNIUS_QUESTION_TEXT, "children"),
        Output(ids.VILNIUS_QUESTION, "is_open"),
        Input(ids.VILNIUS_ENTRY, "data"),
        Input(ids.VILNIUS_DROP, "n_clicks"),
        Input(ids.VILNIUS_KEEP, "n_clicks"),
        prevent_initial_call=True,
    )(decide)


def decide(asked: object, _drop: int | None, _keep: int | None) -> tuple[object, bool]:
    """Send a refused call to the register again, or ask before it is left out and do what was answered.

    `asked` is `{"do": "retry" or "drop", "id": number of the call, "at": milliseconds}`, set by the list's
    buttons.
    """
    values = asked if isinstance(asked, dict) else {}  # a client may send anything
    call_id, wish = values.get("id"), values.get("do")
    known, person = services().telephony, current_person()
    assert person is not None  # the guard let nobody else in
    is_call = isinstance(call_id, int) and not isinstance(call_id, bool) and 0 < call_id <= _HIGHEST_ID
    if known is None or not is_call or wish not in ("retry", "drop") or ctx.triggered_id == ids.VILNIUS_KEEP:
        return no_update, False
    assert isinstance(call_id, int)
    try:
        if wish == "retry":
            known.outbox.retry(call_id, person.login)
            audit.info("register: %s sends call %d again", person.login, call_id)
            _tell(_("The call goes to Oracle once more."))
            return no_update, False
        if ctx.triggered_id == ids.VILNIUS_DROP:
            known.outbox.drop(call_id, person.login)
            audit.info("register: %s leaves call %d out", person.login, call_id)
            _tell(_("The call stays out of the register. It is kept in the portal."))
            return no_update, False
        refused = _refused(known.outbox.refused(_LOOKED_THROUGH), call_id)
        return question(refused.call, known.rules.zone), True
    except NotRefused:
        _tell(_("Oracle does not refuse this call any more: there is nothing to decide."))
        return no_update, False


def _refused(entries: list[RefusedEntry], call_id: int) -> RefusedEntry:
    found = [entry for entry in entries if entry.call.id == call_id]
    if not found:
        raise NotRefused(f"call {call_id} is not among those refused")
    return found[0]


def _tell(words: str) -> None:
    set_props(ids.FRAME_TOAST, {"data": {"text": words}})
