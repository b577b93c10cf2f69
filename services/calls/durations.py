"""How long a call lasted, where the installation notes an end or a duration."""

from typing import Any

from sqlalchemy import ColumnElement, DateTime, Integer, case, column

from services.calls import source
from services.calls.source import CallsTable
from services.calls.sql import seconds_between

LONGEST_TALK_S = 24 * 3600  # longer is a mistake in the data, not a call


def known_seconds(table: CallsTable) -> ColumnElement[Any] | None:
    """The duration of a call if it can be true, else NULL; None where the source notes no duration."""
    seconds: ColumnElement[Any]
    if table.duration_column is not None:
        seconds = column(table.duration_column, Integer)
    elif table.end_column is not None:
        seconds = seconds_between(source.calls.c.datetime, column(table.end_column, DateTime))
    else:
        return None
    return case((seconds.between(0, LONGEST_TALK_S), seconds))
