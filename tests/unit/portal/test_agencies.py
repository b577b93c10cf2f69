"""The agency directory's rows, window and raw routes, before a directory that tests fill."""

from dataclasses import fields, replace
from datetime import timedelta

import pytest
from dash.development.base_component import Component

from portal import i18n
from portal.security.guard import CALLBACK_ENDPOINT
from portal.ui.agencies import agency_details, found_words, row
from portal.ui.calls import agency_info
from services.calls import (
    AgenciesNotRead,
    Agency,
    AgencyCalls,
    AgencyDetails,
    AgencySearch,
    Freshness,
    ListedAgency,
    NotConfigured,
    Problem,
)
from services.errors import Reason, UpstreamUnavailable
from tests.unit.portal.fakes import (
    AGENCY,
    COPIED,
    LISTED,
    MOSCOW,
    NOON,
    RUNG,
    RUNG_CALLS,
    SAME_ORIGIN,
    call,
    callback_request,
    page_request,
)

ROWS = "/agencies/rows"
DETAILS = "..agencies-details-content.children...agencies-details.is_open.."
NOTHING = ListedAgency(
    Agency(**{one.name: None for one in fields(Agency)} | {"id": 12, "phones": ()}),  # type: ignore[arg-type]
    None,
    (None,) * 7,
)


@pytest.fixture
def portal(fresh_portal):
    return fresh_portal


@pytest.fixture
def client(portal):
    return portal.logged_in("operator")


@pytest.fixture(autouse=True)
def in_english():
    i18n.use("en")
    yield
    i18n.use(None)


def text_of(content) -> str:
    """All words a reader sees."""
    if isinstance(content, Component):
        return text_of(getattr(content, "children", None))
    if isinstance(content, list | tuple):
        return " ".join(filter(None, map(text_of, content)))
    return "" if content is None else str(content)


def hrefs(content) -> list[str]:
    if isinstance(content, list | tuple):
        return [href for one in content for href in hrefs(one)]
    if not isinstance(content, Component):
        return []
    own = [content.href] if hasattr(content, "href") else []
    return own + hrefs(getattr(content, "children", None))


def window(listed: ListedAgency = LISTED, calls: AgencyCalls = RUNG_CALLS, freshness=COPIED):
    return agency_details(AgencyDetails(listed, freshness), calls, MOSCOW)


# Rows


def test_a_block_is_asked_for_as_the_list_asks(portal, client):
    answer = client.get(ROWS, query_string={"search": " Бриз 8 (900)", "offset": 0, "limit": 50})

    assert portal.agencies.asked == [AgencySearch(" Бриз 8 (900)", offset=0, limit=50)]
    assert answer.json.keys() == {"rows", "total", "known", "found", "as_of", "problem"}
    assert (answer.json["total"], answer.json["known"], answer.json["problem"]) == (1, 1, None)
    assert answer.json["as_of"] == NOON.timestamp() * 1000


def test_a_row_has_what_the_list_shows(client):
    (shown,) = client.get(ROWS).json["rows"]

    assert shown == {
        "id": "11",
        "name": "Бриз",
        "english": "Breeze",
        "city": "Москва",
        "metro": "Арбатская",
        "address": "Арбат, 1",
        "phone": "+7 495 000-00-01",
        "others": "ещё 1 номер",
        "more": "+1",
        "time": None,
    }


def test_an_agency_of_which_nothing_is_known_has_a_row_too():
    shown = row(NOTHING)

    assert shown["name"] == "Agency without a name"
    assert {shown[key] for key in ("city", "metro", "address", "phone", "others", "more", "time")} == {None}


def test_a_clock_behind_moscow_has_a_real_minus():
    behind = replace(LISTED, agency=replace(LISTED.agency, time_zone=-1))

    assert row(behind)["time"] == "−1 h"


def test_the_number_of_matches_is_told_beside_the_number_of_all():
    assert found_words(6000, 6000) == "6,000 agencies"
    assert found_words(1, 6000) == "1 agency of 6,000"


def test_rows_that_are_not_current_say_why(portal, client):
    portal.agencies.freshness = Freshness("copy", NOON, Problem(Reason.TIMEOUT, NOON))

    assert client.get(ROWS).json["problem"] == "База звонков не отвечает"


@pytest.mark.parametrize(
    "query",
    ["search=" + "x" * 10_000, "offset=-1", "offset=x", "offset=999999999999", "limit=0", "limit=x"],
)
def test_a_question_that_cannot_be_is_refused(client, query):
    assert client.get(f"{ROWS}?{query}").status_code == 400


