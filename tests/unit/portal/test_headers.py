"""Headers, caching, error pages, and who is believed about the client's address."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from portal.observe import REQUEST_ID_HEADER
from portal.security.guard import CALLBACK_ENDPOINT
from services.storage import StorageBusy, StorageFull, StorageUnavailable
from tests.unit.portal.fakes import AS_PAGE, SAME_ORIGIN, enter, in_russian, page_request, proof_of

JAVASCRIPT = {"", "text/javascript", "application/javascript", "module"}
TRACES = ("Traceback", "Werkzeug", "werkzeug", "Flask", "Dash/", "gunicorn", "Python", ".py", "site-packages")


def policy(answer) -> dict[str, list[str]]:
    parts = (part.split() for part in answer.headers["Content-Security-Policy"].split(";"))
    return {name: sources for name, *sources in parts}


class InlineScripts(HTMLParser):
    """Collects the content of executable scripts without `src`."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside = False

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self._inside = tag == "script" and "src" not in given and given.get("type", "") in JAVASCRIPT
        if self._inside:
            self.found.append("")

    def handle_endtag(self, tag):
        self._inside = False

    def handle_data(self, data):
        if self._inside:
            self.found[-1] += data


def inline_scripts(page: str) -> list[str]:
    parser = InlineScripts()
    parser.feed(page)
    return parser.found


