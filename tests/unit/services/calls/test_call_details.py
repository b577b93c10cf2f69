"""Which call has a client card, and which agency its Info names."""

from typing import Any

import pytest

from services.calls import AgencyPhone, ClientCard
from services.calls.resolve import ring_ids
from tests.unit.services.calls.world import World, local


def ring(world: World, telephone_id: int | None, minute: int | None, result: int | None = 0) -> int:
    at = None if minute is None else local(14, minute)
    return world.add("calls_result", telephone_id=telephone_id, datetime=at, result=result)


def agency(world: World, name: str, **columns: Any) -> int:
    """An agency with a telephone of its own; returns the telephone's id."""
    telephone_id = world.add("telephone", number=f"number of {name}", comment=f"comment of {name}")
    world.add("agentstvo", **{"name": name, "tel_3_id": telephone_id} | columns)
    return telephone_id


def rung(world: World, joined: str | None, **columns: Any) -> int:
    """A call whose processing has these rings."""
    pp = world.add("privat_processing", calls_results_ids=joined)
    return world.call(local(14, 30), **{"privat_processing_id": pp, "card_id": 1} | columns)


def agency_name(world: World, call: int) -> str | None:
    found = world.log().agency_of_call(call)
    return None if found is None else found.name


@pytest.fixture(params=["copy", "source"])
def world(request, world):
    """Every rule holds from the copy and, where nothing is copied, from the source."""
    if request.param == "source":
        world.settle = lambda: None
    return world


@pytest.mark.parametrize(
    ("card_id", "pp_id", "has_card"),
    [(1, 1, True), (0, 1, False), (None, 1, False), (1, 0, False), (1, None, False), (1, 77, False)],
)
def test_a_client_card_needs_a_card_and_a_processing_that_exists(world, card_id, pp_id, has_card):
    world.add("privat_processing", calls_results_ids="")
    call = world.call(local(14), card_id=card_id, privat_processing_id=pp_id)
    world.settle()

    assert (world.log().client_card(call) is not None) is has_card


def test_the_client_card_resolves_every_name(world):
    names = [world.add("names", name=name) for name in ("Пётр", "Ирина")]
    pp = world.add(
        "privat_processing",
        client_name_id=names[0],
        manager_name_id=names[1],
        client_city_id=world.add("city", name="Тверь"),
        metro_id=world.add("metro", name="Арбатская"),
        country_id=world.add("country", name="Турция"),
        ads_id=world.add("ads", ads_name="Радио"),
    )
    operator = world.add("operators", name="Анна Белова")
    card = world.card("+7 900 000-12-34")
    call = world.call(local(14), card_id=card, privat_processing_id=pp, operator_id=operator)
    world.settle()

    found = world.log().client_card(call)

    assert found == ClientCard(
        call_id=call,
        at=found.at,
        operator="Анна Белова",
        processing_id=pp,
        client_name="Пётр",
        client_city="Тверь",
        manager_name="Ирина",
        metro_name="Арбатская",
        country_name="Турция",
        ad_name="Радио",
        phone="+7 900 000-12-34",
    )
    assert found.at.isoformat() == "2025-03-10T11:00:00+00:00"


def test_ids_that_nobody_has_leave_the_client_card_empty(world):
    pp = world.add("privat_processing", client_name_id=99, manager_name_id=0, client_city_id=99, ads_id=99)
    call = world.call(local(14), card_id=99, privat_processing_id=pp, operator_id=99)
    world.settle()

    found = world.log().client_card(call)

    assert (found.client_name, found.manager_name, found.client_city) == (None, None, None)
    assert (found.ad_name, found.phone, found.operator) == (None, None, None)


def test_the_newest_ring_of_an_agency_names_it(world):
    old, new = agency(world, "old"), agency(world, "new")
    stranger = world.add("telephone", number="stranger")
    rings = [ring(world, new, 20), ring(world, old, 10), ring(world, stranger, 25)]
    call = rung(world, "|".join(map(str, rings)))
    world.settle()

    assert agency_name(world, call) == "new"


def test_of_two_rings_at_the_same_time_the_higher_id_counts(world):
    first, second = agency(world, "first"), agency(world, "second")
    rings = [ring(world, first, 20), ring(world, second, 20)]
    call = rung(world, f"{rings[1]}|{rings[0]}")
    world.settle()

    assert agency_name(world, call) == "second"


def test_a_ring_without_a_time_is_the_oldest(world):
    timed, timeless = agency(world, "timed"), agency(world, "timeless")
    rings = [ring(world, timed, 1), ring(world, timeless, None)]
    call = rung(world, f"{rings[0]}|{rings[1]}")
    world.settle()

    assert agency_name(world, call) == "timed"


