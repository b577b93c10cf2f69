"""How the centre's calls fare on their way into the register: what its page and the front page say of it."""

from datetime import UTC, datetime, timedelta

from portal.ui.vilnius.board import Delivery
from portal.vilnius_query import ENTRIES
from portal.wiring import Services
from services.telephony import Telephony

#: The address of the centre's page.
PATH = "/contact-center/vilnius"
#: A call that waits for so long is as usual: the collector carries it over within seconds.
AS_USUAL = timedelta(seconds=30)
#: Refused calls are counted up to here.
MOST_REFUSED = 500


def delivery(known: Services, telephony: Telephony, *, may_decide: bool) -> Delivery:
    """The present state; who `may_decide` is led to the refused calls. Raises StorageError."""
    waiting = telephony.outbox.waiting()
    is_unusual = waiting.oldest_at is not None and datetime.now(UTC) - waiting.oldest_at > AS_USUAL
    is_configured = known.settings.sales is not None
    return Delivery(
        is_configured=is_configured,
        is_read=is_configured and telephony.outbox.freshness().problem is None,
        waiting=waiting.count if is_unusual else 0,
        refused=len(telephony.outbox.refused(MOST_REFUSED)),
        oldest_at=waiting.oldest_at if is_unusual else None,
        outbox=f"{PATH}?view={ENTRIES}" if may_decide else None,
    )
