"""What the agency directory finds, and in which order."""

import re
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.calls import Agency, AgencyPhone, AgencySearch, FilterFault, InvalidFilter, ListedAgency
from services.calls.agencies.index import Index
from services.calls.agencies.payload import listed_to_json

PLAIN = Agency(
    id=1,
    name=None,
    english_name=None,
    address=None,
    city=None,
    metro=None,
    district=None,
    area=None,
    region=None,
    time_zone=None,
    bank_card=False,
    tickets=False,
    english=False,
    station_not_set=False,
    switch_msk_agency=False,
    stambul=False,
    austria=False,
    comment=None,
    phones=(),
)


def listed(id_: int, *numbers: str, **fields: object) -> ListedAgency:
    phones = tuple(AgencyPhone(number, None) for number in numbers)
    return ListedAgency(replace(PLAIN, id=id_, phones=phones, **fields), None, (None,) * 7)  # type: ignore[arg-type]


def index_of(agencies: Iterable[ListedAgency]) -> Index:
    return Index({one.agency.id: listed_to_json(one) for one in agencies})


def found(index: Index, search: str) -> list[int]:
    return [one.agency.id for one in index.found(search)]


BREEZE = listed(
    1,
    "+7 900 000-11-22",
    "8 (495) 765-43-21",
    name="Тёплый бриз",
    english_name="Warm Breeze",
    address="ул. Арбат, 12/3",
    city="Москва",
    metro="Смоленская",
    district="Арбат",
    area="ЦАО",
    region="Московская область",
    comment="Спросить Анну",
)
NORTH = listed(
    2, "9000003344", name="Бриз Севера", address="Невский пр., 5", city="Санкт-Петербург", metro="Маяковская"
)
ODD = listed(3, name='Туры "100%" под_ключ', city="Тверь")
NAMELESS = listed(4, "+44 7700 900123", city="Москва")
INDEX = index_of([NAMELESS, ODD, NORTH, BREEZE])


@pytest.mark.parametrize(
    "search",
    [
        "бриз тёплый",
        "теплый",
        "ТЁПЛЫЙ БРИЗ",
        "warm",
        "арбат 12/3",
        "москва смоленская бриз",
        "цао тёпл",
        "бриз 765-43",
        "  тёплый   бриз  ",
        "те\u0308плый",  # yo as two characters
    ],
)
def test_every_word_is_found_wherever_it_stands_in_any_order_and_case(search):
    assert found(INDEX, search) == [1]


@pytest.mark.parametrize("search", ["анну", "московская", "бриз тверь", "тёплый\nсевера"])
def test_what_one_agency_does_not_hold_is_not_found(search):
    assert found(INDEX, search) == []


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("%", [3]),
        ("_", [3]),
        ('"', [3]),
        ("100%", [3]),
        ("под_ключ", [3]),
        ("под-ключ", []),
        ("'", []),
        ("\\", []),
        (".*", []),
        ("\0", []),
    ],
)
def test_wildcards_and_quotes_mean_themselves(search, expected):
    assert found(INDEX, search) == expected


def test_without_a_search_all_are_there_by_name_and_those_without_one_last():
    assert found(INDEX, "") == found(INDEX, "  ") == [2, 1, 3, 4]


def test_a_name_that_begins_with_the_search_comes_first_then_one_that_begins_with_a_word_of_it():
    index = index_of(
        [
            listed(1, name="Академия бриза"),
            listed(2, name="«Бриз плюс»"),
            listed(3, name="Бриз"),
            listed(4, name="Яхта", english_name="Briz бриз"),
            listed(5, name="Яшма", address="бриз"),
        ]
    )

    assert found(index, "бриз") == [3, 2, 1, 4, 5]
    assert found(index, "плюс бриз") == [2]


