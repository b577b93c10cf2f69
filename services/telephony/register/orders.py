"""The orders a delivery gives to the register, and what comes of them."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from services.errors import UpstreamError
from services.oracle import error_code, is_about_statement, is_duplicate, translated
from services.telephony.register import statements
from services.telephony.register.refusals import (
    ROW_CHANGED,
    ROW_GONE,
    TRIES_OF_A_DUPLICATE,
    is_for_good,
    words_of,
)
from services.telephony.register.statements import SOURCE, RegisterRow
from services.telephony.register.wanted import is_ours

log = logging.getLogger(__name__)


class Fate(Enum):
    """What came of a call in one step."""

    DONE = auto()  # the register has what we wanted
    PRESENT = auto()  # its row is there, and not yet as we want it
    FOREIGN = auto()  # its key was taken by another program first
    REFUSED = auto()  # for good
    AGAIN = auto()  # failed, and may succeed later
    LOST = auto()  # an order was given, and nobody knows what came of it
    UNTRIED = auto()


@dataclass(frozen=True, slots=True)
class Outcome:
    """A fate with the reason for it: Oracle's code or ours, and Oracle's words."""

    fate: Fate
    code: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """One call that is due: what its row was, what it is to be, and the value of `wanted` that stands for."""

    call_id: int
    version: int
    seen: RegisterRow | None
    new: RegisterRow
    is_inserted: bool
    inserted_begin: datetime  # local
    attempts: int
    verify_before: datetime | None  # when it was to be looked at again anyway

    @property
    def first(self) -> RegisterRow:
        """The row as it is inserted; a begin that was put right later follows by UPDATE."""
        return replace(self.new, time_begin=self.inserted_begin)


class Orders:
    """Gives orders to the register behind `engine`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def give(self, tasks: Sequence[Task]) -> tuple[dict[int, Outcome], UpstreamError | None]:
        """Give the orders; return what came of each call, and why SALES as a whole failed if it did."""
        outcomes = {task.call_id: seen for task in tasks if (seen := _settled(task)) is not None}
        left = [task for task in tasks if task.call_id not in outcomes]
        try:
            outcomes.update(self._ordered(left))
            return outcomes, None
        except UpstreamError as error:
            outcomes.update({task.call_id: _lost(error) for task in left})
            return outcomes, error
        except DBAPIError:
            pass  # nothing of it was kept: who is to blame shows when each is tried alone
        for task in left:
            try:
                outcomes[task.call_id] = self._ordered_alone(task)
            except UpstreamError as error:
                outcomes[task.call_id] = _lost(error)
                return outcomes, error
        return outcomes, None

    def _ordered(self, tasks: Sequence[Task]) -> dict[int, Outcome]:
        """Insert and update in one transaction.

        Raises:
            UpstreamError: SALES failed as a whole; whether the transaction was kept is not known.
            DBAPIError: one of the rows was refused; nothing was kept.
        """
        if not tasks:
            return {}
        inserts = [task for task in tasks if task.seen is None]
        updates = [(task, task.seen) for task in tasks if task.seen is not None]
        changed = 0
        refusal: DBAPIError | None = None
        with translated(SOURCE):
            try:
                with self._engine.begin() as connection:
                    statements.insert_rows(connection, [task.first for task in inserts])
                    changed = statements.update_rows(connection, [(seen, task.new) for task, seen in updates])
            except DBAPIError as error:
                if not is_about_statement(error):
                    raise
                refusal = error
        if refusal is not None:
            raise refusal
        missed = Outcome(Fate.AGAIN, ROW_CHANGED)
        of_updates = Outcome(Fate.DONE) if changed == len(updates) else missed
        return {
            **{task.call_id: Outcome(_as_wanted(task.first, task)) for task in inserts},
            **{task.call_id: of_updates for task, _ in updates},
        }

    def _ordered_alone(self, task: Task) -> Outcome:
        try:
            return self._ordered([task])[task.call_id]
        except DBAPIError as error:
            if is_duplicate(error):
                return self._compared(task, error)
            return _refused(task, error, for_good=is_for_good(error))

    def _compared(self, task: Task, error: DBAPIError) -> Outcome:
        """Whose row it is that was there before ours.

        It is only looked at: to change what was seen later than the call was read from the ledger is a matter
        of the next step, which another leader may have to take.
        """
        with translated(SOURCE), self._engine.connect() as connection:
            row = statements.rows_of(connection, [task.new.call_info_id]).get(task.new.call_info_id)
        if row is None:
            return _refused(task, error, for_good=task.attempts + 1 >= TRIES_OF_A_DUPLICATE)
        if not is_ours(row, task.new, task.inserted_begin):
            return Outcome(Fate.FOREIGN)
        return Outcome(_as_wanted(row, task))


def _settled(task: Task) -> Outcome | None:
    """What came of a call that needs no order; None when it needs one."""
    if task.seen is None:
        return Outcome(Fate.REFUSED, ROW_GONE) if task.is_inserted else None
    if not is_ours(task.seen, task.new, task.inserted_begin):
        return Outcome(Fate.REFUSED, ROW_GONE) if task.is_inserted else Outcome(Fate.FOREIGN)
    return Outcome(Fate.DONE) if task.seen == task.new else None


def _as_wanted(row: RegisterRow, task: Task) -> Fate:
    return Fate.DONE if row == task.new else Fate.PRESENT


def _lost(error: UpstreamError) -> Outcome:
    return Outcome(Fate.LOST, error.reason)


def _refused(task: Task, error: DBAPIError, *, for_good: bool) -> Outcome:
    code = error_code(error)
    log.warning("the register refuses call %d: %s", task.call_id, code)
    return Outcome(Fate.REFUSED if for_good else Fate.AGAIN, code, words_of(error, task.new))
