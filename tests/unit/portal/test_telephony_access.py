"""Who may report calls and see cards: the networks of the settings with their token, and nobody else."""

import json
import re
from ipaddress import ip_network

import pytest

from portal.security.telephony import CALL_COOKIE, SMALLEST_BURST, TOKEN_HEADER, RateLimit, is_listed
from services.storage import StorageUnavailable
from tests.unit.portal.fakes import AS_PAGE, SAME_ORIGIN, proof_of
from tests.unit.portal.telephony_examples import NUMBER, TEL, past_call, token_of_call

SECRET = "a shared token of the platform"
BEGIN = {"type": "newcall", "ani": NUMBER, "curator_id": "205"}
STRANGER = {"REMOTE_ADDR": "198.51.100.9"}
LISTED = {"REMOTE_ADDR": "192.0.2.77"}
#: Each route, as it is asked.
ROUTES = (
    ("GET", f"{TEL}?type=newcall&ani={NUMBER}"),
    ("POST", f"{TEL}{NUMBER}/?type=newcall"),
    ("OPTIONS", TEL),
    ("GET", f"/call-show/x/?call={token_of_call(1)}"),
    ("POST", f"/update_call_theme?call={token_of_call(1)}"),
    ("GET", "/get_latest_calls"),
)


def begun(client, **more):
    """The answer to the begin of a call."""
    return client.get(TEL, query_string=BEGIN | more)


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("headers", [{}, AS_PAGE, {TOKEN_HEADER: SECRET}], ids=["plain", "page", "token"])
def test_a_stranger_gets_403_and_learns_nothing(make_telephony, method, path, headers):
    portal, telephony = make_telephony(TELEPHONY__TOKEN=SECRET)
    known = begun(portal.stranger(), token=SECRET)
    telephony.reports.clear()

    answer = portal.stranger().open(path, method=method, headers=headers, environ_overrides=STRANGER)

    assert answer.status_code == 403
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Set-Cookie" not in answer.headers
    assert not re.search("Pavyz|newcall|network|token|telephony|телефон", answer.text, re.IGNORECASE)
    assert telephony.reports == []
    assert known.status_code == 200


def test_a_refusal_leaves_an_audit_line_without_number_or_token(make_telephony, caplog):
    portal, _telephony = make_telephony(TELEPHONY__TOKEN=SECRET)

    portal.stranger().get(f"{TEL}{NUMBER}/?type=newcall&token=guessed", environ_overrides=STRANGER)

    (line,) = [record for record in caplog.records if record.name == "portal.audit"]
    assert "198.51.100.9" in line.getMessage()
    assert line.fields["address"] == "198.51.100.9"
    everything = json.dumps([vars(record) for record in caplog.records], default=str)
    assert NUMBER not in everything
    assert "guessed" not in everything


def test_a_refusal_asks_neither_for_a_session_nor_for_a_call(make_telephony):
    portal, telephony = make_telephony()
    telephony.ledger.error = StorageUnavailable("x")
    client = portal.logged_in("admin")

    answer = client.get(TEL, query_string=BEGIN, environ_overrides=STRANGER)

    assert answer.status_code == 403  # what the platform reports is no matter of a person's rights


def test_the_networks_of_the_settings_are_let_in_and_loopback_then_is_not(make_telephony):
    portal, _telephony = make_telephony(TELEPHONY__ALLOW="192.0.2.0/24")
    client = portal.stranger()

    assert client.get(TEL, query_string=BEGIN, environ_overrides=LISTED).status_code == 200
    assert begun(client).status_code == 403


@pytest.mark.parametrize(
    ("address", "is_in"),
    [
        ("192.0.2.1", True),
        ("::ffff:192.0.2.1", True),
        ("192.0.3.1", False),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("", False),
        (None, False),
        ("nonsense", False),
    ],
)
def test_an_address_is_in_the_list_however_it_is_written(address, is_in):
    assert is_listed(address, (ip_network("192.0.2.0/24"), ip_network("2001:db8::/32"))) is is_in


