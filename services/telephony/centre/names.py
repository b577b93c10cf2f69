"""The names that calls bear, kept in memory: no database compares texts the way people search.

SQLite folds no letter outside ASCII, PostgreSQL keeps accents apart, and who types «zalias» wants «Žalias».
"""

import threading
import time
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, Table, select
from sqlalchemy.orm import Session

from services.storage import Store, table_of
from services.telephony.tables import CallRow

#: Names of calls older than this do not change any more, or a look every `KEPT_S` is soon enough for them.
SETTLED_AFTER = timedelta(days=8)
KEPT_S = 600.0
_CALL: Table = table_of(CallRow)


def folded(text: str) -> str:
    """The text as it is compared: small letters without accents, single blanks."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(sign for sign in apart if not unicodedata.combining(sign)).split())


@dataclass(frozen=True, slots=True)
class Names:
    """What calls bear: each name with the form it is compared in."""

    agencies: Mapping[str, str]
    people: Mapping[str, str]
    curators: frozenset[str]
    themes: frozenset[str]

    def joined(self, other: "Names") -> "Names":
        return Names(
            {**self.agencies, **other.agencies},
            {**self.people, **other.people},
            self.curators | other.curators,
            self.themes | other.themes,
        )


class KnownNames:
    """Reads the names of all calls; those of old ones at most once per `KEPT_S`."""

    def __init__(self, store: Store, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._settled: Names | None = None
        self._read_at = float("-inf")

    def names(self, now: datetime) -> Names:
        """The names of all calls. Raises StorageError."""
        edge = now - SETTLED_AFTER
        with self._store.read() as session:
            recent = _read(session, edge)
        return self._of_settled().joined(recent)

    def _of_settled(self) -> Names:
        with self._lock:
            if self._settled is None or self._monotonic() - self._read_at >= KEPT_S:
                with self._store.read() as session:
                    self._settled = _read(session, None)
                self._read_at = self._monotonic()
            return self._settled


def holding(words: Sequence[str], names: Mapping[str, str]) -> list[str]:
    """The names that hold each of `words`, which are folded."""
    return [name for name, key in names.items() if all(word in key for word in words)]


def _read(session: Session, since: datetime | None) -> Names:
    def distinct(column: Column[str]) -> Iterable[str]:
        statement = select(column).where(column.is_not(None)).distinct()
        if since is not None:
            statement = statement.where(_CALL.c.began_at >= since)
        return (text for text in session.scalars(statement) if text)

    return Names(
        {name: folded(name) for name in distinct(_CALL.c.agency_name)},
        {name: folded(name) for name in distinct(_CALL.c.manager)},
        frozenset(distinct(_CALL.c.curator)),
        frozenset(distinct(_CALL.c.theme)),
    )
