"""The call-centre database of the end-to-end tests: a sandbox's, with some days made by hand.

Its clock is set by its time zone: at the centre it is about noon now, so today has calls and midnight is far
away whenever the tests run.
"""

from __future__ import annotations

import secrets
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import create_engine, delete, insert, make_url, select, update

from sandbox.call_centre import generate, schema
from tests.support.mariadb import MariaDB
from tests.support.processes import LOOPBACK

_SIZE = generate.DemoSize(days=14, calls_per_day=900, operators=12, agencies=60)

ALICE, BORIS = "Абрикосова Алиса Львовна", "Борисов Борис Борисович"
#: An operator whose name a spreadsheet would take for a formula, and a browser for an image.
FORMULA = '=1+1 <img src=x onerror="alert(1)">'
AGENCY, ADDRESS = "Туры «Северное сияние»", "Тверская ул., 7, офис 12"
AGENCY_PHONE, AGENCY_PHONE_COMMENT = "+7 900 000-33-44", "директор, после 18:00"
CLIENT, ADVERT = "Пётр Велимирович", "Радио «Волна»"


def zone_at_noon() -> str:
    """The name of a zone where it is between noon and one now."""
    ahead = 12 - datetime.now(UTC).hour
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"  # its sign is the opposite of the usual one


class CallCentre:
    """Writes to the database as the product that owns it does: calls begin, and change later."""

    def __init__(self, server: MariaDB) -> None:
        """Make the database on `server`, and an account that may do nothing but read it."""
        self.zone = ZoneInfo(zone_at_noon())
        database = server.create_database()
        password = secrets.token_hex(8)
        server.execute(
            f"CREATE USER '{database}'@'{LOOPBACK}' IDENTIFIED BY '{password}'",
            f"GRANT SELECT ON {database}.* TO '{database}'@'{LOOPBACK}'",
        )
        self._reader_url = make_url(server.url(database)).set(username=database, password=password)
        self._engine = create_engine(server.url(database))
        self._tables = schema.call_centre().tables
        generate.create(self._engine, _SIZE, seed=7, now=self.now(), variant=schema.Variant())
        #: A day with the calls made by hand, one without any, and one older than what the portal copies.
        self.handmade_day, self.quiet_day, self.old_day = self.day(3), self.day(4), self.day(12)
        self._clear(self.quiet_day)
        self._clear(self.handmade_day)
        #: Operators of the handmade calls by name.
        self.handmade_people = {name: self.store("operators", name=name) for name in (ALICE, BORIS, FORMULA)}
        #: The handmade calls' ids by what they are, oldest first.
        self.handmade = self._make_by_hand()

    def close(self) -> None:
        self._engine.dispose()

    def url(self, port: int) -> str:
        """The database as the portal is to reach it: through `port`, with the right to read alone."""
        return self._reader_url.set(port=port).render_as_string(hide_password=False)

    def now(self) -> datetime:
        """The centre's naive local time, in whole seconds like its calls'."""
        return datetime.now(self.zone).replace(tzinfo=None, microsecond=0)

    def day(self, before: int = 0) -> date:
        """The centre's today, or a day before it."""
        return self.now().date() - timedelta(days=before)

    def store(self, table: str, **values: Any) -> int:
        """Insert a row; returns its id."""
        with self._engine.begin() as connection:
            key = connection.execute(insert(self._tables[table]).values(values)).inserted_primary_key
        assert key is not None
        return int(key[0])

    def receive_call(
        self,
        number: str | None = None,
        operator_id: int = 0,
        *,
        at: datetime | None = None,
        pp_id: int = 0,
        result: int | None = None,
        call_type: int | None = None,
    ) -> int:
        """Let a call begin, now unless `at` says when; returns its id."""
        card_id = 0
        if number is not None:
            card_id = self.store("cards", telephone_id=self.store("telephone", number=number))
        return self.store(
            "calls",
            datetime=at or self.now(),
            operator_id=operator_id,
            card_id=card_id,
            privat_processing_id=pp_id,
            result=result,
            type_call=call_type,
        )

    def change_call(self, call_id: int, **values: Any) -> None:
        """Note down what became known of a call."""
        calls = self._tables["calls"]
        with self._engine.begin() as connection:
            connection.execute(update(calls).where(calls.c.id == call_id).values(values))

    def count(self, day: date) -> int:
        """How many calls began on `day`."""
        calls = self._tables["calls"].c
        with self._engine.connect() as connection:
            found = connection.scalars(select(calls.id).where(calls.datetime.between(*_ends(day)))).all()
        return len(found)

    def _clear(self, day: date) -> None:
        calls = self._tables["calls"]
        with self._engine.begin() as connection:
            connection.execute(delete(calls).where(calls.c.datetime.between(*_ends(day))))

    def _make_by_hand(self) -> dict[str, int]:
        """Six calls, so that each filter has something to find and something to leave out."""
        alice, boris, formula = self.handmade_people.values()
        begin = datetime.combine(self.handmade_day, time(9, 0))
        five = timedelta(minutes=5)
        agency_phone = self.store("telephone", number=AGENCY_PHONE, comment=AGENCY_PHONE_COMMENT)
        city = self.store("city", name="Городец")
        self.store("agentstvo", name=AGENCY, adres=ADDRESS, city_id=city, tel_1_id=agency_phone, hidden=0)
        ring = self.store("calls_result", telephone_id=agency_phone, datetime=begin + five / 5, result=0)
        client = self.store("names", name=CLIENT)
        advert = self.store("ads", ads_name=ADVERT)
        rung = self.store(
            "privat_processing",
            calls_results_ids=str(ring),
            client_name_id=client,
            ads_id=advert,
            client_city_id=city,
        )
        card_only = self.store("privat_processing", calls_results_ids="", client_name_id=client)
        return {
            "tour": self.receive_call(
                "8 (900) 000-22-33", alice, at=begin, pp_id=rung, result=1, call_type=5
            ),
            "dropped": self.receive_call("79000002244", alice, at=begin + five, result=0, call_type=7),
            "hidden": self.receive_call(None, formula, at=begin + 2 * five, result=2, call_type=6),
            "silent": self.receive_call("+7 900 000-22-33", 0, at=begin + 3 * five, result=6),
            "odd": self.receive_call("=7900000555", boris, at=begin + 4 * five, result=77, call_type=42),
            "foreign": self.receive_call(
                "+44 7700 900123", boris, at=begin + 5 * five, pp_id=card_only, result=1, call_type=2
            ),
        }


def _ends(day: date) -> tuple[datetime, datetime]:
    return datetime.combine(day, time.min), datetime.combine(day, time.max.replace(microsecond=0))