@pytest.mark.parametrize("path", [ROWS, "/api/agencies", "/api/agency-details/11"])
@pytest.mark.parametrize(
    "error",
    [UpstreamUnavailable("silent", Reason.TIMEOUT), AgenciesNotRead(), NotConfigured("call_centre")],
)
def test_nothing_known_is_said_in_words(portal, client, path, error):
    portal.agencies.error = error

    answer = client.get(path)

    assert (answer.status_code, answer.json["success"]) == (503, False)
    assert answer.json["error"]


@pytest.mark.parametrize("path", [ROWS, "/api/agencies", "/api/agency-details/11"])
def test_without_the_right_there_is_no_directory(portal, path):
    assert portal.logged_in("outsider").get(path).status_code == 403
    assert portal.stranger().get(path).status_code == 401


# Page


def test_the_page_is_drawn_with_the_search_of_its_address(client):
    request = page_request("/agencies")
    request["inputs"][1]["value"] = "?q=бриз&open=11"

    drawn = client.post(CALLBACK_ENDPOINT, json=request, headers=SAME_ORIGIN)

    assert '"value":"бриз"' in drawn.text
    assert '"data":"11"' in drawn.text


@pytest.mark.parametrize("search", ["?q=a&q=b", "?open=a&open=b&q=", "?q=" + "x" * 5000, "?nonsense=1"])
def test_an_odd_address_still_leads_to_the_page(client, search):
    request = page_request("/agencies")
    request["inputs"][1]["value"] = search

    drawn = client.post(CALLBACK_ENDPOINT, json=request, headers=SAME_ORIGIN)

    assert "agencies-grid" in drawn.text


# Window


def opened(client, value):
    request = callback_request(
        DETAILS, inputs=[("agencies-open", "data", value), ("frame-topic-agencies", "data", 1)]
    )
    return client.post(CALLBACK_ENDPOINT, json=request, headers=SAME_ORIGIN).json["response"]


def test_a_press_opens_the_window_of_the_agency(portal, client):
    answer = opened(client, "11")

    assert answer["agencies-details"]["is_open"] is True
    assert "Бриз" in str(answer["agencies-details-content"]["children"])
    assert portal.agencies.asked == [11, ("calls", 11)]


@pytest.mark.parametrize("value", [None, "", "0", "-1", "x", "11:12", "9" * 30, "١١", {"a": 1}, 7, ["1"]])
def test_what_is_no_id_opens_nothing(portal, client, value):
    assert opened(client, value)["agencies-details"]["is_open"] is False
    assert portal.agencies.asked == []


def test_an_agency_that_is_not_shown_has_a_window_that_says_so(client):
    assert "999" in str(opened(client, "999")["agencies-details-content"]["children"])


@pytest.mark.parametrize(
    "error",
    [UpstreamUnavailable("silent", Reason.TIMEOUT), AgenciesNotRead(), NotConfigured("call_centre")],
)
def test_the_window_tells_why_it_has_nothing(portal, client, error):
    portal.agencies.error = error

    assert opened(client, "11")["agencies-details"]["is_open"] is True


def test_the_window_shows_everything_that_is_known_in_words():
    shown = text_of(window())

    for words in (
        "Agency no. 11",
        "Бриз",
        "Breeze",
        "Арбат, 1",
        "Москва, Арбат, ЦАО",
        "as in Moscow, now",
        "пн–пт 10–20",
        "takes cards",
        "station not set",
        "switched to a Moscow agency",
        "Вход со двора",
        "+7 495 000-00-01",
        "касса",
    ):
        assert words in shown


@pytest.mark.parametrize(
    ("offset", "words"), [(2, "Moscow +2 h, there it is now"), (-1, "Moscow −1 h"), (99, "Moscow +99 h")]
)
def test_the_window_tells_what_time_it_is_there(offset, words):
    listed = replace(LISTED, agency=replace(LISTED.agency, time_zone=offset))

    shown = text_of(window(listed))

    assert words in shown
    assert ("there it is now" in shown) is (abs(offset) < 15)


def test_the_address_leads_to_the_map():
    (address,) = [href for href in hrefs(window()) if "yandex" in href]

    assert address == "https://yandex.ru/maps/?text=" + (
        "%D0%9C%D0%BE%D1%81%D0%BA%D0%B2%D0%B0%2C+%D0%90%D1%80%D0%B1%D0%B0%D1%82%2C+1"
    )


def test_a_number_leads_to_the_calls_from_it_in_the_copied_days():
    assert "/calls?from=2025-03-02&to=2025-03-10&phone=%2B7+495+000-00-01" in hrefs(window())


def test_a_number_without_digits_leads_nowhere():
    odd = replace(LISTED.agency.phones[0], number="нет")
    listed = replace(LISTED, agency=replace(LISTED.agency, phones=(odd,)))

    assert not any("phone=" in href for href in hrefs(window(listed)))


def test_a_call_leads_to_its_info_in_the_log_at_its_day():
    assert f"/calls?from=2025-03-10&open=agency:{RUNG.call.id}" in hrefs(window())


