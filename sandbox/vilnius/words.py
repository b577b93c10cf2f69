"""The vocabulary of the Vilnius centre: its agencies, people and themes; all of it is invented or common."""

from __future__ import annotations

from random import Random
from typing import Final, NamedTuple

from sandbox.call_centre import words as russian


def _listed(words: str) -> tuple[str, ...]:
    return tuple(words.split())


#: What a call is about; a call may have none.
THEMES: Final = ("Заявка", "Оплата", "Документы", "Жалоба", "Реклама", "Прочее")


class Curator(NamedTuple):
    """An operator of the centre: the number the platform calls them by, and their share of the calls."""

    number: str
    share: int


CURATORS: Final = (
    Curator("201", 14),
    Curator("202", 9),
    Curator("205", 21),
    Curator("207", 17),
    Curator("208", 5),
    Curator("211", 11),
    Curator("214", 3),
)


class Place(NamedTuple):
    """A city, and how numbers of its country begin: `mobile` and `landline` with the digits that follow."""

    city: str
    mobile: tuple[str, ...]
    mobile_digits: int
    landline: str
    landline_digits: int


_LT: Final = tuple(f"3706{prefix}" for prefix in ("12", "15", "18", "50", "55", "70", "76", "82", "86", "98"))
PLACES: Final = (
    *(Place("Vilnius", _LT, 5, "37052", 6),) * 6,
    *(Place("Kaunas", _LT, 5, "37037", 6),) * 4,
    *(Place("Klaipėda", _LT, 5, "37046", 6),) * 3,
    Place("Šiauliai", _LT, 5, "37041", 6),
    Place("Panevėžys", _LT, 5, "37045", 6),
    Place("Alytus", _LT, 5, "370315", 5),
    Place("Visaginas", _LT, 5, "370386", 5),
    Place("Palanga", _LT, 5, "370460", 5),
    Place("Rīga", ("37126", "37129"), 6, "37167", 6),
    Place("Daugavpils", ("37126", "37129"), 6, "37165", 6),
    Place("Tallinn", ("37255", "37256"), 6, "3726", 6),
    Place("Narva", ("37255", "37256"), 6, "37235", 5),
)

_AGENCY_BEGINNINGS: Final = _listed(
    """
    Baltijos Gintaro Žalgirio Saulės Jūros Vilniaus Šiaurės Pietų Nemuno Auksinės Mėlynos Laimės Svajonių
    Pajūrio Vasaros Trakų Kuršių Aušros Vėjo Senamiesčio
    """
)
_AGENCY_ENDS: Final = _listed(
    """
    kelionės kelias burės turas krantas vartai maršrutas horizontas kompasas pasaulis žvaigždė uostas
    biuras kryptis namai
    """
)
_AGENCY_SUFFIXES: Final = ("", "", "", "", ", UAB", ", filialas Akropolyje", " & partneriai", ' „Tėviškė"')
_WOMEN: Final = _listed(
    "Rūta Ieva Jurgita Agnė Eglė Živilė Daiva Rasa Lina Vilma Aušra Kristina Inga Neringa Milda Ona"
)
_MEN: Final = _listed(
    "Donatas Mantas Tomas Jonas Andrius Vytautas Gintaras Rimantas Darius Paulius Saulius Mindaugas"
)
_WOMENS_SURNAMES: Final = _listed(
    """
    Petraitienė Kazlauskienė Jankauskaitė Stankevičienė Vasiliauskaitė Žukauskienė Butkutė Paulauskienė
    Urbonaitė Kavaliauskienė Navickaitė Ramanauskienė Savickaitė Šimkutė Mockevičiūtė
    """
)
_MENS_SURNAMES: Final = _listed(
    """
    Petraitis Kazlauskas Jankauskas Stankevičius Vasiliauskas Žukauskas Butkus Paulauskas Urbonas
    Kavaliauskas Navickas Ramanauskas Savickas Šimkus Mockevičius
    """
)
CONTACT_DESCRIPTIONS: Final = (
    "директор",
    "менеджер по бронированию",
    "бухгалтерия",
    "визы",
    "старший менеджер, говорит по-русски",
    "vadybininkė",
    "vyriausioji buhalterė",
    "только по вторникам и четвергам",
)
OUR_CURATORS: Final = (
    "Каспарайте Ирена",
    "Юркявичюс Донатас",
    "Новицкая Анна Викторовна",
    "Станкявичене Виталия",
    "Вознесенская-Калашникова Александра",
)
CONTRACTS: Final = ("true", "true", "true", "true", "true", "false", "№ 118/LT до 31.12.2026", "продлевается")
#: What stands in telephone fields and is no telephone.
NO_PHONES: Final = ("нет", "уточнить", "-", "nėra", "info@example.com", "см. карточку", "112", "8 800")


def agency_name(rng: Random) -> str:
    """A Lithuanian name; one agency in five is called in Russian."""
    if rng.random() < 0.2:
        return russian.agency_name(rng)
    return f"{rng.choice(_AGENCY_BEGINNINGS)} {rng.choice(_AGENCY_ENDS)}{rng.choice(_AGENCY_SUFFIXES)}"


def person(rng: Random) -> str:
    """Name and surname, of one in three the Russian surname, name and patronymic."""
    if rng.random() < 0.35:
        return russian.person(rng)
    if rng.random() < 0.7:
        return f"{rng.choice(_WOMEN)} {rng.choice(_WOMENS_SURNAMES)}"
    return f"{rng.choice(_MEN)} {rng.choice(_MENS_SURNAMES)}"


_PLAIN: Final = str.maketrans("ąčęėįšųūžĄČĘĖĮŠŲŪŽāēīļņ„“", 'aceeisuuzACEEISUUZaeiln""')


def english(name: str) -> str:
    """`name` as an agency would write it for foreigners."""
    return russian.latin(name).translate(_PLAIN)
