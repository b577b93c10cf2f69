"""What Oracle is told, word by word."""

from dataclasses import fields

import pytest
from sqlalchemy.dialects.oracle import oracledb
from sqlalchemy.sql import ClauseElement

from services.telephony.register import statements
from services.telephony.register.statements import RegisterRow, t_call_info

COLUMNS = (
    "call_info_id, time_begin, time_end, agency_id, phone_number, currator, theme, region, agency_manager, "
    "agency_name"
)
OTHERS = COLUMNS.split(", ")[1:]
SELECT = f"SELECT {', '.join(f't_call_info.{name}' for name in COLUMNS.split(', '))} FROM t_call_info WHERE "
LATEST = "ORDER BY t_call_info.call_info_id DESC FETCH FIRST :most ROWS ONLY"


@pytest.mark.parametrize(
    ("statement", "sql"),
    [
        (statements.PROBE, "SELECT :param_1 AS anon_1 FROM DUAL"),
        (statements.HIGHEST_KEY, "SELECT max(t_call_info.call_info_id) AS max_1 FROM t_call_info"),
        (statements.ROWS_OF_KEYS, SELECT + "t_call_info.call_info_id IN (__[POSTCOMPILE_keys])"),
        (statements.NEWEST, SELECT + f"t_call_info.region = :region {LATEST}"),
        (
            statements.NEWEST_BELOW,
            SELECT + f"t_call_info.region = :region AND t_call_info.call_info_id < :below {LATEST}",
        ),
        (
            statements.INSERT,
            f"INSERT INTO t_call_info ({COLUMNS}) "
            f"VALUES ({', '.join(f':{name}' for name in COLUMNS.split(', '))})",
        ),
        (
            statements.UPDATE_SEEN,
            f"UPDATE t_call_info SET {', '.join(f'{name}=:new_{name}' for name in OTHERS)} "
            "WHERE t_call_info.call_info_id = :key AND "
            + " AND ".join(f"DECODE(t_call_info.{name}, :seen_{name}, 0, 1) = 0" for name in OTHERS),
        ),
        (
            statements.draw("sales.call_keys"),
            "SELECT sales.call_keys.NEXTVAL FROM DUAL CONNECT BY LEVEL <= :most",
        ),
    ],
)
def test_oracle_is_asked_in_its_own_words(statement: ClauseElement, sql: str):
    compiled = str(statement.compile(dialect=oracledb.dialect()))

    assert " ".join(compiled.split()) == sql


def test_a_row_has_the_columns_of_the_table_in_their_order():
    assert [field.name for field in fields(RegisterRow)] == [column.name for column in t_call_info.columns]