def test_the_calls_name_their_days_and_how_many_there_are():
    shown = text_of(window(calls=replace(RUNG_CALLS, total=30)))

    assert "30 calls, the latest 1 are shown" in shown
    assert "Calls of 2 Mar 2025 – 10 Mar 2025" in shown
    assert "then another agency was rung" not in shown


def test_a_call_in_which_another_agency_was_rung_later_says_so():
    calls = replace(RUNG_CALLS, latest=(replace(RUNG, is_last=False),))

    assert "then another agency was rung" in text_of(window(calls=calls))


def test_no_calls_and_unknown_calls_look_different():
    none = AgencyCalls((), 0, NOON.date(), NOON.date(), COPIED)

    assert "Not rung in 10 Mar 2025" in text_of(window(calls=none))
    assert "still being copied" in text_of(window(calls=replace(none, since=None)))


def test_a_call_without_number_operator_or_time_of_ringing_is_listed():
    bare = replace(
        RUNG,
        call=replace(call(), number=None, operator_id=None, operator=None),
        ringing=replace(RUNG.ringing, at=None, outcome=None),
    )

    shown = text_of(window(calls=replace(RUNG_CALLS, latest=(bare,))))

    for words in ("not identified", "not assigned", "outcome unknown"):
        assert words in shown


def test_in_an_outage_the_window_tells_of_when_its_data_are():
    old = Freshness("copy", NOON - timedelta(hours=2), Problem(Reason.TIMEOUT, NOON))

    shown = text_of(window(freshness=old, calls=replace(RUNG_CALLS, freshness=old)))

    assert "data of 10 Mar, 10:00" in shown
    assert "Data of 10 Mar, 10:00." in shown


def test_the_window_of_a_call_shows_the_agency_the_same_way_and_leads_to_the_directory():
    content = agency_info(AGENCY, 17, MOSCOW)

    for words in ("Арбат, 1", "takes cards", "as in Moscow, now", "+7 495 000-00-01", "got through"):
        assert words in text_of(content)
    assert "/agencies?open=11" in hrefs(content)


# Raw routes


def test_a_search_has_the_keys_that_callers_know(portal, client):
    answer = client.get("/api/agencies", query_string={"search": "бриз"})

    assert portal.agencies.asked == [AgencySearch("бриз")]
    assert answer.json == {
        "success": True,
        "agencies": [
            {
                "ID_TR": 11,
                "NAME_RU": "Бриз",
                "NAME_EN": "Breeze",
                "ADDRESS": "Арбат, 1",
                "CITY_NAME": "Москва",
                "METRO_STATION_NAME": "Арбатская",
                "DISTRICT_NAME": "Арбат",
                "telephone_1_number": None,
                "telephone_2_number": "+74950000001",
                "telephone_3_number": "+74950000002",
                "telephone_4_number": None,
                "telephone_5_number": None,
                "telephone_6_number": None,
                "telephone_7_number": None,
                "ALL_TELEPHONES_CONCAT": "+74950000001, +74950000002",
            }
        ],
    }
    assert answer.headers["X-Data-As-Of"] == "2025-03-10T09:00:00+00:00"


def test_without_a_search_all_agencies_are_answered(portal, client):
    client.get("/api/agencies")
    client.get("/api/agencies?search=")

    assert portal.agencies.asked == [AgencySearch(""), AgencySearch("")]


@pytest.mark.parametrize("query", ["search=" + "x" * 10_000, "search=a&search=b"])
def test_a_search_that_cannot_be_answered_is_the_askers_mistake(client, query):
    answer = client.get(f"/api/agencies?{query}")

    assert (answer.status_code, answer.json["field"]) == (400, "search")


def test_one_agency_has_its_places_as_names_and_its_telephones(client):
    answer = client.get("/api/agency-details/11").json

    assert answer["success"] is True
    assert (answer["id"], answer["city"], answer["district"]) == (11, "Москва", "Арбат")
    assert answer["telephones"] == [
        {"number": "+74950000001", "comment": "касса"},
        {"number": "+74950000002", "comment": None},
    ]
    assert "ringing" not in answer


@pytest.mark.parametrize("agency_id", ["0", "12", "9223372036854775807"])
def test_an_agency_that_is_unknown_or_hidden_is_not_found(client, agency_id):
    answer = client.get(f"/api/agency-details/{agency_id}")

    assert (answer.status_code, answer.json["success"]) == (404, False)


@pytest.mark.parametrize("agency_id", ["x", "-1", "01", "1.5", "9223372036854775808", "1'--", "%00"])
def test_a_malformed_id_is_refused(client, agency_id):
    answer = client.get(f"/api/agency-details/{agency_id}")

    assert (answer.status_code, answer.json["success"]) == (400, False)
