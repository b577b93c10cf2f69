"""What a screen on the wall shows, from data to words; the page's script writes them into their places.

No phone number and nothing of a client is among it: whoever has the link reads it, and so does everybody who
walks by.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from portal import i18n
from portal.calls_today import CallsToday
from portal.i18n import _
from portal.ui.calls import compared_with, operator_words, shown_hours, spoken_hours
from portal.ui.frame import milliseconds, moment_words
from portal.ui.names import short_name
from portal.ui.words import Advice, state_shown, status_advice
from services.calls import OperatorCount
from services.live import LiveSnapshot, SourceState, SourceStatus
from services.wall import ScreenState

Words = dict[str, object]

#: Places for operators on the screen.
OPERATORS = 10
#: What is worst is said first.
_WORST_FIRST = (SourceState.DOWN, SourceState.UNWATCHED, SourceState.SLOW)


def screen_words() -> Mapping[str, str]:
    """What the page's script says by itself, in the reader's language."""
    return {
        "seconds": _("{n} s"),
        "minutes": _("{n} min"),
        "hours": _("{n} h"),
        "days": _("{n} d"),
        "ago": _("{age} ago"),
        "answered": _("Last answer {age} ago"),
        "for": _("for {age}"),
        "updated": _("updated {age} ago"),
        "as_of": _("data of {time}, {age} ago"),
        "lost": _("No connection to the portal since {time}"),
        "lost_more": _("Shown is what was known then. The screen goes on by itself when the portal answers."),
        "pause": _("Pause"),
        "go_on": _("Go on"),
    }


def ended_words(state: ScreenState | None) -> tuple[str, str]:
    """Title and text in place of the screen whose link does not hold; None: there never was such a link."""
    ask = _("Ask an administrator for a new link and open it here.")
    return {
        ScreenState.REVOKED: (_("This screen was switched off"), _("Its link was revoked.") + " " + ask),
        ScreenState.EXPIRED: (_("The time of this screen is over"), _("Its link has expired.") + " " + ask),
    }.get(state or ScreenState.IN_FORCE) or (
        _("This link is not known"),
        _("It may be mistyped or cut off.") + " " + ask,
    )


def screen_state(
    today: CallsToday | None,
    missing: str,
    live: LiveSnapshot,
    sources: Sequence[str],
    *,
    is_current: bool,
    zone: ZoneInfo,
    now: datetime,
) -> Words:
    """Everything a screen shows.

    Args:
        today: the centre's day; None when nothing is known of it, for the reason in words `missing`.
        is_current: whether the figures are; those that stand still are compared with no day that runs on.
        zone: of the times on screen.
    """
    statuses = [live.source(name) for name in sources]
    return {
        "day": i18n.day(now.astimezone(today.now.tzinfo if today else zone)),
        "missing": missing,
        "figures": _figures(today, is_compared=is_current),
        "hours": _hours(today) if today else None,
        "operators": _operators(today.summary.operators or ()) if today else None,
        "sources": {status.name: _source(status, zone) for status in statuses},
        "trouble": _trouble(statuses, zone),
    }


def _figures(today: CallsToday | None, *, is_compared: bool) -> list[Words]:
    """Calls, share handled, last call. `change` is None where there is nothing to compare with."""
    if today is None:
        return [_figure("—")] * 3
    summary, before = today.summary, today.summary.before
    share = summary.handled / summary.with_known_result if summary.with_known_result else None
    calls = _figure(i18n.number(summary.total))
    handled = _figure("—" if share is None else i18n.percent(share), more=i18n.number(summary.handled))
    if before is not None and is_compared:
        against = _("against {day}", day=compared_with(before, today.now))
        if before.total:
            change = (summary.total - before.total) / before.total
            calls |= {"change": _change(i18n.percent(abs(change)), change, judged=False), "below": against}
        if before.with_known_result and share is not None:
            change = share - before.handled / before.with_known_result
            points = _("{n} pp", n=i18n.number(round(abs(change) * 100, 1)))
            handled |= {"change": _change(points, change, judged=True), "below": against}
    return [calls, handled, _last_call(today)]


def _figure(value: str, *, more: str = "", below: str = "", at: int | None = None) -> Words:
    return {"value": value, "more": more, "change": None, "below": below, "at": at}


def _last_call(today: CallsToday) -> Words:
    if today.last_at is None:
        return _figure("—", below=_("no calls today yet"))
    return _figure(i18n.clock(today.last_at.astimezone(today.now.tzinfo)), at=milliseconds(today.last_at))


def _change(text: str, change: float, *, judged: bool) -> Words:
    """A change with its way; it is called good or bad only where more is better."""
    kind = "flat" if change == 0 or not judged else "good" if change > 0 else "bad"
    way = "same" if change == 0 else "up" if change > 0 else "down"
    return {"text": text, "way": way, "kind": kind}


def _hours(today: CallsToday) -> Words:
    """Calls of each hour of the day beside those of the same weekday last week (None: not known)."""
    summary, before = today.summary, today.summary.before
    hours = shown_hours(summary)
    most = max([*summary.per_hour, *(before.per_hour if before else ())], default=0)
    return {
        "first": hours[0],
        "last": hours[-1],
        "running": today.now.hour,
        "most": most,
        "now": summary.per_hour,
        "then": before.per_hour if before else None,
        "then_name": i18n.day(before.day) if before else "",
        "spoken": spoken_hours(summary),
    }


def _operators(counts: Sequence[OperatorCount]) -> Words:
    """Those with the most calls, and how many more there are."""
    named = [one for one in counts if one.operator_id is not None]
    most = named[0].calls if named else 0
    shown = [
        {"name": _name(one), "calls": i18n.number(one.calls), "share": one.calls / most if most else 0}
        for one in named[:OPERATORS]
    ]
    rest = len(named) - len(shown)
    return {
        "shown": shown,
        "rest": i18n.plural("and {n} more operator", "and {n} more operators", rest) if rest else "",
    }


def _name(count: OperatorCount) -> str:
    words = operator_words(count.operator_id, count.name and short_name(count.name))
    assert words is not None  # there is an operator
    return words


def _source(status: SourceStatus, zone: ZoneInfo) -> Words:
    shown = state_shown(status.state)
    known = status.answered_at
    return {
        "state": status.state,
        "kind": shown.kind,
        "icon": shown.icon,
        "word": shown.word,
        "since": _("since {time}", time=moment_words(status.since, zone)) if status.since else "",
        "known": _("Last answer at {time}.", time=moment_words(known, zone)) if known else "",
        "advice": _spoken(status_advice(status)),
    }


def _trouble(statuses: Sequence[SourceStatus], zone: ZoneInfo) -> Words | None:
    """The worst that is wrong with a system now; it stays in sight whatever view is shown."""
    wrong = [status for status in statuses if status.state in _WORST_FIRST]
    if not wrong:
        return None
    worst = min(wrong, key=lambda status: _WORST_FIRST.index(status.state))
    words, shown = status_advice(worst), state_shown(worst.state)
    assert words is not None  # something is wrong
    since = worst.since
    return {
        "kind": shown.kind,
        "icon": shown.icon,
        "what": f"{words.what} {_('since {time}', time=moment_words(since, zone))}" if since else words.what,
        "since": milliseconds(since) if since else None,
        "do": words.do,
        "stale": not worst.is_current,
    }


def _spoken(words: Advice | None) -> str:
    return f"{words.what}. {words.do}" if words else ""
