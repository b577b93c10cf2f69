"""What the page of wall screens does: make a link, list the screens, ask, revoke."""

from datetime import UTC, datetime, timedelta

from dash import Input, Output, State, ctx, no_update
from dash.development.base_component import Component
from flask import request

from portal import i18n, ids
from portal.context import current_person, services
from portal.dash_app import PortalDash
from portal.i18n import _
from portal.ui import screens as ui
from services.accounts import Right
from services.wall import (
    LONGEST_NAME,
    InvalidName,
    NameTaken,
    NoSuchScreen,
    Theme,
)

#: No database of ours counts further: what is beyond is no number of a screen.
MOST_SCREENS = 2**31


def register(app: PortalDash) -> None:
    """Register the behaviours of the page on `app`."""
    app.in_browser(
        "home",
        "moment",
        Output(ids.SCREENS_MOMENT, "data"),
        Input(ids.FRAME_TICK, "n_intervals"),
        State(ids.SCREENS_MOMENT, "data"),
        prevent_initial_call=True,
    )
    app.on(
        Right.ADMIN,
        Output(ids.SCREENS_LIST, "children"),
        Input(ids.SCREENS_ADDED, "data"),
        Input(ids.SCREENS_REVOKED, "data"),
        Input(ids.SCREENS_MOMENT, "data"),
    )(draw_list)
    app.on(
        Right.ADMIN,
        Output(ids.SCREENS_LINK, "children"),
        Output(ids.SCREENS_PROBLEM, "children"),
        Output(ids.SCREENS_NAME, "value"),
        Output(ids.SCREENS_ADDED, "data"),
        Input(ids.SCREENS_ADD, "n_clicks"),
        Input(ids.SCREENS_NAME, "n_submit"),
        State(ids.SCREENS_NAME, "value"),
        State(ids.SCREENS_LANGUAGE, "value"),
        State(ids.SCREENS_THEME, "value"),
        State(ids.SCREENS_ROTATION, "value"),
        State(ids.SCREENS_LIFETIME, "value"),
        prevent_initial_call=True,
    )(add)
    app.on(
        Right.ADMIN,
        Output(ids.SCREENS_QUESTION_TEXT, "children"),
        Output(ids.SCREENS_QUESTION, "is_open"),
        Output(ids.SCREENS_REVOKED, "data"),
        Input(ids.SCREENS_ASKED, "data"),
        Input(ids.SCREENS_REVOKE, "n_clicks"),
        Input(ids.SCREENS_KEEP, "n_clicks"),
        prevent_initial_call=True,
    )(ask_and_revoke)


def draw_list(*_changed: object) -> Component:
    """Draw the list again: a screen was made or revoked, or may have been used meanwhile."""
    known = services()
    now = datetime.now(UTC)
    return ui.screen_list(known.screens.all_screens(), now, known.settings.portal.timezone)


def add(
    clicks: int | None,
    submits: int | None,
    name: object,
    language: object,
    theme: object,
    rotation: object,
    lifetime: object,
) -> tuple[object, ...]:
    """Make a screen and show its link this once."""
    if not clicks and not submits:
        return (no_update,) * 4
    known, person = services(), current_person()
    assert person is not None  # the guard let nobody else in
    offered = (i18n.LANGUAGES, ui.themes(), ui.rotations(), ui.lifetimes())
    chosen = [str(value) for value in (language, theme, rotation, lifetime)]  # a client may send anything
    if any(value not in values for value, values in zip(chosen, offered, strict=True)):
        return no_update, ui.problem(_("Choose from the lists.")), no_update, no_update
    days = int(chosen[3])
    try:
        made = known.screens.add(
            name if isinstance(name, str) else "",
            language=chosen[0],
            theme=Theme(chosen[1]),
            rotation_s=int(chosen[2]),
            lifetime=timedelta(days=days) if days else None,
            created_by=person.login,
        )
    except InvalidName:
        words = _("Give the screen a name of at most {n} characters.", n=LONGEST_NAME)
        return no_update, ui.problem(words), no_update, no_update
    except NameTaken:
        words = _("There is a screen of this name already. Give another name, or revoke the other one.")
        return no_update, ui.problem(words), no_update, no_update
    link = f"{known.settings.portal.public_url or request.host_url.rstrip('/')}/wall/{made.token}"
    return ui.link_made(made.screen, link), [], "", made.screen.id


def ask_and_revoke(asked: object, _revoke: int | None, _keep: int | None) -> tuple[object, ...]:
    """Ask before a screen is revoked, and do what was answered.

    `asked` is `{"id": number of the screen, "at": milliseconds}`, set by the list's buttons.
    """
    number = asked.get("id") if isinstance(asked, dict) else None
    if not isinstance(number, int) or not 0 < number < MOST_SCREENS or ctx.triggered_id == ids.SCREENS_KEEP:
        return no_update, False, no_update
    try:
        if ctx.triggered_id == ids.SCREENS_REVOKE:
            services().screens.revoke(number)
            return no_update, False, asked
        return ui.question(services().screens.get(number)), True, no_update
    except NoSuchScreen:
        return no_update, False, asked
