"""Joins settings and services: the one place that knows how everything is built."""

from dataclasses import dataclass

from portal.settings import Settings
from services.accounts import Accounts, local_accounts
from services.calls import (
    AgencyDirectory,
    CallLog,
    CallStatistics,
    open_agencies,
    open_call_log,
    open_statistics,
)
from services.live import LiveBoard
from services.storage import Store
from services.wall import Screens

#: The name the call-centre database has in the live tables.
CALL_CENTRE = "call_centre"


@dataclass(frozen=True, slots=True)
class Services:
    """What pages, routes and commands work with; a test puts fakes here."""

    settings: Settings
    store: Store
    live: LiveBoard
    accounts: Accounts
    calls: CallLog
    statistics: CallStatistics
    agencies: AgencyDirectory
    screens: Screens

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of the outside systems that are configured, in the order they are shown."""
        return (CALL_CENTRE,) if self.settings.call_centre else ()


def build_services(settings: Settings) -> Services:
    """Build all services. Opens no connection to any outside system."""
    store = Store(settings.portal.database_url.get_secret_value())
    live = LiveBoard(store)
    centre = settings.call_centre
    calls = open_call_log(
        store,
        live,
        database_url=centre.database_url.get_secret_value() if centre else None,
        zone=centre.timezone if centre else settings.portal.timezone,
        copy_days=centre.copy_days if centre else 8,
    )
    return Services(
        settings=settings,
        store=store,
        live=live,
        accounts=local_accounts(store, live),
        calls=calls,
        statistics=open_statistics(calls, live),
        agencies=open_agencies(store if centre else None, live, calls.zone),
        screens=Screens(store, live),
    )
