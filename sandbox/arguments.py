"""Kinds of values on the command line, for `argparse`."""

from __future__ import annotations


def positive_int(text: str) -> int:
    number = int(text)
    if number <= 0:
        raise ValueError("must be above 0")
    return number


def positive_float(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise ValueError("must be above 0")
    return number