def hash_source(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


@pytest.fixture(scope="module")
def operator(shared_portal):
    return shared_portal.logged_in("operator")


# Content security policy


@pytest.mark.parametrize(
    "path", ["/login", "/calls", "/tick", "/nothing", "/assets/00-theme.css", "/healthz"]
)
def test_every_answer_has_the_policy_and_the_other_headers(operator, path):
    answer = operator.get(path, buffered=True)

    assert policy(answer)["default-src"] == ["'none'"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_scripts_are_ours_or_have_a_hash(operator):
    sources = policy(operator.get("/calls"))["script-src"]

    assert "'self'" in sources
    assert "'unsafe-inline'" not in sources
    assert "'unsafe-eval'" not in sources
    others = [source for source in sources if source != "'self'"]
    assert others
    assert all(re.fullmatch(r"'sha256-[A-Za-z0-9+/]{43}='", source) for source in others)


def test_nothing_may_frame_the_portal_or_send_its_forms_elsewhere(operator):
    found = policy(operator.get("/calls"))

    assert found["frame-ancestors"] == found["base-uri"] == found["object-src"] == ["'none'"]
    assert found["form-action"] == found["connect-src"] == ["'self'"]


@pytest.mark.parametrize("path", ["/calls", "/login", "/account/password", "/nothing", "/api/docs"])
def test_every_inline_script_of_a_page_is_covered_by_a_hash(operator, shared_portal, path):
    client = shared_portal.stranger() if path == "/login" else operator
    answer = client.get(path, headers=AS_PAGE)
    allowed = policy(answer)["script-src"]

    assert answer.mimetype == "text/html"
    assert [script for script in inline_scripts(answer.text) if hash_source(script) not in allowed] == []


def test_the_index_page_has_inline_scripts_for_the_test_above_to_judge(operator):
    assert len(inline_scripts(operator.get("/calls", headers=AS_PAGE).text)) >= 1


@pytest.mark.parametrize("path", ["/calls", "/login", "/account/password", "/nothing", "/api/docs"])
def test_no_page_has_script_in_attributes_or_anything_from_elsewhere(operator, shared_portal, path):
    client = shared_portal.stranger() if path == "/login" else operator
    page = client.get(path, headers=AS_PAGE).text

    assert re.findall(r"<[^>]+\son\w+\s*=", page) == []
    assert re.findall(r"""(?:src|href|action)=["'](?!/)[^"'#][^"']*""", page) == []
    assert "javascript:" not in page


def test_tls_is_demanded_from_then_on_when_people_come_by_tls(make_portal, shared_portal):
    secured = make_portal(PORTAL__PUBLIC_URL="https://portal.example.com")

    assert "max-age=" in secured.stranger().get("/login").headers["Strict-Transport-Security"]
    assert "Strict-Transport-Security" not in shared_portal.stranger().get("/login").headers


# Caching


@pytest.mark.parametrize(
    "path", ["/calls", "/login", "/_dash-layout", "/_dash-dependencies", "/tick", "/calls/rows", "/nothing"]
)
def test_what_a_person_sees_is_stored_nowhere(operator, path):
    assert operator.get(path).headers["Cache-Control"] == "no-store"


def test_answers_of_callbacks_are_stored_nowhere(operator):
    answer = operator.post(CALLBACK_ENDPOINT, json=page_request(), headers=SAME_ORIGIN)

    assert answer.headers["Cache-Control"] == "no-store"


def test_files_are_kept_for_a_year(operator):
    page = operator.get("/calls", headers=AS_PAGE).text
    files = re.findall(r'(?:src|href)="(/(?:assets|_dash-component-suites)/[^"]+)"', page)
    assert len(files) > 5

    for file in files:
        answer = operator.get(file.replace("&amp;", "&"), buffered=True)
        assert answer.status_code == 200
        assert int(re.search(r"max-age=(\d+)", answer.headers["Cache-Control"]).group(1)) >= 31_536_000, file


def test_a_file_that_is_missing_is_missing_only_for_now(operator):
    answer = operator.get("/assets/nothing.js")

    assert answer.status_code == 404
    assert "max-age" not in answer.headers.get("Cache-Control", "")


# Error pages


@pytest.mark.parametrize(
    "path", ["/nothing", "/calls/nothing", "/pages/not-found-404", "/assets/../settings.py"]
)
def test_an_unknown_address_gets_a_page_in_words(operator, path):
    answer = operator.get(path, headers=AS_PAGE)

    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert in_russian("There is no such page or object.") in answer.text


@pytest.mark.parametrize("path", ["/api/nothing", "/api/", "/api/calls/x", "/api/openapi.json/x"])
def test_an_unknown_address_under_api_is_no_page(operator, path):
    answer = operator.get(path, headers=AS_PAGE)

    assert (answer.status_code, answer.mimetype) == (404, "application/json")
    assert answer.json["success"] is False


@pytest.mark.parametrize("path", ["nothing/x.js", "dash/nothing.js", "dash/../../settings.py", "os/path.py"])
def test_a_script_that_dash_does_not_serve_is_unknown(operator, path):
    assert operator.get(f"/_dash-component-suites/{path}").status_code == 404


def test_a_wrong_method_is_answered_in_words(operator):
    answer = operator.post("/tick", headers=proof_of(operator))

    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    assert answer.json["error"]


@pytest.fixture
def breaking(fresh_portal):
    """A portal whose call log fails as told, and an operator who asks for rows."""

    def ask(error: Exception, accept: str):
        fresh_portal.calls.error = error
        return fresh_portal.logged_in("operator").get("/calls/rows", headers={"Accept": accept})

    return ask


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_a_mistake_of_ours_is_told_in_words_with_its_number_and_nothing_more(breaking, caplog, accept):
    answer = breaking(RuntimeError("password=hunter2 in /srv/app.py"), accept)

    assert answer.status_code == 500
    assert answer.mimetype == accept
    assert answer.headers[REQUEST_ID_HEADER] in answer.text
    assert "hunter2" not in answer.text
    assert [trace for trace in TRACES if trace in answer.text] == []
    assert "hunter2" in caplog.text


@pytest.mark.parametrize("error", [StorageFull("x"), StorageBusy("x"), StorageUnavailable("/srv/portal.db")])
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_a_failing_portal_database_is_named_for_what_it_is(breaking, error, accept):
    answer = breaking(error, accept)

    assert answer.status_code == 503
    assert "portal.db" not in answer.text
    assert [trace for trace in TRACES if trace in answer.text] == []


def test_a_full_disk_says_that_reading_goes_on(breaking):
    words = in_russian("The disk of the portal is full: nothing can be saved. Reading goes on.")

    assert words in breaking(StorageFull("x"), "text/html").text


@pytest.mark.parametrize("path", ["/nothing", "/calls/rows", "/metrics"])
def test_no_refusal_names_the_software(shared_portal, path):
    answer = shared_portal.logged_in("outsider").get(path, headers=AS_PAGE)

    assert answer.status_code in (403, 404)
    assert [trace for trace in TRACES if trace in answer.text] == []
    assert "Server" not in answer.headers


def test_each_request_has_a_number_of_its_own(operator):
    first, second = (operator.get("/tick").headers[REQUEST_ID_HEADER] for _ in range(2))

    assert first != second
    assert re.fullmatch("[0-9a-f]{12}", first)


def test_a_request_number_from_outside_is_not_taken_over(operator):
    answer = operator.get("/tick", headers={REQUEST_ID_HEADER: "forged"})

    assert answer.headers[REQUEST_ID_HEADER] != "forged"


def test_a_body_larger_than_any_form_is_refused(shared_portal):
    answer = shared_portal.stranger().post("/login", data={"username": "x" * 2_000_000})

    assert answer.status_code == 413


# Proxies

PROXY, STRANGER = "192.0.2.7", "198.51.100.9"


def address_seen(portal, peer: str, forwarded: str) -> str | None:
    """The address kept with a login that came over `peer` with a forwarded address."""
    answer = portal.stranger().post(
        "/login",
        data={"username": "operator", "password": "demo"},
        headers={"X-Forwarded-For": forwarded},
        environ_overrides={"REMOTE_ADDR": peer},
    )
    assert answer.status_code == 303
    return portal.services.accounts.find_person("operator").last_login_address


def test_a_named_proxy_is_believed_about_the_client(make_portal):
    portal = make_portal(PORTAL__TRUSTED_PROXIES="192.0.2.0/24, ::1/128")

    assert address_seen(portal, PROXY, STRANGER) == STRANGER
    assert address_seen(portal, "::1", STRANGER) == STRANGER


def test_anybody_else_is_not_believed(make_portal):
    portal = make_portal(PORTAL__TRUSTED_PROXIES="192.0.2.0/24")

    assert address_seen(portal, STRANGER, PROXY) == STRANGER
    assert address_seen(portal, "", PROXY) == ""


def test_without_named_proxies_nobody_is_believed(fresh_portal):
    assert address_seen(fresh_portal, "127.0.0.1", STRANGER) == "127.0.0.1"


def test_only_the_last_hop_of_a_named_proxy_counts(make_portal):
    portal = make_portal(PORTAL__TRUSTED_PROXIES=PROXY)

    assert address_seen(portal, PROXY, f"203.0.113.1, {STRANGER}") == STRANGER


def test_a_named_proxy_tells_about_tls_and_nobody_else_does(make_portal):
    portal = make_portal(PORTAL__TRUSTED_PROXIES=PROXY)

    def cookie(peer: str) -> str:
        answer = portal.stranger().post(
            "/login",
            data={"username": "operator", "password": "demo"},
            headers={"X-Forwarded-Proto": "https"},
            environ_overrides={"REMOTE_ADDR": peer},
        )
        return answer.headers["Set-Cookie"]

    assert "Secure" in cookie(PROXY)
    assert "Secure" not in cookie(STRANGER)


def test_a_forged_address_does_not_reopen_a_closed_login(fresh_portal):
    for place in range(5):
        address = {"X-Forwarded-For": f"203.0.113.{place}"}
        client = fresh_portal.stranger()
        client.post("/login", data={"username": "operator", "password": "wrong"}, headers=address)

    assert enter(fresh_portal.stranger(), "operator").status_code == 429
