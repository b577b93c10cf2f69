"""The agencies by telephone: answered from memory, with how current it is."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from services.errors import Reason
from services.live import LiveBoard, SourceState, Topic
from services.storage import StorageError, Store
from services.telephony.directory.crm import SOURCE
from services.telephony.directory.index import NO_MATCH, PhoneIndex
from services.telephony.directory.tables import ONLY, PhoneLookRow, PhoneRow
from services.telephony.model import Match

log = logging.getLogger(__name__)

#: The first copy arrives in hundreds of portions; building the index may take a fifth of the time at most.
REST_PER_WORK = 4
SHORTEST_REST_S = 2.0
_ROWS_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class PhonesFreshness:
    """How current the telephones are.

    `looked_at` is the begin of the last look at all of them, None when there was none yet. `problem` tells
    why CRM is not looked at now, and `since` from when on; None while it answers.
    """

    looked_at: datetime | None
    problem: Reason | None
    since: datetime | None


@dataclass(frozen=True, slots=True)
class _Loaded:
    """An index, and the version of the topic that it is not older than."""

    index: PhoneIndex
    version: int


class PhoneDirectory:
    """Finds agencies by telephone, from a copy that outlives an outage of CRM.

    The first to ask waits until the copy is read. When it changes later, a thread builds the new index while
    the old one answers.
    """

    def __init__(
        self, store: Store, live: LiveBoard, *, stopwatch: Callable[[], float] = time.monotonic
    ) -> None:
        """Prepare; nothing is read yet."""
        self._store = store
        self._live = live
        self._stopwatch = stopwatch
        self._loaded: _Loaded | None = None
        self._building = threading.Lock()
        self._next_build_at = float("-inf")

    def warm(self) -> None:
        """Read the copy in the background, so that the first call need not wait for it."""
        threading.Thread(target=self._warm, name="phones-index", daemon=True).start()

    def find(self, number: str | None) -> Match:
        """The agencies that have `number`, digits of E.164; no agency has None.

        Raises:
            StorageError: nothing was read yet, and the portal database cannot be read.
        """
        if number is None:
            return NO_MATCH
        loaded = self._loaded or self._first()
        self._renew_if_changed(loaded)
        return loaded.index.find(number)

    def freshness(self) -> PhonesFreshness:
        """How current the telephones are.

        Raises:
            StorageError: the portal database cannot be read.
        """
        with self._store.read() as session:
            look = session.get(PhoneLookRow, ONLY)
        status = self._live.snapshot().source(SOURCE)
        problem = {
            SourceState.DOWN: status.reason or Reason.FAILED,
            SourceState.UNWATCHED: Reason.UNWATCHED,
        }.get(status.state)
        return PhonesFreshness(
            looked_at=look.looked_at if look else None,
            problem=problem,
            since=status.since if problem else None,
        )

    def _warm(self) -> None:
        try:
            self._first()
        except StorageError as error:
            log.warning("the telephones cannot be read yet", exc_info=error)

    def _first(self) -> _Loaded:
        with self._building:
            return self._loaded or self._build()

    def _renew_if_changed(self, loaded: _Loaded) -> None:
        try:
            version = self._live.snapshot().version(Topic.PHONES)
        except StorageError:
            return  # what is known goes on answering
        if version == loaded.version or self._stopwatch() < self._next_build_at:
            return
        if self._building.acquire(blocking=False):
            # The thread releases it: a lock, unlike an RLock, may be released by another than its owner.
            threading.Thread(target=self._renew, name="phones-index", daemon=True).start()

    def _renew(self) -> None:
        try:
            self._build()
        except StorageError as error:
            log.warning("the telephones cannot be read, the earlier ones stay", exc_info=error)
        finally:
            self._building.release()

    def _build(self) -> _Loaded:
        began = self._stopwatch()
        try:
            # The version is taken before the copy is read: what is kept under it is never older.
            version = self._live.snapshot().version(Topic.PHONES)
            self._loaded = _Loaded(_read_index(self._store), version)
        finally:
            ended = self._stopwatch()
            self._next_build_at = ended + max(SHORTEST_REST_S, REST_PER_WORK * (ended - began))
        return self._loaded


def _read_index(store: Store) -> PhoneIndex:
    rows = select(PhoneRow.agency_id, PhoneRow.exact, PhoneRow.probable)
    with store.read() as session:
        return PhoneIndex(session.execute(rows.execution_options(yield_per=_ROWS_AT_ONCE)))
