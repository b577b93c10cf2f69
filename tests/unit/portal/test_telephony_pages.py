"""The pages the platform opens: they say who calls, what is not known and why, and show anything as text."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from services.errors import Reason
from services.storage import StorageUnavailable
from services.telephony.model import CallState, CardAnswer, Contact, Match, MatchKind, Outcome
from tests.unit.portal.fakes import AS_PAGE, SAME_ORIGIN, in_russian
from tests.unit.portal.telephony_examples import (
    AGENCY_ID,
    CARD,
    NUMBER,
    TEL,
    THEMES,
    UNKNOWN_NUMBER,
    VILNIUS,
    past_call,
    token_of_call,
)

SCRIPT = "<script>alert(1)</script>"
HOSTILE = (
    SCRIPT,
    "\"'><img src=x onerror=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "a" * 300,
    "😀👨‍👩‍👧" * 40,
    "Ы" * 64,
    "\u202egro.live\u202c",
    "a\x01\x1b[31mb",
    "',\r\n\t",
    "../../etc/passwd",
)


def begin(client, ani: str = NUMBER, **more: str):
    return client.get(TEL, query_string={"type": "newcall", "ani": ani, "curator_id": "205"} | more)


def again(client, number: int = 1, **more: str):
    """The card of the fake's call with this id."""
    return client.get("/call-show/x/", query_string={"call": token_of_call(number)} | more)


def words(page: str) -> str:
    """What a reader sees of a page, with single blanks."""
    body = re.sub(r"<(script|title)[^>]*>.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def fact(page: str, label: str) -> tuple[str, str]:
    """Kind and value of a fact."""
    found = re.search(
        rf"{re.escape(in_russian(label))}</div><div class=\"cd-fact (\w*)\"[^>]*>(.*?)</div>", page, re.DOTALL
    )
    assert found is not None, label
    return found[1], words(found[2])


# The card


def test_the_card_says_who_calls_and_what_to_know(called):
    client, telephony = called
    telephony.centre.past = tuple(past_call(day) for day in range(1, 42))

    page = begin(client).text

    shown = words(page)
    for expected in (
        *("Pavyzdinės Kelionės", "Sample Journeys", "Каунас", "Рута Петрайтене", "Старший менеджер"),
        *("Ирена Каспарайте", "Дайва Римкувене", "Р. Петрайтене, Л. Янкаускас"),
        *("+370 600 00417", "куратор 205", "подходит точно", "за год 41"),
    ):
        assert expected in shown
    assert fact(page, "Contract") == ("ok", "есть")
    assert fact(page, "Commission") == ("", "11 %")
    assert fact(page, "Front office") == ("", "да")
    assert fact(page, "Tourists a year") == ("", "1 240")
    assert fact(page, "Blacklist") == ("", "нет")
    assert page.count('<td class="hp-tel">') == 6
    assert telephony.centre.asked == [
        {
            "number": NUMBER,
            "agency_id": AGENCY_ID,
            "before": telephony.ledger.calls[token_of_call(1)].began_at,
        }
    ]


def test_a_blacklisted_agency_gets_its_card_with_a_clear_warning(called):
    client, telephony = called
    telephony.cards.cards[AGENCY_ID] = replace(CARD, blacklisted=True, contract=False)

    page = begin(client).text

    assert CARD.name in page
    assert 'class="cd-blacklist" role="alert"' in page
    assert fact(page, "Blacklist") == ("bad", "да")
    assert fact(page, "Contract") == ("bad", "нет")


def test_what_the_gateway_does_not_say_is_not_a_no(called):
    client, telephony = called
    nothing = dict.fromkeys(
        ("name", "english_name", "city", "percent", "front_office", "contract", "tourists_per_year", "boss"),
        None,
    )
    telephony.cards.cards[AGENCY_ID] = replace(
        CARD, **nothing, curator=None, blacklisted=None, managers=(), contacts=()
    )

    page = begin(client).text

    assert "Агентство № 11" in words(page)
    assert in_russian("name not known") in page
    for label in ("Contract", "Commission", "Front office", "Tourists a year", "Blacklist"):
        assert fact(page, label) == ("none", "—")
    assert "cd-blacklist" not in page


def test_words_of_the_gateway_are_shown_as_they_are(called):
    client, telephony = called
    telephony.cards.cards[AGENCY_ID] = replace(
        CARD, contract="до 31.12", front_office="иногда", percent="от 7 до 11", tourists_per_year="много"
    )

    page = begin(client).text

    assert fact(page, "Contract") == ("", "до 31.12")
    assert fact(page, "Front office") == ("", "иногда")
    assert fact(page, "Commission") == ("", "от 7 до 11")
    assert fact(page, "Tourists a year") == ("", "много")


def test_a_card_that_is_not_complete_asks_for_the_rest_by_itself(called):
    client, telephony = called
    telephony.cards.answer = CardAnswer(None, None, Reason.TIMEOUT)

    page = begin(client).text

    assert 'data-ask="soon"' in page
    assert f'data-address="/call-show/caller/?call={token_of_call(1)}"' in page
    assert in_russian("the gateway has not answered yet") in page
    telephony.cards.answer = None
    rest = again(client).text
    assert CARD.name in rest
    assert 'data-ask="calm"' in rest  # the call goes on


@pytest.mark.parametrize("problem", list(Reason))
def test_an_old_card_says_how_old_it_is_and_why(called, problem):
    client, telephony = called
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=1)
    telephony.cards.answer = CardAnswer(CARD, at, problem)

    page = begin(client).text

    assert CARD.name in page
    chip = re.search(r'hp-age warn" role="status">(.*?)</span>\s*</span>', page, re.DOTALL)
    assert chip is not None
    assert "данные на" in words(chip[1])
    assert len(words(chip[1])) > len("данные на 10:00")
    assert 'data-ask="soon"' in page


