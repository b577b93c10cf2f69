from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.errors import SandboxError
from sandbox.vilnius import known_agencies
from sandbox.vilnius.create import CRM, ERP, SALES, create, file_of
from sandbox.vilnius.people import BLOCKED, BLOCKED_LOGIN, EXPIRED_VPN_LOGIN, NEVER_ADMITTED_LOGIN
from sandbox.vilnius.register import ZONE

NOW = datetime(2026, 3, 4, 15, 30, tzinfo=ZONE).replace(tzinfo=None)
AGENCIES, PHONES = 120, 300


def made(directory: Path, seed: int = 1, phones: int = PHONES) -> list[str]:
    files = create(directory, agency_count=AGENCIES, phone_count=phones, seed=seed, now=NOW)
    return [file.name for file in files]


def rows(file: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(sql).fetchall()


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data; nobody may change it."""
    path = tmp_path_factory.mktemp("vilnius")
    made(path)
    return path


def digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def test_the_same_seed_and_moment_make_the_same_rows(directory: Path, tmp_path: Path) -> None:
    assert made(tmp_path) == ["crm.db", "sales.db", "erp.db"]

    for schema, table in ((CRM, "T_AGENCY_PHONE"), (SALES, "T_CALL_INFO"), (ERP, "V_USER")):
        query = f"SELECT * FROM {table} ORDER BY rowid"
        assert rows(file_of(tmp_path, schema), query) == rows(file_of(directory, schema), query)


def test_another_seed_makes_other_agencies(directory: Path, tmp_path: Path) -> None:
    made(tmp_path, seed=2)

    assert known_agencies(file_of(tmp_path, CRM)) != known_agencies(file_of(directory, CRM))


def test_files_that_are_there_are_left_as_they_are(tmp_path: Path) -> None:
    made(tmp_path)
    file_of(tmp_path, SALES).unlink()
    before = rows(file_of(tmp_path, CRM), "SELECT * FROM T_AGENCY_PHONE")

    assert made(tmp_path, seed=2) == ["sales.db"]
    assert rows(file_of(tmp_path, CRM), "SELECT * FROM T_AGENCY_PHONE") == before


def test_a_file_of_somebody_else_is_not_touched(tmp_path: Path) -> None:
    file_of(tmp_path, CRM).write_text("my letters")

    with pytest.raises(SandboxError, match=r"crm\.db"):
        made(tmp_path)

    assert file_of(tmp_path, CRM).read_text() == "my letters"


def test_there_are_as_many_telephones_as_were_asked_for(directory: Path, tmp_path: Path) -> None:
    assert rows(file_of(directory, CRM), "SELECT COUNT(*) FROM T_AGENCY_PHONE") == [(PHONES,)]
    with pytest.raises(SandboxError, match="fewer telephones"):
        made(tmp_path, phones=AGENCIES - 1)


def test_the_number_of_a_known_agency_leads_to_no_other_one(directory: Path) -> None:
    agencies = known_agencies(file_of(directory, CRM))
    typed = rows(file_of(directory, CRM), "SELECT AGENCY_ID, AGENCY_PHONE FROM T_AGENCY_PHONE")

    assert len(agencies) == AGENCIES
    for agency in agencies:
        owners = {
            id_ for id_, text in typed for part in text.split(",") if digits(part).endswith(agency.number)
        }
        assert owners == {agency.id}
        assert 9 <= len(agency.number) <= 15


def test_telephones_are_typed_as_people_type_them(directory: Path) -> None:
    texts = [text for (text,) in rows(file_of(directory, CRM), "SELECT AGENCY_PHONE FROM T_AGENCY_PHONE")]
    ids = {
        number: {
            id_
            for id_, text in rows(file_of(directory, CRM), "SELECT * FROM T_AGENCY_PHONE")
            if digits(text) == number
        }
        for number in {digits(text) for text in texts}
    }

    assert any("," in text or ";" in text for text in texts)
    assert any(text.strip().startswith("+370 ") for text in texts)
    assert any(text.startswith("8") and len(digits(text)) == 9 for text in texts)
    assert any(not digits(text) for text in texts)
    assert any(5 <= len(digits(text)) <= 7 and " " not in text for text in texts)
    assert any(len(owners) > 1 for owners in ids.values())


def test_the_register_holds_a_year_up_to_now(directory: Path) -> None:
    found = rows(
        file_of(directory, SALES),
        "SELECT CALL_INFO_ID, TIME_BEGIN, TIME_END, AGENCY_ID, PHONE_NUMBER, REGION FROM T_CALL_INFO",
    )
    keys = [row[0] for row in found]
    begins = [datetime.fromisoformat(row[1]) for row in found]
    ends = [datetime.fromisoformat(row[2]) for row in found]

    assert keys == sorted(set(keys))
    assert begins == sorted(begins)
    assert NOW - timedelta(days=366) <= begins[0] < NOW - timedelta(days=360)
    assert NOW - timedelta(hours=2) < begins[-1] <= NOW
    assert all(begin <= end <= NOW for begin, end in zip(begins, ends, strict=True))
    assert all(row[4].isdigit() and len(row[4]) <= 15 for row in found)
    regions = Counter(row[5] for row in found)
    assert regions["lt"] > 0.9 * len(found)
    assert len(regions) > 1


def test_the_calls_of_the_register_are_of_known_agencies_and_of_strangers(directory: Path) -> None:
    agencies = {str(one.id): one for one in known_agencies(file_of(directory, CRM))}
    found = rows(
        file_of(directory, SALES),
        "SELECT AGENCY_ID, PHONE_NUMBER, AGENCY_NAME, AGENCY_MANAGER FROM T_CALL_INFO",
    )

    of_nobody = [row for row in found if row[0] == "0"]
    assert 0.1 * len(found) < len(of_nobody) < 0.4 * len(found)
    assert all(name is None and manager is None for _, _, name, manager in of_nobody)
    for agency_id, number, name, manager in found:
        if agency_id != "0":
            assert (number, name) == (agencies[agency_id].number, agencies[agency_id].name)
            assert manager is None or agencies[agency_id].person.startswith(manager)


def test_erp_knows_who_may_not_come_in(directory: Path) -> None:
    found = dict(rows(file_of(directory, ERP), "SELECT NAME, AUTH_PERIOD_TYPE FROM V_USER"))
    ends = dict(
        rows(file_of(directory, ERP), "SELECT NAME, VPN_END_DATE FROM V_USER JOIN T_USER USING (USER_ID)")
    )
    departments = rows(file_of(directory, ERP), "SELECT DISTINCT DEPARTMENT_NAME FROM V_USER")

    assert found[BLOCKED_LOGIN] == BLOCKED
    assert found[NEVER_ADMITTED_LOGIN] is None
    assert datetime.fromisoformat(ends[EXPIRED_VPN_LOGIN]) < NOW
    others = found.keys() - {BLOCKED_LOGIN, NEVER_ADMITTED_LOGIN}
    assert all(found[login] not in (None, BLOCKED) for login in others)
    assert all(datetime.fromisoformat(ends[login]) > NOW for login in ends.keys() - {EXPIRED_VPN_LOGIN})
    assert len(departments) > 2


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO T_CALL_INFO (CALL_INFO_ID, AGENCY_MANAGER) VALUES (1, '{}')",
        "UPDATE T_CALL_INFO SET AGENCY_MANAGER = '{}'",
    ],
)
def test_lengths_are_in_bytes_for_whoever_writes(tmp_path: Path, change: str) -> None:
    made(tmp_path)
    with closing(sqlite3.connect(file_of(tmp_path, SALES))) as connection:
        connection.execute(change.format("ы" * 25))
        connection.rollback()
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(change.format("ы" * 25 + "y"))
