"""Expressions whose words differ between SQLite, PostgreSQL and MySQL, but never their answer."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Float, Integer, String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from services.calls.phones import PUNCTUATION


class contains(FunctionElement[bool]):
    """Whether the first text contains the second, character by character: no wildcards, no collation."""

    type = Boolean()
    inherit_cache = True


@compiles(contains, "sqlite")
def _sqlite_contains(element: contains, compiler: SQLCompiler, **kw: Any) -> str:
    return f"(instr({compiler.process(element.clauses, **kw)}) > 0)"


@compiles(contains, "postgresql")
def _postgresql_contains(element: contains, compiler: SQLCompiler, **kw: Any) -> str:
    return f"(strpos({compiler.process(element.clauses, **kw)}) > 0)"


@compiles(contains, "mysql", "mariadb")
def _mysql_contains(element: contains, compiler: SQLCompiler, **kw: Any) -> str:
    text, part = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"(LOCATE(CAST({part} AS BINARY), CAST({text} AS BINARY)) > 0)"


class in_text_order(FunctionElement[str]):
    """A text to sort by: by code point, with the Russian letter yo beside ye, in every database alike."""

    type = String()
    inherit_cache = True


_YO_AS_YE = "REPLACE(REPLACE({}, 'Ё', 'Е'), 'ё', 'е')"


@compiles(in_text_order, "sqlite")
def _sqlite_order(element: in_text_order, compiler: SQLCompiler, **kw: Any) -> str:
    return _YO_AS_YE.format(compiler.process(element.clauses, **kw)) + " COLLATE BINARY"


@compiles(in_text_order, "postgresql")
def _postgresql_order(element: in_text_order, compiler: SQLCompiler, **kw: Any) -> str:
    return _YO_AS_YE.format(compiler.process(element.clauses, **kw)) + ' COLLATE "C"'


@compiles(in_text_order, "mysql", "mariadb")
def _mysql_order(element: in_text_order, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CAST({_YO_AS_YE.format(compiler.process(element.clauses, **kw))} AS BINARY)"


class source_phone_key(FunctionElement[str]):
    """`phones.phone_key` of a number, worked out by the call-centre database."""

    type = String()
    inherit_cache = True


@compiles(source_phone_key, "sqlite")
def _sqlite_key(element: source_phone_key, compiler: SQLCompiler, **kw: Any) -> str:
    return f"phone_key({compiler.process(element.clauses, **kw)})"


@compiles(source_phone_key, "mysql", "mariadb")
def _mysql_key(element: source_phone_key, compiler: SQLCompiler, **kw: Any) -> str:
    key = compiler.process(element.clauses, **kw)
    for character in PUNCTUATION:
        key = f"REPLACE({key}, '{character}', '')"
    return f"LOWER({key})"


class weekday_of(FunctionElement[int]):
    """The weekday of a moment: 1 for Monday to 7 for Sunday."""

    type = Integer()
    inherit_cache = True


@compiles(weekday_of, "sqlite")
def _sqlite_weekday(element: weekday_of, compiler: SQLCompiler, **kw: Any) -> str:
    from_sunday = f"strftime('%w', {compiler.process(element.clauses, **kw)})"
    return f"((CAST({from_sunday} AS INTEGER) + 6) % 7 + 1)"


@compiles(weekday_of, "postgresql")
def _postgresql_weekday(element: weekday_of, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CAST(EXTRACT(isodow FROM {compiler.process(element.clauses, **kw)}) AS INTEGER)"


@compiles(weekday_of, "mysql", "mariadb")
def _mysql_weekday(element: weekday_of, compiler: SQLCompiler, **kw: Any) -> str:
    return f"(WEEKDAY({compiler.process(element.clauses, **kw)}) + 1)"


class seconds_between(FunctionElement[float]):
    """Seconds from the first moment to the second."""

    type = Float()
    inherit_cache = True

    def __init__(self, begin: ColumnElement[datetime], end: ColumnElement[datetime]) -> None:
        super().__init__(begin, end)


@compiles(seconds_between, "sqlite")
def _sqlite_seconds(element: seconds_between, compiler: SQLCompiler, **kw: Any) -> str:
    begin, end = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"((julianday({end}) - julianday({begin})) * 86400)"


@compiles(seconds_between, "mysql", "mariadb")
def _mysql_seconds(element: seconds_between, compiler: SQLCompiler, **kw: Any) -> str:
    return f"TIMESTAMPDIFF(SECOND, {compiler.process(element.clauses, **kw)})"