def test_without_a_gateway_the_card_shows_what_was_noted_with_the_call(called):
    client, telephony = called
    telephony.cards.is_configured = False
    telephony.cards.answer = CardAnswer(None, None, None)
    begin(client)
    call = telephony.ledger.calls[token_of_call(1)]
    telephony.ledger.calls[token_of_call(1)] = replace(call, agency_name="Бриз", manager="Анна")

    page = again(client).text

    assert "Бриз" in words(page)
    assert "Анна" in words(page)
    assert in_russian("the agency gateway is not configured") in page
    assert 'data-ask="calm"' in page


def test_the_other_agencies_with_the_number_are_offered_and_shown(called):
    client, telephony = called
    telephony.matches[NUMBER] = Match(MatchKind.PROBABLE, AGENCY_ID, (9, 7))
    telephony.cards.cards[9] = replace(CARD, agency_id=9, name="Бриз", contacts=())
    page = begin(client).text
    assert "ещё 2 агентства с этим номером" in words(page)
    assert "вероятно подходит" in words(page)
    address = f"/call-show/caller/?call={token_of_call(1)}&amp;agency=9"
    assert address in page

    other = client.get(unescape(address)).text

    assert '<h1 class="big"><bdi>Бриз</bdi></h1>' in other
    assert in_russian("This is another agency with the same number.") in other
    assert telephony.ledger.calls[token_of_call(1)].agency_id == AGENCY_ID


@pytest.mark.parametrize("agency", ["8", "-1", "x", "1e9", "9" * 5000, "\x00", SCRIPT])
def test_an_agency_that_has_not_the_number_is_not_shown(called, agency):
    client, telephony = called
    telephony.cards.cards[8] = replace(CARD, agency_id=8, name="Чужое")
    begin(client)

    page = again(client, agency=agency)

    assert page.status_code == 200
    assert CARD.name in page.text
    assert "Чужое" not in page.text
    assert SCRIPT not in page.text


