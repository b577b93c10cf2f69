"""A portal with a real centre and outbox over its database, and calls as a test needs them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from services.live import LiveBoard
from services.telephony.centre import Centre
from services.telephony.model import EntryState, Rules
from services.telephony.register.outbox import Outbox
from services.telephony.tables import EntryRow
from tests.unit.portal.fakes import Portal
from tests.unit.services.telephony.centre_world import RULES, CentreWorld

WITH_REGISTER = {"SALES__DATABASE_URL": "sqlite:///no-such-register.db"}


@dataclass(frozen=True)
class CentreAlone:
    """What the centre's page uses of telephony."""

    rules: Rules
    centre: Centre
    outbox: Outbox


@dataclass
class Vilnius(CentreWorld):
    """The calls of a portal's centre, at the present moment."""

    def refuse(self, call_id: int, code: str = "ORA-12899", text: str = "value too large") -> None:
        """Oracle refused this call."""
        with self.store.write() as session:
            entry = session.get_one(EntryRow, call_id)
            entry.state, entry.error_code, entry.error_text = EntryState.REFUSED, code, text

    def state(self, call_id: int) -> EntryState:
        with self.store.read() as session:
            return EntryState(session.get_one(EntryRow, call_id).state)


def with_centre(make_portal: Callable[..., Portal], **environment: Any) -> tuple[Portal, Vilnius]:
    """A portal with such a centre, whose register is configured unless the environment says so."""
    portal = make_portal(**(environment or WITH_REGISTER))
    services = portal.services
    store, live = services.store, LiveBoard(services.store, keep=0)
    telephony = CentreAlone(RULES, Centre(store, RULES), Outbox(store, live))
    portal.server.extensions["portal"] = replace(services, telephony=telephony)  # type: ignore[arg-type]
    return portal, Vilnius(store, datetime.now(UTC))
