"""The job that keeps the copy of the agencies' telephones like CRM.

It asks for the size of the table every few seconds, which also shows whether CRM answers, and looks at all
telephones when the size changed and every five minutes besides, because a telephone may be corrected too.
"""

import hashlib
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Engine, delete, select

from services.errors import UpstreamError
from services.jobs import Fence, pause_after
from services.live import Topic, bump, report_answer, report_failure
from services.storage import Store, table_of, upsert
from services.telephony.directory import crm
from services.telephony.directory.tables import ONLY, PhoneLookRow, PhoneRow
from services.telephony.directory.typed import RULES, numbers_in

T = TypeVar("T")
log = logging.getLogger(__name__)

PROBE_EVERY = timedelta(seconds=8)
LOOK_EVERY = timedelta(minutes=5)
#: Somebody who enters many telephones does not make each of them a look at all.
CHANGES_EVERY = timedelta(seconds=30)
#: Agencies in one transaction: the write lock is held for well under 50 ms.
BATCH = 500
#: So long a step stores before it lets CRM be looked after again; reading 100,000 telephones takes longer.
STORING_S = 4.0
_LONGEST_PAUSE = timedelta(seconds=10)


@dataclass(slots=True)
class _Look:
    """A look at all telephones whose outcome is being stored: agencies to be read anew, and those gone."""

    began_at: datetime
    size: tuple[int, int | None]
    changed: deque[tuple[int, str, str]]  # agency, digest, what was typed
    gone: deque[int]

    @property
    def is_stored(self) -> bool:
        return not self.changed and not self.gone


class PhoneSync:
    """The job `phones.sync`."""

    name = "phones.sync"

    def __init__(
        self,
        store: Store,
        engine: Engine,
        country: str,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare for the CRM behind `engine`, whose national numbers are those of `country` (ISO 3166)."""
        self._store = store
        self._engine = engine
        self._country = country
        self._clock = clock
        self._stopwatch = stopwatch
        self._failures = 0
        self._look: _Look | None = None  # under way
        self._looked_at: datetime | None = None
        self._size: tuple[int, int | None] | None = None  # at the latest look

    def step(self, fence: Fence) -> timedelta:
        """Ask CRM how it is; look at the telephones if it is time, and store a part of what changed."""
        # Whatever ends this step, a look that was under way is begun anew: another collector may lead since.
        look, self._look = self._look, None
        began = self._stopwatch()
        try:
            size = crm.size(self._engine)
            took = timedelta(seconds=self._stopwatch() - began)
            if look is None and self._is_due(size):
                look = self._begun(size)
        except UpstreamError as error:
            return self._bear(fence, error)
        self._failures = 0
        with fence.write() as session:
            report_answer(session, crm.SOURCE, took=took, now=self._clock())
        if look is None:
            return PROBE_EVERY
        if not self._stored(fence, look):
            self._look = look
            return timedelta(0)
        self._looked_at, self._size = look.began_at, look.size
        return PROBE_EVERY

    def _bear(self, fence: Fence, error: UpstreamError) -> timedelta:
        """Note why CRM cannot be looked at and say how long to rest."""
        self._failures += 1
        if self._failures == 1:
            log.warning("the telephones of agencies cannot be read: %s", error, exc_info=error)
        pause = pause_after(self._failures, longest=_LONGEST_PAUSE)
        now = self._clock()
        with fence.write() as session:
            report_failure(session, crm.SOURCE, error, now=now, next_try_at=now + pause)
        return pause

    def _is_due(self, size: tuple[int, int | None]) -> bool:
        if self._looked_at is None:
            return True
        rested = self._clock() - self._looked_at
        return rested >= LOOK_EVERY or (size != self._size and rested >= CHANGES_EVERY)

    def _begun(self, size: tuple[int, int | None]) -> _Look:
        """Read all telephones and compare them with the copy."""
        began_at = self._clock()
        texts = {id_: "\n".join(sorted(fields)) for id_, fields in crm.typed_phones(self._engine).items()}
        with self._store.read() as session:
            rows = session.execute(select(PhoneRow.agency_id, PhoneRow.typed_digest))
            stored: Mapping[int, str] = {row.agency_id: row.typed_digest for row in rows}
        digests = ((id_, self._digest(text), text) for id_, text in texts.items())
        return _Look(
            began_at,
            size,
            changed=deque(new for new in digests if stored.get(new[0]) != new[1]),
            gone=deque(sorted(stored.keys() - texts.keys())),
        )

    def _digest(self, text: str) -> str:
        # A lone surrogate must not end the look: whatever the driver let through has a digest.
        told = f"{RULES} {self._country}\n{text}".encode(errors="surrogatepass")
        return hashlib.blake2b(told, digest_size=16).hexdigest()

    def _stored(self, fence: Fence, look: _Look) -> bool:
        """Store what changed, within the time of a step; whether that was all of it."""
        began = self._stopwatch()
        while not look.is_stored:
            if self._stopwatch() - began > STORING_S:
                return False
            rows = [self._row(*new) for new in _portion(look.changed)]
            gone = _portion(look.gone)
            with fence.write() as session:
                upsert(session, table_of(PhoneRow), rows)
                if gone:
                    session.execute(delete(PhoneRow).where(PhoneRow.agency_id.in_(gone)))
                bump(session, Topic.PHONES)
            _drop(look.changed, len(rows))
            _drop(look.gone, len(gone))
        with fence.write() as session:
            upsert(session, table_of(PhoneLookRow), [{"id": ONLY, "looked_at": look.began_at}])
        return True

    def _row(self, agency_id: int, digest: str, text: str) -> dict[str, object]:
        numbers = numbers_in(text, self._country)
        return {
            "agency_id": agency_id,
            "typed_digest": digest,
            "exact": " ".join(numbers.exact),
            "probable": " ".join(numbers.probable),
        }


def _portion(waiting: deque[T]) -> Sequence[T]:
    """The first ones of a long row, which stay in it until they are stored."""
    return [waiting[place] for place in range(min(BATCH, len(waiting)))]


def _drop(waiting: deque[Any], count: int) -> None:
    for _ in range(count):
        waiting.popleft()
