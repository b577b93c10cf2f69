"""Parts of a query that several routes read."""

from flask import request

from services.calls import FilterFault, InvalidFilter


def count_of(key: str, default: int) -> int:
    """The whole number under `key`, not below 0; `default` when it is absent or empty.

    Raises:
        InvalidFilter: it is no such number.
    """
    text = request.args.get(key, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise InvalidFilter(key, FilterFault.UNKNOWN)
    return int(text)
