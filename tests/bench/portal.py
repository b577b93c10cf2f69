"""The portal of the benchmark: its processes as a user starts them, and a second app in this process.

Both work on one portal database, which the real collector fills and keeps current.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from sqlalchemy import func, select

from portal.settings import read_settings
from portal.wiring import Services, build_services
from services.accounts import Entered, Role
from services.calls.tables import CopiedDayRow
from tests.bench.call_centre import CallCentre
from tests.support.portal_process import Config, PortalProcess
from tests.support.processes import LOOPBACK, wait_until

LOGIN, PASSWORD = "bench", secrets.token_urlsafe(12)
_FILL_WITHIN_S = 300.0


@dataclass(frozen=True, slots=True)
class Portal:
    """The running portal; `services` are those of this process."""

    url: str
    services: Services
    filled_in: float  # seconds, from the start of the processes

    def session_token(self) -> str:
        """A new session's cookie."""
        result = self.services.accounts.log_in(
            LOGIN, PASSWORD, address=LOOPBACK, user_agent="benchmark", remember=False
        )
        assert isinstance(result, Entered)
        return result.token


@contextmanager
def portal(directory: Path, centre: CallCentre) -> Iterator[Portal]:
    """The portal with its copy filled, its database in `directory`; ended at the end of the block.

    Raises:
        NotReady: it did not start.
        TimeoutError: the copy was not filled in time.
    """
    process = PortalProcess(directory, _config(directory, centre))
    services = build_services(read_settings(directory / "config.ini", {}))
    began = monotonic()
    try:
        process.start()
        services.accounts.add(LOGIN, "Мария Крылова", Role.SUPERVISOR, PASSWORD)
        wait_until(lambda: _is_filled(services), "the copy is filled", timeout=_FILL_WITHIN_S)
        yield Portal(process.url, services, monotonic() - began)
    finally:
        process.stop()
        services.calls.close()
        services.store.close()


def _config(directory: Path, centre: CallCentre) -> Config:
    return {
        "portal": {
            "secret_key": secrets.token_urlsafe(48),
            "database_url": f"sqlite:///{(directory / 'portal.db').as_posix()}",
            "timezone": centre.zone.key,
            "log_level": "warning",
        },
        "call_centre": {"database_url": centre.reader_url, "timezone": centre.zone.key},
    }


def _is_filled(services: Services) -> bool:
    wanted = services.calls.centre.copy_days + 1
    with services.store.read() as session:
        return session.scalar(select(func.count()).where(CopiedDayRow.is_full)) == wanted
