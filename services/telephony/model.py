"""What the telephony capability talks in: events as they are reported, and the calls they add up to.

All moments are aware UTC. Parameters and rules: the callback interface of the telephony platform.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from services.errors import Reason

#: Oracle's `T_CALL_INFO.CURRATOR` takes no more, and the interface promises no more (characters).
LONGEST_CURATOR = 128
#: What the register knows a caller without an agency by.
NO_AGENCY = "0"


class EventKind(StrEnum):
    """What the platform reports."""

    BEGIN = "begin"  # type=newcall
    END = "end"  # type=endcall


class Outcome(StrEnum):
    """What became of an event."""

    OPENED = "opened"  # a call began
    REPEATED = "repeated"  # told before: at most a blank was filled
    ENDED = "ended"  # its call ended
    AWAITS_BEGIN = "awaits_begin"  # an end whose begin is still under way
    JOINED = "joined"  # the begin of an end that came first: the call is complete
    UNUSABLE = "unusable"  # the number cannot be one: no call, nothing for the register
    REFUSED = "refused"  # not of the interface (a curator too long, a NUL): the asker is told
    FAILED = "failed"  # stored, but not understood by us: taken up again by the collector


class CallState(StrEnum):
    """Where a call is in its life."""

    OPEN = "open"
    ENDED = "ended"
    EXPIRED = "expired"  # no end was reported within the time a call may last; when it ended is not known
    AWAITS_BEGIN = "awaits_begin"  # only its end is known yet


class MatchKind(StrEnum):
    """How sure it is whose number it is."""

    EXACT = "exact"  # stored in international form
    PROBABLE = "probable"  # stored in national form of the configured country
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Match:
    """The agencies a number belongs to: the highest id, which is taken, and the others, highest first."""

    kind: MatchKind
    agency_id: int | None = None
    others: tuple[int, ...] = ()

    @property
    def is_ambiguous(self) -> bool:
        """Whether several agencies have the number."""
        return bool(self.others)


@dataclass(frozen=True, slots=True)
class Report:
    """One event as it was reported; nothing is checked or shortened yet.

    `url` is the request's path and query without the shared token; `platform_time` whatever the platform says
    of the time, kept and not believed; `answered` what it says of whether somebody answered.
    """

    kind: EventKind
    ani: str
    curator: str
    url: str
    address: str  # of whoever reported; says nothing about the call
    call_id: str | None = None
    cause: str | None = None
    queue: str | None = None
    answered: bool | None = None
    platform_time: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the centre: reported to us, or copied from the register where another program wrote it.

    `number` is the digits of E.164 without a plus. `token` names the call in addresses; None for a call that
    was not reported here. `agency_name` and `manager` (the person behind the number) are None until the
    gateway has told them.
    """

    id: int
    token: str | None
    register_key: int | None  # T_CALL_INFO.CALL_INFO_ID, once chosen
    number: str
    curator: str
    state: CallState
    began_at: datetime
    ended_at: datetime | None
    agency_id: int | None
    match: MatchKind
    agency_name: str | None
    manager: str | None
    theme: str | None
    queue: str | None = None
    cause: str | None = None
    answered: bool | None = None

    @property
    def duration(self) -> timedelta | None:
        """How long it lasted; None while it goes on or when its end is not known."""
        return None if self.ended_at is None else self.ended_at - self.began_at


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a report that is stored: the call it belongs to, None when it belongs to none."""

    outcome: Outcome
    call: Call | None


class EntryState(StrEnum):
    """How far a call is on its way into the register."""

    WAITING = "waiting"
    WRITTEN = "written"
    REFUSED = "refused"  # Oracle will never take it as it is
    DROPPED = "dropped"  # an administrator decided that it stays out


class TelephonyError(Exception):
    """A request that cannot be met; nothing was changed."""


class NoSuchCall(TelephonyError):
    """No call has this token."""


class NoSuchTheme(TelephonyError):
    """The theme is none of the configured ones."""


class NotConfigured(TelephonyError):
    """What was asked for needs a system that is not configured."""


@dataclass(frozen=True, slots=True)
class Contact:
    """A telephone or mail of an agency with the person behind it; empty texts are None."""

    value: str
    person: str | None
    description: str | None


@dataclass(frozen=True, slots=True)
class AgencyCard:
    """What the gateway tells of an agency. Texts are as it wrote them, trimmed; None: it said nothing.

    `front_office` and `contract` are true, false, or the gateway's own words.
    """

    agency_id: int
    name: str | None
    english_name: str | None
    city: str | None
    percent: str | None
    front_office: bool | str | None
    contract: bool | str | None
    tourists_per_year: str | None
    boss: str | None
    curator: str | None
    blacklisted: bool | None
    managers: tuple[str, ...] = ()
    contacts: tuple[Contact, ...] = ()


@dataclass(frozen=True, slots=True)
class CardAnswer:
    """An agency's card with its age.

    `card` is None while nothing is known of the agency; `problem` tells why there is nothing newer, None when
    the card is fresh. `fetched_at` is when the gateway told it.
    """

    card: AgencyCard | None
    fetched_at: datetime | None
    problem: Reason | None


@dataclass(frozen=True, slots=True)
class Rules:
    """What the configuration decides about calls.

    `country` is the ISO 3166 code that numbers in national form belong to; `call_span` how long a call may
    last at most; `region` and `zone` what the register calls the centre and whose local time its dates are.
    """

    country: str
    themes: tuple[str, ...]
    call_span: timedelta
    region: str
    zone: ZoneInfo