def test_without_the_section_there_is_no_telephony_for_anybody(shared_portal):
    assert begun(shared_portal.stranger()).status_code == 403
    assert shared_portal.stranger().get("/get_latest_calls").status_code == 403
    answer = shared_portal.logged_in("supervisor").get("/get_latest_calls")
    assert (answer.status_code, answer.json["success"]) == (404, False)


# The shared token


@pytest.mark.parametrize("token", ["", "wrong", SECRET + "x", SECRET[:-1], "токен", "\x00"])
def test_a_wrong_token_is_none(make_telephony, token):
    portal, telephony = make_telephony(TELEPHONY__TOKEN=SECRET)

    assert begun(portal.stranger(), token=token).status_code == 403
    assert begun(portal.stranger()).status_code == 403
    assert telephony.reports == []


def test_the_token_comes_in_the_address_or_in_a_header(make_telephony):
    portal, _telephony = make_telephony(TELEPHONY__TOKEN=SECRET)

    assert begun(portal.stranger(), token=SECRET).status_code == 200
    answer = portal.stranger().get(TEL, query_string=BEGIN, headers={TOKEN_HEADER: SECRET})
    assert answer.status_code == 200


def test_the_token_is_in_no_page_no_cookie_and_no_event(make_telephony):
    portal, telephony = make_telephony(TELEPHONY__TOKEN="x-secret-x")

    answer = begun(portal.stranger(), token="x-secret-x")

    assert "x-secret-x" not in answer.text
    assert "x-secret-x" not in str(answer.headers)
    assert telephony.reports[0].url == f"{TEL}?type=newcall&ani={NUMBER}&curator_id=205"


def test_the_token_of_a_call_opens_its_card_and_sets_its_theme_but_not_the_list(make_telephony):
    portal, telephony = make_telephony(TELEPHONY__TOKEN=SECRET)
    begun(portal.stranger(), token=SECRET)
    other_tab, call = portal.stranger(), {"call": token_of_call(1)}

    assert other_tab.get("/call-show/x/", query_string=call).status_code == 200
    answer = other_tab.post("/update_call_theme", data=call | {"theme": "Оплата"}, headers=SAME_ORIGIN)
    assert answer.json["status"] == "success"
    assert other_tab.get("/get_latest_calls", query_string=call).status_code == 403
    assert begun(other_tab, **call).status_code == 403
    assert len(telephony.reports) == 1


@pytest.mark.parametrize("token", ["", "x", token_of_call(2), "я" * 43, "\x00" * 43, "a" * 10_000])
def test_a_token_that_no_call_has_opens_nothing(make_telephony, token):
    portal, _telephony = make_telephony(TELEPHONY__TOKEN=SECRET)
    begun(portal.stranger(), token=SECRET)

    assert portal.stranger().get("/call-show/x/", query_string={"call": token}).status_code == 403
    assert portal.stranger().post("/update_call_theme", data={"call": token}).status_code == 403


# Persons


def test_who_may_see_the_centre_may_see_cards_and_latest_calls_from_anywhere(make_telephony):
    portal, telephony = make_telephony()
    begun(portal.stranger())
    telephony.centre.past = (past_call(),)
    client, call = portal.logged_in("supervisor"), {"call": token_of_call(1)}

    def status(method: str, path: str, **options: object) -> int:
        return client.open(path, method=method, environ_overrides=STRANGER, **options).status_code

    assert status("GET", "/call-show/x/", query_string=call) == 200
    assert status("GET", "/get_latest_calls") == 200
    assert status("POST", "/update_call_theme", data=call | {"theme": "Оплата"}) == 403
    assert status("POST", "/update_call_theme", data=call | {"theme": "Оплата"}, headers=SAME_ORIGIN) == 200
    assert (
        status("POST", "/update_call_theme", data=call | {"theme": "Бронь"}, headers=proof_of(client)) == 200
    )


@pytest.mark.parametrize("kind", ["operator", "outsider"])
def test_who_may_not_see_the_centre_is_a_stranger(make_telephony, kind):
    portal, _telephony = make_telephony()
    begun(portal.stranger())
    client = portal.logged_in(kind)

    for path in ("/get_latest_calls", f"/call-show/x/?call={token_of_call(1)}"):
        assert client.get(path, environ_overrides=STRANGER).status_code == 403


