"""The portal of the benchmark: its processes as a user starts them, and a second app in this process.

Both work on one portal database, which the real collector fills and keeps current.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from urllib.error import URLError
from urllib.request import urlopen

from sqlalchemy import func, select

from portal.settings import read_settings
from portal.wiring import Services, build_services
from services.accounts import Entered, Role
from services.calls.tables import CopiedDayRow
from services.storage import migrate
from tests.bench.call_centre import CallCentre
from tests.support.processes import LOOPBACK, NotReady, Process, free_port, spawn, wait_until

LOGIN, PASSWORD = "bench", secrets.token_urlsafe(12)
_ROOT = Path(__file__).parents[2]
_FILL_WITHIN_S = 300.0


@dataclass(frozen=True, slots=True)
class Portal:
    """The running portal; `services` are those of this process."""

    process: Process
    services: Services
    filled_in: float  # seconds, from the start of the processes

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.services.settings.portal.port}"

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
        NotReady: the web process ended, or did not answer.
        TimeoutError: the copy was not filled in time.
    """
    config = directory / "config.ini"
    config.write_text(_config(directory, free_port(), centre), encoding="utf-8")
    services = build_services(read_settings(config, {}))
    migrate.upgrade(services.store)
    services.accounts.add(LOGIN, "Бенчмарк", Role.SUPERVISOR, PASSWORD)
    began = monotonic()
    process = spawn(
        [sys.executable, "-m", "portal", "run"],
        directory / "portal.log",
        env={**os.environ, "PYTHONPATH": str(_ROOT), "PORTAL_CONFIG": str(config)},
        cwd=directory,
    )
    try:
        found = Portal(process, services, 0.0)
        process.wait_until_ready(lambda: _answers(found.url), "the portal answers")
        wait_until(lambda: _is_filled(services), "the copy is filled", timeout=_FILL_WITHIN_S)
        yield Portal(process, services, monotonic() - began)
    except TimeoutError as error:
        raise NotReady(f"{error}\n{process.output()[-2000:]}") from error
    finally:
        process.stop()
        services.calls.close()
        services.store.close()


def _config(directory: Path, port: int, centre: CallCentre) -> str:
    return f"""
[portal]
secret_key = {secrets.token_urlsafe(48)}
database_url = sqlite:///{(directory / "portal.db").as_posix()}
host = {LOOPBACK}
port = {port}
timezone = {centre.zone.key}
log_level = warning

[call_centre]
database_url = {centre.reader_url}
timezone = {centre.zone.key}
"""


def _is_filled(services: Services) -> bool:
    wanted = services.calls.centre.copy_days + 1
    with services.store.read() as session:
        return session.scalar(select(func.count()).where(CopiedDayRow.is_full)) == wanted


def _answers(url: str) -> bool:
    try:
        with urlopen(f"{url}/healthz", timeout=5):
            return True
    except (URLError, OSError):
        return False
