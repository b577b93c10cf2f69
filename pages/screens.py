"""Screens of the wall: administrators make their links and revoke them."""

from collections.abc import Mapping

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from portal import frame, i18n, ids
from portal.dash_app import PortalDash
from portal.i18n import _, marked
from portal.rooms import Room
from portal.rooms import register as register_room
from portal.ui.blocks import icon
from portal.ui.frame import page
from portal.ui.question import question_window
from portal.ui.screens import languages, lifetimes, rotations, themes
from services.accounts import Right
from services.wall import LONGEST_NAME

ROOM = Room(
    path="/admin/wall",
    title=marked("Wall screens"),
    group=marked("Portal"),
    icon="laptop",
    need=Right.ADMIN,
)


def register(app: PortalDash) -> None:
    """Register the page on `app`."""
    register_room(app, __name__, ROOM, layout)


def layout(**_query: str) -> Component:
    """Lay out the form and the empty list."""
    return page(
        _("Wall screens"),
        viewer=frame.viewer(),
        source=None,
        banners=[],
        actions=[],
        body=[
            dcc.Store(id=ids.SCREENS_MOMENT),
            dcc.Store(id=ids.SCREENS_ADDED),
            dcc.Store(id=ids.SCREENS_REVOKED),
            dcc.Store(id=ids.SCREENS_ASKED),
            _form(),
            html.Div(id=ids.SCREENS_LINK),
            html.Section(
                [
                    html.Header(html.H2(_("Screens"))),
                    html.Div(id=ids.SCREENS_LIST, className="hp-screens-list"),
                ],
                className="hp-card",
            ),
            _question(),
        ],
    )


def _form() -> Component:
    name = dbc.Input(
        id=ids.SCREENS_NAME,
        type="text",
        maxLength=LONGEST_NAME,
        placeholder=_("e.g. Hall 2, by the window"),
        autocomplete="off",
    )
    return html.Section(
        [
            html.Header(html.H2(_("New screen"))),
            html.Div(
                [
                    html.Label([_("Name"), name], className="form-label hp-screen-name"),
                    _choice(ids.SCREENS_LANGUAGE, _("Language"), languages(), i18n.language()),
                    _choice(ids.SCREENS_THEME, _("Theme"), themes()),
                    _choice(ids.SCREENS_ROTATION, _("Views change"), rotations()),
                    _choice(ids.SCREENS_LIFETIME, _("The link holds"), lifetimes()),
                    html.Button(
                        [icon("plus-lg"), _("Make a link")],
                        id=ids.SCREENS_ADD,
                        type="button",
                        className="btn btn-primary",
                    ),
                ],
                className="body hp-screen-form",
            ),
            html.Div(id=ids.SCREENS_PROBLEM, className="hp-screen-problem"),
        ],
        className="hp-card",
    )


def _choice(identifier: str, label: str, options: Mapping[str, str], chosen: str | None = None) -> Component:
    """A select; the first option is chosen unless another is named."""
    listed = [{"label": words, "value": value} for value, words in options.items()]
    select = dbc.Select(id=identifier, options=listed, value=chosen or listed[0]["value"])
    return html.Label([label, select], className="form-label")


def _question() -> Component:
    return question_window(
        ids.SCREENS_QUESTION,
        text=ids.SCREENS_QUESTION_TEXT,
        titled_by="screens-question-title",
        keep=(ids.SCREENS_KEEP, _("Leave it")),
        act=(ids.SCREENS_REVOKE, _("Revoke")),
    )
