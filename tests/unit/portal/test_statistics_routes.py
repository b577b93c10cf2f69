"""The statistics page's parts and files, before statistics that answer what a test says."""

import csv
import io
import re
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from portal import shared_answers
from portal.kept import KeptForTheMoment
from portal.statistics_files import csv_file, xlsx_file
from portal.ui.statistics.tables import Column, Kind, Table, table_titles
from services.calls import Coverage, NotConfigured, OperatorTally, Period
from services.live import Topic
from services.storage import StorageBusy
from tests.unit.portal.fakes import AS_PAGE
from tests.unit.portal.statistics_examples import day

PARTS = "/statistics/parts"
OPERATORS = "/statistics/export/operators"
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture
def portal(fresh_portal):
    return fresh_portal


@pytest.fixture
def client(portal):
    return portal.logged_in("supervisor")


def lines(answer, delimiter: str = ";") -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig")), delimiter=delimiter))


def sheet(data: bytes, number: int = 1) -> list[list[str | float | None]]:
    """The values of a sheet, row by row as far as each goes."""
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        texts = [
            "".join(part.text or "" for part in item.iter(f"{SHEET}t"))
            for item in ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
        ]
        root = ElementTree.fromstring(book.read(f"xl/worksheets/sheet{number}.xml"))
    rows = []
    for row in root.iter(f"{SHEET}row"):
        values: list[str | float | None] = []
        for cell in row:
            letters = re.match("[A-Z]+", cell.attrib["r"])[0]
            place = sum((ord(letter) - 64) * 26**power for power, letter in enumerate(reversed(letters))) - 1
            values += [None] * (place - len(values))
            value = cell.find(f"{SHEET}v")
            shown = None if value is None else value.text
            values.append(texts[int(shown)] if cell.get("t") == "s" else shown and float(shown))
        rows.append(values)
    return rows


# Parts


def test_a_page_asks_for_a_period_and_the_one_before(portal, client):
    answer = client.get(f"{PARTS}?from=2025-03-04&to=2025-03-05&compare=year")

    assert answer.status_code == 200
    assert answer.json.keys() == {"parts", "months", "stale"}
    assert portal.statistics.asked == [
        Period(day("2025-03-04"), day("2025-03-05")),
        Period(day("2024-03-04"), day("2024-03-05")),
        "months",
    ]


def test_without_comparison_one_report_is_asked_for(portal, client):
    client.get(f"{PARTS}?compare=none")

    assert portal.statistics.asked == [Period(day("2025-03-01"), day("2025-03-10")), "months"]


@pytest.mark.parametrize(
    "query",
    [
        "period=x",
        "from=x",
        "to=2025-13-01",
        "from=2025-03-02&to=2025-03-01",
        "compare=x",
        "sort=x",
        "from=0001-01-01",
    ],
)
def test_what_cannot_be_asked_is_refused_in_words_and_not_asked_for(portal, client, query):
    for path in (PARTS, f"{OPERATORS}.csv", f"{OPERATORS}.xlsx"):
        answer = client.get(f"{path}?{query}")

        assert (answer.status_code, answer.json["success"]) == (400, False)
        assert answer.json["error"]
    assert portal.statistics.asked == []


def test_fifty_people_who_open_the_page_at_once_cost_one_computation(portal, monkeypatch):
    monkeypatch.setattr(shared_answers, "time", lambda: 0.0)  # the minute does not end during the test
    monkeypatch.setitem(portal.server.extensions, "portal.kept", KeptForTheMoment(clock=lambda: 0.0))
    clients = [portal.logged_in("supervisor") for _person in range(10)]

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda number: clients[number % 10].get(PARTS), range(50)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.data for answer in answers}) == 1
    assert portal.statistics.asked.count("months") == 1


def test_new_figures_are_asked_for_when_their_topic_moved(portal, client):
    before = client.get(PARTS).json
    portal.statistics.tally = replace(portal.statistics.tally, calls=1234)

    portal.bump(Topic.STATISTICS)

    assert client.get(PARTS).json != before


def test_each_reader_gets_the_parts_in_their_language(portal, client):
    russian = client.get(PARTS).text
    foreign = portal.logged_in("admin")
    portal.services.accounts.set_language(portal.people["admin"].id, "en")

    english = foreign.get(PARTS).text

    assert "Время центра" in russian
    assert "Centre's time" in english
    assert client.get(PARTS).text == russian


def test_figures_of_a_source_that_is_not_watched_are_called_stale(client):
    assert client.get(PARTS).json["stale"] is True  # nobody ever looked at it in this test


@pytest.mark.parametrize(
    ("error", "status"),
    [(NotConfigured("call_centre"), 503), (StorageBusy("locked"), 503)],
    ids=["none", "busy"],
)
def test_a_failure_is_told_in_words_and_not_kept(portal, client, error, status):
    portal.statistics.error = error

    failed = client.get(PARTS)
    portal.statistics.error = None

    assert (failed.status_code, failed.json["success"]) == (status, False)
    assert failed.json["error"]
    assert client.get(PARTS).status_code == 200


@pytest.mark.parametrize("path", ["/statistics", PARTS, f"{OPERATORS}.csv", f"{OPERATORS}.xlsx"])
def test_statistics_are_for_those_who_have_the_right(portal, path):
    for kind, status in (("operator", 403), ("outsider", 403), ("supervisor", 200), ("admin", 200)):
        headers = AS_PAGE if path == "/statistics" else {}

        assert (kind, portal.logged_in(kind).get(path, headers=headers).status_code) == (kind, status)
    assert portal.stranger().get(path).status_code == 401


# Files


