"""Who leads: a row in the portal database, judged by the database's clock alone.

The epoch grows with every change of the leader, and every write of a leader proves its epoch in the same
transaction. A leader that was frozen or cut off past its lease therefore writes nothing when it wakes.
"""

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Update, select, update
from sqlalchemy.orm import Session

from services.jobs.contract import LeaseLost
from services.jobs.tables import LeaseRow
from services.storage import Store, database_now_ms, table_of, upsert

_TTL = timedelta(seconds=3)


@dataclass(frozen=True, slots=True)
class LeaseTiming:
    """How long a lease lasts, and how often the leader renews it and the others try to take it.

    After the leader's death another leads within `ttl` + `try_every`.
    """

    ttl: timedelta = _TTL
    renew_every: timedelta = timedelta(seconds=1)
    try_every: timedelta = timedelta(seconds=0.5)


class Lease:
    """One process's claim to lead under `name`. For one thread; fences may be used by any."""

    def __init__(self, store: Store, name: str, *, ttl: timedelta = _TTL) -> None:
        self._store = store
        self._name = name
        self._holder = _this_process()
        self._ttl_ms = round(ttl / timedelta(milliseconds=1))
        self._epoch: int | None = None

    def try_take(self) -> int | None:
        """Lead if nobody else does, and return the new epoch; None while another holds the lease.

        Raises:
            StorageError: the portal database does not answer.
        """
        # A look first: whoever merely stands by must not take SQLite's only write lock twice a second.
        with self._store.read() as session:
            is_held = session.scalar(
                select(LeaseRow.expires_at_ms > database_now_ms()).where(LeaseRow.name == self._name)
            )
        if is_held:
            return None
        with self._store.write() as session:
            if is_held is None:
                _create(session, self._name)
            taken = session.execute(
                update(LeaseRow)
                .where(LeaseRow.name == self._name, LeaseRow.expires_at_ms <= database_now_ms())
                .values(
                    holder=self._holder,
                    epoch=LeaseRow.epoch + 1,
                    expires_at_ms=database_now_ms() + self._ttl_ms,
                )
            )
            won = taken.rowcount == 1  # type: ignore[attr-defined]  # an UPDATE's result has it
            epoch = session.scalar(select(LeaseRow.epoch).where(LeaseRow.name == self._name)) if won else None
        self._epoch = epoch
        return epoch

    def renew(self) -> bool:
        """Hold the lease for another `ttl`; False when another has taken it.

        Raises:
            StorageError: the portal database does not answer; the lease may still be ours.
        """
        with self._store.write() as session:
            renewed = session.execute(
                self._ours().values(expires_at_ms=database_now_ms() + self._ttl_ms),
            )
        return bool(renewed.rowcount)  # type: ignore[attr-defined]  # an UPDATE's result has it

    def release(self) -> None:
        """Let the next one lead at once; from now on our fences refuse. Nothing happens when we do not lead.

        Raises:
            StorageError: the portal database does not answer; the lease will run out by itself.
        """
        with self._store.write() as session:
            session.execute(self._ours().values(epoch=LeaseRow.epoch + 1, expires_at_ms=0))
        self._epoch = None

    def fence(self) -> "LeaseFence":
        """Return the way to write under the epoch we hold now.

        Raises:
            LeaseLost: we do not lead.
        """
        if self._epoch is None:
            raise LeaseLost(f"{self._holder} does not lead as {self._name}")
        return LeaseFence(self._store, self._name, self._epoch)

    def _ours(self) -> Update:
        return update(LeaseRow).where(
            LeaseRow.name == self._name, LeaseRow.holder == self._holder, LeaseRow.epoch == self._epoch
        )


class LeaseFence:
    """Writes that first prove, in the same transaction, that the epoch is still the latest."""

    def __init__(self, store: Store, name: str, epoch: int) -> None:
        self._store = store
        self._name = name
        self._epoch = epoch

    @contextmanager
    def write(self, *, durable: bool = False) -> Iterator[Session]:
        """Yield a session as `Store.write` does.

        Raises:
            LeaseLost: another collector has taken over; nothing was written.
            StorageError: as `Store.write`.
        """
        with self._store.write(durable=durable) as session:
            # The shared lock keeps a successor from taking the lease until we have committed. SQLite knows no
            # row locks: there the transaction already holds the only write lock.
            latest = session.scalar(
                select(LeaseRow.epoch).where(LeaseRow.name == self._name).with_for_update(read=True)
            )
            if latest != self._epoch:
                raise LeaseLost(f"epoch {self._epoch} of {self._name} is over, the latest is {latest}")
            yield session


def _create(session: Session, name: str) -> None:
    """Add the lease's row, free to take; two processes may do this at once."""
    table = table_of(LeaseRow)
    upsert(
        session,
        table,
        [{"name": name, "holder": "", "epoch": 0, "expires_at_ms": 0}],
        changes={"epoch": table.c.epoch},
    )


def _this_process() -> str:
    """Unique even where process numbers repeat: in containers, and after a restart."""
    return f"{socket.gethostname()[:80]}:{os.getpid()}:{secrets.token_hex(4)}"
