"""Files for a spreadsheet of the reader's language: BOM, semicolons for Russian readers, no formulas."""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

from portal import i18n

_LINES_A_PIECE = 500
#: A telephone number with its plus, as people read it: no spreadsheet computes with it.
_PLUS_NUMBER = re.compile(r"\+\d[\d ]*(-\d\d-\d\d)?")


def csv_pieces(rows: Iterable[Sequence[str | int]]) -> Iterator[bytes]:
    """The file in pieces of some hundred lines; `rows` begin with the head. Texts compute nothing."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";" if i18n.language() == "ru" else ",", lineterminator="\r\n")
    yield codecs.BOM_UTF8
    for place, row in enumerate(rows, 1):
        writer.writerow([harmless(cell) if isinstance(cell, str) else cell for cell in row])
        if place % _LINES_A_PIECE == 0:
            yield _taken(text)
    yield _taken(text)


def harmless(cell: str) -> str:
    """A cell that a spreadsheet would take for a formula gets an apostrophe before it.

    Source: OWASP, "CSV Injection".
    """
    begins = cell[:1] in ("=", "+", "-", "@", "\t", "\r")
    return f"'{cell}" if begins and not _PLUS_NUMBER.fullmatch(cell) else cell


def _taken(text: io.StringIO) -> bytes:
    piece = text.getvalue().encode()
    text.seek(0)
    text.truncate()
    return piece
