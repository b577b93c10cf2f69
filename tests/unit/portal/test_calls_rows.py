"""The rows of the grid and the export, before a call log that tests fill."""

import csv
import io
from dataclasses import replace
from datetime import date, timedelta

import pytest

from portal import shared_answers
from portal.csv_file import harmless
from services.calls import CallFilter, Freshness, InvalidFilter, NotConfigured, Page, Problem
from services.errors import Reason, UpstreamUnavailable
from services.live import Topic
from tests.unit.portal.fakes import AS_PAGE, COPIED, NOON, PASSWORD, call, enter

EXPORT = "/calls/export.csv"


@pytest.fixture
def portal(fresh_portal):
    return fresh_portal


@pytest.fixture
def client(portal):
    return portal.logged_in("operator")


def lines(answer, delimiter: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig")), delimiter=delimiter))


# Rows


def test_a_block_is_asked_for_as_the_grid_asks(portal, client):
    query = (
        "from=2025-03-01&to=2025-03-02&phone=900&offset=10&limit=5&sort=operator&direction=asc&until=9000000"
    )

    answer = client.get(f"/calls/rows?{query}")

    expected = CallFilter(date(2025, 3, 1), date(2025, 3, 2), phone="900")
    assert portal.calls.asked == [
        (expected, Page(offset=10, limit=5, sort="operator", descending=False, until_id=9_000_000))
    ]
    assert answer.json.keys() == {"rows", "total", "newer", "latest", "problem"}
    assert answer.json["total"] == 30
    assert answer.json["latest"] == 9_000_000
    assert [row["id"] for row in answer.json["rows"]] == [str(9_000_000 - place) for place in range(10, 15)]


def test_ids_travel_as_texts_for_the_grid_and_times_in_the_centres_zone(client):
    (row, *_rest) = client.get("/calls/rows").json["rows"]

    assert row["id"] == "9000000"
    assert row["time"] == "12:00:00"
    assert row["phone"] == "+7 900 000-00-00"
    assert row["operator_short"] == "Белова А. И."


def test_the_latest_call_is_told_whatever_the_order(portal, client):
    portal.calls.calls = tuple(reversed(portal.calls.calls))

    client.get("/calls/rows?sort=operator&direction=asc")

    assert portal.calls.asked[-1][1] == Page(offset=0, limit=1, sort="id", descending=True)


def test_without_calls_the_latest_is_none(portal, client):
    portal.calls.calls = ()

    answer = client.get("/calls/rows").json

    assert (answer["rows"], answer["total"], answer["latest"]) == ([], 0, 0)


BAD_BLOCKS = ("limit=0", "limit=-1", "limit=x", "offset=-1", "offset=99999999999999", "until=x", "until=-1")
BAD_ORDERS = ("sort=id;drop", "sort=number", "direction=up")
BAD_FILTERS = ("from=x", "operator=x", "result=x", "type=x", "card=x", "phone=%00", "phone=" + "9" * 10_000)


@pytest.mark.parametrize("query", [*BAD_BLOCKS, *BAD_ORDERS, *BAD_FILTERS])
def test_a_block_that_cannot_be_is_refused_and_not_asked_for(portal, client, query):
    answer = client.get(f"/calls/rows?{query}")

    assert answer.status_code == 400
    assert answer.json["success"] is False
    assert answer.json["field"]
    assert portal.calls.asked == []


def test_a_block_is_never_larger_than_the_grid_needs(portal, client):
    client.get("/calls/rows?limit=100000")

    (_chosen, page) = portal.calls.asked[0]
    assert page.limit <= 500


def test_pages_that_look_at_the_same_share_one_question(portal, monkeypatch):
    monkeypatch.setattr(shared_answers, "time", lambda: 0.0)  # the minute does not end during the test
    clients = [portal.logged_in("operator") for _page in range(3)]

    bodies = {one.get("/calls/rows?phone=900&sort=id").data for one in clients}

    assert len(bodies) == 1
    assert len(portal.calls.asked) == 1


def test_a_new_version_of_the_calls_is_asked_for_again(portal, client):
    client.get("/calls/rows")
    portal.calls.calls = (call(0, result=None),)

    portal.bump(Topic.CALLS)

    assert client.get("/calls/rows").json["total"] == 1


def test_the_shared_answer_is_in_the_readers_language(portal, client):
    russian = client.get("/calls/rows").json["rows"][0]["result"]

    foreign = portal.logged_in("supervisor")
    portal.services.accounts.set_language(portal.people["supervisor"].id, "en")

    assert foreign.get("/calls/rows").json["rows"][0]["result"] != russian


def test_a_failed_answer_is_not_kept(portal, client):
    portal.calls.error = UpstreamUnavailable("down", Reason.TIMEOUT)
    failed = client.get("/calls/rows")

    portal.calls.error = None

    assert failed.status_code == 503
    assert failed.json["reason"] == "timeout"
    assert client.get("/calls/rows").status_code == 200


def test_rows_of_a_portal_with_every_section_configured_are_answered(make_portal):
    portal = make_portal(NETWORK__VPN__HOST="vpn.example.com", TELEPHONY__THEMES="one, two")

    assert portal.logged_in("operator").get("/calls/rows").status_code == 200


def test_rows_without_a_count_say_so(portal, client, monkeypatch):
    page = type(portal.calls).page
    monkeypatch.setattr(
        type(portal.calls), "page", lambda log, *question: replace(page(log, *question), total=None)
    )

    answer = client.get("/calls/rows").json

    assert answer["total"] is None
    assert len(answer["rows"]) == 30


def test_an_answer_that_is_not_current_says_why(portal, client):
    portal.calls.freshness = Freshness("copy", NOON, Problem(Reason.LOGIN_REFUSED, NOON))

    assert client.get("/calls/rows").json["problem"]
    portal.calls.freshness = COPIED
    portal.bump(Topic.CALLS)
    assert client.get("/calls/rows").json["problem"] is None


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UpstreamUnavailable("calls.example.com:3306", Reason.REFUSED), 503),
        (NotConfigured("call_centre"), 503),
        (InvalidFilter("phone", "empty"), 400),
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["/calls/rows", EXPORT, "/api/calls"])
def test_a_refusal_tells_scripts_and_people_alike_and_names_no_host(portal, client, path, error, status):
    portal.calls.error = error

    for_script, for_person = client.get(path), client.get(path, headers=AS_PAGE)

    assert for_script.status_code == for_person.status_code == status
    assert for_script.json["request_id"] == for_script.headers["X-Request-Id"]
    assert "example.com" not in for_script.text + for_person.text
    if not path.startswith("/api/"):
        assert for_person.mimetype == "text/html"
        assert for_script.json["error"] in for_person.text


