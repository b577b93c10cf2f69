"""The call-centre database of the benchmark: a private MariaDB with calls over four years.

The data stay in var/bench: a later run takes them as they are and only makes the days since.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from time import monotonic
from zoneinfo import ZoneInfo

import pymysql
from sqlalchemy.engine import make_url

from sandbox.call_centre import bulk, origin
from sandbox.call_centre.database import connect
from tests.support.mariadb import MariaDB
from tests.support.processes import LOOPBACK

CACHE = Path(__file__).parents[2] / "var" / "bench"
CALLS = 10_000_000
_DATABASE = "call_centre"
_READER = "portal"
_SEED = 1
#: A busy day has three times the calls of an average one: 20,000 of 10 million.
_BUSY_SHARE = 500
#: The hour in the centre at which the benchmark runs, wherever and whenever it is started.
_HOUR = 18
_DAY = timedelta(days=1)
_WEEK = timedelta(weeks=1)
#: Today's calls are drawn from so long before the day the data were made.
_MODEL = 4 * _WEEK
#: Older data are made anew.
_LONGEST_KEPT = timedelta(days=90)
_SAY_EVERY_S = 10.0
_SERVER_OPTIONS = (
    "--innodb-buffer-pool-size=1G",  # holds `calls` as a whole: the query that reads all of it gets its best
    "--innodb-log-file-size=512M",
    "--userstat=1",  # counts the work of each account
)


@dataclass(frozen=True, slots=True)
class Work:
    """What one account had the server do so far."""

    selects: int
    others: int  # connecting, SET, ping and the like
    rows_read: int

    @property
    def statements(self) -> int:
        return self.selects + self.others

    def __sub__(self, before: Work) -> Work:
        return Work(
            self.selects - before.selects, self.others - before.others, self.rows_read - before.rows_read
        )


@dataclass(frozen=True, slots=True)
class CallCentre:
    """The running database. `now` is local time of the centre, naive, when the benchmark began."""

    server: MariaDB
    zone: ZoneInfo
    now: datetime
    password: str
    calls: int
    calls_today: int

    @property
    def today(self) -> date:
        return self.now.date()

    @property
    def owner_url(self) -> str:
        """For the product that owns the database, and for plain queries beside the portal's."""
        return self.server.url(_DATABASE)

    @property
    def reader_url(self) -> str:
        """For the portal: an account of its own with SELECT only."""
        url = make_url(self.owner_url).set(username=_READER, password=self.password)
        return url.render_as_string(hide_password=False)

    def plain(self) -> pymysql.Connection[pymysql.cursors.Cursor]:
        """A connection of the bare driver, as the portal's account."""
        return pymysql.connect(
            host=LOOPBACK,
            port=self.server.port,
            user=_READER,
            password=self.password,
            database=_DATABASE,
            charset="utf8mb4",
            autocommit=True,
        )

    def work_of_portal(self) -> Work:
        """What the portal's account had the server do since it started."""
        with connect(self.owner_url).connect() as connection:
            found = connection.exec_driver_sql(
                "SELECT select_commands, update_commands + other_commands, rows_read"
                f" FROM information_schema.user_statistics WHERE user = '{_READER}'"
            ).one_or_none()
        return Work(*map(int, found)) if found else Work(0, 0, 0)


@contextmanager
def call_centre(calls: int) -> Iterator[CallCentre]:
    """The database with `calls` calls and a busy today; its server is stopped at the end of the block."""
    CACHE.mkdir(parents=True, exist_ok=True)
    server = MariaDB(CACHE / f"calls-{calls}", extra_args=_SERVER_OPTIONS)
    try:
        zone = _zone_at_work(datetime.now(UTC))
        now = datetime.now(zone).replace(tzinfo=None, microsecond=0)
        password = _add_reader(server)
        _make(server, calls, now)
        yield CallCentre(server, zone, now, password, *_add_recent_days(server, calls, now))
    finally:
        server.stop()


def _zone_at_work(now: datetime) -> ZoneInfo:
    """A zone in which it is early evening: today is nearly complete and does not end during a run."""
    ahead = (_HOUR - now.astimezone(UTC).hour + 11) % 24 - 11
    return ZoneInfo(f"Etc/GMT{-ahead:+d}")  # the names have the sign of POSIX: minus is east


def _add_reader(server: MariaDB) -> str:
    password = secrets.token_hex(8)
    server.execute(
        f"CREATE DATABASE IF NOT EXISTS {_DATABASE} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
        f"CREATE OR REPLACE USER '{_READER}'@'{LOOPBACK}' IDENTIFIED BY '{password}'",
        f"GRANT SELECT ON {_DATABASE}.* TO '{_READER}'@'{LOOPBACK}'",
    )
    return password


def _make(server: MariaDB, calls: int, now: datetime) -> None:
    """Fill the database unless an earlier run did."""
    engine = connect(server.url(_DATABASE))
    made = origin.find(engine)
    if made is None or now - made.made_at > _LONGEST_KEPT:
        print(
            f"making {calls:,} calls, once; they stay in {server.directory.relative_to(CACHE.parent.parent)}"
        )
        bulk.fill(engine, bulk.BulkSize(calls=calls), seed=_SEED, now=now, progress=_progress())
    engine.dispose()


def _progress() -> bulk.Progress:
    began = said_at = monotonic()

    def say(written: int, total: int) -> None:
        nonlocal said_at
        if monotonic() - said_at > _SAY_EVERY_S or written == total:
            said_at = monotonic()
            print(f"  {written:>12,} of {total:,} calls, {said_at - began:.0f} s", flush=True)

    return say


def _add_recent_days(server: MariaDB, calls: int, now: datetime) -> tuple[int, int]:
    """Replace all calls from the day on that the data were made; returns how many there are, and today's.

    A past day gets the calls of its weekday some weeks before, today a draw of the last weeks' calls. What
    they refer to is shared. Whatever an earlier run added is gone.
    """
    engine = connect(server.url(_DATABASE))
    made = origin.required(engine).made_at.date()
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM calls WHERE datetime >= %s", (made,))
        day = made
        while day < now.date():
            back = _WEEK * ((day - made) // _WEEK + 1)
            connection.exec_driver_sql(_REPEAT_DAY, (back.days, day - back, day - back + _DAY))
            day += _DAY
        midnight = datetime.combine(now.date(), time())
        model = (midnight, made - _MODEL, made, now.time(), calls // _BUSY_SHARE)
        drawn = connection.exec_driver_sql(_DRAW_TODAY, model).rowcount
        connection.exec_driver_sql("ANALYZE TABLE calls")
        total = connection.exec_driver_sql("SELECT COUNT(*) FROM calls").scalar_one()
    engine.dispose()
    return int(total), drawn


_COLUMNS = "operator_id, card_id, privat_processing_id, result, type_call"
_REPEAT_DAY = f"""
    INSERT INTO calls (datetime, {_COLUMNS})
    SELECT datetime + INTERVAL %s DAY, {_COLUMNS} FROM calls
    WHERE datetime >= %s AND datetime < %s ORDER BY datetime, id
"""
_DRAW_TODAY = f"""
    INSERT INTO calls (datetime, {_COLUMNS})
    SELECT %s + INTERVAL since_midnight SECOND, {_COLUMNS} FROM (
        SELECT TIME_TO_SEC(datetime) since_midnight, {_COLUMNS} FROM calls
        WHERE datetime >= %s AND datetime < %s AND TIME(datetime) <= %s
        ORDER BY RAND(1) LIMIT %s
    ) drawn ORDER BY since_midnight
"""
