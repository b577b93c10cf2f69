"""Screens of the wall: their links hold until they end, and every process knows when they do."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, select

from services.live import LiveBoard
from services.storage import Base, StorageFull, Store
from services.wall import (
    TOKEN_LENGTH,
    InvalidExpiry,
    InvalidName,
    InvalidRotation,
    NameTaken,
    NoSuchScreen,
    Screens,
    ScreenState,
    Theme,
)

BEGIN = datetime(2025, 3, 3, 9, 0, tzinfo=UTC)


class Clock:
    """The time of a test; it stands still until it is moved."""

    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> datetime:
        return self.now

    def move(self, **step: float) -> None:
        self.now += timedelta(**step)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path / 'portal.db'}")
    Base.metadata.create_all(opened.engine)
    yield opened
    opened.close()


@pytest.fixture
def screens(store, clock) -> Screens:
    return Screens(store, LiveBoard(store, keep=0), clock=clock)


@pytest.fixture
def elsewhere(store, clock) -> Screens:
    """The same screens as another process knows them."""
    return Screens(store, LiveBoard(store, keep=0), clock=clock)


def state_of(screens: Screens, token: str) -> ScreenState | None:
    found = screens.find(token)
    return None if found is None else found[1]


def test_a_link_leads_to_its_screen(screens):
    made = screens.add(
        "  Зал 2  ",
        language="en",
        theme=Theme.DARK,
        rotation_s=60,
        lifetime=timedelta(days=1),
        created_by="anna",
    )

    screen, state = screens.find(made.token)

    assert state is ScreenState.IN_FORCE
    assert (screen.name, screen.language, screen.theme, screen.rotation_s) == ("Зал 2", "en", Theme.DARK, 60)
    assert (screen.created_by, screen.created_at) == ("anna", BEGIN)
    assert screen.expires_at == BEGIN + timedelta(days=1)


def test_tokens_are_long_differ_and_are_stored_nowhere(screens, store, tmp_path):
    tokens = {screens.add(f"screen {number}", language="ru").token for number in range(3)}
    store.close()

    stored = b"".join(file.read_bytes() for file in tmp_path.iterdir())

    assert {len(token) for token in tokens} == {TOKEN_LENGTH}
    assert len(tokens) == 3
    assert not [token for token in tokens if token.encode() in stored]


def test_a_token_does_not_show_in_what_is_printed(screens):
    made = screens.add("hall", language="ru")

    assert made.token not in repr(made)


@pytest.mark.parametrize("token", ["", "x", "x" * TOKEN_LENGTH, "x" * 9000, "\ud800" * TOKEN_LENGTH, "\x00"])
def test_a_token_that_nobody_was_given_leads_nowhere(screens, token):
    screens.add("hall", language="ru")

    assert screens.find(token) is None


def test_a_revoked_link_is_dead_in_every_process(screens, elsewhere):
    made = screens.add("hall", language="ru")
    assert state_of(elsewhere, made.token) is ScreenState.IN_FORCE

    screens.revoke(made.screen.id)

    assert state_of(screens, made.token) is ScreenState.REVOKED
    assert state_of(elsewhere, made.token) is ScreenState.REVOKED


def test_revoking_twice_keeps_the_first_time(screens, clock):
    made = screens.add("hall", language="ru")
    first = screens.revoke(made.screen.id)
    clock.move(hours=1)

    assert screens.revoke(made.screen.id).revoked_at == first.revoked_at == BEGIN


def test_a_link_ends_by_itself_at_its_time(screens, clock):
    made = screens.add("hall", language="ru", lifetime=timedelta(days=1))
    clock.move(days=1, seconds=-1)
    assert state_of(screens, made.token) is ScreenState.IN_FORCE

    clock.move(seconds=1)

    assert state_of(screens, made.token) is ScreenState.EXPIRED


def test_a_link_without_an_end_holds_for_years(screens, clock):
    made = screens.add("hall", language="ru")

    clock.move(days=4000)

    assert state_of(screens, made.token) is ScreenState.IN_FORCE


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "two\nlines", "\x00", "\ud800"])
def test_a_name_that_cannot_be_shown_is_refused(screens, name):
    with pytest.raises(InvalidName):
        screens.add(name, language="ru")

    assert screens.all_screens() == []


def test_two_screens_whose_links_hold_never_share_a_name(screens, clock):
    first = screens.add("hall", language="ru", lifetime=timedelta(days=1))
    with pytest.raises(NameTaken):
        screens.add(" hall ", language="ru")

    clock.move(days=2)
    second = screens.add("hall", language="ru")
    screens.revoke(second.screen.id)

    assert screens.add("hall", language="ru").screen.id not in (first.screen.id, second.screen.id)


def test_what_no_screen_can_do_is_refused(screens):
    with pytest.raises(InvalidRotation):
        screens.add("hall", language="ru", rotation_s=7)
    with pytest.raises(InvalidExpiry):
        screens.add("hall", language="ru", lifetime=timedelta())
    with pytest.raises(NoSuchScreen):
        screens.revoke(1)
    with pytest.raises(NoSuchScreen):
        screens.get(1)


def test_the_list_begins_with_the_links_that_hold_the_latest_first(screens, clock):
    for name in ("short", "old", "revoked", "new"):
        made = screens.add(name, language="ru", lifetime=timedelta(hours=1) if name == "short" else None)
        if name == "revoked":
            screens.revoke(made.screen.id)
    clock.move(hours=2)

    assert [screen.name for screen in screens.all_screens()] == ["new", "old", "revoked", "short"]


def test_the_last_use_is_noted_at_most_once_a_minute(screens, clock):
    made = screens.add("hall", language="ru")
    screens.note_use(made.token)
    clock.move(seconds=59)
    screens.note_use(made.token)
    assert screens.get(made.screen.id).last_used_at == BEGIN

    clock.move(seconds=1)
    screens.note_use(made.token)

    assert screens.get(made.screen.id).last_used_at == BEGIN + timedelta(minutes=1)


def test_a_use_that_cannot_be_noted_does_not_stop_the_screen(screens, store, monkeypatch, caplog):
    made = screens.add("hall", language="ru")

    def full():
        raise StorageFull("full")

    monkeypatch.setattr(store, "write", full)
    screens.note_use(made.token)

    assert "could not be stored" in caplog.text
    assert state_of(screens, made.token) is ScreenState.IN_FORCE


def test_a_screen_that_asks_on_and_on_costs_no_query(store, clock):
    board = LiveBoard(store, keep=3600)
    screens = Screens(store, board, clock=clock)
    made = screens.add("hall", language="ru")
    screens.find(made.token)
    screens.note_use(made.token)
    asked: list[str] = []
    event.listen(store.engine, "before_cursor_execute", lambda *arguments: asked.append(arguments[2]))

    for _ in range(100):
        screens.find(made.token)
        screens.note_use(made.token)

    assert asked == []


def test_strangers_who_guess_fill_no_memory(screens):
    for number in range(50):
        screens.find(f"{number:0>{TOKEN_LENGTH}}")

    assert screens._generation.kept == {}


def test_the_digest_of_a_token_is_all_that_is_known_of_it(screens, store):
    made = screens.add("hall", language="ru")
    with store.read() as session:
        (row,) = session.execute(select(Base.metadata.tables["wall_screen"])).mappings()

    assert len(row["token_digest"]) == 64
    assert made.token not in map(str, row.values())
