"""The front page: what needs attention, how the centres are now, how each connected system is."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dash import dcc, html
from dash.development.base_component import Component

from portal import i18n
from portal.calls_query import NO_OPERATOR
from portal.calls_today import CallsToday
from portal.i18n import _
from portal.ui.blocks import Contents, age, aria, badge, banner, data, icon, kpi, since, until_next_try
from portal.ui.calls import compared_with, figures, hours_legend, problem_banner, shown_hours, spoken_hours
from portal.ui.frame import milliseconds, moment_words, source_banner
from portal.ui.room_state import Concern, RoomState, Severity
from portal.ui.states import empty
from portal.ui.words import remark_words, source_name, state_shown, status_advice
from services.calls import CallSummary, RollUpFacts
from services.live import LiveSnapshot, SourceState, SourceStatus

#: What a check of the statistics found is told for so long.
DIFFERENCES_SHOWN_FOR = timedelta(days=1)
#: How urgent a system's state is; those that are not named are as they should be.
_SEVERITY = {
    SourceState.DOWN: Severity.CRITICAL,
    SourceState.UNWATCHED: Severity.CRITICAL,
    SourceState.SLOW: Severity.WARNING,
}


def board(
    states: Sequence[RoomState], live: LiveSnapshot, sources: Sequence[str], zone: ZoneInfo, now: datetime
) -> list[Component]:
    """The whole front page for somebody who may enter the rooms of `states`."""
    concerns = [*source_concerns(live, sources, zone), *(one for state in states for one in state.concerns)]
    cards = [state.card for state in states if state.card is not None]
    return [
        _attention(sorted(concerns, key=lambda one: one.severity), now.astimezone(zone)),
        html.Div(
            [
                html.Div(cards or [_no_centre()], className="hp-centres"),
                _systems([live.source(name) for name in sources], zone),
            ],
            className="hp-row w hp-home",
        ),
    ]


def source_concerns(live: LiveSnapshot, sources: Sequence[str], zone: ZoneInfo) -> list[Concern]:
    """The systems that are not well. A collector that is not at work is named once, whatever it watches."""
    found, is_unwatched = [], False
    for status in (live.source(name) for name in sources):
        shown = source_banner(status, zone)
        if shown is None or (status.state is SourceState.UNWATCHED and is_unwatched):
            continue
        is_unwatched = is_unwatched or status.state is SourceState.UNWATCHED
        found.append(Concern(_SEVERITY[status.state], shown))
    return found


def _attention(concerns: Sequence[Concern], now: datetime) -> Component:
    if not concerns:
        return html.Section(
            [
                icon("check-circle-fill"),
                html.Div(
                    [
                        html.H2(_("Nothing needs attention")),
                        html.Span(
                            _(
                                "All systems answer, the figures are as usual. Looked at {time}.",
                                time=i18n.clock(now),
                            ),
                            className="hp-s hp-mut",
                        ),
                    ]
                ),
            ],
            className="hp-card hp-calm",
            **aria(label=_("Needs attention")),
        )
    return html.Section(
        [
            html.Header(
                [
                    html.H2(_("Needs attention")),
                    html.Span(i18n.number(len(concerns)), className="hp-s hp-mut"),
                ]
            ),
            html.Div([concern.shown for concern in concerns], className="body hp-concerns"),
        ],
        className="hp-card",
        **aria(label=_("Needs attention")),
    )


def _no_centre() -> Component:
    return html.Section(
        empty(
            "lock", _("No room is open to you yet"), _("An administrator can give you the rights you need.")
        ),
        className="hp-card",
    )


# The Moscow call centre


def calls_card(today: CallsToday, *, path: str, source: str, is_current: bool) -> Component:
    """The call centre now. A dead source's figures stay, marked as what was last known."""
    summary = today.summary
    # Figures that stand still are not compared with a day that runs on.
    compared = summary if is_current else replace(summary, before=None)
    total, handled, _identified = figures(compared, single_day=True, until=today.now)
    return _moscow(
        path,
        source,
        [
            html.Div(
                [total, handled, _last_call(today, is_current=is_current)], className="hp-centre-figures"
            ),
            _hours(summary, today.now.hour),
        ],
        is_current=is_current,
    )


def calls_card_without_data(title: str, text: str, *, path: str, source: str) -> Component:
    """In place of figures that nobody knows: why."""
    return _moscow(path, source, [empty("telephone-x", title, text)], is_current=False)


