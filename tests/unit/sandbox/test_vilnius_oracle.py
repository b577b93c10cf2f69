"""An engine as the portal opens it meets Oracle's behaviour and its faults over an SQLite file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    DateTime,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    insert,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError

from sandbox.errors import SandboxError
from sandbox.vilnius import files, oracle_errors
from sandbox.vilnius.oracle_faults import FaultFile, OracleFaults, parsed
from tests.support.processes import wait_until

CALLS = Table(
    "T_CALL_INFO",
    MetaData(),
    Column("CALL_INFO_ID", Integer, primary_key=True, autoincrement=False),
    Column("TIME_BEGIN", DateTime),
    Column("THEME", String(128)),
    Column("AGENCY_MANAGER", String(50)),
)
LIMIT_S = 0.2

Break = Callable[..., None]


@pytest.fixture
def sales(tmp_path: Path) -> Path:
    file = tmp_path / "sales.db"
    files.make(file, {})
    return file


@pytest.fixture
def oracle_faults(tmp_path: Path) -> Break:
    """Sets what is broken, as an administrator of the demo does."""
    file = tmp_path / "faults-sales.json"

    def set_faults(**faults: object) -> None:
        new = file.with_suffix(".new")
        new.write_text(json.dumps(faults))
        os.replace(new, file)

    return set_faults


@pytest.fixture
def oracle(sales: Path, tmp_path: Path) -> Iterator[Engine]:
    url = f"sqlite:///{sales}?plugin=oracle_stand_in&faults={tmp_path / 'faults-sales.json'}"
    engine = create_engine(url, connect_args={"timeout": LIMIT_S, "check_same_thread": False})
    yield engine
    engine.dispose()


def store(engine: Engine, *keys: int, **values: Any) -> None:
    with engine.begin() as connection:
        connection.execute(insert(CALLS), [{"CALL_INFO_ID": key, **values} for key in keys])


def keys(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        return list(connection.scalars(select(CALLS.c.CALL_INFO_ID).order_by(CALLS.c.CALL_INFO_ID)))


def value(engine: Engine, column: str) -> Any:
    with engine.connect() as connection:
        return connection.scalar(select(CALLS.c[column]))


def code(error: BaseException) -> str | None:
    return oracle_errors.code_of(getattr(error, "orig", None))


def lost(engine: Engine, *keys_: int) -> None:
    """Store rows and lose the answer."""
    with pytest.raises(DBAPIError) as failed:
        store(engine, *keys_)
    assert code(failed.value) == "DPY-4011"
    assert failed.value.connection_invalidated


def test_without_faults_it_is_an_ordinary_database(oracle: Engine) -> None:
    store(oracle, 1, 2)

    assert keys(oracle) == [1, 2]


def test_a_key_that_is_taken_is_the_unique_violation_of_oracle(oracle: Engine) -> None:
    store(oracle, 1)

    with pytest.raises(
        IntegrityError, match=r"ORA-00001: unique constraint \(SALES.T_CALL_INFO_PK\)"
    ) as failed:
        store(oracle, 1)

    assert not failed.value.connection_invalidated


def test_a_row_without_a_key_is_refused_and_not_given_one(oracle: Engine) -> None:
    with pytest.raises(IntegrityError, match="ORA-01400"), oracle.begin() as connection:
        connection.exec_driver_sql("INSERT INTO T_CALL_INFO (CALL_INFO_ID) VALUES (NULL)")


def test_lengths_are_counted_in_bytes(oracle: Engine) -> None:
    store(oracle, 1, AGENCY_MANAGER="я" * 25)

    with pytest.raises(DBAPIError) as failed:
        store(oracle, 2, AGENCY_MANAGER="я" * 26)

    assert code(failed.value) == "ORA-12899"
    assert '"SALES"."T_CALL_INFO"."AGENCY_MANAGER" (actual: 52, maximum: 50)' in str(failed.value.orig)
    assert keys(oracle) == [1]


def test_a_value_too_large_is_refused_by_an_update_too(oracle: Engine) -> None:
    store(oracle, 1, THEME="Бронь")

    with pytest.raises(DBAPIError) as failed, oracle.begin() as connection:
        connection.execute(update(CALLS).values(THEME="ж" * 65))

    assert code(failed.value) == "ORA-12899"
    assert "(actual: 130, maximum: 128)" in str(failed.value.orig)
    assert value(oracle, "THEME") == "Бронь"


def test_an_empty_text_is_none(oracle: Engine) -> None:
    store(oracle, 1, THEME="")

    assert value(oracle, "THEME") is None


def test_a_date_has_no_fractions_of_a_second(oracle: Engine) -> None:
    store(oracle, 1, TIME_BEGIN=datetime(2026, 3, 4, 15, 30, 41, 999_999))  # noqa: DTZ001 - as Oracle's DATE

    assert value(oracle, "TIME_BEGIN") == datetime(2026, 3, 4, 15, 30, 41)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("sql", "expected"),
    [("SELECT 1 FROM T_NOTHING", "ORA-00942"), ("SELECT NO_COLUMN FROM T_CALL_INFO", "ORA-00904")],
)
def test_what_is_not_there_has_the_codes_of_oracle(oracle: Engine, sql: str, expected: str) -> None:
    with pytest.raises(DBAPIError) as failed, oracle.connect() as connection:
        connection.exec_driver_sql(sql)

    assert code(failed.value) == expected


def test_while_it_is_down_nothing_connects(oracle: Engine, oracle_faults: Break) -> None:
    oracle_faults(down=True)

    with pytest.raises(DBAPIError) as failed:
        keys(oracle)

    assert code(failed.value) == "DPY-6005"


def test_going_down_breaks_open_connections_and_undoes_what_they_began(
    oracle: Engine, oracle_faults: Break
) -> None:
    with oracle.connect() as connection:
        connection.execute(insert(CALLS), {"CALL_INFO_ID": 1})
        oracle_faults(down=True)
        with pytest.raises(DBAPIError) as failed:
            connection.commit()

    oracle_faults()
    assert code(failed.value) == "DPY-4011"
    assert failed.value.connection_invalidated
    assert keys(oracle) == []


def test_a_lost_answer_is_that_of_a_transaction_that_is_committed(
    oracle: Engine, oracle_faults: Break
) -> None:
    oracle_faults(lost_answer=1)

    lost(oracle, 1)

    oracle_faults()
    assert keys(oracle) == [1]


def test_a_line_lost_at_a_question_leaves_nothing(oracle: Engine, oracle_faults: Break) -> None:
    oracle_faults(lost_line=1)

    lost(oracle, 1)

    oracle_faults()
    assert keys(oracle) == []


def test_a_late_transaction_is_committed_when_its_connection_is_long_dead(
    oracle: Engine, oracle_faults: Break
) -> None:
    oracle_faults(late_commit=1, late_ms=50)

    lost(oracle, 1, 2)

    oracle_faults()
    wait_until(lambda: keys(oracle) == [1, 2], "the late transaction is committed")


def test_a_late_transaction_whose_key_is_taken_meanwhile_vanishes_as_a_whole(
    oracle: Engine, oracle_faults: Break, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "sandbox")
    oracle_faults(late_commit=1, late_ms=50)
    lost(oracle, 1, 2)

    oracle_faults()
    store(oracle, 2, THEME="Оплата")

    wait_until(lambda: "a late transaction vanished" in caplog.text, "the late transaction is tried")
    assert keys(oracle) == [2]
    assert value(oracle, "THEME") == "Оплата"


def test_a_hang_ends_at_the_limit_of_the_caller(oracle: Engine, oracle_faults: Break) -> None:
    keys(oracle)  # a connection is open
    oracle_faults(hang_ms=3_600_000)

    with pytest.raises(DBAPIError, match="call timeout of 200 ms exceeded") as failed:
        keys(oracle)

    assert code(failed.value) == "DPY-4024"
    assert failed.value.connection_invalidated


def test_a_hang_at_a_new_connection_ends_at_the_limit_too(oracle: Engine, oracle_faults: Break) -> None:
    oracle_faults(hang_ms=3_600_000)

    with pytest.raises(DBAPIError) as failed:
        keys(oracle)

    assert code(failed.value) == "ORA-12170"


def test_a_commit_that_hangs_is_carried_out_when_its_caller_has_given_up(
    oracle: Engine, oracle_faults: Break
) -> None:
    with oracle.connect() as connection:
        connection.execute(insert(CALLS), {"CALL_INFO_ID": 1})
        oracle_faults(hang_ms=LIMIT_S * 1000 + 50)
        with pytest.raises(DBAPIError) as failed:
            connection.commit()

    oracle_faults()
    assert code(failed.value) == "DPY-4024"
    wait_until(lambda: keys(oracle) == [1], "the transaction is committed after all")


def test_a_short_hang_delays_and_no_more(oracle: Engine, oracle_faults: Break) -> None:
    oracle_faults(hang_ms=5)

    store(oracle, 1)

    assert keys(oracle) == [1]


def test_changes_are_refused_with_the_codes_that_are_asked_for(oracle: Engine, oracle_faults: Break) -> None:
    oracle_faults(refuse={"ORA-01653": 1})

    with pytest.raises(DBAPIError, match="ORA-01653: unable to extend table") as failed:
        store(oracle, 1)

    assert not failed.value.connection_invalidated
    assert keys(oracle) == []  # questions are answered


def test_somebody_elses_lock_is_waited_for_no_longer_than_the_limit(oracle: Engine, sales: Path) -> None:
    other = create_engine(f"sqlite:///{sales}")
    with other.connect() as holder:
        holder.exec_driver_sql("BEGIN IMMEDIATE")

        with pytest.raises(DBAPIError) as failed:
            store(oracle, 1)
    other.dispose()

    assert code(failed.value) == "DPY-4024"


def test_a_fault_file_that_is_not_understood_changes_nothing_and_is_told_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "faults.json"
    faults = FaultFile(file)
    file.write_text('{"down": true}')
    assert faults.now().down

    file.write_text("{'down': false}")

    assert faults.now().down
    assert faults.now().down
    assert caplog.text.count("is left out of account") == 1


def test_a_fault_file_that_is_gone_means_that_all_is_well(tmp_path: Path) -> None:
    file = tmp_path / "faults.json"
    file.write_text('{"down": true}')
    faults = FaultFile(file)
    assert faults.now().down

    file.unlink()

    assert faults.now() == OracleFaults()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"donw": true}',
        '{"down": 1}',
        '{"hang_ms": -1}',
        '{"late_commit": 1.5}',
        '{"lost_answer": "often"}',
        '{"refuse": ["ORA-01653"]}',
        '{"refuse": {"DPY-4011": 1}}',
    ],
)
def test_faults_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(SandboxError):
        parsed(text)
