"""The register: rows of the list, lines of the file, and what is said where nothing is found."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from portal import i18n
from portal.i18n import _
from portal.ui.card import duration_words
from portal.ui.card import shown as legible
from portal.ui.frame import milliseconds
from portal.ui.vilnius.calls import (
    curator_words,
    entry_words,
    number_words,
    state_words,
    who_words,
)
from portal.vilnius_query import Reach, VilniusQuery
from services.telephony import Call, CallState, ListedCall


def reaches() -> dict[Reach, str]:
    """The periods to choose from."""
    return {
        Reach.TODAY: _("Today"),
        Reach.WEEK: _("7 days"),
        Reach.MONTH: _("30 days"),
        Reach.YEAR: _("A year"),
        Reach.ALL: _("The whole register"),
    }


def row(one: ListedCall, *, zone: ZoneInfo, today: date) -> dict[str, object]:
    """One line of the list, in the reader's words; `since` is when a call began that goes on."""
    call, entry = one.call, entry_words(one.entry)
    return {
        "id": str(call.id),
        "began": _moment(call.began_at.astimezone(zone), today),
        "lasted": _lasted(call),
        "since": milliseconds(call.began_at) if call.state is CallState.OPEN else None,
        "number": call.number,
        "phone": number_words(call.number),
        "who": who_words(call),
        "unknown": _("agency not found"),
        "curator": curator_words(call.curator),
        "theme": legible(call.theme or ""),
        "kind": entry.kind,
        "icon": entry.icon,
        "entry": entry.word,
    }


def file_head() -> list[str | int]:
    """The heads of the file's columns."""
    return [
        _("No. in the register"),
        _("Date"),
        _("Begin"),
        _("End"),
        _("Duration, s"),
        _("Phone"),
        _("Agency no."),
        _("Agency"),
        _("Caller"),
        _("Curator"),
        _("Theme"),
        _("Answered"),
        _("Queue"),
        _("Reason of the end"),
        _("Register"),
    ]


def file_line(one: ListedCall, zone: ZoneInfo) -> list[str | int]:
    """A line of the file; what is not known is an empty cell."""
    call = one.call
    began_at = call.began_at.astimezone(zone)
    is_timed = call.state is CallState.ENDED and call.ended_at is not None
    answered = {None: "", True: _("yes"), False: _("no")}[call.answered]
    return [
        call.register_key or "",
        began_at.strftime("%d.%m.%Y"),
        began_at.strftime("%H:%M:%S"),
        call.ended_at.astimezone(zone).strftime("%H:%M:%S") if is_timed and call.ended_at else "",
        round(call.duration.total_seconds()) if is_timed and call.duration is not None else "",
        number_words(call.number) if call.number else "",
        call.agency_id or "",
        call.agency_name or "",
        call.manager or "",
        call.curator,
        call.theme or "",
        answered,
        call.queue or "",
        call.cause or "",
        entry_words(one.entry).word,
    ]


@dataclass(frozen=True, slots=True)
class Nothing:
    """What stands in place of the rows: words, and the reach that would find something, None for none."""

    title: str
    text: str
    wider: Reach | None = None
    button: str = ""


def nothing_found(query: VilniusQuery, wider: Reach | None, found: int) -> Nothing:
    """No call matches; `found` do in the days of `wider`."""
    text = query.register.text
    period = period_words(query)
    if text:
        title = _("Nothing for “{text}” {period}", text=legible(text), period=period)
    elif query.is_narrowed:
        title = _("No call fits the filter {period}", period=period)
    else:
        title = _("There are no calls {period}", period=period)
    if wider is None or not found:
        hint = _("Check the spelling, or drop a condition.") if query.is_narrowed else _("Calls appear here.")
        return Nothing(title, hint)
    calls = i18n.plural("{n} call is found", "{n} calls are found", found)
    if wider is Reach.YEAR:
        words = _("Widen the period: within a year {calls}.", calls=calls)
        return Nothing(title, words, wider, _("Show the year"))
    words = _("Widen the period: in the whole register {calls}.", calls=calls)
    return Nothing(title, words, wider, _("Search the whole register"))


def period_words(query: VilniusQuery) -> str:
    """The period as a part of a sentence: `за 30 дней`."""
    period = query.register.period
    if query.reach is None and period is not None:
        return _("in the days {days}", days=i18n.days(period.first, period.last))
    return {
        Reach.TODAY: _("today"),
        Reach.WEEK: _("within 7 days"),
        Reach.MONTH: _("within 30 days"),
        Reach.YEAR: _("within a year"),
        Reach.ALL: _("in the whole register"),
    }[query.reach or Reach.ALL]


def _moment(began_at: datetime, today: date) -> str:
    if began_at.date() == today:
        return i18n.clock(began_at, seconds=True)
    if began_at.year == today.year:
        return i18n.moment(began_at)
    return f"{i18n.short_day(began_at.date())}, {i18n.clock(began_at)}"


def _lasted(call: Call) -> str:
    if call.state is CallState.ENDED and call.duration is not None:
        return duration_words(call.duration)
    return state_words(call).word
