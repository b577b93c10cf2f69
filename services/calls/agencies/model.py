"""What the agency directory answers and what it may be asked. All moments are aware UTC."""

from dataclasses import dataclass
from datetime import date

from services.calls.model import (
    LARGEST_PAGE,
    Agency,
    Call,
    FilterFault,
    Freshness,
    InvalidFilter,
    Ringing,
)

#: Characters a search may have.
LONGEST_SEARCH = 200
#: Calls that the details of an agency list.
LATEST_CALLS = 20
_LARGEST_OFFSET = 2**31 - 1


class AgenciesNotRead(Exception):
    """The source answers, but its agencies were not read yet: it is a matter of seconds."""


@dataclass(frozen=True, slots=True)
class ListedAgency:
    """An agency as the directory has it.

    `hours` are its working hours, where the installation has a table of them. `numbers` are its telephones as
    they stand in the seven columns of the source; None where a column is empty.
    """

    agency: Agency
    hours: str | None
    numbers: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class AgencySearch:
    """Which agencies are asked for, and which part of the answer; without `limit` all from `offset` on.

    Every word of `text` must be in a name, the address, the city, metro, district or area, or in a telephone.

    Raises:
        InvalidFilter: a value that cannot be.
    """

    text: str = ""
    offset: int = 0
    limit: int | None = None

    def __post_init__(self) -> None:
        if len(self.text) > LONGEST_SEARCH:
            raise InvalidFilter("search", FilterFault.TOO_LONG)
        if not 0 <= self.offset <= _LARGEST_OFFSET:
            raise InvalidFilter("offset", FilterFault.OUT_OF_RANGE)
        if self.limit is not None and not 1 <= self.limit <= LARGEST_PAGE:
            raise InvalidFilter("limit", FilterFault.OUT_OF_RANGE)


@dataclass(frozen=True, slots=True)
class AgencyPage:
    """A part of the agencies that match; `total` counts all of them, `known` all there are."""

    agencies: tuple[ListedAgency, ...]
    total: int
    known: int
    freshness: Freshness


@dataclass(frozen=True, slots=True)
class AgencyDetails:
    """One agency of the directory."""

    listed: ListedAgency
    freshness: Freshness


@dataclass(frozen=True, slots=True)
class AgencyCall:
    """A call in which an agency was rung.

    `is_last`: no other agency was rung after it, so the call's Info names this one.
    """

    call: Call
    ringing: Ringing
    is_last: bool


@dataclass(frozen=True, slots=True)
class AgencyCalls:
    """The calls in which an agency was rung, as far as the portal has a copy of them.

    `since` is the first local day of which, with all days after it, every call is in the copy; None while
    today's are still being copied. `total` counts all calls the copy has of the agency, `latest` are the
    newest of them.
    """

    latest: tuple[AgencyCall, ...]
    total: int
    since: date | None
    until: date
    freshness: Freshness
