"""The ledger: what was reported is on the disk before it is answered, and has become a call with it."""

import logging
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from services.live import Topic, bump
from services.storage import StorageError, Store, table_of
from services.telephony.applying import apply
from services.telephony.entries import want
from services.telephony.group_commit import GroupCommit
from services.telephony.model import Call, Match, NoSuchCall, NoSuchTheme, Outcome, Receipt, Report, Rules
from services.telephony.rows import Told, to_call, told_to_json
from services.telephony.tables import NAME_LENGTH, TOKEN_LENGTH, CallRow, EventRow

log = logging.getLogger(__name__)

#: Reports in one transaction: the write lock is held for well under 50 ms.
MOST_AT_ONCE = 64
_TOKEN_BYTES = 32
_TOKEN = re.compile(rf"[A-Za-z0-9_-]{{{TOKEN_LENGTH}}}")
_ADD_EVENT = insert(table_of(EventRow))


def make_token() -> str:
    """A name for a call that nobody can guess."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


class Ledger:
    """All calls that were reported. One in a process, made after a fork; safe for its threads.

    Every method may raise StorageError; then nothing has changed.
    """

    def __init__(
        self,
        store: Store,
        rules: Rules,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        make_token: Callable[[], str] = make_token,
    ) -> None:
        self._store = store
        self._rules = rules
        self._clock = clock
        self._make_token = make_token
        self._writer: GroupCommit[Told, Receipt] = GroupCommit(
            self._store_reports, most=MOST_AT_ONCE, name="telephony ledger"
        )

    def report(self, report: Report, number: str | None, match: Match) -> Receipt:
        """Store an event for good and let it become (part of) a call; what became of it.

        Args:
            number: digits of E.164; None: what was reported cannot be a number.
            match: whose number it is.
        """
        return self._writer.put(Told(report, number, match, self._clock()))

    def close(self) -> None:
        """Finish what is being stored; reports may still come."""
        self._writer.close()

    def call(self, token: str) -> Call | None:
        """The call of this token; None when there is none."""
        with self._store.read() as session:
            row = _row_of(session, token)
        return None if row is None else to_call(row)

    def choose_theme(self, token: str, theme: str) -> Call:
        """Say what a call is or was about.

        Raises:
            NoSuchTheme: it is none of the configured ones.
            NoSuchCall: no call has this token.
        """
        if theme not in self._rules.themes:
            raise NoSuchTheme
        with self._store.write(durable=True) as session:
            bump(session, Topic.TELEPHONY)
            row = _row_of(session, token)
            if row is None:
                raise NoSuchCall
            if row.theme != theme:
                row.theme = theme
                want(session, [row.id], self._clock())
            return to_call(row)

    def note_names(self, call_id: int, agency_name: str | None, manager: str | None) -> None:
        """Fill in the names of a call; nothing is left to ask for it. None erases nothing."""
        told = {"agency_name": agency_name, "manager": manager}
        names = {column: name[:NAME_LENGTH] for column, name in told.items() if name}
        with self._store.read() as session:
            row = session.get(CallRow, call_id)
            if row is None or (row.names_due_at is None and not _differing(row, names)):
                return
        with self._store.write() as session:
            bump(session, Topic.TELEPHONY)
            row = session.get(CallRow, call_id)
            if row is None:
                return
            row.names_due_at = None
            if changed := _differing(row, names):
                for column, name in changed.items():
                    setattr(row, column, name)
                want(session, [call_id], self._clock())

    def postpone_names(self, call_id: int, until: datetime | None) -> None:
        """Ask for the names of a call at `until`; None: never again."""
        # No page shows it and no other decision depends on it, so the topic stays as it is.
        with self._store.write() as session:
            session.execute(update(CallRow).where(CallRow.id == call_id).values(names_due_at=until))

    def _store_reports(self, reports: Sequence[Told]) -> Sequence[Receipt | Exception]:
        """Store a batch in one transaction; when it cannot be applied as a whole, each report in its own."""
        if len(reports) == 1:
            return [self._store_alone(reports[0])]
        try:
            return self._store_together(reports)
        except StorageError:
            raise
        except Exception:
            log.warning("a batch of %d events is stored one by one", len(reports), exc_info=True)
            return [self._store_alone(told) for told in reports]

    def _store_together(self, reports: Sequence[Told]) -> list[Receipt]:
        with self._store.write(durable=True) as session:
            bump(session, Topic.TELEPHONY)
            receipts = apply(session, reports, self._rules, self._make_token)
            _insert_events(session, reports, receipts)
            return receipts

    def _store_alone(self, told: Told) -> Receipt | Exception:
        """Store one report; when it cannot be applied, for the collector to take it up again."""
        try:
            return self._store_together([told])[0]
        except StorageError as error:
            return error
        except Exception:
            log.exception("an event cannot be applied, it is kept as it is")
        failed = Receipt(Outcome.FAILED, None)
        try:
            with self._store.write(durable=True) as session:
                bump(session, Topic.TELEPHONY)
                _insert_events(session, [told], [failed])
        except Exception as error:
            return error
        return failed


def _insert_events(session: Session, reports: Sequence[Told], receipts: Sequence[Receipt]) -> None:
    rows = [
        {
            "received_at": told.at,
            "report": told_to_json(told),
            "outcome": receipt.outcome.value,
            "call_id": receipt.call.id if receipt.call else None,
        }
        for told, receipt in zip(reports, receipts, strict=True)
    ]
    session.execute(_ADD_EVENT, rows)


def _row_of(session: Session, token: str) -> CallRow | None:
    """The row of the call with exactly this token: MariaDB takes upper and lower case for the same."""
    if not _TOKEN.fullmatch(token):
        return None
    row = session.scalar(select(CallRow).where(CallRow.token == token))
    return row if row is not None and row.token == token else None


def _differing(row: CallRow, names: Mapping[str, str]) -> dict[str, str]:
    """Those of the names that are not in the row yet."""
    return {column: name for column, name in names.items() if getattr(row, column) != name}
