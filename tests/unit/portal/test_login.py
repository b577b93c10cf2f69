"""Entering and leaving: the login page, its cookies, the end of sessions, the change of a password."""

import re
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.context import SESSION_COOKIE
from portal.routes.login import REMEMBERED_S
from portal.security.guard import IDLE_HEADER, LANGUAGE_COOKIE
from portal.security.origin import local_target
from services.accounts import ORDINARY, HashingBusy, Passwords, local_accounts
from services.errors import Reason, UpstreamUnavailable
from services.storage import StorageUnavailable
from tests.unit.portal.fakes import AS_PAGE, PASSWORD, QuickHasher, enter, in_russian, proof_of, token_of

NEW = "a longer password"
ELSEWHERE = (
    "//evil.example.com",
    "///evil.example.com",
    "/\\evil.example.com",
    "\\\\evil.example.com",
    "/\t/evil.example.com",
    "/\n/evil.example.com",
    "/\r/evil.example.com",
    "\t//evil.example.com",
    " //evil.example.com",
    "https://evil.example.com",
    "https:evil.example.com",
    "HTTPS://evil.example.com",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example.com",
    "/\x00",
    "/calls\x7f",
    "/\t/[evil",
    "",
)


def set_cookies(answer) -> dict[str, str]:
    return {line.split("=")[0]: line for line in answer.headers.getlist("Set-Cookie")}


def test_the_login_page_has_the_form_that_the_portal_reads(shared_portal):
    page = shared_portal.stranger().get("/login").text

    assert re.search(r'<form[^>]*method="post"[^>]*action="/login"', page)
    names = re.findall(r'<input[^>]*\bname="(\w+)"', page)
    assert sorted(names) == ["next", "password", "remember", "username"]
    assert re.search(r'name="username"[^>]*autocomplete="username"', page)
    assert 'autocomplete="current-password"' in page


def test_right_credentials_lead_in_and_on(fresh_portal):
    client = fresh_portal.stranger()

    answer = enter(client, "operator", next="/calls?from=2025-03-01&phone=%2B7")

    assert (answer.status_code, answer.location) == (303, "/calls?from=2025-03-01&phone=%2B7")
    assert client.get("/calls").status_code == 200


def test_the_way_back_survives_the_login(shared_portal):
    sent_to = shared_portal.stranger().get("/calls?phone=%2B7&from=2025-03-01", headers=AS_PAGE).location
    client = shared_portal.stranger()

    page = client.get(sent_to).text

    kept = re.search(r'name="next" value="([^"]*)"', page).group(1).replace("&amp;", "&")
    assert enter(client, "operator", next=kept).location == "/calls?phone=%2B7&from=2025-03-01"


def test_any_bytes_in_an_address_lead_a_stranger_to_the_login(shared_portal):
    answer = shared_portal.stranger().get(
        "/calls", headers=AS_PAGE, environ_overrides={"QUERY_STRING": "phone=\xff\xfe"}
    )

    assert answer.status_code == 303
    assert answer.location.startswith("/login?next=")


@pytest.mark.parametrize("target", ELSEWHERE)
def test_a_login_never_leads_to_another_site(shared_portal, target):
    by_form = enter(shared_portal.stranger(), "operator", next=target)
    by_address = shared_portal.stranger().get("/login", query_string={"next": target})
    already_in = shared_portal.logged_in("operator").get("/login", query_string={"next": target})

    assert (by_form.status_code, by_form.location) == (303, "/")
    assert by_address.status_code == 200
    assert 'name="next" value="/"' in by_address.text
    assert (already_in.status_code, already_in.location) == (303, "/")


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.text(alphabet=st.sampled_from(list("/\\:.@?#% \t\r\n\x00\x0bhtpsevil")) | st.characters(), max_size=12)
)
def test_whatever_is_asked_for_the_target_is_a_path_of_this_portal(target):
    """Judged as a browser judges: it drops tabs and line ends and takes a backslash for a slash."""
    found = local_target(target)

    as_browser = re.sub(r"[\t\r\n]", "", found).strip("\x00\x0b\x0c ").replace("\\", "/")
    assert as_browser.startswith("/")
    assert not as_browser.startswith("//")
    assert found in (target, "/")