def test_a_look_up_offers_the_others_too_and_registers_nothing(called):
    client, telephony = called
    telephony.matches[NUMBER] = Match(MatchKind.EXACT, AGENCY_ID, (9,))

    page = client.get(TEL, query_string={"ani": NUMBER, "endpoint": "x", "_external": "1"})

    href = unescape(re.search(r'<li><a href="([^"]+)"', page.text)[1])
    assert href.startswith(f"{TEL}?ani={NUMBER}")
    assert client.get(href).status_code == 200
    assert telephony.reports == []


def test_the_past_calls_say_what_is_not_known_of_them(called):
    client, telephony = called
    telephony.centre.past = (
        past_call(1, state=CallState.OPEN, ended_at=None, theme=None),
        past_call(2, state=CallState.EXPIRED, ended_at=None),
        past_call(3, ended_at=past_call(3).began_at),
        past_call(400),
    )

    page = begin(client).text

    rows = [words(row) for row in re.findall(r"<tr.*?</tr>", page, re.DOTALL)[1:]]
    assert [row.split(" +370")[0].split(" ")[-2] for row in rows] == ["идёт", "—", "0:00", "0:48"]
    assert rows[0].endswith("00417 —")
    year = past_call(400).began_at.astimezone(VILNIUS).year
    assert str(year) in rows[3]


def test_past_calls_that_cannot_be_read_are_not_said_to_be_none(called):
    client, telephony = called
    none = begin(client).text
    telephony.centre.error = StorageUnavailable("x")

    page = begin(client).text

    assert in_russian("No calls before this one.") in none
    assert in_russian("The past calls cannot be read now.") in page
    assert in_russian("No calls before this one.") not in page


# Whose call


def test_two_tabs_never_mix_their_calls(called):
    client, telephony = called
    begin(client)
    begin(client, UNKNOWN_NUMBER)

    client.post("/update_call_theme", data={"call": token_of_call(1), "theme": "Оплата"}, headers=SAME_ORIGIN)

    themes = {call.number: call.theme for call in telephony.ledger.calls.values()}
    assert themes == {NUMBER: "Оплата", UNKNOWN_NUMBER: None}
    assert "+370 600 00417" in words(again(client, 1).text)
    assert "+370 600 00999" in words(client.get("/call-show/x/").text)  # the session's latest


@pytest.mark.parametrize("call", [token_of_call(9), "x", "", "\x00", "я" * 43])
def test_a_call_that_is_named_wrongly_is_not_replaced_by_another(called, call):
    client, telephony = called
    begin(client)

    page = client.get("/call-show/x/", query_string={"call": call}, headers=AS_PAGE)
    answer = client.post("/update_call_theme", data={"call": call, "theme": "Оплата"})

    assert page.status_code == 404
    assert in_russian("This browser has no current call.") in page.text
    assert answer.json["status"] == "warning"
    assert telephony.ledger.calls[token_of_call(1)].theme is None


@pytest.mark.parametrize(
    "name", ["x", "Pavyzdinės-Kelionės", "a/b", "..%2F..%2Fetc", "%E0%A4%A", "%00", "Ы" * 300]
)
def test_the_name_in_the_address_of_a_card_is_for_the_reader_alone(called, name):
    client, _telephony = called
    begin(client)

    assert CARD.name in client.get(f"/call-show/{name}/").text


def test_the_address_of_a_card_can_be_opened_whatever_the_agency_is_called(called):
    client, telephony = called
    for name in HOSTILE:
        begin(client)
        token, call = list(telephony.ledger.calls.items())[-1]
        telephony.ledger.calls[token] = replace(call, agency_name=name)
        page = client.get("/call-show/x/", query_string={"call": token}).text
        address = unescape(re.search(r'data-address="([^"]+)"', page)[1])

        assert address.startswith("/call-show/")
        assert len(address) < 700
        answer = client.get(address)
        assert (name, answer.status_code) == (name, 200)
        assert token in answer.text


# No agency