@pytest.mark.parametrize("columns", [{"hidden": 1}, {"district_id": 7}, {"id": 280}, {"id": 318}])
def test_agencies_that_are_not_shown_give_way_to_the_next(world, columns):
    world.add("district", id=7, name="hidden", hidden=1)
    shown, unseen = agency(world, "shown"), agency(world, "unseen", **columns)
    rings = [ring(world, shown, 10), ring(world, unseen, 20)]
    call = rung(world, f"{rings[0]}|{rings[1]}")
    world.settle()

    assert agency_name(world, call) == "shown"


@pytest.mark.parametrize("hidden", [0, None])
def test_an_agency_that_is_not_marked_hidden_is_shown(world, hidden):
    world.add("district", id=7, name="seen", hidden=hidden)
    telephone = agency(world, "shown", hidden=hidden, district_id=7)
    call = rung(world, str(ring(world, telephone, 10)))
    world.settle()

    assert agency_name(world, call) == "shown"


def test_a_telephone_shared_with_a_hidden_branch_is_the_other_agencys(world):
    telephone = agency(world, "branch", hidden=1)
    world.add("agentstvo", name="working", tel_7_id=telephone)
    call = rung(world, str(ring(world, telephone, 10)))
    world.settle()

    assert agency_name(world, call) == "working"


def test_info_needs_no_client_card(world):
    telephone = agency(world, "agency")
    call = rung(world, str(ring(world, telephone, 10)), card_id=0)
    world.settle()

    assert agency_name(world, call) == "agency"
    assert world.log().client_card(call) is None


def test_info_shows_the_whole_agency_and_how_it_was_rung(world):
    telephone = agency(
        world,
        "Бриз",
        english_name="Breeze",
        adres=" Арбат, 1 ",
        comment="",
        city_id=world.add("city", name="Москва"),
        metro_id=world.add("metro", name="Арбатская"),
        district_id=world.add("district", name="Арбат"),
        area_id=world.add("areas", name="ЦАО"),
        region=world.add("regions", name="Москва и область"),
        time_zone=2,
        tel_1_id=world.add("telephone", number=" "),
        tel_7_id=99,
        tickets=1,
        bank_card=0,
        english=None,
    )
    client = world.add("names", name="Пётр")
    operator = world.add("operators", name="Анна Белова")
    pp = world.add(
        "privat_processing",
        calls_results_ids=str(ring(world, telephone, 10, result=-1)),
        client_name_id=client,
        country_id=world.add("country", name="Турция"),
    )
    call = world.call(local(14), privat_processing_id=pp, operator_id=operator)
    world.settle()

    found = world.log().agency_of_call(call)

    assert (found.name, found.english_name, found.address, found.comment) == (
        "Бриз",
        "Breeze",
        "Арбат, 1",
        None,
    )
    assert (found.city, found.metro, found.district) == ("Москва", "Арбатская", "Арбат")
    assert (found.area, found.region, found.time_zone) == ("ЦАО", "Москва и область", 2)
    assert (found.tickets, found.bank_card, found.english) == (True, False, False)
    assert found.phones == (AgencyPhone("number of Бриз", "comment of Бриз"),)
    ringing = found.ringing
    assert (ringing.outcome, ringing.client_name, ringing.country) == (-1, "Пётр", "Турция")
    assert (ringing.operator, ringing.manager) == ("Анна Белова", None)
    assert ringing.at.isoformat() == "2025-03-10T11:10:00+00:00"


def test_the_agencies_of_a_processing_come_once_each_newest_first(world):
    one, two = agency(world, "one"), agency(world, "two")
    rings = [ring(world, one, 5), ring(world, two, 10), ring(world, one, 15)]
    rung(world, "|".join(map(str, rings)))
    world.settle()

    found = world.log().agencies_of_processing(1)

    assert [info.name for info in found] == ["one", "two"]
    assert found[0].ringing.at.minute == 15


@pytest.mark.parametrize("id_", [-1, 0, 12345, 10**30])
def test_an_id_that_nobody_has_finds_nothing(world, id_):
    world.settle()
    log = world.log()

    assert log.client_card(id_) is None
    assert log.agency_of_call(id_) is None
    assert log.agencies_of_processing(id_) == ()


@pytest.mark.parametrize(
    ("joined", "ids"),
    [
        ("12|15|19", [12, 15, 19]),
        (" 12 || 15 |", [12, 15]),
        ("12|12", [12]),
        ("нет|-4|1.5|0|²|12", [12]),
        ("9" * 19 + "|" + "9" * 5_000, []),
        ("", []),
        (None, []),
        (7, [7]),
    ],
)
def test_junk_among_the_joined_ids_is_skipped(joined, ids):
    assert ring_ids(joined) == ids