@pytest.mark.parametrize(
    "search",
    [
        "+79000001122",
        "89000001122",
        "9000001122",
        "8 (900) 000-11-22",
        "+7 900 000 11 22",
        "8.900.000.11.22",
        "900000 11",
        "890000011",
        "бриз 8 900 000 11 22",
        "000-11-22 москва",
    ],
)
def test_a_telephone_is_found_by_any_part_and_any_punctuation(search):
    assert found(INDEX, search) == [1]


@pytest.mark.parametrize("search", ["+7 900 000 33 44", "8 900 000-33-44", "900 0003344"])
def test_a_number_that_was_noted_without_its_prefix_is_found_with_either(search):
    assert found(INDEX, search) == [2]


def test_a_foreign_number_keeps_its_own_beginning():
    assert found(INDEX, "+44 7700 900123") == [4]
    assert found(INDEX, "7700 900123") == [4]


def test_the_first_digits_of_a_number_already_find_it():
    assert set(found(INDEX, "8 9")) == set(found(INDEX, "+7 9")) == {1, 2}


def test_a_house_number_beside_other_words_is_not_taken_for_a_part_of_every_telephone():
    index = index_of(
        [listed(1, "79000005555", address="Арбат, 7"), listed(2, "79000005555", address="Арбат, 8")]
    )

    assert found(index, "арбат 8") == [2]


def test_two_numbers_in_one_field_are_two_numbers():
    index = index_of([listed(1, "8 900 000-11-22, 8 900 000-33-44")])

    assert found(index, "+7 900 000 33 44") == [1]
    assert found(index, "22 8900") == []


#: What people type between digits.
punctuation = st.text(alphabet=" -()+.–\u00a0", max_size=2)


@st.composite
def typed(draw, digits: str) -> str:
    """The digits with anything between them."""
    return draw(punctuation) + "".join(digit + draw(punctuation) for digit in digits)


@given(st.data(), st.from_regex(r"[3-9][0-9]{9}", fullmatch=True))
def test_however_a_number_was_noted_and_is_typed_it_is_found(data, national):
    noted, prefix = (data.draw(st.sampled_from(["+7", "8", ""])) for _ in range(2))
    body = data.draw(typed(national))
    index = index_of(
        [listed(1, noted + " " + body.strip(" \u00a0").lstrip("+") if noted else national), NAMELESS]
    )

    assert 1 in found(index, data.draw(typed(prefix.strip("+") + national)))


@given(st.text(max_size=200))
def test_any_search_has_an_answer(search):
    assert set(found(INDEX, search)) <= {1, 2, 3, 4}


@given(st.lists(st.sampled_from(["бриз", "москва", "900", "арбат", "ё", "%", "12"]), max_size=4))
def test_each_further_word_narrows(words):
    if len(re.sub(r"\D", "", "".join(words))) >= 3:
        return  # neighbouring figures make up one number
    assert set(found(INDEX, " ".join(words))) <= set(found(INDEX, " ".join(words[:-1])))


def test_a_search_of_ten_thousand_characters_is_refused():
    with pytest.raises(InvalidFilter) as caught:
        AgencySearch("б" * 10_000)

    assert (caught.value.field, caught.value.code) == ("search", FilterFault.TOO_LONG)


@pytest.mark.parametrize(
    ("field", "value"), [("offset", -1), ("offset", 2**40), ("limit", 0), ("limit", 501)]
)
def test_a_part_that_cannot_be_is_refused(field, value):
    with pytest.raises(InvalidFilter) as caught:
        AgencySearch(**{field: value})

    assert (caught.value.field, caught.value.code) == (field, FilterFault.OUT_OF_RANGE)


def test_an_index_takes_what_did_not_change_from_the_one_before():
    texts = {one.agency.id: listed_to_json(one) for one in (BREEZE, NORTH)}
    before = Index(texts)
    changed = replace(NORTH, agency=replace(NORTH.agency, name="Юг"))

    after = Index({1: texts[1], 2: listed_to_json(changed)}, before)

    assert after.agency(1) is before.agency(1)
    assert found(after, "юг") == [2]
    assert found(before, "юг") == []
