"""The frame around every page: navigation, sources, top bar, outage banner, phone tabs, live stores.

What moves every second (ages, durations, counts) is written into `data-…` elements by `assets/frame.js`;
what changes seldom (a system falls silent) is drawn here again.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

import dash
import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from portal import i18n, ids
from portal.i18n import _
from portal.rooms import Room
from portal.security.origin import TOKEN_FIELD
from portal.ui.blocks import (
    Contents,
    age,
    aria,
    banner,
    data,
    icon,
    icon_button,
    since,
    unseen,
    until_next_try,
)
from portal.ui.words import advice, remark_words, role_name, source_name, state_word
from services.accounts import Person
from services.live import LiveSnapshot, SourceState, SourceStatus, Topic

#: The topics pages can listen to; each has a store in the frame.
PAGE_TOPICS = (Topic.CALLS, Topic.SOURCES, Topic.STATISTICS, Topic.AGENCIES, Topic.TELEPHONY)

#: A phone has room for this many tabs beside "more".
TABS = 4


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks: what the frame shows of them."""

    person: Person
    csrf_token: str
    zone: ZoneInfo


def shell(viewer: Viewer, rooms: Sequence[Room], live: LiveSnapshot, sources: Sequence[str]) -> Component:
    """The whole frame with an empty place for the page."""
    shown = [room for room in rooms if room.in_navigation]
    return html.Div(
        [
            html.A(_("To the content"), href="#main", className="visually-hidden-focusable hp-skip"),
            html.Div(
                [
                    _navigation(shown, live, sources, viewer.zone),
                    html.Div(dash.page_container, className="hp-main"),
                ],
                className="hp-shell",
            ),
            _tabs(shown),
            _more(viewer, shown, live, sources),
            html.Div(className="hp-toasts", id="frame-toasts", role="status", **aria(live="polite")),
            html.Div(className="hp-lost", id="frame-lost", role="alert", hidden=True),
            *[dcc.Store(id=ids.topic(topic), data=live.version(topic)) for topic in PAGE_TOPICS],
            dcc.Store(id=ids.FRAME_TOAST),
            dcc.Store(id=ids.FRAME_THEME),
            dcc.Store(id=ids.FRAME_ROOM, data={room.path: room.tick_ms for room in rooms}),
            dcc.Interval(id=ids.FRAME_TICK, interval=5_000),
        ],
        id="frame",
        **data(
            words=json.dumps(script_words(), ensure_ascii=False),
            zone=str(viewer.zone),
            topics=" ".join(PAGE_TOPICS),
        ),
    )


def script_words() -> Mapping[str, str]:
    """The words `frame.js` and the page scripts need, in the reader's language."""
    return {
        "now": _("now"),
        "ago": _("{age} ago"),
        "updated": _("updated {age} ago"),
        "as_of": _("data of {time}, {age} ago"),
        "never": _("no data yet"),
        "slow": _("{age} ago, answers slowly"),
        "silent": _("silent"),
        "seconds": _("{n} s"),
        "minutes": _("{n} min"),
        "hours": _("{n} h"),
        "days": _("{n} d"),
        "lost": _("The portal does not answer since {time}. What you see is not updated; trying again."),
        "copied": _("Copied: {text}"),
        "copy_failed": _("Could not copy"),
        "shown": _("Shown {first}–{last} of {total}"),
        "shown_uncounted": _("Shown {first}–{last}; all of them were not counted"),
        "none_shown": _("Nothing to show"),
        "new_calls": _("{n} new"),
        "today": _("Today"),
        "call": _("Call"),
        "unknown_number": _("not identified"),
        "no_operator": _("not assigned"),
        "same_number": _("Show the calls of {phone}"),
        "card": _("Card"),
        "info": _("Info"),
        "open_card": _("Client card of call {id}"),
        "open_info": _("Agency of call {id}"),
    }


def page(
    title: str,
    *,
    viewer: Viewer,
    source: str | None,
    actions: Contents,
    body: Contents,
    banners: Contents,
    fills: bool = False,
    chip: Component | None = None,
) -> Component:
    """One page: top bar with title, data age and actions, the banner's place, and the body.

    `chip`: the age of data that a page keeps by itself, in place of its source's.
    `fills`: the page takes the window's height and only its grid scrolls.
    """
    return html.Div(
        [
            html.Header(
                [
                    html.Div([html.H1(title), *_age_chip(source, chip)], className="hp-title"),
                    html.Div([*_listed(actions), *_own_buttons(viewer)], className="end"),
                ],
                className="hp-top",
            ),
            html.Main(
                [html.Div(banners, id=ids.FRAME_BANNER), *_listed(body)],
                id="main",
                className="hp-page hp-fills" if fills else "hp-page",
            ),
        ],
    )