def calls_concerns(today: CallsToday, *, path: str, source: str, is_current: bool) -> list[Concern]:
    """What is unusual among today's calls; of a dead source only that its figures may not be whole."""
    if not is_current:  # what the figures lack, its outage explains
        return []
    found = []
    if today.summary.freshness.problem is not None:
        found.append(Concern(Severity.WARNING, problem_banner(today.summary.freshness.problem, source)))
    if today.waiting:
        words = i18n.plural(
            "{n} call has had no operator for more than a minute.",
            "{n} calls have had no operator for more than a minute.",
            today.waiting,
        )
        found.append(_warning("person-x-fill", html.B(words), path, {"operator": NO_OPERATOR}))
    if today.handled_drop is not None:
        found.append(_warning("caret-down-fill", _drop_words(today), path, {"result": "failure"}))
    if today.missed_in_silence is not None:
        found.append(_warning("telephone-x", _silence_words(today), path, {}))
    return found


def filling_concern(share: float) -> Concern:
    """The copy of the recent days is not complete yet; `share` of it is, 0 to 1."""
    return Concern(
        Severity.NOTE,
        banner(
            "info",
            "arrow-repeat",
            [
                html.B(
                    _("The copy of the recent days is being filled: {share} done.", share=_whole(share)) + " "
                ),
                _("Days that are not copied yet are read from the database and open more slowly."),
            ],
        ),
    )


def roll_up_concerns(facts: RollUpFacts, now: datetime) -> list[Concern]:
    """Call statistics that do not stand on all days yet, or were found unlike the source."""
    found = []
    if facts.progress is not None and facts.progress < 1:
        words = _(
            "Call statistics are being counted: {share} of all days done.", share=_whole(facts.progress)
        )
        rest = _("Periods that reach further back say how many days are missing.")
        found.append(Concern(Severity.NOTE, banner("info", "arrow-repeat", [html.B(words + " "), rest])))
    lately = [one for one in facts.differences if now - one.found_at < DIFFERENCES_SHOWN_FOR]
    if lately:
        words = i18n.plural(
            "A check of call statistics found {n} day that differs from the call database.",
            "A check of call statistics found {n} days that differ from the call database.",
            len(lately),
        )
        latest = lately[0]
        example = _(
            "{day}: {here} calls counted, {there} in the database.",
            day=i18n.short_day(latest.day),
            here=i18n.number(latest.rolled_up),
            there=i18n.number(latest.in_source),
        )
        shown = banner("warn", "exclamation-triangle-fill", [html.B(words + " "), example])
        found.append(Concern(Severity.WARNING, shown))
    return found


def centre_card(
    title: str,
    path: str,
    body: Contents,
    *,
    icon_name: str,
    link: str,
    source: str | None = None,
    is_current: bool = True,
) -> Component:
    """A centre now: the whole card leads to its page at `path`, which `link` names."""
    return html.Section(
        [
            html.Header(
                [
                    icon(icon_name),
                    html.H2(dcc.Link(title, href=path, className="stretched-link hp-centre-link")),
                    *([age(source)] if source else []),
                    html.Span(
                        [html.Span(link), " ", icon("arrow-right")],
                        className="hp-s hp-centre-go ms-auto",
                    ),
                ]
            ),
            html.Div(body, className="body"),
        ],
        className="hp-card hp-centre" if is_current else "hp-card hp-centre hp-stale",
    )


def _moscow(path: str, source: str, body: Contents, *, is_current: bool) -> Component:
    return centre_card(
        _("Moscow"),
        path,
        body,
        icon_name="telephone-inbound",
        link=_("Call log"),
        source=source,
        is_current=is_current,
    )


def _last_call(today: CallsToday, *, is_current: bool) -> Component:
    definition = _("When the latest call of today began, in the centre's zone.")
    if today.last_at is None:
        return kpi(_("Last call"), "—", _("no calls today yet"), definition=definition)
    shown = i18n.clock(today.last_at.astimezone(today.now.tzinfo))
    # The time of dead data does not run on.
    ago = (
        _around(_("{age} ago", age="\0"), since(milliseconds(today.last_at)))
        if is_current
        else _("known last")
    )
    return kpi(_("Last call"), shown, ago, definition=definition)


def _hours(summary: CallSummary, running: int) -> Component:
    """Calls per hour as bars, last week's as a line over each; the figures are in the call log."""
    before = summary.before.per_hour if summary.before else (0,) * 24
    most = max([*summary.per_hour, *before]) or 1
    bars = [
        html.Div(
            [
                html.Span(className="now", style={"height": f"{100 * summary.per_hour[hour] / most:.1f}%"}),
                *_mark_before(summary, hour, most),
                html.Span(str(hour) if hour % 2 == 0 else "", className="h"),
            ],
            className="running" if hour == running else "",
        )
        for hour in shown_hours(summary)
    ]
    return html.Div(
        [
            html.Div(
                [
                    html.Span(_("Calls per hour"), className="hp-s hp-mut"),
                    html.Span(hours_legend(summary, is_today=True), className="hp-legend ms-auto"),
                ],
                className="hp-flex",
            ),
            html.Div(bars, className="hp-hourbars", role="img", **aria(label=spoken_hours(summary))),
        ],
        className="hp-centre-hours",
    )


