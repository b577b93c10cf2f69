"""What the ledger tells the outbox of the register; the delivery does the rest."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import bindparam, case, insert, update
from sqlalchemy.orm import Session

from services.storage import table_of
from services.telephony.model import EntryState
from services.telephony.tables import EntryRow

_ENTRY = table_of(EntryRow)
_IS_WRITTEN = _ENTRY.c.state == EntryState.WRITTEN.value
_ENTER = insert(_ENTRY)
# MariaDB assigns from left to right: what looks at the state comes before the state.
_WANT = (
    update(_ENTRY)
    .where(_ENTRY.c.call_id == bindparam("of_call"))
    .ordered_values(
        (_ENTRY.c.wanted, _ENTRY.c.wanted + 1),
        (
            _ENTRY.c.next_try_at,
            case(
                (_IS_WRITTEN, bindparam("now", type_=_ENTRY.c.next_try_at.type)),
                else_=_ENTRY.c.next_try_at,
            ),
        ),
        (_ENTRY.c.state, case((_IS_WRITTEN, EntryState.WAITING.value), else_=_ENTRY.c.state)),
    )
)


def enter(session: Session, call_ids: Iterable[int], now: datetime) -> None:
    """Put calls into the outbox for the first time."""
    fresh = {
        "state": EntryState.WAITING.value,
        "created_at": now,
        "next_try_at": now,
        "wanted": 1,
        "written": 0,
        "is_inserted": False,
        "attempts": 0,
    }
    rows = [{"call_id": call_id} | fresh for call_id in call_ids]
    if rows:
        session.execute(_ENTER, rows)


def want(session: Session, call_ids: Iterable[int], now: datetime) -> None:
    """Say that calls changed: what was written is delivered again, what waits or was refused goes its way."""
    rows = [{"of_call": call_id, "now": now} for call_id in call_ids]
    if rows:
        session.execute(_WANT, rows)
