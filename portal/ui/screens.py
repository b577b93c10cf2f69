"""Screens of the wall as administrators see them: the list, a link just made, the question before its end."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from portal import i18n
from portal.i18n import _
from portal.ui.blocks import Contents, aria, badge, banner, data, icon
from portal.ui.frame import moment_words
from portal.ui.states import empty
from services.wall import Screen, ScreenState, Theme


def languages() -> dict[str, str]:
    """The languages a screen can speak, each in its own."""
    return {"ru": "Русский", "en": "English"}


def themes() -> dict[str, str]:
    return {
        Theme.SYSTEM: _("as the television's system"),
        Theme.LIGHT: _("light"),
        Theme.DARK: _("dark"),
    }


def rotations() -> dict[str, str]:
    """How often the next view comes, by seconds."""
    return {
        "20": _("every 20 s"),
        "60": _("every minute"),
        "0": _("never, the first one stays"),
    }


def lifetimes() -> dict[str, str]:
    """How long a link holds, by days; 0: until it is revoked."""
    return {
        "365": _("a year"),
        "90": _("90 days"),
        "30": _("30 days"),
        "1": _("one day"),
        "0": _("until it is revoked"),
    }


def screen_list(screens: Sequence[Screen], now: datetime, zone: ZoneInfo) -> Component:
    """All screens; those whose links hold can be revoked."""
    if not screens:
        return empty(
            "laptop", _("No screen yet"), _("Make a link above and open it in the browser of a television.")
        )
    heads = [_("Screen"), _("Link"), _("Shows"), _("Last used"), _("Made"), _("Holds until")]
    return html.Table(
        [
            html.Thead(
                html.Tr(
                    [
                        *[html.Th(head, scope="col") for head in heads],
                        html.Th(html.Span(_("Actions"), className="visually-hidden")),
                    ]
                )
            ),
            html.Tbody([_row(screen, now, zone) for screen in screens]),
        ],
        className="hp-table hp-screens",
    )


def link_made(screen: Screen, link: str) -> Component:
    """The link of a new screen, which nobody can see again."""
    return banner(
        "info",
        "key",
        [
            html.B(_("The link of “{name}” is ready.", name=screen.name)),
            " ",
            _("Open it in the television's browser. It is shown this once; whoever has it sees the screen."),
            html.Code(link, className="hp-screen-link"),
        ],
        html.Button(
            [icon("copy"), _("Copy the link")],
            type="button",
            className="btn btn-sm btn-outline-secondary",
            **data(copy=link),
        ),
    )


def problem(words: str) -> Component:
    """Why no link was made."""
    return html.Div([icon("x-octagon-fill"), " ", words], className="hp-crit hp-s", role="alert")


def question(screen: Screen) -> list[Component]:
    """What is asked before a link is revoked, with its consequence."""
    return [
        html.H2(_("Revoke the link of “{name}”?", name=screen.name), id="screens-question-title"),
        html.P(
            _("The screen goes dark within seconds. The link cannot be brought back; a new one can be made.")
        ),
    ]


def _row(screen: Screen, now: datetime, zone: ZoneInfo) -> Component:
    state = screen.state(now)
    made = moment_words(screen.created_at, zone)
    return html.Tr(
        [
            html.Th(screen.name, scope="row"),
            html.Td(_state(state)),
            html.Td(_shows(screen)),
            html.Td(moment_words(screen.last_used_at, zone) if screen.last_used_at else _("never")),
            html.Td([made, html.Div(screen.created_by or _("at the command line"), className="hp-s hp-mut")]),
            html.Td(_until(screen, zone)),
            html.Td(_revoke_button(screen) if state is ScreenState.IN_FORCE else None, className="r"),
        ],
        className="" if state is ScreenState.IN_FORCE else "hp-mut",
    )


def _state(state: ScreenState) -> Component:
    return {
        ScreenState.IN_FORCE: badge("ok", "check-circle-fill", _("holds")),
        ScreenState.REVOKED: badge("", "slash-circle-fill", _("revoked")),
        ScreenState.EXPIRED: badge("", "hourglass-bottom", _("expired")),
    }[state]


def _shows(screen: Screen) -> Contents:
    language = languages().get(screen.language, screen.language)
    theme = themes()[screen.theme]
    rotation = rotations()[str(screen.rotation_s)]
    return [f"{language}, {theme}", html.Div(f"{_('Views change')}: {rotation}", className="hp-s hp-mut")]


def _until(screen: Screen, zone: ZoneInfo) -> str:
    if screen.expires_at is None:
        return _("until it is revoked")
    return i18n.short_day(screen.expires_at.astimezone(zone).date())


def _revoke_button(screen: Screen) -> Component:
    return html.Button(
        _("Revoke…"),
        type="button",
        className="btn btn-sm btn-outline-secondary",
        **aria(label=_("Revoke the link of {name}…", name=screen.name)),
        **data(revoke_screen=str(screen.id)),
    )