@pytest.mark.parametrize("target", ["/calls", "/calls?from=2025-03-01#x", "/calls?phone=%2B7", "/журнал"])
def test_a_path_of_the_portal_is_kept(target):
    assert local_target(target) == target


def test_unknown_login_and_wrong_password_are_answered_alike(fresh_portal):
    def refusal(login: str) -> tuple[int, dict[str, str], str]:
        answer = enter(fresh_portal.stranger(), login, "wrong")
        headers = {name: value for name, value in answer.headers.items() if name != "X-Request-Id"}
        return answer.status_code, headers, answer.text.replace(login, "LOGIN")

    known, unknown = refusal("operator"), refusal("nobody-1")

    assert known == unknown
    assert known[0] == 401
    assert "Set-Cookie" not in known[1]


def test_a_disabled_person_is_answered_like_a_stranger(fresh_portal):
    fresh_portal.services.accounts.disable(fresh_portal.people["operator"].id)

    right = enter(fresh_portal.stranger(), "operator")
    wrong = enter(fresh_portal.stranger(), "operator", "wrong")

    assert right.status_code == wrong.status_code == 401
    assert right.text == wrong.text


def test_the_login_typed_is_kept_and_the_password_is_not(shared_portal):
    page = enter(shared_portal.stranger(), '"><script>x</script>', "my-wrong-password").text

    assert 'value="&#34;&gt;&lt;script&gt;x&lt;/script&gt;"' in page
    assert "my-wrong-password" not in page
    assert "<script>x" not in page


@pytest.mark.parametrize("login", ["", "x" * 10_000, "\x00", "п" * 300, "operator\x00"])
def test_any_login_gets_an_answer(shared_portal, login):
    assert enter(shared_portal.stranger(), login).status_code == 401


def test_five_failures_close_the_login_for_this_account_whatever_the_password(fresh_portal):
    for _attempt in range(5):
        assert enter(fresh_portal.stranger(), "operator", "wrong").status_code == 401

    closed = enter(fresh_portal.stranger(), "operator")
    other = enter(fresh_portal.stranger(), "supervisor")
    fresh_portal.clock.move(minutes=5)
    opened = enter(fresh_portal.stranger(), "operator")

    assert (closed.status_code, other.status_code, opened.status_code) == (429, 303, 303)
    assert in_russian("Too many failed attempts.") in closed.text


def test_a_flood_of_logins_is_asked_to_wait(fresh_portal, monkeypatch):
    def too_many(*_arguments, **_options):
        raise HashingBusy

    monkeypatch.setattr(Passwords, "verify", too_many)

    answer = enter(fresh_portal.stranger(), "operator")

    assert answer.status_code == 503
    assert 'name="username"' in answer.text


def test_a_provider_that_is_away_is_not_called_a_wrong_password(fresh_portal):
    class Away:
        name = "erp"

        def check(self, _credentials):
            raise UpstreamUnavailable("erp", Reason.TIMEOUT)

    known = fresh_portal.services
    accounts = local_accounts(known.store, known.live, passwords=Passwords(QuickHasher()))
    accounts._providers = (Away(),)
    object.__setattr__(known, "accounts", accounts)

    answer = enter(fresh_portal.stranger(), "operator")

    assert answer.status_code == 503
    assert "Set-Cookie" not in answer.headers


# Cookies


def test_an_ordinary_session_ends_with_the_browser(shared_portal):
    cookie = set_cookies(enter(shared_portal.stranger(), "operator"))[SESSION_COOKIE]

    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "Max-Age" not in cookie
    assert "Expires" not in cookie
    assert "Secure" not in cookie


def test_a_remembered_session_outlives_the_browser(shared_portal):
    cookie = set_cookies(enter(shared_portal.stranger(), "operator", remember="yes"))[SESSION_COOKIE]

    assert f"Max-Age={REMEMBERED_S}" in cookie
    assert "HttpOnly" in cookie


def test_a_remembered_session_holds_over_a_weekend_and_an_ordinary_one_does_not(fresh_portal):
    ordinary, remembered = (
        fresh_portal.logged_in("operator"),
        fresh_portal.logged_in("operator", remember=True),
    )

    fresh_portal.clock.move(days=3)

    assert ordinary.get("/tick").status_code == 401
    assert remembered.get("/tick").status_code == 200