def _age_chip(source: str | None, own: Component | None) -> list[Component]:
    if own is not None:
        return [own]
    return [age(source)] if source else []


def source_rows(live: LiveSnapshot, sources: Sequence[str], zone: ZoneInfo) -> list[Component]:
    """One line for each connected system: its state, and its age or since when it is silent."""
    return [_source_row(live.source(name), zone) for name in sources]


def source_banner(status: SourceStatus, zone: ZoneInfo) -> Component | None:
    """What a page says while its source is not well; None while it is."""
    if status.state is SourceState.SLOW and status.latency is not None:
        seconds = i18n.number(round(status.latency.total_seconds(), 1))
        return banner(
            "warn",
            "hourglass-split",
            html.B(_("{name} answers slowly: {seconds} s.", name=source_name(status.name), seconds=seconds)),
        )
    if status.state is SourceState.DOWN and status.since is not None:
        return _outage(status, status.since, zone)
    if status.state is SourceState.UNWATCHED and status.since is not None:
        began = moment_words(status.since, zone)
        return banner(
            "crit",
            "wifi-off",
            [
                html.B(
                    [
                        _("The portal's collector is not at work since {time}", time=began),
                        ", ",
                        _("for"),
                        " ",
                        since(milliseconds(status.since)),
                        ". ",
                    ]
                ),
                _("What is shown is as it was then."),
                " ",
                _("Tell an administrator."),
            ],
        )
    return None


def _outage(status: SourceStatus, began: datetime, zone: ZoneInfo) -> Component:
    words = advice(status.name, status.reason)
    parts: list[Component | str] = [
        html.B(
            [
                words.what,
                " ",
                _("since {time}", time=moment_words(began, zone)),
                ", ",
                _("for"),
                " ",
                since(milliseconds(began)),
                ". ",
            ]
        )
    ]
    if status.answered_at is not None:
        known = i18n.clock(status.answered_at.astimezone(zone), seconds=True)
        parts.append(_("Shown is what was last known at {time}.", time=known) + " ")
    parts.append(words.do + " ")
    if status.next_try_at is not None:
        parts += [_("Next try in"), " ", until_next_try(status.name), "."]
    return banner("crit", "wifi-off", parts)


def _source_row(status: SourceStatus, zone: ZoneInfo) -> Component:
    name = html.Span(source_name(status.name), className="hp-trunc")
    if status.state in (SourceState.DOWN, SourceState.UNWATCHED) and status.since is not None:
        when = html.Span(_("since {time}", time=moment_words(status.since, zone)), className="a")
        return html.Div(
            [icon("x-octagon-fill"), unseen(state_word(status.state)), name, when], className="hp-src down"
        )
    if status.state is SourceState.NEVER:
        return html.Div(
            [icon("question-circle"), name, html.Span(state_word(status.state), className="a")],
            className="hp-src",
        )
    slow = status.state is SourceState.SLOW or status.remark is not None
    remark = remark_words(status.remark) if status.remark else ""
    return html.Div(
        [
            icon("hourglass-split" if slow else "check-circle-fill"),
            unseen(f"{state_word(status.state)} {remark}".rstrip()),
            name,
            html.Span(className="a", **data(source_age=status.name)),
        ],
        className="hp-src slow" if slow else "hp-src",
        title=remark,
    )


def _navigation(
    rooms: Sequence[Room], live: LiveSnapshot, sources: Sequence[str], zone: ZoneInfo
) -> html.Nav:
    links: list[Component] = []
    for group, members in groupby(rooms, key=lambda room: room.group):
        if group:
            links.append(html.Div(_(group), className="hp-navgroup"))
        links += [_nav_link(room) for room in members]
    return html.Nav(
        [
            dcc.Link(
                [icon("headset"), html.Span("Helpdesk Portal")],
                href="/",
                className="hp-brand text-decoration-none",
            ),
            *links,
            html.Section(
                [html.H2(_("Sources")), html.Div(source_rows(live, sources, zone), id=ids.FRAME_SOURCES)],
                className="hp-sources",
                **aria(label=_("Data sources")),
            ),
        ],
        className="hp-nav",
        **aria(label=_("Sections")),
    )