@pytest.mark.parametrize("name", table_titles())
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_every_table_is_a_file_named_after_its_period(client, name, kind):
    answer = client.get(f"/statistics/export/{name}.{kind}?from=2025-03-01&to=2025-03-02")

    assert answer.status_code == 200
    assert f'filename="{name}-2025-03-01-2025-03-02.{kind}"' in answer.headers["Content-Disposition"]
    assert len(answer.data) > 50


@pytest.mark.parametrize("path", ["nothing.csv", "operators.pdf", "operators", "../operators.csv"])
def test_a_table_that_does_not_exist_is_not_found(client, path):
    assert client.get(f"/statistics/export/{path}").status_code == 404


def test_the_csv_is_read_by_a_russian_spreadsheet(client):
    answer = client.get(f"{OPERATORS}.csv")

    head, first = lines(answer)
    assert answer.mimetype == "text/csv"
    assert answer.data.startswith(b"\xef\xbb\xbf")
    assert head[:4] == ["Оператор", "Звонков", "Обработано", "Успех"]
    assert first[:4] == ["Белова Анна Игоревна", "40", "30", "78,9%"]
    assert first[8] == "5,00"


def test_the_csv_is_read_by_an_english_spreadsheet(portal, client):
    portal.services.accounts.set_language(portal.people["supervisor"].id, "en")

    _head, first = lines(client.get(f"{OPERATORS}.csv"), ",")

    assert first[3] == "78.9%"


def test_an_unknown_value_is_an_empty_cell_and_a_zero_is_a_zero(client):
    _head, monday, tuesday, *_rest = lines(client.get("/statistics/export/weekdays.csv?period=today"))

    assert monday[1] == "0,00"
    assert monday[12] == "40,00"
    assert tuesday[1:] == [""] * 24  # today is a Monday


def test_what_is_not_counted_is_empty_in_files_too(portal, client):
    portal.statistics.coverage = Coverage(10, None, None)

    for name in ("totals", "hours"):
        for row in lines(client.get(f"/statistics/export/{name}.csv"))[1:]:
            assert (name, set(row[1:])) == (name, {""})


def have_operators(portal, monkeypatch, *names: str) -> None:
    """Let every report have operators of these names."""
    report = portal.statistics.report

    def named(period: Period):
        found = report(period)
        entries = [OperatorTally(number, name, found.total, 8) for number, name in enumerate(names, 1)]
        return replace(found, operators=entries)

    monkeypatch.setattr(portal.statistics, "report", named)


@pytest.mark.parametrize("name", ["=1+1", "+1+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x.example.com")'])
def test_a_name_that_looks_like_a_formula_computes_nothing(portal, client, monkeypatch, name):
    have_operators(portal, monkeypatch, name)

    _head, row = lines(client.get(f"{OPERATORS}.csv"))
    workbook = client.get(f"{OPERATORS}.xlsx").data

    assert row[0] == f"'{name}"
    assert name in [row[0] for row in sheet(workbook) if row]
    with zipfile.ZipFile(io.BytesIO(workbook)) as book:
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")
        assert not [file for file in book.namelist() if "externalLink" in file]


def test_a_workbook_says_what_it_is_about_and_holds_real_numbers(client):
    answer = client.get(f"{OPERATORS}.xlsx?from=2025-03-01&to=2025-03-02")

    rows = sheet(answer.data)
    facts = {row[0]: row[1] for row in rows[1:6] if len(row) > 1}
    [head] = [row for row in rows if row and row[0] == "Оператор"]
    [anna] = [row for row in rows if row and row[0] == "Белова Анна Игоревна"]
    assert facts["Период"] == "1–2 марта 2025"
    assert facts["Часовой пояс"] == "Москва, UTC+3"
    assert facts["Сравнение"] == "27–28 февраля 2025"
    assert "Посчитано" in facts
    assert anna[head.index("Звонков")] == 40
    assert anna[head.index("Успех")] == pytest.approx(30 / 38)


def test_a_workbook_has_percent_formats_a_frozen_head_and_definitions(client):
    data = client.get(f"{OPERATORS}.xlsx").data

    with zipfile.ZipFile(io.BytesIO(data)) as book:
        first = book.read("xl/worksheets/sheet1.xml").decode()
        assert 'formatCode="0.0%"' in book.read("xl/styles.xml").decode()
        assert 'state="frozen"' in first
        assert "<col " in first
    definitions = sheet(data, 2)
    assert definitions[0] == ["Показатель", "Что это значит"]
    assert "Выборка" in [row[0] for row in definitions]


def test_files_keep_the_order_of_the_page(portal, client, monkeypatch):
    have_operators(portal, monkeypatch, "Аверин", "Яшин")

    names = [row[0] for row in lines(client.get(f"{OPERATORS}.csv?sort=-name"))]

    assert names == ["Оператор", "Яшин", "Аверин"]


def test_a_table_without_rows_is_a_head_alone():
    table = Table("Пусто", [Column("Имя", Kind.TEXT), Column("Доля", Kind.SHARE, "доля")], [])

    assert len(csv_file(table).splitlines()) == 1
    assert sheet(xlsx_file(table, [("Период", "сегодня")]))[-1] == ["Имя", "Доля"]


def test_titles_fit_where_spreadsheets_put_them():
    for title in table_titles().values():
        assert len(title) <= 31
        assert not set(title) & set("[]:*?/\\")


def test_a_file_tells_when_its_figures_were_counted(client):
    counted = next(row[1] for row in sheet(client.get(f"{OPERATORS}.xlsx").data) if row[:1] == ["Посчитано"])

    assert counted == "10.03.2025, 12:00:00"
