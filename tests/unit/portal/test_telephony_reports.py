"""What the platform reports: understood, stored before it is answered, and one line in `stat.log` each."""

from datetime import timedelta

import pytest

from portal.card_pages import FREE_THREADS, PATIENCE
from services.storage import StorageBusy, StorageFull, StorageUnavailable
from services.telephony.model import EventKind, Outcome
from tests.unit.portal.fakes import AS_PAGE, in_russian
from tests.unit.portal.telephony_examples import CARD, NUMBER, TEL, UNKNOWN_NUMBER, token_of_call

BEGIN = {"type": "newcall", "ani": NUMBER, "curator_id": "205"}
AS_SCRIPT = {"Accept": "application/json"}


def test_a_begin_is_reported_with_everything_the_platform_says(called):
    client, telephony = called
    more = {"call_id": "A-1", "cause": "16", "queue": "sales", "answered": "true", "time": "1742198400"}

    client.get(TEL, query_string=BEGIN | more)

    (report,) = telephony.reports
    assert report.kind is EventKind.BEGIN
    assert (report.ani, report.curator, report.address) == (NUMBER, "205", "127.0.0.1")
    assert (report.call_id, report.cause, report.queue, report.answered) == ("A-1", "16", "sales", True)
    assert report.platform_time == "1742198400"
    assert report.url.startswith(f"{TEL}?type=newcall&ani={NUMBER}&")


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.get(f"{TEL}{NUMBER}/?type=newcall&curator_id=205"),
        lambda client: client.get(f"{TEL}{NUMBER}?type=newcall&curator_id=205"),
        lambda client: client.get(f"{TEL}ignored/", query_string=BEGIN),
        lambda client: client.get(TEL.rstrip("/"), query_string=BEGIN),
        lambda client: client.post(TEL, data=BEGIN),
        lambda client: client.post(TEL, json=BEGIN),
        lambda client: client.post(TEL, json={"type": "newcall", "ani": int(NUMBER), "curator_id": 205}),
        lambda client: client.post(TEL, query_string=BEGIN, data={"ani": "1"}),
        lambda client: client.get(TEL, query_string=BEGIN | {"type": " NewCall "}),
    ],
    ids=["path", "no slash", "both", "no slash at all", "form", "JSON", "figures", "form besides", "case"],
)
def test_a_report_is_understood_wherever_its_values_stand(called, ask):
    client, telephony = called

    assert ask(client).status_code == 200

    (report,) = telephony.reports
    assert (report.kind, report.ani, report.curator) == (EventKind.BEGIN, NUMBER, "205")


@pytest.mark.parametrize(
    ("said", "answered"),
    [("1", True), ("TRUE", True), ("no", False), ("0", False), ("", None), ("perhaps", None)],
)
def test_whether_somebody_answered_is_taken_only_from_what_is_clear(called, said, answered):
    client, telephony = called

    client.get(TEL, query_string=BEGIN | {"answered": said})

    assert telephony.reports[0].answered is answered


def test_an_end_is_reported(called):
    client, telephony = called

    client.get(TEL, query_string=BEGIN | {"type": "endcall"})

    assert telephony.reports[0].kind is EventKind.END


def test_without_a_type_nothing_is_reported(called):
    client, telephony = called

    answer = client.get(TEL, query_string={"ani": NUMBER, "curator_id": "205"})

    assert telephony.reports == []
    assert "Set-Cookie" not in answer.headers
    assert CARD.name in answer.text
    assert in_russian("Look-up") in answer.text
    assert 'id="themes"' not in answer.text


@pytest.mark.parametrize("type_", ["x", "newcall,endcall", "\x00", "😀", "a" * 5000])
@pytest.mark.parametrize("headers", [AS_PAGE, AS_SCRIPT])
def test_an_event_of_an_unknown_type_is_refused_in_words(called, type_, headers):
    client, telephony = called

    answer = client.get(TEL, query_string=BEGIN | {"type": type_}, headers=headers)

    assert answer.status_code == 400
    assert "newcall" in answer.text
    assert telephony.reports == []


def test_a_refused_event_is_told_to_the_asker(called):
    client, telephony = called
    telephony.outcome = Outcome.REFUSED

    answer = client.get(TEL, query_string=BEGIN | {"curator_id": "2" * 129})

    assert answer.status_code == 400
    assert "128" in answer.text


def test_who_asks_for_json_alone_gets_no_page_and_asks_the_gateway_for_nothing(called):
    client, telephony = called

    answer = client.get(TEL, query_string=BEGIN, headers=AS_SCRIPT)

    assert answer.json == {"success": True, "outcome": "opened", "call": token_of_call(1)}
    assert telephony.cards.waits == []


# Storing


@pytest.mark.parametrize("error", [StorageBusy("x"), StorageFull("x"), StorageUnavailable("x")])
@pytest.mark.parametrize("kind", ["newcall", "endcall"])
@pytest.mark.parametrize("headers", [{}, AS_PAGE, AS_SCRIPT], ids=["plain", "page", "script"])
def test_what_is_not_stored_is_to_be_reported_again(called, error, kind, headers):
    client, telephony = called
    telephony.error = telephony.centre.error = error

    answer = client.get(TEL, query_string=BEGIN | {"type": kind}, headers=headers)

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1