def _nav_link(room: Room) -> Component:
    count = [html.Span(className="hp-count", **data(count=room.path))] if room.count else []
    return dcc.Link(
        [icon(room.icon), html.Span(_(room.title)), *count],
        href=room.path,
        className="hp-navlink",
        title=_(room.title),
    )


def _tabs(rooms: Sequence[Room]) -> html.Nav:
    return html.Nav(
        [
            *[
                dcc.Link([icon(room.icon), html.Span(_(room.title))], href=room.path, className="hp-tab")
                for room in rooms[:TABS]
            ],
            html.Button(
                [icon("list"), html.Span(_("More"))],
                id=ids.FRAME_MORE_OPEN,
                type="button",
                className="hp-tab",
            ),
        ],
        className="hp-tabs",
        **aria(label=_("Sections")),
    )


def _more(viewer: Viewer, rooms: Sequence[Room], live: LiveSnapshot, sources: Sequence[str]) -> Component:
    """What the phone layout has no room for: further pages, sources, language, theme, the person."""
    more: Component = dbc.Offcanvas(
        [
            html.Div([_nav_link(room) for room in rooms[TABS:]]),
            html.Section(
                [
                    html.H2(_("Sources")),
                    html.Div(source_rows(live, sources, viewer.zone), id=ids.FRAME_SOURCES_PHONE),
                ],
                className="hp-sources",
            ),
            html.Div([_language_button(), _theme_button()], className="hp-flex"),
            html.Div(_person_links(viewer), className="hp-menu-list"),
        ],
        id=ids.FRAME_MORE,
        title=_("More"),
        placement="bottom",
        is_open=False,
    )
    return more


def _own_buttons(viewer: Viewer) -> list[Component]:
    return [
        _language_button(),
        _theme_button(),
        icon_button("bell", _("Notifications: none yet"), className="btn btn-ghost btn-icon hp-bell"),
        html.Details(
            [
                html.Summary(
                    [
                        html.Span(
                            _initials(viewer.person.display_name),
                            className="hp-ava",
                            **aria(hidden="true"),
                        ),
                        html.Span(viewer.person.display_name, className="hp-trunc"),
                    ],
                    className="hp-me",
                    title=viewer.person.display_name,
                ),
                html.Div(_person_links(viewer), className="hp-menu-list hp-menu-pop"),
            ],
            className="hp-menu hp-hide-s",
        ),
    ]


def _language_button() -> html.Button:
    other = "en" if i18n.language() == "ru" else "ru"
    return html.Button(
        i18n.language().upper(),
        type="button",
        className="btn btn-ghost hp-hide-s",
        title=_("Language: English. Switch to Russian"),
        **aria(label=_("Language: English. Switch to Russian")),
        **data(language=other),
    )


def _theme_button() -> html.Button:
    return icon_button(
        "circle-half",
        _("Theme: light, dark, as the system"),
        className="btn btn-ghost btn-icon hp-hide-s",
        **data(theme_switch="true"),
    )


def _person_links(viewer: Viewer) -> list[Component]:
    return [
        html.Div(
            [
                html.B(viewer.person.display_name),
                html.Div(role_name(viewer.person.role), className="hp-s hp-mut"),
            ],
            className="hp-menu-head",
        ),
        html.A([icon("key"), _("Change password")], href="/account/password", className="hp-menu-item"),
        html.Form(
            [
                dbc.Input(type="hidden", name=TOKEN_FIELD, value=viewer.csrf_token),
                html.Button([icon("box-arrow-right"), _("Log out")], type="submit", className="hp-menu-item"),
            ],
            action="/logout",
            method="post",
        ),
    ]


def _initials(name: str) -> str:
    return "".join(part[0] for part in name.split()[:2]).upper() or "?"


def moment_words(moment: datetime, zone: ZoneInfo) -> str:
    """`10:02` today, `19.11, 16:22` before."""
    there = moment.astimezone(zone)
    same_day = there.date() == datetime.now(zone).date()
    return i18n.clock(there) if same_day else i18n.moment(there)


def milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _listed(content: Contents) -> list[Component | str | None]:
    if content is None:
        return []
    return [content] if isinstance(content, Component | str) else list(content)
