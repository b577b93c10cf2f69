"""The reader's language: gettext catalogues, numbers, dates and plurals.

Message ids are English; `translations/ru.po` and `translations/en.po` are both complete (a test checks it).
The catalogues are read from the .po files at start, so there is no compiled file to forget.
"""

from contextvars import ContextVar
from datetime import date, datetime
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Literal, get_args

from babel.dates import format_date, format_datetime, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

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
    return format_decimal(value, locale=language())


def percent(share: float) -> str:
    """A share between 0 and 1 with one decimal: `78,4 %`."""
    return format_percent(
        share, format="#,##0.0\u00a0%" if language() == "ru" else "#,##0.0%", locale=language()
    )


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


def clock(value: datetime, *, seconds: bool = False) -> str:
    """The time of day: `10:02` or `10:02:14`."""
    return format_time(value, "HH:mm:ss" if seconds else "HH:mm", locale=language())


def moment(value: datetime) -> str:
    """Day and time: `19.11, 16:22`."""
    return format_datetime(value, "dd.MM, HH:mm" if language() == "ru" else "d MMM, HH:mm", locale=language())