def test_an_unknown_number_is_shown_with_what_to_do_next(called):
    client, telephony = called
    telephony.centre.past = (past_call(number=UNKNOWN_NUMBER, agency_id=None),)

    answer = begin(client, UNKNOWN_NUMBER)

    shown = words(answer.text)
    assert answer.status_code == 200
    assert "Агентство не найдено" in shown
    assert "+370 600 00999" in shown
    assert "Звонок записан" in shown
    assert "добавьте ему этот номер" in shown
    assert 'data-copy="+37060000999"' in answer.text
    assert telephony.centre.asked[0]["agency_id"] is None
    assert telephony.cards.waits == []
    assert all(theme in shown for theme in THEMES)


@pytest.mark.parametrize("ani", ["", " ", "anonymous", "Unknown", "12", "+", *HOSTILE])
def test_a_number_that_cannot_be_one_gets_a_page_that_says_so(called, ani):
    client, telephony = called

    answer = begin(client, ani)

    assert answer.status_code == 200
    assert "без него звонок в реестр не попадает" in words(answer.text)
    assert SCRIPT not in answer.text
    assert "<img" not in answer.text
    assert in_russian("Incoming") in answer.text
    assert 'id="themes"' not in answer.text
    assert telephony.reports[0].ani == (ani if ani.strip() else "")


@pytest.mark.parametrize(
    ("looked_at", "problem", "expected"),
    [
        (None, None, "The numbers of the agencies were not read yet."),
        (datetime.now(UTC), Reason.REFUSED, "CRM не отвечает"),
        (datetime.now(UTC), None, None),
    ],
)
def test_an_agency_that_may_be_known_is_not_said_to_be_unknown(called, looked_at, problem, expected):
    client, telephony = called
    telephony.directory.looked_at, telephony.directory.problem = looked_at, problem

    page = begin(client, UNKNOWN_NUMBER).text

    if expected is None:
        assert "hp-banner" not in page
    else:
        assert in_russian(expected) in page


def test_without_a_crm_the_page_says_that_no_agency_can_be_found(make_portal, make_telephony):
    portal, _telephony = make_telephony()
    settings = portal.services.settings.model_copy(update={"crm": None})
    portal.server.extensions["portal"] = replace(portal.services, settings=settings)

    page = begin(portal.stranger(), UNKNOWN_NUMBER).text

    assert in_russian("The CRM is not configured.") in page


def test_an_event_that_was_stored_and_not_understood_still_shows_who_calls(called):
    client, telephony = called
    telephony.outcome = Outcome.FAILED

    answer = begin(client)

    assert (answer.status_code, CARD.name in answer.text) == (200, True)


# The farewell


def test_the_farewell_tells_duration_and_theme(called):
    client, telephony = called
    begin(client)
    client.post("/update_call_theme", data={"theme": "Жалоба"})

    page = begin(client, type="endcall").text

    assert fact(page, "Lasted") == ("", "3:00")
    assert fact(page, "Theme") == ("", "Жалоба")
    assert in_russian("Ended") in page
    assert 'aria-pressed="true"><kbd>5</kbd>' in page
    assert "длился 3:00" in words(again(client).text)
    assert telephony.ledger.calls[token_of_call(1)].state is CallState.ENDED


def test_the_farewell_of_a_call_whose_begin_is_under_way_knows_no_duration(called):
    client, _telephony = called

    page = begin(client, type="endcall").text

    assert fact(page, "Lasted")[0] == "none"
    assert "0:00" not in words(page)
    assert in_russian("Ended") in page


def test_a_call_whose_end_was_never_reported_has_no_duration(called):
    client, telephony = called
    begin(client)
    call = telephony.ledger.calls[token_of_call(1)]
    telephony.ledger.calls[token_of_call(1)] = replace(call, state=CallState.EXPIRED)

    page = again(client).text

    assert "конец не сообщён" in words(page)
    assert "data-running" not in page


# The theme


