"""The copy of the agencies: like the source, with its age, and without those that are not to be shown."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from services.calls import (
    AgenciesNotRead,
    AgencyDirectory,
    AgencyPhone,
    AgencySearch,
    NotConfigured,
)
from services.calls.agencies import sync
from services.errors import Reason, UpstreamRejected, UpstreamUnavailable
from services.live import report_answer, report_failure
from tests.unit.services.calls.agency_world import AgencyWorld
from tests.unit.services.calls.world import MOSCOW, local


@pytest.fixture
def world(tmp_path: Path) -> Iterator[AgencyWorld]:
    made = AgencyWorld(tmp_path)
    yield made
    made.close()


def report_ok(world: AgencyWorld) -> None:
    """What `calls.sync` notes while the source answers."""
    with world.store.write() as session:
        report_answer(session, "call_centre", took=timedelta(0), now=world.clock.now)


def report_down(world: AgencyWorld, reason: Reason = Reason.TIMEOUT) -> None:
    error = UpstreamUnavailable("silent", reason)
    with world.store.write() as session:
        report_failure(session, "call_centre", error, now=world.clock.now, next_try_at=world.clock.now)


def test_everything_an_agencys_ids_lead_to_is_resolved(world):
    places = {table: world.add(table, name=f"the {table}") for table in ("city", "metro", "areas", "regions")}
    telephones = [
        world.add("telephone", number=" +7 900 000-11-22 ", comment="касса"),
        world.add("telephone", number="8 900", comment=" "),
    ]
    id_ = world.add(
        "agentstvo",
        name=" Бриз ",
        english_name="",
        adres="Арбат, 1",
        comment="Вход\nсо двора",
        city_id=places["city"],
        metro_id=places["metro"],
        district_id=world.add("district", name="Арбат"),
        area_id=places["areas"],
        region=places["regions"],
        time_zone=-1,
        bank_card=1,
        tickets=0,
        tel_2_id=telephones[0],
        tel_5_id=telephones[1],
        tel_6_id=telephones[0],
        tel_7_id=999,
    )
    world.look()

    listed = world.directory().details(id_).listed

    agency = listed.agency
    assert (agency.name, agency.english_name, agency.comment) == ("Бриз", None, "Вход\nсо двора")
    assert (agency.city, agency.metro, agency.district) == ("the city", "the metro", "Арбат")
    assert (agency.area, agency.region, agency.time_zone) == ("the areas", "the regions", -1)
    assert (agency.bank_card, agency.tickets, agency.austria) == (True, False, False)
    assert agency.phones == (AgencyPhone("+7 900 000-11-22", "касса"), AgencyPhone("8 900", None))
    number = "+7 900 000-11-22"
    assert listed.numbers == (None, number, None, None, "8 900", number, None)
    assert listed.hours is None


def test_working_hours_are_shown_where_the_installation_has_a_table_of_them(world):
    with world.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE time_rezhim (id INTEGER PRIMARY KEY, name VARCHAR(255))")
        connection.exec_driver_sql("INSERT INTO time_rezhim VALUES (3, 'пн–пт 10–20')")
    ids = [world.agency("Бриз", time_rezhim_id=3), world.agency("Яр", time_rezhim_id=4)]
    world.look()

    assert [world.directory().details(id_).listed.hours for id_ in ids] == ["пн–пт 10–20", None]


@pytest.mark.parametrize("columns", [{"hidden": 1}, {"district_id": 7}, {"id": 280}, {"id": 318}])
def test_agencies_that_are_not_shown_are_nowhere(world, columns):
    world.add("district", id=7, name="hidden", hidden=1)
    unseen = world.agency("Тайна", "+7 900 000-99-99", **columns)
    world.agency("Бриз")
    world.look()

    assert world.names() == ["Бриз"]
    assert world.names("тайна") == world.names("9000009999") == []
    assert world.directory().details(unseen) is None


def test_an_agency_that_is_hidden_later_disappears_with_the_next_look(world):
    id_ = world.agency("Бриз")
    world.look()
    world.change("agentstvo", id_, hidden=1)

    world.look()

    assert world.directory().details(id_) is None
    assert world.names() == []


def test_changes_arrive_and_only_they_are_stored_and_told(world, statements):
    ids = [world.agency(name, "+7 900") for name in ("Бриз", "Север", "Яр")]
    world.look()
    version = world.agencies_version()
    statements.clear()

    world.look()

    assert world.agencies_version() == version
    assert [one for one in statements if one.startswith(("INSERT", "DELETE"))] == []

    world.change("agentstvo", ids[0], name="Новый бриз")
    world.remove("agentstvo", ids[1])
    statements.clear()
    world.look()

    assert world.agencies_version() > version
    assert world.names() == ["Новый бриз", "Яр"]
    written = [one.split()[2] for one in statements if one.startswith(("INSERT", "DELETE"))]
    assert written.count("agency") == 2


def test_a_change_of_a_telephone_or_a_place_counts_too(world):
    city = world.add("city", name="Тверь")
    telephone = world.add("telephone", number="+7 900 000-11-22")
    world.agency("Бриз", city_id=city, tel_4_id=telephone)
    world.look()

    world.change("city", city, name="Калинин")
    world.change("telephone", telephone, number="+7 900 000-33-44")
    world.look()

    assert world.names("калинин 3344") == ["Бриз"]
    assert world.names("тверь") == []


def test_a_directory_that_is_in_use_follows_the_version(world):
    world.agency("Бриз")
    world.look()
    directory = world.directory()
    assert directory.search(AgencySearch()).total == 1

    world.agency("Север")
    world.look()

    assert directory.search(AgencySearch()).total == 2


def test_the_copy_is_read_into_memory_once_for_all_questions(world, statements):
    world.agency("Бриз")
    world.look()
    directory = world.directory()
    statements.clear()

    for search in ("бриз", "север", ""):
        directory.search(AgencySearch(search))

    assert len([one for one in statements if "FROM agency " in one or one.endswith("FROM agency")]) == 1


def test_a_part_of_the_answer_with_the_number_of_all(world):
    for number in range(7):
        world.agency(f"Бриз {number}")
    world.agency("Яр")
    world.look()

    page = world.directory().search(AgencySearch("бриз", offset=2, limit=3))

    assert [one.agency.name for one in page.agencies] == ["Бриз 2", "Бриз 3", "Бриз 4"]
    assert (page.total, page.known) == (7, 8)


# Freshness


def test_the_answer_says_when_the_source_was_looked_at(world):
    world.agency("Бриз")
    report_ok(world)
    world.look()

    freshness = world.directory().search(AgencySearch()).freshness

    assert (freshness.origin, freshness.as_of, freshness.problem) == ("copy", world.clock.now, None)


def test_while_the_source_is_down_the_copy_is_shown_with_its_age_and_the_reason(world):
    world.agency("Бриз")
    world.look()
    looked_at = world.clock.now
    world.vanish()
    world.clock.move(minutes=3)
    report_down(world)

    page = world.directory().search(AgencySearch("бриз"))

    assert page.total == 1
    assert (page.freshness.as_of, page.freshness.problem.reason) == (looked_at, Reason.TIMEOUT)
    assert page.freshness.problem.since == world.clock.now


def test_a_collector_that_is_not_at_work_is_a_reason_too(world):
    world.agency("Бриз")
    report_ok(world)
    world.look()
    world.clock.move(minutes=3)

    assert world.directory().search(AgencySearch()).freshness.problem.reason is Reason.UNWATCHED


def test_a_source_that_is_known_to_be_down_is_not_asked(world):
    world.agency("Бриз")
    report_down(world)

    assert world.look() == sync.WAIT_FOR_SOURCE
    world.clock.move(seconds=10)
    report_ok(world)
    world.look()

    assert world.names() == ["Бриз"]


def test_a_job_that_fails_alone_backs_off_and_says_why_until_it_succeeds(world):
    world.agency("Бриз", "+7 900")
    report_ok(world)
    world.look()
    looked_at = world.clock.now
    with world.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE telephone RENAME TO away")
    version = world.agencies_version()

    rests = [world.look().total_seconds() for _ in range(6)]

    assert rests == [5, 10, 20, 40, 60, 60]
    assert world.agencies_version() == version + 1
    freshness = world.directory().search(AgencySearch()).freshness
    assert (freshness.as_of, freshness.problem.reason) == (looked_at, Reason.MALFORMED)

    with world.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO telephone")

    assert world.look() == sync.EVERY
    assert world.directory().search(AgencySearch()).freshness.problem is None
    assert world.agencies_version() == version + 2


def test_a_slow_source_is_asked_less_often(world):
    seconds = iter((0.0, 20.0))
    slow = sync.AgencySync(
        world.store, world.source, world.live(), clock=world.clock, stopwatch=lambda: next(seconds)
    )

    assert slow.step(world.store) == timedelta(minutes=3)


def test_before_the_first_look_nothing_is_claimed(world):
    with pytest.raises(AgenciesNotRead):
        world.directory().search(AgencySearch())

    report_down(world, Reason.LOGIN_REFUSED)

    with pytest.raises(UpstreamRejected) as caught:
        world.directory().details(1)
    assert caught.value.reason is Reason.LOGIN_REFUSED


def test_an_empty_call_centre_is_known_to_have_no_agencies(world):
    world.look()

    page = world.directory().search(AgencySearch())

    assert (page.total, page.known) == (0, 0)


def test_half_a_first_look_is_not_shown(world, monkeypatch):
    monkeypatch.setattr(sync, "BATCH", 2)
    for number in range(5):
        world.agency(f"Бриз {number}")

    class Broken(Exception):
        pass

    class Fence:
        """Breaks with the second transaction, as a crash does."""

        left = 1

        def write(self):
            if self.left == 0:
                raise Broken
            self.left -= 1
            return world.store.write()

    with pytest.raises(Broken):
        world.agencies.step(Fence())
    with pytest.raises(AgenciesNotRead):
        world.directory().search(AgencySearch())

    world.new_agency_sync().step(world.store)

    assert len(world.names()) == 5


def test_without_a_call_centre_there_is_no_directory(world):
    nothing = AgencyDirectory(None, world.live(), MOSCOW)

    for ask in (lambda: nothing.search(AgencySearch()), lambda: nothing.details(1), lambda: nothing.calls(1)):
        with pytest.raises(NotConfigured):
            ask()


# Calls

TWO = local(14)


def ring(world: AgencyWorld, agency_id: int, minute: int, result: int = 0) -> int:
    with world.engine.connect() as connection:
        rows = world.metadata.tables["agentstvo"]
        [telephone] = connection.execute(rows.select().where(rows.c.id == agency_id)).mappings().all()
    return world.add(
        "calls_result", telephone_id=telephone["tel_1_id"], datetime=local(14, minute), result=result
    )


def rung(world: AgencyWorld, *rings: int, at: datetime = TWO) -> int:
    pp = world.add("privat_processing", calls_results_ids="|".join(map(str, rings)))
    return world.call(at, privat_processing_id=pp, card_id=world.card("+7 900 000-55-66"))


def test_an_agency_knows_the_copied_calls_in_which_it_was_rung(world):
    breeze, north = world.agency("Бриз", "+7 900"), world.agency("Север", "+7 901")
    first = rung(world, ring(world, breeze, 1, result=2))
    second = rung(world, ring(world, breeze, 5), ring(world, north, 9), at=local(14, 4))
    rung(world, ring(world, north, 7), at=local(14, 6))
    world.call(local(14, 8))
    world.settle()
    world.look()

    calls = world.directory().calls(breeze)

    assert [(one.call.id, one.ringing.outcome, one.is_last) for one in calls.latest] == [
        (second, 0, False),
        (first, 2, True),
    ]
    assert calls.latest[0].call.number == "+7 900 000-55-66"
    assert (calls.total, calls.until) == (2, date(2025, 3, 10))


def test_the_calls_say_which_days_they_are_of(world):
    breeze = world.agency("Бриз", "+7 900")
    assert world.directory().calls(breeze).since is None

    world.settle()

    calls = world.directory().calls(breeze)
    assert (calls.since, calls.until) == (date(2025, 3, 2), date(2025, 3, 10))
    assert calls.freshness.as_of == world.clock.now


def test_only_the_newest_calls_are_listed_but_all_are_counted(world):
    breeze = world.agency("Бриз", "+7 900")
    ids = [rung(world, ring(world, breeze, 1), at=local(13, minute)) for minute in range(25)]
    world.settle()

    calls = world.directory().calls(breeze)

    assert calls.total == 25
    assert [one.call.id for one in calls.latest] == ids[:-21:-1]


def test_a_call_that_is_rung_late_or_deleted_is_followed(world):
    breeze = world.agency("Бриз", "+7 900")
    pp = world.add("privat_processing", calls_results_ids="")
    call = world.call(local(14, 30), privat_processing_id=pp)
    world.settle()
    assert world.directory().calls(breeze).total == 0

    world.change("privat_processing", pp, calls_results_ids=str(ring(world, breeze, 31)))
    world.work(seconds=10)
    assert world.directory().calls(breeze).total == 1

    world.remove("calls", call)
    world.work(seconds=10)
    assert world.directory().calls(breeze).total == 0


@pytest.mark.parametrize("id_", [0, -1, 2**70])
def test_an_id_that_nobody_can_have_has_no_calls(world, id_):
    assert world.directory().calls(id_).total == 0