def _mark_before(summary: CallSummary, hour: int, most: int) -> list[Component]:
    if summary.before is None:
        return []
    return [
        html.Span(className="then", style={"bottom": f"{100 * summary.before.per_hour[hour] / most:.1f}%"})
    ]


def _drop_words(today: CallsToday) -> Contents:
    summary, before = today.summary, today.summary.before
    assert before is not None
    assert today.handled_drop is not None
    share = summary.handled / summary.with_known_result
    words = _("Handled {share}, {points} less than {day}.")
    return [
        html.B(
            words.format(
                share=i18n.percent(share),
                points=_("{n} pp", n=i18n.number(round(today.handled_drop * 100, 1))),
                day=compared_with(before, today.now),
            )
        ),
        " ",
        _(
            "{handled} of {known} calls with a known result; then {handled_then} of {known_then}.",
            handled=i18n.number(summary.handled),
            known=i18n.number(summary.with_known_result),
            handled_then=i18n.number(before.handled),
            known_then=i18n.number(before.with_known_result),
        ),
    ]


def _silence_words(today: CallsToday) -> Contents:
    before, missed = today.summary.before, today.missed_in_silence
    assert before is not None
    assert missed is not None
    usual = _("{day} there were about {n} in that time.", day=i18n.day(before.day), n=i18n.number(missed))
    if today.last_at is None:
        return [
            html.B(_("There was no call today yet.")),
            " ",
            usual,
            " ",
            _("Check whether calls get through."),
        ]
    running = _around(_("No call for {age}.", age="\0"), since(milliseconds(today.last_at)))
    return [html.B(running), " ", usual, " ", _("Check whether calls get through.")]


def _warning(icon_name: str, words: Contents, path: str, query: dict[str, str]) -> Concern:
    address = f"{path}?{'&'.join(f'{key}={value}' for key, value in query.items())}" if query else path
    link = dcc.Link(_("Show the calls"), href=address, className="btn btn-sm btn-outline-secondary")
    return Concern(Severity.WARNING, banner("warn", icon_name, words, link))


# Connected systems


def _systems(statuses: Sequence[SourceStatus], zone: ZoneInfo) -> Component:
    rows = [_system(status, zone) for status in statuses]
    nothing = empty(
        "hdd-network", _("No system is connected"), _("An administrator names them in the configuration.")
    )
    return html.Section(
        [
            html.Header(html.H2(_("Connected systems"))),
            html.Ul(rows, className="hp-systems") if rows else nothing,
        ],
        className="hp-card hp-systems-card",
    )


def _system(status: SourceStatus, zone: ZoneInfo) -> Component:
    shown = state_shown(status.state)
    return html.Li(
        [
            html.Div(
                [html.B(source_name(status.name)), badge(shown.kind, shown.icon, shown.word)],
                className="hp-flex hp-system-head",
            ),
            *[html.Div(line, className="hp-s hp-mut") for line in _system_lines(status, zone)],
        ]
    )


def _system_lines(status: SourceStatus, zone: ZoneInfo) -> list[Contents]:
    """Age, since when, why, and what to do, as far as known."""
    lines: list[Contents] = [_age_line(status, zone)]
    if status.state is not SourceState.OK and status.since is not None:
        begun = _("since {time}", time=moment_words(status.since, zone))
        lines.append([begun, ", ", _("for"), " ", since(milliseconds(status.since))])
    words = status_advice(status)
    if words is not None:
        lines.append([words.what, ". ", words.do])
    if status.state is SourceState.DOWN and status.next_try_at is not None:
        lines.append([_("Next try in"), " ", until_next_try(status.name)])
    if status.remark is not None and status.is_current:
        lines.append(remark_words(status.remark))
    return lines


def _age_line(status: SourceStatus, zone: ZoneInfo) -> Contents:
    if status.answered_at is None:
        return _("It has not answered yet.")
    if not status.is_current:
        return _("Last answer at {time}.", time=moment_words(status.answered_at, zone))
    running = html.Span(**data(source_age=status.name))
    return _around(_("Last answer {age} ago", age="\0"), running)


def _around(words: str, part: Component) -> list[Component | str]:
    """Translated words with a component in the place of the NUL."""
    before, _gap, after = words.partition("\0")
    return [before, part, after]


def _whole(share: float) -> str:
    """A share under way; never 100 % before it is all."""
    return i18n.percent(int(share * 1000) / 1000)
