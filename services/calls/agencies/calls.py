"""In which copied calls an agency was rung. Needs nothing but the portal database."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from services.calls.agencies.model import LATEST_CALLS, AgencyCall
from services.calls.copy import Copy
from services.calls.payload import agencies_from_json
from services.calls.tables import AgencyCallRow, RecentCallDetail
from services.storage import Store

_ONE_DAY = timedelta(days=1)


class RungCalls:
    """Reads the copy. Every method raises StorageError when the portal database cannot be read."""

    def __init__(self, store: Store, zone: ZoneInfo) -> None:
        self._store = store
        self._copy = Copy(store, zone)

    def total(self, agency_id: int) -> int:
        """How many copied calls the agency was rung in."""
        with self._store.read() as session:
            counted = session.scalar(select(func.count()).where(AgencyCallRow.agency_id == agency_id))
        return counted or 0

    def latest(self, agency_id: int) -> tuple[AgencyCall, ...]:
        """The newest of these calls."""
        newest = (
            select(AgencyCallRow.call_id)
            .where(AgencyCallRow.agency_id == agency_id)
            .order_by(AgencyCallRow.at.desc(), AgencyCallRow.call_id.desc())
            .limit(LATEST_CALLS)
        )
        with self._store.read() as session:
            ids = session.scalars(newest).all()
            rows = session.execute(
                select(RecentCallDetail.call_id, RecentCallDetail.agencies).where(
                    RecentCallDetail.call_id.in_(ids)
                )
            ).all()
        rung = {row.call_id: agencies_from_json(row.agencies) for row in rows if row.agencies}
        found = []
        for call in self._copy.calls(ids):
            agencies = rung.get(call.id, ())
            for place, agency in enumerate(agencies):
                if agency.id == agency_id:
                    found.append(AgencyCall(call, agency.ringing, is_last=place == 0))
        return tuple(found)

    def period(self, today: date) -> tuple[date | None, datetime | None]:
        """The first day of which, with all after it up to `today`, every call is copied, and as of when."""
        days = self._copy.days()
        first, as_of = None, None
        day = today
        while (coverage := days.coverage(day, today, today)).is_full:
            first, as_of = day, coverage.as_of
            day -= _ONE_DAY
        return first, as_of