def test_a_theme_is_saved_and_said_when(called):
    client, telephony = called
    begin(client)

    answer = client.post("/update_call_theme", data={"theme": "Оплата"})

    assert answer.status_code == 200
    assert (answer.json["status"], answer.json["theme"]) == ("success", "Оплата")
    assert re.fullmatch(r"Сохранено в \d\d:\d\d:\d\d", answer.json["message"])
    assert 'value="Оплата" title="Оплата"\n            aria-pressed="true"' in again(client).text
    assert telephony.ledger.calls[token_of_call(1)].theme == "Оплата"


def test_a_browser_without_script_comes_back_to_the_card(called):
    client, _telephony = called
    begin(client)

    answer = client.post("/update_call_theme", data={"theme": "Оплата"}, headers=AS_PAGE | SAME_ORIGIN)

    assert (answer.status_code, answer.location) == (303, f"/call-show/caller/?call={token_of_call(1)}")


@pytest.mark.parametrize("theme", ["", "оплата", "Оплата ", *HOSTILE])
def test_a_theme_of_nobody_is_an_error(called, theme):
    client, telephony = called
    begin(client)

    answer = client.post("/update_call_theme", data={"theme": theme})

    assert (answer.status_code, answer.json["status"]) == (400, "error")
    assert telephony.ledger.calls[token_of_call(1)].theme is None


def test_a_theme_without_a_call_is_a_warning(called):
    client, _telephony = called

    answer = client.post("/update_call_theme", data={"theme": "Оплата"})

    assert (answer.status_code, answer.json["status"]) == (200, "warning")


def test_a_theme_that_is_not_stored_is_an_error(called):
    client, telephony = called
    begin(client)
    telephony.ledger.error = StorageUnavailable("x")

    answer = client.post("/update_call_theme", data={"theme": "Оплата"})

    assert (answer.status_code, answer.json["status"]) == (503, "error")


def test_themes_beyond_the_ninth_have_no_key(called):
    client, telephony = called
    telephony.rules = replace(telephony.rules, themes=tuple(f"Тема {number}" for number in range(1, 13)))

    page = begin(client).text

    assert re.findall(r"<kbd>(\d+)</kbd>", page) == [str(number) for number in range(1, 10)]
    assert "Тема 12" in page


# The latest calls


def test_the_latest_calls_have_the_names_and_forms_that_scripts_know(called):
    client, telephony = called
    at = datetime(2025, 3, 10, 9, 0, tzinfo=UTC)
    first = past_call(began_at=at, ended_at=at + timedelta(minutes=5))
    telephony.centre.past = (
        first,
        replace(first, state=CallState.OPEN, ended_at=None, register_key=None, theme=None, agency_name=None),
        replace(first, state=CallState.AWAITS_BEGIN),
        *[past_call(day) for day in range(1, 9)],
    )

    answer = client.get("/get_latest_calls")

    calls = answer.json["calls"]
    assert len(calls) == 5
    assert calls[0] == {
        "CALL_INFO_ID": first.register_key,
        "TIME_BEGIN": "10.03.2025 11:00",
        "TIME_END": "10.03.2025 11:05",
        "PHONE_NUMBER": NUMBER,
        "CURRATOR": "205",
        "THEME": "Оплата",
        "REGION": "lt",
        "AGENCY_MANAGER": "Рута Петрайтене",
        "AGENCY_NAME": "Pavyzdinės Kelionės",
    }
    assert (calls[1]["TIME_END"], calls[1]["CALL_INFO_ID"], calls[1]["THEME"]) == ("N/A", None, None)
    assert (calls[2]["TIME_BEGIN"], calls[2]["TIME_END"]) == ("N/A", "10.03.2025 11:05")


