"""The Vilnius contact centre: what goes on now, its whole register of calls, and figures of any period."""

from collections.abc import Mapping, Sequence
from datetime import date

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from portal import frame, i18n, ids
from portal.context import current_person, services
from portal.dash_app import PortalDash
from portal.i18n import _, marked
from portal.kept import kept
from portal.room_states import vilnius_state
from portal.rooms import Room
from portal.rooms import register as register_room
from portal.ui.blocks import aria, data, icon
from portal.ui.frame import page
from portal.ui.grid import endless_grid
from portal.ui.question import question_window
from portal.ui.states import empty
from portal.ui.vilnius.register import period_words, reaches
from portal.vilnius_delivery import PATH
from portal.vilnius_query import ANY, CALLS, ENTRIES, KEYS, STATISTICS, WITHOUT, parse
from portal.wiring import Services
from services.accounts import Right
from services.calls import InvalidFilter
from services.live import Topic
from services.telephony import LONGEST_SEARCH, SALES, Centre


def going_on(known: Services) -> int | None:
    """The figure beside the page's name in the navigation: how many calls go on."""
    telephony = known.telephony
    if telephony is None:
        return None
    return kept().get(known, ("vilnius", "going on"), telephony.centre.in_progress)


ROOM = Room(
    path=PATH,
    title=marked("Vilnius"),
    group=marked("Calls"),
    icon="broadcast",
    need=Right.VILNIUS,
    topics=(Topic.TELEPHONY, Topic.SOURCES),
    sources=(SALES,),
    count=going_on,
    state=vilnius_state,
    tick_ms=2_000,  # a call that begins is to be seen at once
)


def register(app: PortalDash) -> None:
    """Register the page on `app`."""
    register_room(app, __name__, ROOM, layout)


def layout(**query: str) -> Component:
    """Lay out the empty places, which `assets/20-vilnius.js` fills; the query fills the filter."""
    # A doubled key comes as a list: it says nothing clear, so it asks for nothing.
    given = {key: value for key in KEYS if isinstance(value := query.get(key), str)}
    known = services()
    if known.telephony is None:
        return _page(_not_configured(), chip=None, actions=[])
    return _page(
        [
            dcc.Store(id=ids.VILNIUS_SEEN),
            html.Div(
                [html.Div(id="vilnius-board", className="hp-part hp-vilnius"), _waiting()],
                className="hp-place",
            ),
            html.Section(_lower_card(given, known.telephony.centre), className="hp-card"),
            *(_decisions() if _may_decide() else []),
        ],
        chip=html.Span(id="vilnius-chip", className="hp-flex"),
        actions=_clocks(known),
    )


def _page(
    body: Sequence[Component] | Component, *, chip: Component | None, actions: list[Component]
) -> Component:
    return page(
        _("Contact centre, Vilnius"),
        viewer=frame.viewer(),
        source=None,
        chip=chip,
        banners=frame.banners(ROOM.sources),
        actions=actions,
        body=body,
    )


def _not_configured() -> Component:
    return html.Section(
        empty(
            "broadcast",
            _("Telephony is not configured."),
            _("An administrator names it in the section [telephony] of the configuration."),
        ),
        className="hp-card",
    )


def _may_decide() -> bool:
    person = current_person()
    return person is not None and person.may(Right.ADMIN)


def _clocks(known: Services) -> list[Component]:
    """What time it is at both centres; once where they have the same clock."""
    assert known.telephony is not None
    zones = dict.fromkeys([str(known.telephony.rules.zone), str(known.calls.zone)])
    clocks = [
        part
        for zone in zones
        for part in (", ", f"{i18n.zone_city(zone)} ", html.Span(**data(there=zone, ahead="0")))
    ]
    return [html.Span(clocks[1:], className="hp-s hp-mut hp-hide-s hp-hide-m hp-vilnius-clocks")]


def _waiting() -> Component:
    """The shape of what is to come."""
    card = html.Div(
        [html.Span(className="hp-sk"), html.Span(className="hp-sk t")], className="hp-card hp-grow hp-waiting"
    )
    return html.Div([card, card], className="hp-row w hp-to-come", **aria(hidden="true"))


