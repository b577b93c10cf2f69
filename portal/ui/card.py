"""The caller's card, from data to words: what its templates show, in the reader's language.

Everything here may come from a stranger: texts stay texts, and the templates escape them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from portal import i18n
from portal.i18n import _
from portal.ui.frame import milliseconds
from portal.ui.phones import international_number
from portal.ui.words import advice
from services.errors import Reason
from services.telephony import AgencyCard, Call, CallState, CardAnswer, Contact, MatchKind

GATEWAY = "agency_gateway"
DIRECTORY = "crm"
#: Themes beyond the ninth have no key.
LAST_KEY = 9
_LONGEST_SHOWN = 300
#: Joins emoji to one; all other characters without a shape are a nuisance at best, such as those that turn
#: the direction of writing.
_SHAPELESS = "\u200d"


@dataclass(frozen=True, slots=True)
class Badge:
    """What kind of page it is."""

    kind: str
    icon: str
    word: str


@dataclass(frozen=True, slots=True)
class Head:
    """The line above all: whose call, since when. `running_ms`: when it began, while it goes on."""

    badge: Badge
    number: str
    began: str
    running_ms: int | None
    lasted: str
    curator: str


@dataclass(frozen=True, slots=True)
class Note:
    """How current what is shown is. `since_ms`: a moment whose age runs in the browser."""

    kind: str
    text: str
    icon: str = ""
    since_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of an agency; `kind` is ok, bad or nothing, "none" when it is not known."""

    label: str
    value: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Agency:
    """Who calls."""

    name: str
    english_name: str
    city: str
    person: str
    description: str
    is_blacklisted: bool


@dataclass(frozen=True, slots=True)
class PastCall:
    """A line of the calls before."""

    at: str
    lasted: str
    curator: str
    number: str
    theme: str


@dataclass(frozen=True, slots=True)
class Theme:
    """A button that sets the theme; `key` is the digit that does the same, empty for none."""

    text: str
    key: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Notice:
    """A page that has nothing but a message."""

    kind: str
    icon: str
    title: str
    text: str


def shown(text: str) -> str:
    """Any text as it can be shown: of bearable length, without the characters that have no shape."""
    text = " ".join(text.split())
    text = "".join(one if one.isprintable() or one in _SHAPELESS else "\ufffd" for one in text)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def head(
    call: Call | None,
    number: str | None,
    ani: str,
    badge: Badge,
    *,
    zone: ZoneInfo,
    now: datetime,
) -> Head:
    """The line above all; `ani` is what the platform said where it is no `number`."""
    readable = international_number(number) if number else shown(ani) or _("no number")
    if call is None:
        return Head(badge, readable, "", None, "", "")
    is_running = call.state is CallState.OPEN
    if is_running:
        lasted = duration_words(now - call.began_at)
    elif call.duration is not None and call.state is CallState.ENDED:
        lasted = _("lasted {duration}", duration=duration_words(call.duration))
    else:
        lasted = _("end not reported") if call.ended_at is None else ""
    return Head(
        badge,
        readable,
        _moment(call.began_at, zone, now),
        milliseconds(call.began_at) if is_running else None,
        lasted,
        shown(call.curator),
    )


def looked_up() -> Badge:
    """Somebody looks up a number; nothing is registered."""
    return Badge("", "search", _("Look-up"))


def incoming() -> Badge:
    """A call that goes on."""
    return Badge("talk", "telephone-inbound-fill", _("Incoming"))


def ended() -> Badge:
    """A call that is over."""
    return Badge("out", "telephone-fill", _("Ended"))


def card_note(answer: CardAnswer | None, *, zone: ZoneInfo, now: datetime) -> Note:
    """How current the agency's card is; None: there is no gateway."""
    if answer is None:
        return Note("warn", _("the agency gateway is not configured"), "question-circle")
    if answer.problem is None and answer.fetched_at is not None:
        return Note("", _("gateway data {age} ago"), since_ms=milliseconds(answer.fetched_at))
    if answer.fetched_at is None:
        waiting = answer.problem in (None, Reason.TIMEOUT)
        text = _("the gateway has not answered yet") if waiting else advice(GATEWAY, answer.problem).what
        return Note("warn", text, "hourglass-split")
    as_of = _moment(answer.fetched_at, zone, now, seconds=False)
    what = advice(GATEWAY, answer.problem).what
    return Note("warn", _("{what}, data of {time}", what=what, time=as_of), "hourglass-split")


