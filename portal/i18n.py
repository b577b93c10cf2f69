"""The reader's language: gettext catalogues, numbers, dates and plurals.

Message ids are English; `translations/ru.po` and `translations/en.po` are both complete (a test checks it).
The catalogues are read from the .po files at start, so there is no compiled file to forget.
"""

from contextvars import ContextVar
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Literal, get_args

from babel.dates import format_date, format_datetime, format_time, get_timezone_location
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

Language = Literal["ru", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
DEFAULT: Language = "ru"

_language: ContextVar[Language] = ContextVar("language", default=DEFAULT)


@cache
def _catalogue(language: Language) -> NullTranslations:
    file = Path(__file__).parent / "translations" / f"{language}.po"
    compiled = BytesIO()
    with file.open("rb") as lines:
        write_mo(compiled, read_po(lines, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)


def language() -> Language:
    """The language of the present request."""
    return _language.get()


def use(chosen: str | None) -> None:
    """Answer in `chosen` from here on; an unknown language means the default."""
    _language.set(chosen if chosen in LANGUAGES else DEFAULT)


def _(message: str, **values: object) -> str:
    """Translate `message` and fill its `{names}`."""
    text = _catalogue(language()).gettext(message)
    return text.format(**values) if values else text


def marked(message: str) -> str:
    """Mark `message` for the catalogues where it stands before there is a reader; `_` translates it later."""
    return message


def plural(singular: str, several: str, count: int, **values: object) -> str:
    """Translate in the form that fits `count`, which may stand as `{n}` in the text."""
    text = _catalogue(language()).ngettext(singular, several, count)
    return text.format(n=number(count), **values)


def number(value: float) -> str:
    """A figure as the reader writes it: `1 284` or `1,284`."""
    return _formatted(value, None, language())


def percent(share: float) -> str:
    """A share between 0 and 1 with one decimal: `78,4 %`."""
    return _formatted(share, "#,##0.0\u00a0%" if language() == "ru" else "#,##0.0%", language())


def decimal(value: float) -> str:
    """A figure with one decimal whatever it is: `8,0`."""
    return _formatted(value, "#,##0.0", language())


@lru_cache(maxsize=10_000)
def _formatted(value: float, pattern: str | None, locale: Language) -> str:
    """A figure by a pattern; tables of thousands of figures have few that differ."""
    return format_decimal(value, format=pattern, locale=locale)


def day(value: date) -> str:
    """A date with its weekday: `пн 23 ноября`."""
    pattern = "EEEEEE d MMMM" if language() == "ru" else "EEE, d MMMM"
    return format_date(value, pattern, locale=language())


def short_weekday_day(value: date) -> str:
    """A date with its weekday where there is little room: `пн 16.11`."""
    return format_date(value, "EEEEEE dd.MM" if language() == "ru" else "EEE d MMM", locale=language())


def short_day(value: date) -> str:
    """A date in figures: `23.11.2026`."""
    return format_date(value, "dd.MM.yyyy" if language() == "ru" else "d MMM yyyy", locale=language())


def days(first: date, last: date, *, with_year: bool = True) -> str:
    """A period of whole days as short as it can be said: `1–23 ноября 2026`."""
    whole = "d MMMM yyyy" if with_year or first.year != last.year else "d MMMM"
    end = format_date(last, whole, locale=language())
    if first == last:
        return end
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{end}"
    begin = whole if first.year != last.year else "d MMMM"
    return f"{format_date(first, begin, locale=language())} – {end}"


def month(value: date) -> str:
    """The name of a month by itself: `Ноябрь`."""
    return format_date(value, "LLLL", locale=language()).capitalize()


def short_month(number: int) -> str:
    """The name of a month, 1 to 12, where there is little room: `ноя`."""
    return format_date(date(2000, number, 1), "LLLL", locale=language())[:3]


def weekday(number: int) -> str:
    """The name of a weekday, 0 for Monday: `Понедельник`."""
    return format_date(_monday_and(number), "cccc", locale=language()).capitalize()


def short_weekday(number: int) -> str:
    """The name of a weekday, 0 for Monday, where there is little room: `Пн`."""
    pattern = "cccccc" if language() == "ru" else "ccc"
    return format_date(_monday_and(number), pattern, locale=language()).capitalize()


def _monday_and(days_later: int) -> date:
    return date(2024, 1, 1) + timedelta(days=days_later)


def zone_city(zone: str) -> str:
    """The city a time zone is named after: `Москва` for `Europe/Moscow`."""
    return get_timezone_location(zone, locale=language(), return_city=True)


def clock(value: datetime, *, seconds: bool = False) -> str:
    """The time of day: `10:02` or `10:02:14`."""
    return format_time(value, "HH:mm:ss" if seconds else "HH:mm", locale=language())


def moment(value: datetime) -> str:
    """Day and time: `19.11, 16:22`."""
    return format_datetime(value, "dd.MM, HH:mm" if language() == "ru" else "d MMM, HH:mm", locale=language())