# Export


def test_the_export_holds_exactly_what_is_filtered(portal, client):
    answer = client.get(f"{EXPORT}?from=2025-03-01&phone=900")

    assert portal.calls.asked == [CallFilter(date(2025, 3, 1), date(2025, 3, 1), phone="900")]
    assert len(lines(answer, ";")) == 1 + len(portal.calls.calls)


def test_the_export_is_read_by_a_russian_spreadsheet(client):
    answer = client.get(EXPORT)

    head, first, *_rest = lines(answer, ";")
    assert answer.mimetype == "text/csv"
    assert answer.data.startswith(b"\xef\xbb\xbf")
    assert answer.data.endswith(b"\r\n")
    assert len(head) == len(first) == 8
    assert first[0] == "9000000"
    assert first[1:3] == ["10.03.2025", "12:00:00"]
    assert first[4] == "Белова Анна Игоревна"


def test_the_export_is_read_by_an_english_spreadsheet(portal, client):
    portal.services.accounts.set_language(portal.people["operator"].id, "en")

    head, *_rest = lines(client.get(EXPORT), ",")

    assert head == ["No.", "Date", "Time", "Phone", "Operator", "Result", "Call type", "Client card"]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("", "calls-2025-03-10.csv"),
        ("?from=2025-03-01&to=2025-03-01", "calls-2025-03-01.csv"),
        ("?from=2025-03-01&to=2025-03-02", "calls-2025-03-01-2025-03-02.csv"),
    ],
)
def test_the_files_name_says_the_period(client, query, name):
    assert client.get(EXPORT + query).headers["Content-Disposition"] == f'attachment; filename="{name}"'


def test_the_export_flows_in_pieces(portal, client):
    portal.calls.calls = tuple(call(number) for number in range(2500))

    with client.get(EXPORT) as answer:
        pieces = list(answer.iter_encoded())

    assert answer.is_streamed
    assert len(pieces) > 3
    assert len(lines_of(b"".join(pieces))) == 2501


def lines_of(data: bytes) -> list[bytes]:
    return data.removesuffix(b"\r\n").split(b"\r\n")


def test_the_export_of_no_call_is_a_head_alone(portal, client):
    portal.calls.calls = ()

    assert len(lines(client.get(EXPORT), ";")) == 1


@pytest.mark.parametrize("operator", ["=1+1", "+1+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("x")'])
def test_a_name_that_begins_like_a_formula_computes_nothing(portal, client, operator):
    portal.calls.calls = (call(operator=operator),)

    (_head, row) = lines(client.get(EXPORT), ";")

    assert row[4] == f"'{operator}"


@pytest.mark.parametrize("name", ["a;b", 'a"b', "a\nb", "Ы;\r\n"])
def test_separators_and_quotes_inside_a_cell_stay_inside(portal, client, name):
    portal.calls.calls = (call(operator=name), call(1))

    found = lines(client.get(EXPORT), ";")

    assert len(found) == 3
    assert found[1][4].replace("\r\n", "\n") == name.replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("+7 900 000-00-00", "+7 900 000-00-00"),
        ("+79000000000", "+79000000000"),
        ("Анна", "Анна"),
        ("", ""),
        ("1+1", "1+1"),
        ("=1", "'=1"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-7", "'-7"),
        ("@x", "'@x"),
    ],
)
def test_only_what_a_spreadsheet_would_compute_is_marked(cell, expected):
    assert harmless(cell) == expected


def test_a_call_without_anything_known_is_exported(portal, client):
    stray = call(number=0)
    nothing = dict.fromkeys(("number", "operator_id", "operator", "card_id", "pp_id", "result", "call_type"))
    portal.calls.calls = (replace(stray, has_card=False, **nothing, at=NOON - timedelta(days=3)),)

    (_head, row) = lines(client.get(EXPORT), ";")

    assert row[3:5] == ["", ""]
    assert row[5]


def test_the_old_address_leads_to_the_log(client):
    answer = client.get("/contact-center/moscow")

    assert (answer.status_code, answer.location) == (301, "/calls")


def test_a_session_that_ends_during_the_day_ends_the_rows_too(portal, client):
    portal.clock.move(hours=9)

    assert client.get("/calls/rows").status_code == 401
    assert enter(client, "operator", PASSWORD).status_code == 303
    assert client.get("/calls/rows").status_code == 200