def test_a_page_of_another_site_sets_no_theme(make_telephony):
    portal, telephony = make_telephony()
    client = portal.stranger()
    begun(client)

    for headers in ({"Origin": "https://evil.example.com"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = client.post("/update_call_theme", data={"theme": "Оплата"}, headers=headers)
        assert answer.status_code == 403

    assert telephony.ledger.calls[token_of_call(1)].theme is None


# Floods


def test_a_flood_is_told_to_wait_and_reports_nothing(make_telephony):
    portal, telephony = make_telephony(TELEPHONY__RATE_PER_SECOND="10")
    portal.server.extensions["portal.telephony_rate"] = RateLimit(10, clock=lambda: 0.0)
    client = portal.stranger()

    statuses = [begun(client).status_code for _ in range(SMALLEST_BURST + 3)]

    assert statuses == [200] * SMALLEST_BURST + [429] * 3
    assert begun(client).headers["Retry-After"] == "1"
    assert len(telephony.reports) == SMALLEST_BURST
    other = client.get(TEL, query_string=BEGIN, environ_overrides={"REMOTE_ADDR": "127.0.0.2"})
    assert other.status_code == 200


def test_a_source_may_go_on_at_its_rate():
    now = [0.0]
    limit = RateLimit(200, clock=lambda: now[0])

    assert [limit.wait_of("a") for _ in range(200)] == [0.0] * 200
    assert limit.wait_of("a") == pytest.approx(0.005)
    now[0] += 0.5
    assert [limit.wait_of("a") for _ in range(100)] == [0.0] * 100
    assert limit.wait_of("a") > 0


# Other origins and frames


def test_pages_of_any_origin_may_report_calls_and_ask_nothing_else(make_telephony):
    portal, telephony = make_telephony(TELEPHONY__TOKEN=SECRET)
    foreign = {"Origin": "https://finesse.example.com"}
    asking = foreign | {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }

    question = portal.stranger().options(TEL, headers=asking)
    told = portal.stranger().post(TEL, query_string=BEGIN | {"token": SECRET}, headers=foreign)

    assert question.status_code == 200
    for answer in (question, told):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Access-Control-Allow-Methods"] == "GET, POST, OPTIONS"
        assert answer.headers["Access-Control-Allow-Headers"] == "Content-Type"
        assert "Access-Control-Allow-Credentials" not in answer.headers
    assert len(telephony.reports) == 1
    for path in (f"/call-show/x/?call={token_of_call(1)}", f"/get_latest_calls?token={SECRET}", "/login"):
        answer = portal.stranger().get(path, headers=foreign)
        assert (answer.status_code, "Access-Control-Allow-Origin" in answer.headers) == (200, False)


def test_only_configured_origins_may_hold_a_card_in_a_frame(make_telephony):
    origin = "https://finesse.example.com:8445"
    portal, _telephony = make_telephony(
        TELEPHONY__FRAME_ORIGINS=origin, PORTAL__PUBLIC_URL="https://portal.example.com"
    )

    card = begun(portal.stranger())
    again = portal.stranger().get("/call-show/x/", query_string={"call": token_of_call(1)})

    for answer in (card, again):
        assert "X-Frame-Options" not in answer.headers
        assert answer.headers["Content-Security-Policy"].endswith(f"frame-ancestors {origin}")
    assert {"SameSite=None", "Secure", "HttpOnly"} <= set(card.headers["Set-Cookie"].split("; "))
    for path in ("/login", "/healthz"):
        answer = portal.stranger().get(path)
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Content-Security-Policy"].endswith("frame-ancestors 'none'")


def test_without_configured_origins_nothing_may_be_framed(make_telephony):
    portal, _telephony = make_telephony()

    answer = begun(portal.stranger())

    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Content-Security-Policy"].endswith("frame-ancestors 'none'")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"{CALL_COOKIE}={token_of_call(1)};")
    assert {"HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))