# Anything as text


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_the_platform_or_the_gateway_says_is_shown_as_text(called, text):
    client, telephony = called
    contact = Contact(f"+{NUMBER}", text, text)
    telephony.cards.cards[AGENCY_ID] = replace(
        CARD,
        **dict.fromkeys(("name", "english_name", "city", "percent", "contract", "boss", "curator"), text),
        managers=(text,),
        contacts=(contact,),
    )
    telephony.centre.past = (past_call(curator=text, theme=text),)

    for page in (begin(client, curator_id=text), begin(client, type="endcall"), again(client, agency=text)):
        assert page.status_code == 200
        assert not re.search(r"<script(?! src=)|<img|<[^>]+\son\w+=", page.text)
        assert "\x00" not in page.text
        assert "\u202e" not in page.text
        assert "\x1b" not in page.text
    assert telephony.reports[0].curator == text


@pytest.mark.parametrize(
    "query",
    [
        b"ani=%ff%fe&type=newcall",
        b"ani=%zz%&type=newcall",
        b"ani=%E0%A4%A&type=newcall&curator_id=%D0",
        b"ani=%00&type=newcall&curator_id=%00",
        b"ani=" + b"%D0%AB" * 500 + b"&type=newcall",
        b"type=newcall&ani=1&ani=2&type=endcall",
        b"&&&=&type=newcall&=x&ani",
        b"ani=%26%23&type=endcall&call=%00&agency=%00",
        b"\xff\xfe=\xff",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_a_malformed_query_is_never_an_error_of_ours(called, query, method):
    client, _telephony = called
    environment = {"QUERY_STRING": query.decode("latin-1")}

    for path in (TEL, f"{TEL}%ff%fe/", f"{TEL}a/b/%00/"):
        answer = client.open(path, method=method, environ_overrides=environment)
        assert answer.status_code == 200


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{"),
        ("application/json", b"[" * 100_000),
        ("application/json", b'{"type": "newcall", "ani": "\\ud800", "curator_id": {"a": 1}}'),
        ("application/json", b'{"type": 7, "ani": null}'),
        ("application/json", b'"type=newcall"'),
        ("application/json", b'{"ani": 1e999, "type": "newcall"}'),
        ("application/json", b'{"type": "newcall", "ani": ' + b"1" * 5000 + b"}"),
        ("multipart/form-data; boundary=x", b"--x\r\nnonsense"),
        ("application/x-www-form-urlencoded", b"type=%ff&ani=%"),
        ("text/plain; charset=nonsense", b"type=newcall"),
    ],
)
def test_a_malformed_body_is_never_an_error_of_ours(called, content_type, body):
    client, telephony = called

    answer = client.post(TEL, data=body, content_type=content_type)

    assert answer.status_code in (200, 400)
    assert all(report.ani.isprintable() for report in telephony.reports)


def test_a_body_larger_than_any_event_is_refused(called):
    client, telephony = called

    answer = client.post(TEL, data={"type": "newcall", "ani": "1" * 2_000_000})

    assert answer.status_code == 413
    assert telephony.reports == []


# The page itself


@pytest.mark.parametrize("kind", ["card", "unknown", "farewell", "notice"])
def test_a_page_runs_no_script_of_its_own_and_fetches_nothing_from_elsewhere(called, kind):
    client, _telephony = called
    begin(client)
    page = {
        "card": lambda: again(client),
        "unknown": lambda: begin(client, UNKNOWN_NUMBER),
        "farewell": lambda: begin(client, type="endcall"),
        "notice": lambda: client.get("/call-show/x/?call=", headers=AS_PAGE),
    }[kind]().text

    assert re.findall(r"<script(?![^>]* src=)", page) == []
    assert re.findall(r"""(?:src|href|action)=["'](?!/)[^"'#][^"']*""", page) == []
    assert page.count("<h1") == 1
    assert '<meta name="referrer" content="strict-origin">' in page


def test_the_page_is_in_the_readers_language(called):
    client, _telephony = called
    client.set_cookie("portal_language", "en")

    page = begin(client).text

    assert 'lang="en"' in page
    assert "Past calls" in page
    assert not re.search(
        "[а-яё]{4}",
        re.sub(
            "|".join((*THEMES, *re.findall(r"<bdi>.*?</bdi>|<dd>.*?</dd>|cd-(?:role|city)\">[^<]*", page))),
            "",
            page,
        ),
    )
