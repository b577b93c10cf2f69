"""What the register is to have of a call, and how a row of it is recognised as ours."""

from dataclasses import fields
from datetime import UTC, datetime

from services.telephony.model import NO_AGENCY, Rules
from services.telephony.register.lengths import fitted
from services.telephony.register.statements import RegisterRow, t_call_info
from services.telephony.tables import CallRow


def wanted_row(call: CallRow, key: int, begin: datetime, rules: Rules) -> RegisterRow:
    """The row for `call` under `key`, beginning at `begin` (aware).

    The register has no sign for an end that is not known: TIME_END then equals TIME_BEGIN.
    """
    return RegisterRow(
        call_info_id=key,
        time_begin=local(begin, rules),
        time_end=local(call.ended_at or begin, rules),
        agency_id=NO_AGENCY if call.agency_id is None else str(call.agency_id),
        phone_number=_column("phone_number", call.number),
        currator=_column("currator", call.curator),
        theme=_column("theme", call.theme),
        region=_column("region", rules.region),
        agency_manager=_column("agency_manager", call.manager),
        agency_name=_column("agency_name", call.agency_name),
    )


def is_ours(row: RegisterRow, wanted: RegisterRow, inserted_begin: datetime | None) -> bool:
    """Whether `row` is the one that was inserted for the call of `wanted`, by its four values.

    `inserted_begin` is TIME_BEGIN as it was inserted; a begin that was put right since may be there already.
    """
    return row.time_begin in (inserted_begin, wanted.time_begin) and (
        (row.phone_number, row.currator, row.region) == (wanted.phone_number, wanted.currator, wanted.region)
    )


def differing(row: RegisterRow, wanted: RegisterRow) -> tuple[str, ...]:
    """The names of the columns in which the two are not alike."""
    names = (field.name for field in fields(RegisterRow))
    return tuple(name for name in names if getattr(row, name) != getattr(wanted, name))


def local(moment: datetime, rules: Rules) -> datetime:
    """A moment as Oracle's DATE has it: the centre's local time to the second, without its zone."""
    return moment.astimezone(rules.zone).replace(tzinfo=None, microsecond=0, fold=0)


def moment(time: datetime, rules: Rules, *, not_before: datetime | None = None) -> datetime:
    """The moment a DATE of the register means.

    The hour that comes twice in autumn is taken for the first one, unless that would be before `not_before`.

    Raises:
        OverflowError, ValueError: no moment, e.g. in the year 1.
    """
    first = time.replace(tzinfo=rules.zone, fold=0).astimezone(UTC)
    if not_before is None or first >= not_before:
        return first
    return time.replace(tzinfo=rules.zone, fold=1).astimezone(UTC)


def _column(name: str, text: str | None) -> str | None:
    return fitted(text, t_call_info.c[name].type.length)  # type: ignore[attr-defined]  # all of them String