def agency(call: Call | None, agency_id: int, card: AgencyCard | None, contact: Contact | None) -> Agency:
    """The agency by its card, else by what was noted with the call, else by its number alone."""
    noted = call if call is not None and call.agency_id == agency_id else None
    name = (card and card.name) or (noted and noted.agency_name) or _("Agency No. {id}", id=agency_id)
    person = (contact and contact.person) or (noted and noted.manager) or ""
    return Agency(
        name=shown(name),
        english_name=shown((card and card.english_name) or ""),
        city=shown((card and card.city) or ""),
        person=shown(person),
        description=shown((contact and contact.description) or ""),
        is_blacklisted=card is not None and card.blacklisted is True,
    )


def facts(card: AgencyCard | None) -> tuple[Fact, ...]:
    """What an operator has to know of an agency; what is not known is told from "no"."""
    if card is None:
        labels = _("Contract"), _("Commission"), _("Front office"), _("Tourists a year"), _("Blacklist")
        return tuple(Fact(label, "—", "none") for label in labels)
    return (
        _yes_no(_("Contract"), card.contract, yes=_("signed"), no=_("missing"), judged=True),
        _said(_("Commission"), _percent(card.percent)),
        _yes_no(_("Front office"), card.front_office, yes=_("yes"), no=_("no")),
        _said(_("Tourists a year"), _figure(card.tourists_per_year)),
        _blacklist(card.blacklisted),
    )


def people(card: AgencyCard | None) -> list[tuple[str, str]]:
    """Roles and names of those who have to do with the agency, as far as they are known."""
    if card is None:
        return []
    rows = (
        (_("Our curator"), shown(card.curator or "")),
        (_("Director"), shown(card.boss or "")),
        (_("Employees"), ", ".join(map(shown, card.managers))),
    )
    return [row for row in rows if row[1]]


def match_words(kind: MatchKind) -> str:
    """How sure it is that the number is this agency's."""
    return {
        MatchKind.EXACT: _("matches exactly"),
        MatchKind.PROBABLE: _("matches probably: it is stored without its country"),
        MatchKind.NONE: _("no agency has it"),
    }[kind]


def unknown_words(call: Call | None, number: str | None) -> str:
    """What it means that no agency was found."""
    if number is None:
        return _("The number is hidden or is none: without it no call is registered.")
    if call is None:
        return _("No agency has this number.")
    return _("No agency has this number. The call is registered.")


def next_steps(call: Call | None, number: str | None) -> list[str]:
    """What an operator can do about a caller without an agency."""
    steps = [_("Ask for the name of the agency and its city.")]
    if number is not None:
        steps.append(_("Find the agency in the CRM and add this number: next time its card opens by itself."))
    if call is not None:
        steps.append(_("Choose a theme: it goes into the register for this call too."))
    return steps


def no_directory() -> Notice:
    """There is no CRM to find agencies in."""
    title = _("The CRM is not configured.")
    return Notice("warn", "question-circle", title, _("No agency can be found by its number."))


def directory_trouble(
    looked_at: datetime | None, problem: Reason | None, *, zone: ZoneInfo, now: datetime
) -> Notice | None:
    """Why an agency may not be found though it has the number; None: there is no reason."""
    if looked_at is None:
        title = _("The numbers of the agencies were not read yet.")
        return Notice("warn", "hourglass-split", title, _("The caller may well be an agency."))
    if problem is None:
        return None
    as_of = _moment(looked_at, zone, now, seconds=False)
    text = _("Numbers that were added after {time} are not known.", time=as_of)
    return Notice("warn", "wifi-off", f"{advice(DIRECTORY, problem).what}.", text)