# The register, the figures and the entries under one filter


def _lower_card(given: Mapping[str, str], centre: Centre) -> list[Component]:
    view = given.get("view", "")
    shown = view if view == STATISTICS or (view == ENTRIES and _may_decide()) else CALLS
    return [
        html.Div(
            [
                _views(shown),
                html.Div(
                    _filter(given, centre),
                    id="vilnius-filter",
                    className="hp-filters",
                    hidden=shown == ENTRIES,
                ),
            ],
            className="hp-filters hp-vilnius-bar",
            id="vilnius-bar",
        ),
        _panel(CALLS, shown, _register()),
        _panel(STATISTICS, shown, [html.Div(id="vilnius-figures", className="hp-vilnius-figures")]),
        *(
            [_panel(ENTRIES, shown, [html.Div(id="vilnius-entries", className="hp-vilnius-entries")])]
            if _may_decide()
            else []
        ),
    ]


def _views(shown: str) -> Component:
    """What the card shows: three views for administrators, two for everybody else."""
    words = {CALLS: _("Register"), STATISTICS: _("Statistics")}
    if _may_decide():
        words[ENTRIES] = _("Entries")
    return html.Div(
        [
            html.H2(_("Register and statistics"), className="visually-hidden"),
            html.Div(
                [
                    html.Button(
                        word,
                        type="button",
                        id=f"vilnius-tab-{view}",
                        **aria(pressed=str(view == shown).lower(), controls=f"vilnius-panel-{view}"),
                        **data(view=view),
                    )
                    for view, word in words.items()
                ],
                className="hp-seg",
                role="group",
                **aria(label=_("What is shown")),
            ),
        ]
    )


def _panel(view: str, shown: str, body: list[Component]) -> Component:
    return html.Div(body, id=f"vilnius-panel-{view}", hidden=view != shown)


def _filter(given: Mapping[str, str], centre: Centre) -> list[Component]:
    choices = centre.choices()
    label = _("Number, agency or caller")
    return [
        html.Div(
            [
                icon("search"),
                html.Label(label, htmlFor="vilnius-query", className="visually-hidden"),
                dbc.Input(
                    id="vilnius-query",
                    type="search",
                    value=given.get("q", "")[:LONGEST_SEARCH],
                    placeholder=label,
                    maxlength=LONGEST_SEARCH,
                    autocomplete="off",
                ),
            ],
            className="hp-search hp-vilnius-search",
            **data(search="true"),
        ),
        *_choice(
            "vilnius-curator",
            _("Curator"),
            _("without a curator"),
            choices.curators,
            given.get("curator", ""),
        ),
        *_choice("vilnius-theme", _("Theme"), _("without a theme"), choices.themes, given.get("theme", "")),
        _period(given, centre.today),
        _agency_chip(given.get("agency", "")),
        html.A(
            [icon("download"), _("Save as CSV")],
            id="vilnius-export",
            href=f"{PATH}/export.csv",
            download="",
            className="btn btn-outline-secondary ms-auto",
        ),
    ]


def _choice(
    identifier: str, words: str, without: str, values: Sequence[str], chosen: str
) -> tuple[Component, Component]:
    """A select of the filter with its name; a value of the address that nobody has yet is offered too."""
    offered = [*values, *([chosen] if chosen not in ("", WITHOUT, *values) else [])]
    select: Component = dbc.Select(
        id=identifier,
        value=chosen or ANY,
        options=[
            {"label": words, "value": ANY},
            {"label": without, "value": WITHOUT},
            *({"label": value, "value": value} for value in offered if value not in (ANY, WITHOUT)),
        ],
        className="hp-vilnius-choice",
    )
    return html.Label(words, htmlFor=identifier, className="visually-hidden"), select


def _agency_chip(agency: str) -> Component:
    """The condition that has no control: it comes with a link from the figures."""
    words = _("Agency No. {id}")
    label = _("Drop the condition “{words}”", words=words.format(id=agency))
    return html.Span(
        [
            html.Span(words.format(id=agency)),
            html.Button(icon("x-lg"), type="button", title=label, **aria(label=label)),
        ],
        id="vilnius-agency-chip",
        className="hp-chip",
        hidden=not agency,
        **data(words=words),
    )


