"""Both catalogues are complete, translations fill the same places, figures and dates are written as usual."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from portal import i18n
from portal.ui import words
from services.accounts import Role
from services.errors import Reason
from services.live import SourceState

ROOT = Path(__file__).parents[3]
#: As in pyproject.toml and docs/architecture.md, "Languages".
KEYWORDS = {"_": None, "plural": (1, 2), "marked": None}
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
FORMS = {"ru": 3, "en": 2}
NOON = datetime(2026, 11, 23, 14, 2, 5, tzinfo=UTC)

MessageId = str | tuple[str, str]


@pytest.fixture(autouse=True)
def _speak_the_default_again() -> Iterator[None]:
    yield
    i18n.use(None)


@cache
def extracted() -> frozenset[MessageId]:
    """Every message of the present code."""
    found: set[MessageId] = set()
    for place in ("portal", "pages", "callbacks"):
        for _file, _line, message, _comments, _context in extract_from_dir(
            ROOT / place, METHODS, keywords=KEYWORDS
        ):
            found.add(message if isinstance(message, str) else (message[0], message[1]))
    return frozenset(found)


@cache
def catalogue(language: str) -> Catalog:
    with (ROOT / "portal" / "translations" / f"{language}.po").open("rb") as lines:
        return read_po(lines, locale=language)


def messages(language: str) -> list[Message]:
    return [message for message in catalogue(language) if message.id]


def key_of(message: Message) -> MessageId:
    return message.id if isinstance(message.id, str) else (message.id[0], message.id[1])


def texts_of(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string)


def places_in(text: str) -> set[str]:
    """Names in braces."""
    return {name for _text, name, _form, _conversion in Formatter().parse(text) if name is not None}


LANGUAGES = list(i18n.LANGUAGES)


def test_messages_are_found_in_code_templates_and_pages():
    """Otherwise the tests below would compare nothing with nothing."""
    found = extracted()

    assert {"Log out", "Call log", "Remember me on this computer", "Calls"} <= found
    assert ("CSV, {n} row", "CSV, {n} rows") in found
    assert len(found) > 150


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_in_the_catalogue(language):
    missing = extracted() - {key_of(message) for message in messages(language)}

    assert sorted(map(str, missing)) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_has_no_message_that_nobody_uses(language):
    left_over = {key_of(message) for message in messages(language)} - extracted()

    assert sorted(map(str, left_over)) == []
    assert not catalogue(language).obsolete


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_translated_and_none_is_a_guess(language):
    untranslated = [message.id for message in messages(language) if not all(texts_of(message))]
    guessed = [message.id for message in messages(language) if message.fuzzy]

    assert untranslated == []
    assert guessed == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_plurals_have_as_many_forms_as_the_language(language):
    wrong = [
        message.id
        for message in messages(language)
        if not isinstance(message.id, str) and len(texts_of(message)) != FORMS[language]
    ]

    assert wrong == []
    assert catalogue(language).num_plurals == FORMS[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_fill_the_places_of_the_message(language):
    wrong = {}
    for message in messages(language):
        ids = [message.id] if isinstance(message.id, str) else list(message.id)
        expected = set().union(*(places_in(one) for one in ids))
        if any(places_in(text) != expected for text in texts_of(message)):
            wrong[str(message.id)] = texts_of(message)

    assert wrong == {}


def test_russian_is_not_english_left_standing():
    """A few words are the same in both languages: names and abbreviations."""
    same = {
        message.id
        for message in messages("ru")
        if isinstance(message.id, str) and message.string == message.id and re.search("[A-Za-z]", message.id)
    }

    assert same <= {"CSV", "Helpdesk Portal"}


def test_english_has_no_russian():
    assert [
        message.id for message in messages("en") if re.search("[а-яё]", "".join(texts_of(message)), re.I)
    ] == []


@pytest.mark.parametrize(
    ("language", "count", "expected"),
    [
        ("ru", 1, "CSV, 1 строка"),
        ("ru", 2, "CSV, 2 строки"),
        ("ru", 5, "CSV, 5 строк"),
        ("ru", 11, "CSV, 11 строк"),
        ("ru", 21, "CSV, 21 строка"),
        ("ru", 1284, "CSV, 1 284 строки"),
        ("en", 1, "CSV, 1 row"),
        ("en", 0, "CSV, 0 rows"),
        ("en", 1284, "CSV, 1,284 rows"),
    ],
)
def test_plurals_take_the_form_of_their_number(language, count, expected):
    i18n.use(language)

    assert i18n.plural("CSV, {n} row", "CSV, {n} rows", count).replace("\u00a0", " ") == expected


@pytest.mark.parametrize(
    ("language", "value", "expected"),
    [
        ("ru", 0, "0"),
        ("ru", 1284, "1\u00a0284"),
        ("ru", 20_000_000, "20\u00a0000\u00a0000"),
        ("ru", 2.5, "2,5"),
        ("ru", -7, "-7"),
        ("en", 1284, "1,284"),
        ("en", 2.5, "2.5"),
    ],
)
def test_figures_are_written_as_usual(language, value, expected):
    i18n.use(language)

    assert i18n.number(value) == expected


@pytest.mark.parametrize(
    ("language", "share", "expected"),
    [
        ("ru", 0.784, "78,4\u00a0%"),
        ("ru", 1, "100,0\u00a0%"),
        ("ru", 0, "0,0\u00a0%"),
        ("ru", 0.00049, "0,0\u00a0%"),
        ("ru", 12.5, "1\u00a0250,0\u00a0%"),
        ("en", 0.784, "78.4%"),
        ("en", 12.5, "1,250.0%"),
    ],
)
def test_shares_have_one_decimal(language, share, expected):
    i18n.use(language)

    assert i18n.percent(share) == expected


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("ru", ("пн 23 ноября", "пн 23.11", "23.11.2026", "14:02", "14:02:05", "23.11, 14:02")),
        ("en", ("Mon, 23 November", "Mon 23 Nov", "23 Nov 2026", "14:02", "14:02:05", "23 Nov, 14:02")),
    ],
)
def test_days_and_times_are_written_as_usual(language, expected):
    i18n.use(language)
    day = date(2026, 11, 23)

    written = (
        i18n.day(day),
        i18n.short_weekday_day(day),
        i18n.short_day(day),
        i18n.clock(NOON),
        i18n.clock(NOON, seconds=True),
        i18n.moment(NOON),
    )

    assert written == expected


@pytest.mark.parametrize("chosen", [None, "", "xx", "RU", "en-GB"])
def test_an_unknown_language_means_the_default(chosen):
    i18n.use("en")

    i18n.use(chosen)

    assert i18n.language() == i18n.DEFAULT


def test_braces_in_a_value_stay_braces():
    assert "{0}{x}" in i18n._("Copy {number}", number="{0}{x}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_of_the_services_has_words(language):
    i18n.use(language)

    assert all(words.role_name(role) for role in Role)
    assert all(words.state_word(state) for state in SourceState)
    for reason in (*Reason, None):
        said = words.advice("call_centre", reason)
        assert "{" not in said.what + said.do
        is_ours = reason is Reason.UNWATCHED  # the portal's own fault, not the system's
        assert is_ours or words.source_name("call_centre") in said.what