@pytest.mark.parametrize(
    ("public_url", "secure"), [("https://portal.example.com", True), ("http://p.example.com", False)]
)
def test_cookies_are_for_tls_alone_when_people_come_by_tls(make_portal, public_url, secure):
    portal = make_portal(PORTAL__PUBLIC_URL=public_url)

    session = set_cookies(enter(portal.stranger(), "operator"))[SESSION_COOKIE]
    language = set_cookies(portal.stranger().get("/login?lang=en"))[LANGUAGE_COOKIE]

    assert ("Secure" in session, "Secure" in language) == (secure, secure)


def test_each_login_gets_a_token_of_its_own(fresh_portal):
    client = fresh_portal.stranger()
    client.set_cookie(SESSION_COOKIE, "A" * 43)

    enter(client, "operator")

    assert token_of(client) != "A" * 43
    assert token_of(fresh_portal.logged_in("operator")) != token_of(client)


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "\x00" * 43, "ы" * 43, "A" * 5000])
def test_a_token_that_nobody_gave_opens_nothing(shared_portal, token):
    client = shared_portal.stranger()

    answer = client.get("/tick", headers={"Cookie": f"{SESSION_COOKIE}={token}".encode().decode("latin-1")})

    assert answer.status_code == 401


# The end


def test_after_the_logout_the_token_is_worthless_even_to_who_kept_it(fresh_portal):
    client = fresh_portal.logged_in("operator")
    token = token_of(client)

    answer = client.post("/logout", headers=proof_of(client))

    thief = fresh_portal.stranger()
    thief.set_cookie(SESSION_COOKIE, token)
    assert (answer.status_code, answer.location) == (303, "/login")
    assert client.get_cookie(SESSION_COOKIE) is None
    assert thief.get("/tick").status_code == 401


def test_a_logout_ends_no_other_session(fresh_portal):
    here, there = fresh_portal.logged_in("operator"), fresh_portal.logged_in("operator")

    here.post("/logout", headers=proof_of(here))

    assert there.get("/tick").status_code == 200


def test_a_session_ends_eight_hours_after_the_last_act(fresh_portal):
    client = fresh_portal.logged_in("operator")
    fresh_portal.clock.move(hours=7)
    assert client.get("/calls").status_code == 200

    fresh_portal.clock.move(hours=7)
    still = client.get("/tick").status_code
    fresh_portal.clock.move(hours=8, seconds=1)

    assert (still, client.get("/tick").status_code) == (200, 401)


def test_ticks_of_an_open_page_keep_no_session_alive(fresh_portal):
    client = fresh_portal.logged_in("operator")
    pause = timedelta(minutes=30)

    answers = []
    for place in range(1, 18):
        fresh_portal.clock.move(minutes=30)
        idle = str((place * pause).total_seconds())
        answers.append(client.get("/tick", headers={IDLE_HEADER: idle}).status_code)

    alive = ORDINARY.idle // pause - 1
    assert answers == [200] * alive + [401] * (len(answers) - alive)


@pytest.mark.parametrize("idle", ["1e300", "inf", "-inf", "nan", "1e12", "-5", "", "x" * 5000, "0x10"])
def test_whatever_a_browser_claims_about_its_idle_time_the_tick_is_answered(shared_portal, idle):
    assert shared_portal.logged_in("operator").get("/tick", headers={IDLE_HEADER: idle}).status_code == 200


def test_a_disabled_person_is_out_at_once(fresh_portal):
    client = fresh_portal.logged_in("operator")

    fresh_portal.services.accounts.disable(fresh_portal.people["operator"].id)

    assert client.get("/tick").status_code == 401


# Change of the password


@pytest.fixture
def changing(fresh_portal):
    """Two sessions of one person, and how the first of them changes the password."""
    here, there = fresh_portal.logged_in("operator"), fresh_portal.logged_in("operator")

    def change(old=PASSWORD, new=NEW, again=None):
        form = {"old": old, "new": new, "again": new if again is None else again}
        return here.post("/account/password", data=form, headers=proof_of(here))

    return here, there, change