def _period(given: Mapping[str, str], today: date) -> Component:
    shortcuts = html.Div(
        [html.Button(word, type="button", **data(reach=reach)) for reach, word in reaches().items()],
        className="hp-seg",
        role="group",
        **aria(label=_("Period")),
    )
    return html.Div(
        [
            html.Button(
                [icon("calendar3"), html.Span(_period_label(given, today), id="vilnius-period-label")],
                id="vilnius-period",
                type="button",
                className="btn btn-outline-secondary",
                **aria(expanded="false", controls="vilnius-days"),
            ),
            html.Div(
                [
                    shortcuts,
                    html.Div(
                        [
                            _day("vilnius-first", _("From"), given.get("from", "")),
                            _day("vilnius-last", _("To"), given.get("to", "")),
                            html.Button(
                                _("Show"), type="button", id="vilnius-show", className="btn btn-primary"
                            ),
                        ],
                        className="hp-vilnius-own-days",
                    ),
                ],
                id="vilnius-days",
                className="hp-period-choice hp-vilnius-days",
                hidden=True,
            ),
        ],
        className="hp-period-box",
    )


def _period_label(given: Mapping[str, str], today: date) -> str:
    """What the answers will say; one that refuses the query says nothing of its period."""
    try:
        return period_words(parse(given, today))
    except InvalidFilter:
        return _("Period")


def _day(identifier: str, words: str, value: str) -> Component:
    return html.Label(
        [words, dbc.Input(id=identifier, type="date", value=value, min="1970-01-01")], className="form-label"
    )


def _register() -> list[Component]:
    return [
        html.Div(
            [
                html.Button(
                    _("New calls"), id="vilnius-pill", type="button", className="hp-pill", hidden=True
                ),
                html.Div(id="vilnius-notice"),
                endless_grid(ids.VILNIUS_GRID, _columns(), is_sortable=False),
            ],
            id="vilnius-register",
            className="hp-vilnius-register",
            **data(card=_("Open"), of=_("Open the card of {phone}")),
        ),
        html.Div(
            html.Span(id="vilnius-shown", role="status"), className="hp-flex hp-s hp-mut hp-vilnius-shown"
        ),
    ]


def _columns() -> list[dict[str, object]]:
    return [
        {
            "field": "began",
            "headerName": _("Begin"),
            "width": 148,
            "cellClass": "hp-num",
            "cellRenderer": "VilniusText",
        },
        {
            "field": "lasted",
            "headerName": _("Lasted"),
            "width": 86,
            "cellClass": "hp-num",
            "cellRenderer": "VilniusLasted",
        },
        {"field": "phone", "headerName": _("Phone"), "width": 150, "cellRenderer": "VilniusPhone"},
        {
            "field": "who",
            "headerName": _("Agency and caller"),
            "flex": 1,
            "minWidth": 170,
            "cellRenderer": "VilniusWho",
        },
        {"field": "curator", "headerName": _("Curator"), "width": 110, "cellRenderer": "VilniusText"},
        {"field": "theme", "headerName": _("Theme"), "width": 170, "cellRenderer": "VilniusText"},
        {"field": "entry", "headerName": _("Register"), "width": 168, "cellRenderer": "VilniusEntry"},
        {"field": "card", "headerName": _("Caller's card"), "width": 110, "cellRenderer": "VilniusCard"},
        # The phone layout shows this column alone: a call as two lines.
        {"colId": "brief", "headerName": _("Call"), "flex": 1, "hide": True, "cellRenderer": "VilniusBrief"},
    ]


def _decisions() -> list[Component]:
    """What an administrator decides about calls that Oracle refused."""
    question = question_window(
        ids.VILNIUS_QUESTION,
        text=ids.VILNIUS_QUESTION_TEXT,
        titled_by="vilnius-question-title",
        keep=(ids.VILNIUS_KEEP, _("Keep it")),
        act=(ids.VILNIUS_DROP, _("Leave out")),
    )
    return [dcc.Store(id=ids.VILNIUS_ENTRY), question]
