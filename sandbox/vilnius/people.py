"""The users of ERP: who may log in, who is blocked, whose VPN has expired. Every password is `sandbox`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Final

from sandbox.call_centre import words as russian
from sandbox.vilnius.files import Rows

PASSWORD: Final = "sandbox"
BLOCKED: Final = "Заблокированный сотрудник"
#: Logins that stand for a case; everybody else may log in.
BLOCKED_LOGIN: Final = "blocked"
NEVER_ADMITTED_LOGIN: Final = "candidate"
EXPIRED_VPN_LOGIN: Final = "expired"
_PEOPLE: Final = 40
_OFFICES: Final = ("Москва, Большая Академическая", "Москва, Лесная", "Вильнюс", "Санкт-Петербург")
_DEPARTMENTS: Final = {
    "Контакт-центр": ("Оператор", "Старший оператор", "Руководитель смены"),
    "Контакт-центр, Вильнюс": ("Куратор агентств", "Старший куратор"),
    "Отдел поддержки пользователей": ("Инженер", "Ведущий инженер", "Начальник отдела"),
    "Отдел бронирования": ("Менеджер", "Старший менеджер"),
    "Бухгалтерия": ("Бухгалтер", "Главный бухгалтер"),
}

_Row = tuple[object, ...]


def rows(*, now: datetime, seed: int) -> Rows:
    """The users; VPN end dates are counted from `now` (naive local time)."""
    users = list(_users(Random(seed)))
    return {"V_USER": users, "T_USER": _vpn_ends(users, now)}


def _users(rng: Random) -> Iterator[_Row]:
    special = (BLOCKED_LOGIN, NEVER_ADMITTED_LOGIN, EXPIRED_VPN_LOGIN)
    for place in range(_PEOPLE):
        full_name = russian.person(rng)
        login = special[place] if place < len(special) else _login(full_name, place)
        department = rng.choice(list(_DEPARTMENTS))
        has_vpn = login == EXPIRED_VPN_LOGIN or rng.random() < 0.6
        admitted = {BLOCKED_LOGIN: BLOCKED, NEVER_ADMITTED_LOGIN: None}
        yield (
            1000 + place,
            login,
            PASSWORD,
            full_name,
            f"{login}@example.com",
            rng.choice(_OFFICES),
            department,
            rng.choice(_DEPARTMENTS[department]),
            str(2000 + place),
            "Да" if has_vpn else None,
            admitted.get(login, rng.choice(("Постоянный", "Временный"))),
        )


def _login(full_name: str, place: int) -> str:
    surname, name, *_ = full_name.split()
    return f"{russian.latin(name[0])}.{russian.latin(surname)}{place}".lower()


def _vpn_ends(users: list[_Row], now: datetime) -> Iterator[_Row]:
    for user_id, login, *others in users:
        if login == EXPIRED_VPN_LOGIN:
            yield user_id, _date(now - timedelta(days=3))
        elif others[7] is not None:  # has VPN
            yield user_id, _date(now + timedelta(days=180))


def _date(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d 00:00:00.000000")