def farewell_facts(call: Call | None) -> tuple[Fact, ...]:
    """What is said at the end of a call; None: its begin is still under way."""
    if call is None or call.state is CallState.AWAITS_BEGIN:
        lasted = Fact(_("Lasted"), _("not known: its begin was not reported yet"), "none")
    elif call.duration is None:
        lasted = Fact(_("Lasted"), _("not known"), "none")
    else:
        lasted = Fact(_("Lasted"), duration_words(call.duration))
    theme = shown((call and call.theme) or "")
    chosen = Fact(_("Theme"), theme) if theme else Fact(_("Theme"), _("not chosen"), "none")
    return lasted, chosen


def past_calls(calls: Sequence[Call], *, zone: ZoneInfo, now: datetime) -> list[PastCall]:
    """The calls before, as they come."""
    return [
        PastCall(
            at=_day_and_time(call.began_at, zone, now),
            lasted=_past_duration(call),
            curator=shown(call.curator) or "—",
            number=international_number(call.number),
            theme=shown(call.theme or "") or "—",
        )
        for call in calls
    ]


def themes(names: Sequence[str], chosen: str | None) -> list[Theme]:
    """A button for each theme."""
    return [
        Theme(name, str(place) if place <= LAST_KEY else "", name == chosen)
        for place, name in enumerate(names, 1)
    ]


def duration_words(lasted: timedelta) -> str:
    """`0:48`, `12:05`, `1:02:05`."""
    return seconds_words(lasted.total_seconds())


def seconds_words(lasted: float) -> str:
    """As `duration_words`, of seconds."""
    minutes, seconds = divmod(max(0, round(lasted)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def saved_words(now: datetime, zone: ZoneInfo) -> str:
    return _("Saved at {time}", time=i18n.clock(now.astimezone(zone), seconds=True))


def script_words() -> dict[str, str]:
    """What the page's script says by itself."""
    return {
        "seconds": _("{n} s"),
        "minutes": _("{n} min"),
        "hours": _("{n} h"),
        "days": _("{n} d"),
        "saving": _("Saving…"),
        "not_saved": _("Not saved: the portal does not answer. Press again."),
        "copied": _("Copied: {text}"),
        "copy_failed": _("Could not copy"),
    }


def _said(label: str, value: str) -> Fact:
    return Fact(label, value) if value else Fact(label, "—", "none")


def _yes_no(label: str, value: bool | str | None, *, yes: str, no: str, judged: bool = False) -> Fact:
    if isinstance(value, bool):
        return Fact(label, yes if value else no, ("ok" if value else "bad") if judged else "")
    return _said(label, shown(value or ""))


def _blacklist(value: bool | None) -> Fact:
    if value is None:
        return Fact(_("Blacklist"), "—", "none")
    return Fact(_("Blacklist"), _("yes"), "bad") if value else Fact(_("Blacklist"), _("no"))


def _percent(text: str | None) -> str:
    """The commission as the gateway writes it; a bare figure gets its sign."""
    if not text:
        return ""
    is_figure = text.replace(".", "", 1).replace(",", "", 1).isdecimal()
    return f"{text}\u00a0%" if is_figure and len(text) <= 10 else shown(text)


def _figure(text: str | None) -> str:
    if not text:
        return ""
    return i18n.number(int(text)) if text.isascii() and text.isdecimal() and len(text) <= 9 else shown(text)


def _past_duration(call: Call) -> str:
    if call.state is CallState.OPEN:
        return _("goes on")
    return "—" if call.duration is None else duration_words(call.duration)


def _moment(at: datetime, zone: ZoneInfo, now: datetime, *, seconds: bool = True) -> str:
    """The time of day, with its date unless it is today."""
    there = at.astimezone(zone)
    if there.date() == now.astimezone(zone).date():
        return i18n.clock(there, seconds=seconds)
    return _dated(there, now.astimezone(zone))


def _day_and_time(at: datetime, zone: ZoneInfo, now: datetime) -> str:
    there = at.astimezone(zone)
    if there.date() == now.astimezone(zone).date():
        return _("today {time}", time=i18n.clock(there))
    return _dated(there, now.astimezone(zone))


def _dated(there: datetime, now: datetime) -> str:
    if there.year == now.year:
        return i18n.moment(there)
    return f"{i18n.short_day(there)}, {i18n.clock(there)}"