def test_a_changed_password_ends_the_other_sessions_and_keeps_this_one(fresh_portal, changing):
    here, there, change = changing

    answer = change()

    assert answer.status_code == 200
    assert here.get("/tick").status_code == 200
    assert there.get("/tick").status_code == 401
    assert enter(fresh_portal.stranger(), "operator").status_code == 401
    assert enter(fresh_portal.stranger(), "operator", NEW).status_code == 303


@pytest.mark.parametrize(
    "fields",
    [
        {"old": "wrong"},
        {"new": "short"},
        {"new": "x" * 300},
        {"again": "another one"},
        {"new": ""},
        {"new": "operator", "again": "operator"},
    ],
    ids=str,
)
def test_a_refused_password_changes_nothing_and_says_why(fresh_portal, changing, fields):
    _here, there, change = changing

    answer = change(**fields)

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert there.get("/tick").status_code == 200
    assert enter(fresh_portal.stranger(), "operator").status_code == 303


def test_the_present_password_cannot_be_guessed_in_a_stolen_session(changing):
    _here, _there, change = changing
    for _attempt in range(5):
        change(old="wrong")

    answer = change()

    assert answer.status_code == 422
    assert in_russian("Too many failed attempts.") in answer.text


def test_passwords_are_never_sent_back(changing):
    _here, _there, change = changing

    page = change(old="my-old-secret", new="my-new-secret").text

    assert "my-old-secret" not in page
    assert "my-new-secret" not in page


# Language


def test_the_login_page_speaks_the_language_asked_for_and_remembers_it(shared_portal):
    client = shared_portal.stranger()
    assert '<html lang="ru"' in client.get("/login").text

    english = client.get("/login?lang=en").text

    assert '<html lang="en"' in english
    assert "Remember me on this computer" in english
    assert '<html lang="en"' in client.get("/login").text
    assert '<html lang="en"' in enter(client, "operator", "wrong").text


@pytest.mark.parametrize("language", ["xx", "", "../ru", "RU"])
def test_an_unknown_language_changes_nothing(shared_portal, language):
    client = shared_portal.stranger()

    answer = client.get("/login", query_string={"lang": language})

    assert '<html lang="ru"' in answer.text
    assert LANGUAGE_COOKIE not in set_cookies(answer)


@pytest.mark.parametrize("language", ["xx", "", "ru; drop"])
def test_a_broken_language_cookie_means_the_language_of_the_portal(make_portal, language):
    client = make_portal(PORTAL__LANGUAGE="en").stranger()
    client.set_cookie(LANGUAGE_COOKIE, language)

    assert '<html lang="en"' in client.get("/login").text


def test_the_portal_speaks_the_language_it_is_set_to(make_portal):
    assert '<html lang="en"' in make_portal(PORTAL__LANGUAGE="en").stranger().get("/login").text


def test_a_chosen_language_follows_the_person_to_another_computer(fresh_portal):
    here = fresh_portal.logged_in("operator")

    chosen = here.post("/language", data={"language": "en"}, headers=proof_of(here))

    there = fresh_portal.logged_in("operator")
    assert chosen.status_code == 204
    assert '<html lang="en"' in there.get("/calls").text


@pytest.mark.parametrize("language", ["xx", "", None])
def test_a_language_that_does_not_exist_cannot_be_chosen(fresh_portal, language):
    client = fresh_portal.logged_in("operator")
    form = {} if language is None else {"language": language}

    answer = client.post("/language", data=form, headers=proof_of(client))

    assert answer.status_code == 400
    assert '<html lang="ru"' in client.get("/calls").text


def test_an_answer_without_the_database_speaks_the_readers_language(fresh_portal, monkeypatch):
    """The thread still has the language of whoever it answered before."""
    reader = fresh_portal.logged_in("operator")
    fresh_portal.stranger().get("/login?lang=en")

    def away(_token):
        raise StorageUnavailable("gone")

    monkeypatch.setattr(fresh_portal.services.accounts, "who", away)
    answer = reader.get("/calls", headers=AS_PAGE)

    assert answer.status_code == 503
    assert '<html lang="ru"' in answer.text


# The demo


@pytest.mark.parametrize("sandbox", [True, False])
def test_only_the_demo_tells_its_logins(make_portal, sandbox):
    page = make_portal(sandbox=sandbox).stranger().get("/login").text

    assert ("<b>demo</b>" in page) is sandbox