def test_the_operator_sees_the_card_of_a_call_that_is_not_stored_and_is_told(called):
    client, telephony = called
    telephony.error = telephony.centre.error = StorageUnavailable("x")

    page = client.get(TEL, query_string=BEGIN, headers=AS_PAGE).text

    assert CARD.name in page
    assert in_russian("This call is not registered.") in page
    assert in_russian("The past calls cannot be read now.") in page
    assert 'data-address=""' in page  # loading it again reports it again
    assert 'id="themes"' not in page


def test_the_gateway_is_asked_while_the_event_is_stored(called):
    client, telephony = called
    asked_before = []
    report = telephony.report
    telephony.report = lambda told: (asked_before.extend(telephony.cards.waits), report(told))[1]

    client.get(TEL, query_string=BEGIN)

    assert asked_before == [timedelta(0)]
    assert telephony.cards.waits == [timedelta(0), PATIENCE]


def test_some_threads_never_wait_for_the_gateway(make_telephony):
    portal, telephony = make_telephony(PORTAL__THREADS=str(FREE_THREADS + 1))
    inner, outer, card = portal.stranger(), portal.stranger(), telephony.cards.card

    def another_call_meanwhile(agency_id: int, *, wait: timedelta):
        if wait == PATIENCE:
            telephony.cards.card = card
            inner.get(TEL, query_string=BEGIN)
        return card(agency_id, wait=wait)

    telephony.cards.card = another_call_meanwhile
    outer.get(TEL, query_string=BEGIN)

    assert sorted(telephony.cards.waits) == [timedelta(0)] * 3 + [PATIENCE]
    outer.get(TEL, query_string=BEGIN)
    assert telephony.cards.waits[-1] == PATIENCE  # the place is free again


# stat.log


@pytest.fixture
def log_lines(tmp_path):
    return lambda: (tmp_path / "stat.log").read_text(encoding="utf-8").splitlines()


def test_each_request_leaves_one_line(make_telephony, log_lines):
    portal, telephony = make_telephony(TELEPHONY__TOKEN="secret-token")
    client = portal.stranger()

    client.get(TEL, query_string=BEGIN | {"token": "secret-token"})
    client.get(TEL, query_string=BEGIN, environ_overrides={"REMOTE_ADDR": "198.51.100.9"})
    client.get(TEL, query_string={"token": "secret-token", "ani": "Unknown\r\n2025 forged"})
    call = {"call": token_of_call(1), "theme": "Оплата"}
    client.post("/update_call_theme", data=call)
    client.get("/call-show/x/", query_string=call)
    telephony.error = StorageUnavailable("x")
    client.get(TEL, query_string=BEGIN | {"token": "secret-token"})

    lines = [line.split(" ") for line in log_lines()]
    assert [line[1:3] + line[4:5] + line[6:] for line in lines] == [
        ["127.0.0.1", "GET", "200", "opened", "1"],
        ["198.51.100.9", "GET", "403", "-", "-"],
        ["127.0.0.1", "GET", "200", "looked_up", "-"],
        ["127.0.0.1", "POST", "200", "theme", "1"],
        ["127.0.0.1", "GET", "200", "-", "-"],
        ["127.0.0.1", "GET", "503", "not_stored", "-"],
    ]
    assert lines[0][3] == f"{TEL}?type=newcall&ani={NUMBER}&curator_id=205"
    everything = "\n".join(log_lines())
    assert "secret-token" not in everything
    assert token_of_call(1) not in everything


def test_numbers_are_masked_where_the_settings_say_so(make_telephony, log_lines, caplog):
    caplog.set_level("INFO", logger="portal")
    portal, _telephony = make_telephony(TELEPHONY__MASK_NUMBERS="yes")
    client = portal.stranger()

    client.get(TEL, query_string=BEGIN)
    client.get(f"{TEL}{NUMBER}/?type=newcall&ani=")
    client.get(f"{TEL}{NUMBER}/", query_string={"ani": f"+{NUMBER} "})
    client.post(TEL, data=BEGIN)

    assert NUMBER not in "\n".join(log_lines())
    assert "ani=370%2A%2A%2A%2A%2A%2A17" in log_lines()[0]
    assert NUMBER not in caplog.text


def test_a_log_that_cannot_be_written_fails_no_request(make_telephony, tmp_path, caplog):
    (tmp_path / "a-file").touch()
    portal, telephony = make_telephony(TELEPHONY__LOG_FILE=str(tmp_path / "a-file" / "stat.log"))

    assert portal.stranger().get(TEL, query_string=BEGIN).status_code == 200
    assert len(telephony.reports) == 1
    assert "stat.log cannot be opened" in caplog.text


def test_the_log_is_rotated(make_telephony, tmp_path):
    portal, _telephony = make_telephony(TELEPHONY__LOG_MEGABYTES="1")
    client = portal.stranger()
    (tmp_path / "stat.log").write_text("x" * 999_999 + "\n", encoding="utf-8")

    client.get(TEL, query_string={"ani": UNKNOWN_NUMBER})

    assert (tmp_path / "stat.log.1").stat().st_size == 1_000_000
    assert UNKNOWN_NUMBER in (tmp_path / "stat.log").read_text(encoding="utf-8")
