"""The tables of CRM, SALES and ERP, with the limits that Oracle sets and SQLite would not.

Source: "Oracle schemas". A length is in bytes, as in a database whose lengths are not declared CHAR. The
names of the constraints tell `oracle_errors` what Oracle would say. `SANDBOX_AGENCY` is the sandbox's own:
what the agency gateway tells of an agency, and a number (digits of E.164) that leads to no other one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

#: Marks a file as the sandbox's own ("HPSV").
APPLICATION_ID: Final = 0x48505356

#: Columns of each table by the name of the file; `*` stands before the key.
_TABLES: Final[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
    "crm": {
        "T_AGENCY_PHONE": {"AGENCY_ID": "NUMBER(8)", "AGENCY_PHONE": "VARCHAR2(1000)"},
        "SANDBOX_AGENCY": {"*AGENCY_ID": "NUMBER(8)", "CARD": "CLOB", "OWN_NUMBER": "VARCHAR2(15)"},
    },
    "sales": {
        "T_CALL_INFO": {
            "*CALL_INFO_ID": "NUMBER",
            "TIME_BEGIN": "DATE",
            "TIME_END": "DATE",
            "AGENCY_ID": "VARCHAR2(255)",
            "PHONE_NUMBER": "VARCHAR2(15)",
            "CURRATOR": "VARCHAR2(128)",
            "THEME": "VARCHAR2(128)",
            "REGION": "VARCHAR2(3)",
            "AGENCY_MANAGER": "VARCHAR2(50)",
            "AGENCY_NAME": "VARCHAR2(255)",
        },
    },
    "erp": {
        "V_USER": {
            "*USER_ID": "NUMBER",
            "NAME": "VARCHAR2(64)",
            "PASSWORD": "VARCHAR2(128)",
            "FULL_NAME": "VARCHAR2(255)",
            "EMAIL": "VARCHAR2(255)",
            "OFFICE": "VARCHAR2(255)",
            "DEPARTMENT_NAME": "VARCHAR2(255)",
            "POST_NAME": "VARCHAR2(255)",
            "PHONE_EXT": "VARCHAR2(16)",
            "VPN": "VARCHAR2(16)",
            "AUTH_PERIOD_TYPE": "VARCHAR2(255)",
        },
        "T_USER": {"*USER_ID": "NUMBER", "VPN_END_DATE": "DATE"},
    },
}
#: The files, in the order they are made.
FILES: Final = tuple(_TABLES)


def columns(table: str) -> tuple[str, ...]:
    """The names of the columns, in their order."""
    tables = next(tables for tables in _TABLES.values() if table in tables)
    return tuple(name.lstrip("*") for name in tables[table])


def statements(file: str) -> list[str]:
    """What makes the tables of a file and marks it."""
    made = [_create(table, defined) for table, defined in _TABLES[file].items()]
    return [*made, f"PRAGMA application_id = {APPLICATION_ID}"]


def _create(table: str, defined: Mapping[str, str]) -> str:
    parts = []
    for name, type_ in defined.items():
        is_key, column = name.startswith("*"), name.lstrip("*")
        # NUMBER is no INTEGER: an INTEGER key would be filled in by SQLite.
        key = " NOT NULL PRIMARY KEY" if is_key else ""
        parts.append(f"{column} {type_}{key}{_limit(column, type_)}")
    return f"CREATE TABLE {table} ({', '.join(parts)})"


def _limit(column: str, type_: str) -> str:
    if type_.startswith("VARCHAR2"):
        most = type_.removeprefix("VARCHAR2(").removesuffix(")")
        return f" CONSTRAINT {column}_BYTES_{most} CHECK (length(CAST({column} AS BLOB)) <= {most})"
    if type_.startswith("NUMBER"):
        return f" CONSTRAINT {column}_NUMBER CHECK (typeof({column}) IN ('integer', 'real', 'null'))"
    return ""
