"""The JSON routes before a call log that tests fill: keys, formats, refusals, and what is sent twice."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.factory import create_app
from portal.settings import read_settings
from portal.wiring import Services, build_services
from services.accounts import Right, Role
from services.calls import (
    AgencyInfo,
    AgencyPhone,
    Call,
    CallFilter,
    CallPage,
    CallStats,
    ClientCard,
    Coverage,
    Freshness,
    Months,
    MonthTally,
    NotConfigured,
    OperatorCount,
    Page,
    Problem,
    Ringing,
    Tally,
)
from services.errors import Reason, UpstreamUnavailable
from services.live import LiveBoard, Topic, bump
from services.storage import Base

PASSWORD = "correct horse"
TODAY = date(2025, 3, 10)
AS_OF = datetime(2025, 3, 10, 9, 0, 5, tzinfo=UTC)
COPY = Freshness("copy", AS_OF, None)
SOURCE = Freshness("source", AS_OF, None)
OUTAGE = Freshness("copy", AS_OF, Problem(Reason.TIMEOUT, AS_OF))

CALL = Call(
    id=9_200_417,
    at=datetime(2025, 3, 10, 6, 4, 9, tzinfo=UTC),
    number="+79161234567",
    operator_id=7,
    operator="Анна Белова",
    card_id=31,
    pp_id=52,
    has_card=True,
    has_agency=False,
    result=1,
    call_type=5,
)
STRAY = Call(
    id=9_200_416,
    at=datetime(2025, 3, 9, 21, 0, tzinfo=UTC),
    number=None,
    operator_id=None,
    operator=None,
    card_id=None,
    pp_id=None,
    has_card=False,
    has_agency=False,
    result=None,
    call_type=99,
)
CARD = ClientCard(
    call_id=CALL.id,
    at=CALL.at,
    operator=CALL.operator,
    processing_id=52,
    client_name="Пётр",
    client_city="Тверь",
    manager_name="Ирина",
    metro_name=None,
    country_name="Турция",
    ad_name="Радио",
    phone="+79161234567",
)
AGENCY = AgencyInfo(
    id=11,
    name="Бриз",
    english_name="Breeze",
    address="Арбат, 1",
    city="Москва",
    metro="Арбатская",
    district="Арбат",
    area="ЦАО",
    region=None,
    time_zone=0,
    bank_card=True,
    tickets=False,
    english=True,
    station_not_set=False,
    switch_msk_agency=False,
    stambul=False,
    austria=False,
    comment=None,
    phones=(AgencyPhone("+74950000001", "касса"), AgencyPhone("+74950000002", None)),
    ringing=Ringing(
        outcome=1,
        at=datetime(2025, 3, 10, 6, 10, tzinfo=UTC),
        client_name="Пётр",
        country="Турция",
        metro=None,
        manager="Ирина",
        operator="Анна Белова",
    ),
)


class FakeCalls:
    """A call log that answers what the test put in, fails when told to, and remembers what was asked."""

    zone = ZoneInfo("Europe/Moscow")

    def __init__(self) -> None:
        self.calls: tuple[Call, ...] = (CALL, STRAY)
        self.operators: tuple[OperatorCount, ...] = ()
        self.stats = CallStats(0, None)
        self.freshness = COPY
        self.error: Exception | None = None
        self.asked: list[object] = []

    def today(self) -> date:
        return TODAY

    def page(self, chosen: CallFilter, page: Page) -> CallPage:
        self._note(chosen)
        return CallPage(self.calls[: page.limit], len(self.calls), 0, self.freshness)

    def stream(self, chosen: CallFilter) -> Iterator[Call]:
        self._note("stream")
        return iter(self.calls)

    def operator_counts(self, chosen: CallFilter) -> tuple[tuple[OperatorCount, ...], Freshness]:
        self._note(chosen)
        return self.operators, self.freshness

    def call_stats(self) -> CallStats:
        self._note("stats")
        return self.stats

    def client_card(self, call_id: int) -> ClientCard | None:
        self._note(call_id)
        return CARD if call_id == CALL.id else None

    def agencies_of_processing(self, pp_id: int) -> tuple[AgencyInfo, ...]:
        self._note(pp_id)
        return (AGENCY,) if pp_id == 52 else ()

    def _note(self, question: object) -> None:
        self.asked.append(question)
        if self.error is not None:
            raise self.error


class FakeStatistics:
    """Statistics of two months around an empty one; they fail with the call log and note in its questions."""

    def __init__(self, calls: FakeCalls) -> None:
        self.calls = calls
        self.coverage = Coverage(unknown_days=0, as_of=AS_OF, problem=None)

    def months(self) -> Months:
        self.calls._note("months")
        counts = ((2024, 12, 310), (2025, 1, 0), (2025, 2, 280))
        return Months(
            [MonthTally(year, month, Tally(calls=calls), True) for year, month, calls in counts],
            self.coverage,
        )


@pytest.fixture(scope="module")
def portal(tmp_path_factory) -> Iterator[tuple[Flask, Services]]:
    """One app with an operator, `anna`, and `boris`, who may not see calls."""
    database = tmp_path_factory.mktemp("portal") / "portal.db"
    services = build_services(
        read_settings(
            None,
            {
                "PORTAL__PORTAL__SECRET_KEY": "not a secret, only in this test " * 2,
                "PORTAL__PORTAL__DATABASE_URL": f"sqlite:///{database}",
            },
        )
    )
    Base.metadata.create_all(services.store.engine)
    services.accounts.add("anna", "Анна", Role.OPERATOR, PASSWORD)
    boris = services.accounts.add("boris", "Борис", Role.OPERATOR, PASSWORD)
    services.accounts.revoke(boris.id, Right.MOSCOW)
    services = replace(services, live=LiveBoard(services.store, keep=0))
    yield create_app(services).server, services
    services.store.close()


@pytest.fixture(scope="module")
def anna(portal) -> FlaskClient:
    return logged_in(portal[0], "anna")


@pytest.fixture(autouse=True)
def calls(portal) -> FakeCalls:
    """A fresh fake inside the one app."""
    server, services = portal
    fake = FakeCalls()
    server.extensions["portal"] = replace(services, calls=fake, statistics=FakeStatistics(fake))
    return fake


@pytest.fixture
def statistics(portal, calls) -> FakeStatistics:
    return portal[0].extensions["portal"].statistics


def logged_in(server: Flask, login: str) -> FlaskClient:
    client = server.test_client()
    answer = client.post("/login", data={"username": login, "password": PASSWORD})
    assert answer.status_code == 303
    return client


def assert_refused(answer, status: int) -> None:
    assert answer.status_code == status
    assert answer.mimetype == "application/json"
    assert answer.json["success"] is False
    assert answer.json["error"]
    assert answer.json["request_id"] == answer.headers["X-Request-Id"]


EVERY_ROUTE = (
    "/api/moscow-calls",
    "/api/calls",
    "/api/moscow-operator-stats",
    "/api/moscow-calls-monthly-stats",
    "/api/call_stats",
    "/api/client-card/call/1",
    "/api/call-agency-data/1",
)


@pytest.mark.parametrize("path", ["/api/moscow-calls", "/api/calls"])
def test_a_call_has_the_keys_and_formats_that_callers_know(anna, path):
    answer = anna.get(path)

    assert answer.status_code == 200
    assert answer.json == {
        "success": True,
        "calls": [
            {
                "id": 9_200_417,
                "phone_number": "+79161234567",
                "operator": "Анна Белова",
                "time": "10.03.2025, 09:04:09",
                "card_id": 31,
                "pp_id": 52,
                "has_client_card": True,
                "result": 1,
                "call_result_text": "Обработано",
                "call_type_text": "Заказ тура",
            },
            {
                "id": 9_200_416,
                "phone_number": None,
                "operator": None,
                "time": "10.03.2025, 00:00:00",
                "card_id": None,
                "pp_id": None,
                "has_client_card": False,
                "result": None,
                "call_result_text": "Неизвестный результат",
                "call_type_text": "Неизвестный тип",
            },
        ],
    }


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (0, "Сорвался"),
        (1, "Обработано"),
        (2, "Клиент положил трубку"),
        (3, "Не работает интернет"),
        (4, "Сорвался-обрыв"),
        (5, "Сорвался-плохая слышимость"),
        (6, "Сорвался-тишина"),
        (7, "Неизвестный результат"),
        (-1, "Неизвестный результат"),
    ],
)
def test_a_result_code_has_its_russian_words(anna, calls, code, text):
    calls.calls = (replace(CALL, result=code),)

    (call,) = anna.get("/api/calls").json["calls"]

    assert (call["result"], call["call_result_text"]) == (code, text)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (0, "Ошиблись номером"),
        (1, "Англичанин"),
        (2, "Агентство"),
        (3, "Сервисный звонок"),
        (4, "Покупка билетов"),
        (5, "Заказ тура"),
        (6, "Не по теме"),
        (7, "Сорвался звонок"),
        (8, "Неизвестный тип"),
        (None, "Неизвестный тип"),
    ],
)
def test_a_type_code_has_its_russian_words(anna, calls, code, text):
    calls.calls = (replace(CALL, call_type=code),)

    (call,) = anna.get("/api/calls").json["calls"]

    assert call["call_type_text"] == text


def test_the_words_for_codes_stay_russian_in_the_english_interface(portal):
    anna = logged_in(portal[0], "anna")
    anna.set_cookie("portal_language", "en")

    (call, _stray) = anna.get("/api/calls").json["calls"]

    assert call["call_result_text"] == "Обработано"


@pytest.mark.parametrize("path", ["/api/calls", "/api/moscow-calls", "/api/moscow-operator-stats"])
def test_the_day_is_the_one_asked_for(anna, calls, path):
    anna.get(f"{path}?date=2024-02-29")

    assert calls.asked[0] == CallFilter(first=date(2024, 2, 29), last=date(2024, 2, 29))


@pytest.mark.parametrize("path", ["/api/calls", "/api/moscow-calls", "/api/moscow-operator-stats"])
def test_without_a_date_the_day_is_today_in_the_centre(anna, calls, path):
    anna.get(path)

    assert calls.asked[0] == CallFilter(first=TODAY, last=TODAY)


@pytest.mark.parametrize(
    "query",
    [
        "date=",
        "date=today",
        "date=2025-02-29",
        "date=2025-13-01",
        "date=10.03.2025",
        "date=20250310",
        "date=2025-W11-1",
        "date=2025-3-1",
        "date=2025-03-10T00:00:00",
        "date=2025-03-10%0A",
        "date=%202025-03-10",
        "date=-2025-03-10",
        "date=٢٠٢٥-٠٣-١٠",
        "date=0001-01-01",
        "date=9999-12-31",
        "date=%00",
        "date=%FF%FE",
        "date=%27%20OR%201=1",
        "date=" + "9" * 10_000,
        "date=2025-03-10&date=2025-03-11",
        "date=2025-03-10&date=2025-03-10",
        "date=&date=2025-03-10",
    ],
)
@pytest.mark.parametrize("path", ["/api/calls", "/api/moscow-calls", "/api/moscow-operator-stats"])
def test_a_malformed_date_is_refused_and_never_means_today(anna, calls, path, query):
    answer = anna.get(f"{path}?{query}")

    assert_refused(answer, 400)
    assert calls.asked == []


@pytest.mark.parametrize("path", ["/api/client-card/call/", "/api/call-agency-data/"])
@pytest.mark.parametrize(
    "given",
    [
        "abc",
        "-1",
        "+1",
        "1.0",
        "1e3",
        "0x1f",
        "007",
        "1_000",
        "%201",
        "1%0A",
        "١٢",
        "²",
        "%00",
        "%FF",
        "null",
        str(2**63),
        "9" * 5_000,
        "1;DROP",
    ],
)
def test_a_malformed_id_is_refused(anna, calls, path, given):
    answer = anna.get(path + given)

    assert_refused(answer, 400)
    assert calls.asked == []


@pytest.mark.parametrize("possible", [0, 1, 2**31, 2**63 - 1])
def test_any_id_a_database_could_hold_is_looked_up(anna, calls, possible):
    card = anna.get(f"/api/client-card/call/{possible}")
    agencies = anna.get(f"/api/call-agency-data/{possible}")

    assert_refused(card, 404)
    assert agencies.json == {"success": True, "agency_data": []}
    assert calls.asked == [possible, possible]


def test_parameters_nobody_knows_are_left_aside(anna, calls):
    answer = anna.get("/api/calls?_=1741600000&date=2025-03-09")

    assert answer.status_code == 200
    assert calls.asked[0].first == date(2025, 3, 9)


def test_operators_come_by_name_and_calls_without_one_last(anna, calls):
    calls.operators = (
        OperatorCount(None, None, 40),
        OperatorCount(2, "Яна Орлова", 30),
        OperatorCount(3, "анна белова", 20),
        OperatorCount(1, "Борис Зайцев", 10),
    )

    answer = anna.get("/api/moscow-operator-stats")

    assert answer.json == {
        "success": True,
        "stats": [
            {"operator_name": "анна белова", "call_count": 20},
            {"operator_name": "Борис Зайцев", "call_count": 10},
            {"operator_name": "Яна Орлова", "call_count": 30},
            {"operator_name": None, "call_count": 40},
        ],
    }


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, None), (0.0, "0:00"), (9.4, "0:09"), (59.6, "1:00"), (187.2, "3:07"), (3725.0, "62:05")],
)
def test_the_average_time_is_minutes_and_seconds_or_unknown(anna, calls, seconds, shown):
    calls.stats = CallStats(10_000_000, seconds)

    assert anna.get("/api/call_stats").json == {"total_calls": 10_000_000, "avg_time": shown}


def test_months_come_with_their_calls_and_empty_ones_are_left_out(anna):
    answer = anna.get("/api/moscow-calls-monthly-stats")

    assert answer.json == {
        "success": True,
        "stats": [
            {"year": 2024, "month": 12, "count": 310},
            {"year": 2025, "month": 2, "count": 280},
        ],
    }
    assert answer.headers["X-Data-As-Of"] == "2025-03-10T09:00:05+00:00"
    assert "X-Data-Unknown-Days" not in answer.headers


def test_months_tell_how_many_days_are_not_counted_yet(anna, statistics):
    statistics.coverage = Coverage(unknown_days=12, as_of=AS_OF, problem=Problem(Reason.TIMEOUT, AS_OF))

    answer = anna.get("/api/moscow-calls-monthly-stats")

    assert answer.status_code == 200
    assert answer.headers["X-Data-Unknown-Days"] == "12"
    assert answer.headers["X-Data-Problem"] == "timeout"


@pytest.mark.parametrize("problem", [None, Problem(Reason.REFUSED, AS_OF)])
def test_before_any_day_is_counted_the_months_are_not_known(anna, statistics, problem):
    statistics.coverage = Coverage(unknown_days=1, as_of=None, problem=problem)

    assert_refused(anna.get("/api/moscow-calls-monthly-stats"), 503)


def test_a_client_card_has_the_keys_that_callers_know(anna):
    answer = anna.get(f"/api/client-card/call/{CALL.id}")

    assert answer.status_code == 200
    assert answer.json == {
        "success": True,
        "client_data": {
            "processing_id": 52,
            "client_name": "Пётр",
            "client_city": "Тверь",
            "manager_name": "Ирина",
            "metro_name": None,
            "country_name": "Турция",
            "ad_name": "Радио",
            "phone": "+79161234567",
        },
    }


def test_an_agency_comes_with_its_phones_and_how_it_was_rung(anna):
    answer = anna.get("/api/call-agency-data/52")

    assert answer.status_code == 200
    (agency,) = answer.json["agency_data"]
    assert (agency["id"], agency["name"], agency["address"]) == (11, "Бриз", "Арбат, 1")
    assert agency["phones"] == [
        {"number": "+74950000001", "comment": "касса"},
        {"number": "+74950000002", "comment": None},
    ]
    assert agency["ringing"] == {
        "outcome": 1,
        "outcome_text": "занято",
        "time": "10.03.2025, 09:10:00",
        "client_name": "Пётр",
        "country": "Турция",
        "metro": None,
        "manager": "Ирина",
        "operator": "Анна Белова",
    }


def test_an_unchanged_day_is_not_sent_or_even_read_again(anna, calls):
    first = anna.get("/api/calls")
    calls.asked.clear()

    again = anna.get("/api/calls", headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Cache-Control"] == "private, no-cache"
    assert "stream" not in calls.asked


def test_a_compressed_answer_is_recognised_too(anna, calls):
    calls.calls = (CALL,) * 100
    first = anna.get("/api/calls", headers={"Accept-Encoding": "br"})

    again = anna.get("/api/calls", headers={"If-None-Match": first.headers["ETag"]})

    assert first.headers["Content-Encoding"] == "br"
    assert again.status_code == 304


def test_a_changed_day_is_sent_again(portal, anna):
    first = anna.get("/api/calls")
    with portal[1].store.write() as session:
        bump(session, Topic.CALLS)

    again = anna.get("/api/calls", headers={"If-None-Match": first.headers["ETag"]})

    assert again.status_code == 200


def test_the_tag_of_one_day_says_nothing_about_another(anna):
    first = anna.get("/api/calls?date=2025-03-09")

    other = anna.get("/api/calls", headers={"If-None-Match": first.headers["ETag"]})

    assert other.status_code == 200


def test_a_day_read_from_the_source_has_no_tag_because_nobody_counts_its_changes(anna, calls):
    calls.freshness = SOURCE

    answer = anna.get("/api/calls")

    assert answer.status_code == 200
    assert "ETag" not in answer.headers


@pytest.mark.parametrize("path", ["/api/calls", "/api/moscow-operator-stats"])
def test_an_outage_leaves_what_is_known_and_says_so_in_headers(anna, calls, path):
    calls.freshness = OUTAGE

    answer = anna.get(path)

    assert answer.status_code == 200
    assert answer.headers["X-Data-As-Of"] == "2025-03-10T09:00:05+00:00"
    assert answer.headers["X-Data-Problem"] == "timeout"


def test_a_current_answer_names_no_problem(anna):
    assert "X-Data-Problem" not in anna.get("/api/calls").headers


@pytest.mark.parametrize("path", EVERY_ROUTE)
@pytest.mark.parametrize("error", [UpstreamUnavailable("no answer", Reason.TIMEOUT), NotConfigured()])
def test_without_the_database_and_without_knowledge_the_answer_is_503(anna, calls, path, error):
    calls.error = error

    assert_refused(anna.get(path), 503)


@pytest.mark.parametrize("path", EVERY_ROUTE)
def test_a_stranger_is_asked_to_log_in(portal, calls, path):
    answer = portal[0].test_client().get(path)

    assert_refused(answer, 401)
    assert calls.asked == []


@pytest.mark.parametrize("path", EVERY_ROUTE)
def test_who_may_not_see_calls_gets_none(portal, calls, path):
    answer = logged_in(portal[0], "boris").get(path)

    assert_refused(answer, 403)
    assert calls.asked == []


@pytest.mark.parametrize(
    "path",
    ["/api/typo", "/api/", "/api/client-card/call/", "/api/call-agency-data/1/2", "/api/agency"],
)
def test_an_unknown_path_is_404_and_no_page(anna, path):
    assert_refused(anna.get(path), 404)


@pytest.mark.parametrize("path", EVERY_ROUTE)
def test_only_reading_is_possible(anna, path):
    answer = anna.post(path)

    assert_refused(answer, 405)
    assert "GET" in answer.headers["Allow"]
