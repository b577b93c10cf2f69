"""Joins settings and services: the one place that knows how everything is built."""

from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from pydantic import SecretStr

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
from services.telephony import CRM, GATEWAY, SALES, GatewayLogin, Rules, Telephony, open_telephony
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
    telephony: Telephony | None = None  # None: not configured

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of the outside systems that are configured, in the order they are shown."""
        known, telephony = self.settings, self.settings.telephony is not None
        configured = {
            CALL_CENTRE: known.call_centre is not None,
            CRM: telephony and known.crm is not None,
            SALES: telephony and known.sales is not None,
            GATEWAY: telephony and known.agency_gateway is not None,
        }
        return tuple(name for name, is_there in configured.items() if is_there)

    def warm(self) -> None:
        """Begin to read in the background what the first request of a web process would wait for."""
        if self.telephony is not None:
            self.telephony.directory.warm()


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
        telephony=_telephony(settings, store, live),
    )


def _telephony(settings: Settings, store: Store, live: LiveBoard) -> Telephony | None:
    section, sales, gateway = settings.telephony, settings.sales, settings.agency_gateway
    if section is None:
        return None
    rules = Rules(
        country=section.country,
        themes=section.themes,
        call_span=timedelta(hours=section.call_hours),
        region=sales.region if sales else "lt",
        zone=sales.timezone if sales else ZoneInfo("Europe/Vilnius"),
    )
    return open_telephony(
        store,
        live,
        rules,
        crm_url=_revealed(settings.crm.database_url if settings.crm else None),
        sales_url=_revealed(sales.database_url if sales else None),
        sequence=sales.sequence if sales else None,
        gateway=GatewayLogin(gateway.base_url, gateway.login, gateway.password.get_secret_value())
        if gateway
        else None,
    )


def _revealed(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
