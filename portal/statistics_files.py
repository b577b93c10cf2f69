"""A table of the statistics as a file: CSV for any program, XLSX for a spreadsheet."""

import io
from collections.abc import Iterator, Sequence

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from portal import i18n
from portal.csv_file import csv_pieces
from portal.i18n import _
from portal.ui.statistics.tables import Cell, Column, Kind, Table

_NUMBER_FORMATS = {Kind.COUNT: "#,##0", Kind.SHARE: "0.0%", Kind.DECIMAL: "#,##0.0"}
#: Column widths in characters.
_FIRST_WIDTH, _LEAST_WIDTH, _WORDS_WIDTH = 34, 11, 90


def csv_file(table: Table) -> bytes:
    """The table alone, head first; an unknown value is an empty cell."""
    return b"".join(csv_pieces(_lines(table)))


def xlsx_file(table: Table, facts: Sequence[tuple[str, str]]) -> bytes:
    """A workbook: the table under its facts (names and values), and a sheet of definitions."""
    file = io.BytesIO()
    # Texts stay texts: a name that looks like a formula or an address computes and opens nothing.
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(file, options) as book:
        bold = book.add_format({"bold": True})
        head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        _write_table(book, table, facts, bold, head)
        _write_definitions(book, table, head)
    return file.getvalue()


def _lines(table: Table) -> Iterator[list[str | int]]:
    yield [column.title for column in table.columns]
    for row in table.rows:
        yield [_csv_cell(cell, column.kind) for cell, column in zip(row, table.columns, strict=True)]


def _csv_cell(cell: Cell, kind: Kind) -> str | int:
    if cell is None:
        return ""
    if isinstance(cell, str | int):
        return cell
    if kind is Kind.SHARE:
        return i18n.percent(cell).replace("\u00a0", "")  # with a space no spreadsheet reads a number
    text = f"{cell:.2f}"
    return text.replace(".", ",") if i18n.language() == "ru" else text


def _write_table(
    book: Workbook, table: Table, facts: Sequence[tuple[str, str]], bold: Format, head: Format
) -> None:
    sheet = book.add_worksheet(table.title)
    sheet.write_string(0, 0, table.title, bold)
    for place, (name, value) in enumerate(facts, 1):
        sheet.write_string(place, 0, name)
        sheet.write_string(place, 1, value)
    first = len(facts) + 2
    formats = {kind: book.add_format({"num_format": shown}) for kind, shown in _NUMBER_FORMATS.items()}
    for place, column in enumerate(table.columns):
        sheet.write_string(first, place, column.title, head)
        sheet.set_column(place, place, _width(place, column))
        for line, row in enumerate(table.rows, first + 1):
            _write(sheet, line, place, row[place], formats.get(column.kind))
    sheet.freeze_panes(first + 1, 1)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(first)


def _write(sheet: Worksheet, line: int, place: int, cell: Cell, number_format: Format | None) -> None:
    if isinstance(cell, str):
        sheet.write_string(line, place, cell)
    elif cell is not None:
        sheet.write_number(line, place, cell, number_format)


def _write_definitions(book: Workbook, table: Table, head: Format) -> None:
    sheet = book.add_worksheet(_("Definitions"))
    sheet.write_string(0, 0, _("Figure"), head)
    sheet.write_string(0, 1, _("What it means"), head)
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    defined = [column for column in table.columns if column.definition]
    for place, column in enumerate(defined, 1):
        sheet.write_string(place, 0, column.title, wrapped)
        sheet.write_string(place, 1, column.definition, wrapped)
    sheet.set_column(0, 0, _FIRST_WIDTH)
    sheet.set_column(1, 1, _WORDS_WIDTH)
    sheet.freeze_panes(1, 0)


def _width(place: int, column: Column) -> int:
    return _FIRST_WIDTH if place == 0 else max(_LEAST_WIDTH, len(column.title) + 2)
