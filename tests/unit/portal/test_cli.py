"""The `portal` command on a database of the test's own."""

import logging
import os
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from portal import run as launcher
from portal.cli import CONFIG_VARIABLE, DEFAULT_CONFIG, SANDBOX_VARIABLE, main
from portal.metrics import MULTIPROCESS_VARIABLE
from portal.settings import read_settings
from portal.wiring import build_services
from services.accounts import Entered, Refused, Right, passwords
from services.calls.statistics.tables import Difference, RollUpState
from services.storage import migrate
from tests.unit.portal.fakes import QuickHasher

PASSWORD = "correct horse battery"
SET_BY_RUN = ("PORTAL__PORTAL__SECRET_KEY_FILE", SANDBOX_VARIABLE, MULTIPROCESS_VARIABLE)


@pytest.fixture(autouse=True)
def _logging_as_before():
    """The command sets up logging for its whole process."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    yield
    root.setLevel(level)
    root.handlers[:] = handlers


@pytest.fixture
def environment(tmp_path, monkeypatch) -> dict[str, str]:
    """The least a configuration needs, in a folder without a config.ini."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("PORTAL")]:
        monkeypatch.delenv(name)
    for name in SET_BY_RUN:  # so that what it sets is forgotten afterwards
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setattr(passwords, "argon2_hasher", QuickHasher)
    values = {
        "PORTAL__PORTAL__SECRET_KEY": "s" * 40,
        "PORTAL__PORTAL__DATABASE_URL": f"sqlite:///{tmp_path / 'portal.db'}",
        "PORTAL__CALL_CENTRE__DATABASE_URL": "mysql+pymysql://reader:x@calls.example.com/calls",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return values


@pytest.fixture(scope="module")
def newest_database(tmp_path_factory) -> Path:
    """A database at the newest revision, for copying."""
    file = tmp_path_factory.mktemp("newest") / "portal.db"
    migrate.upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture
def portal(environment, newest_database, tmp_path):
    """Run the command; the database is at its newest revision already."""
    shutil.copy(newest_database, tmp_path / "portal.db")

    def portal(*arguments: str, typed: str = "") -> Result:
        return CliRunner().invoke(main, arguments, input=typed)

    return portal


@pytest.fixture
def accounts(environment):
    services = build_services(read_settings(None, environment))
    yield services.accounts
    services.store.close()


def log_in(accounts, login: str, password: str):
    return accounts.log_in(login, password, address="192.0.2.1", user_agent="", remember=False)


def add_anna(portal, *options: str) -> Result:
    return portal("users", "add", "anna", "--name", "Анна Белова", *options, typed=f"{PASSWORD}\n")


# Database


def test_the_tables_go_up_and_down_and_tell_where_they_are(portal):
    newest = portal("db", "current").output.strip()

    down = portal("db", "downgrade", "base")
    empty = portal("db", "current").output.strip()
    up = portal("db", "upgrade")

    assert (down.exit_code, up.exit_code, empty) == (0, 0, "empty")
    assert portal("db", "current").output.strip() == newest != "empty"


def test_an_upgrade_twice_is_an_upgrade_once(portal):
    assert portal("db", "upgrade").exit_code == 0
    assert add_anna(portal).exit_code == 0
    assert portal("db", "upgrade").exit_code == 0
    assert "anna" in portal("users", "list").output


# Statistics


def test_the_statistics_tell_how_far_they_are_and_what_differs(portal, environment):
    before = portal("statistics", "status").output
    store = build_services(read_settings(None, environment)).store
    found_at = datetime(2025, 3, 10, 1, 2, tzinfo=UTC)
    with store.write() as session:
        state = RollUpState(id=1, first_looked_at=found_at, first_day=date(2025, 3, 1))
        state.sampled_days, state.sampled_so_far, state.checked_at = 20, 0, found_at
        session.add(state)
        session.add(
            Difference(day=date(2025, 3, 2), figure="calls", found_at=found_at, rolled_up=7, in_source=8)
        )
    store.close()

    told = portal("statistics", "status").output

    assert "first call       not known" in before
    assert "differences      none" in before
    assert "first call       2025-03-01" in told
    assert "last check       2025-03-10 01:02Z" in told
    assert "7 here" in told
    assert "8 in the source" in told


def test_without_a_call_centre_there_are_no_statistics(portal, monkeypatch):
    monkeypatch.delenv("PORTAL__CALL_CENTRE__DATABASE_URL")

    result = portal("statistics", "status")

    assert result.exit_code == 1
    assert "NotConfigured" in result.output


# Users


def test_an_added_person_may_enter(portal, accounts):
    result = add_anna(portal, "--role", "supervisor")

    assert (result.exit_code, result.output) == (0, "anna added\n")
    entered = log_in(accounts, "anna", PASSWORD)
    assert isinstance(entered, Entered)
    assert (entered.person.display_name, entered.person.role) == ("Анна Белова", "supervisor")


def test_a_person_is_added_with_rights_of_their_own(portal, accounts):
    add_anna(portal, "--grant", "admin", "--revoke", "moscow")

    rights = log_in(accounts, "anna", PASSWORD).person.rights

    assert rights == {Right.ADMIN}


@pytest.mark.parametrize(
    ("login", "typed", "reason"),
    [
        ("anna", "short\n", "PasswordRejected"),
        ("anna", "\n", "PasswordRejected"),
        ("", f"{PASSWORD}\n", "InvalidLogin"),
        ("x" * 100, f"{PASSWORD}\n", "InvalidLogin"),
        ("correct horse battery", "Correct Horse Battery\n", "PasswordRejected"),
    ],
)
def test_a_person_who_cannot_be_is_refused_in_one_line(portal, login, typed, reason):
    result = portal("users", "add", login, "--name", "Анна", typed=typed)

    assert result.exit_code == 1
    assert reason in result.output
    assert len(result.output.splitlines()) == 1
    assert portal("users", "list").output == ""


def test_a_login_is_given_once(portal):
    add_anna(portal)

    again = portal("users", "add", "ANNA", "--name", "Другая", typed=f"{PASSWORD}\n")

    assert again.exit_code == 1
    assert "LoginTaken" in again.output


@pytest.mark.parametrize("option", [("--role", "chief"), ("--grant", "everything")])
def test_a_role_or_right_that_does_not_exist_is_refused(portal, option):
    result = add_anna(portal, *option)

    assert result.exit_code == 2
    assert option[1] in result.output


def test_a_password_is_never_printed(portal):
    for arguments in (
        ("users", "add", "anna", "--name", "А"),
        ("users", "passwd", "anna"),
        ("users", "list"),
    ):
        assert PASSWORD not in portal(*arguments, typed=f"{PASSWORD}\n").output


def test_a_new_password_ends_the_sessions(portal, accounts):
    add_anna(portal)
    token = log_in(accounts, "anna", PASSWORD).token

    result = portal("users", "passwd", " Anna ", typed="another battery staple\n")

    assert result.exit_code == 0
    assert isinstance(log_in(accounts, "anna", PASSWORD), Refused)
    assert isinstance(log_in(accounts, "anna", "another battery staple"), Entered)
    fresh = build_services(read_settings(None, dict(os.environ)))
    assert fresh.accounts.who(token) is None
    fresh.store.close()


def test_a_disabled_person_is_out_until_let_in_again(portal, accounts):
    add_anna(portal)

    out = portal("users", "disable", "anna")
    refused = log_in(accounts, "anna", PASSWORD)
    back = portal("users", "disable", "anna", "--again")

    assert (out.exit_code, back.exit_code) == (0, 0)
    assert isinstance(refused, Refused)
    assert isinstance(log_in(accounts, "anna", PASSWORD), Entered)


@pytest.mark.parametrize("command", [("passwd",), ("disable",), ("disable", "--again")])
def test_somebody_unknown_is_said_to_be_unknown(portal, command):
    result = portal("users", command[0], "nobody", *command[1:], typed=f"{PASSWORD}\n")

    assert result.exit_code == 1
    assert "NoSuchPerson" in result.output


def test_the_list_tells_role_state_and_last_login(portal, accounts):
    add_anna(portal)
    portal("users", "add", "boris", "--name", "Борис", "--role", "admin", typed=f"{PASSWORD}\n")
    portal("users", "disable", "boris")
    log_in(accounts, "anna", PASSWORD)

    anna, boris = portal("users", "list").output.splitlines()

    assert anna.split()[:3] == ["anna", "operator", "active"]
    assert anna.endswith("Анна Белова")
    assert "never" not in anna
    assert boris.split()[:4] == ["boris", "admin", "disabled", "never"]


# Screens of the wall


@pytest.fixture
def screens(environment):
    services = build_services(read_settings(None, environment))
    yield services.screens
    services.store.close()


def test_a_screen_is_made_and_its_link_printed(portal, screens):
    result = portal(
        "wall", "add", "Зал 2", "--language", "en", "--theme", "dark", "--rotation", "0", "--days", "30"
    )

    link = result.output.strip()
    screen, state = screens.find(link.rpartition("/wall/")[2])
    assert (result.exit_code, state) == (0, "in_force")
    assert link.startswith("http://127.0.0.1:8050/wall/")
    assert (screen.name, screen.language, screen.theme, screen.rotation_s) == ("Зал 2", "en", "dark", 0)
    assert (screen.expires_at - screen.created_at).days == 30


def test_the_link_of_a_screen_leads_to_where_people_reach_the_portal(portal, monkeypatch):
    monkeypatch.setenv("PORTAL__PORTAL__PUBLIC_URL", "https://portal.example.com")

    assert portal("wall", "add", "hall").output.startswith("https://portal.example.com/wall/")


def test_a_screen_is_listed_without_its_token_and_revoked_by_its_number(portal, screens):
    token = portal("wall", "add", "hall", "--days", "0").output.strip().rpartition("/wall/")[2]
    listed = portal("wall", "list").output

    revoked = portal("wall", "revoke", "1")

    assert listed.split() == ["1", "in_force", "never", "no", "end", "hall"]
    assert (revoked.exit_code, revoked.output) == (0, "hall: link revoked\n")
    assert screens.find(token)[1] == "revoked"
    assert token not in listed + revoked.output


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [(("add", " "), "InvalidName"), (("add", "hall"), "NameTaken"), (("revoke", "7"), "NoSuchScreen")],
)
def test_what_cannot_be_done_to_a_screen_is_told_in_one_line(portal, arguments, reason):
    portal("wall", "add", "hall")

    result = portal("wall", *arguments)

    assert result.exit_code == 1
    assert result.output.splitlines() == [f"Error: {reason}: "]


def test_a_database_without_tables_is_told_in_one_line(environment):
    result = CliRunner().invoke(main, ["users", "list"])

    assert result.exit_code == 1


# Configuration


def test_a_wrong_configuration_stops_every_command_with_section_and_key(portal, monkeypatch):
    monkeypatch.setenv("PORTAL__PORTAL__PORT", "eighty")
    monkeypatch.delenv("PORTAL__PORTAL__SECRET_KEY")

    for arguments in (("users", "list"), ("db", "upgrade"), ("collector",)):
        result = portal(*arguments)
        assert result.exit_code == 1
        assert "[portal] port: " in result.output
        assert "[portal] secret_key: is missing" in result.output
        assert "Traceback" not in result.output


def test_the_configuration_is_the_file_that_is_named(portal, tmp_path, monkeypatch):
    monkeypatch.setenv(CONFIG_VARIABLE, str(tmp_path / "absent.ini"))

    result = portal("users", "list")

    assert result.exit_code == 1
    assert "absent.ini: cannot be read" in result.output


def test_a_config_ini_beside_the_program_is_found(portal, tmp_path, environment, monkeypatch):
    for name in environment:
        monkeypatch.delenv(name)
    Path(DEFAULT_CONFIG).write_text(
        f"[portal]\nsecret_key = {'s' * 40}\ndatabase_url = sqlite:///{tmp_path / 'portal.db'}\n"
    )
    add_anna(portal)

    assert "anna" in portal("users", "list").output


# The demo


@pytest.fixture
def nothing_starts(monkeypatch):
    """What `portal run` would create or start; a test that gets so far says so."""
    started: list[object] = []
    monkeypatch.setattr(
        launcher.Launcher, "_create_sandbox", lambda self, settings: started.append("sandbox")
    )
    monkeypatch.setattr(launcher.Launcher, "_supervise", lambda self, commands: started.append(commands) or 0)
    monkeypatch.setattr(launcher.signal, "signal", lambda *_: None)
    return started


@pytest.fixture
def no_configuration(environment, monkeypatch):
    """Neither a config.ini nor settings: `portal run` starts the demo."""
    for name in environment:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.0.2.1", "portal.example.com", "", "127.0.0.1.example.com"]
)
def test_the_demo_is_served_to_this_machine_alone(no_configuration, nothing_starts, monkeypatch, host):
    monkeypatch.setenv("PORTAL__PORTAL__HOST", host)

    result = CliRunner().invoke(main, ["run"])

    assert result.exit_code == 1
    assert "[portal] host: the sandbox serves loopback only" in result.output
    assert nothing_starts == []


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "::1", "localhost"])
def test_the_demo_starts_on_loopback_with_its_people(no_configuration, nothing_starts, monkeypatch, host):
    monkeypatch.setenv("PORTAL__PORTAL__HOST", host)

    result = CliRunner().invoke(main, ["run"])

    sandbox, commands = nothing_starts
    assert result.exit_code == 0
    assert "Demo logins" in result.output
    assert sandbox == "sandbox"
    assert commands.keys() == {"web", "collector", "sandbox", "gateway", "telephony"}
    listed = CliRunner().invoke(main, ["users", "list"]).output
    assert [line.split()[0] for line in listed.splitlines()] == ["admin", "operator", "supervisor"]


def test_each_installation_of_the_demo_has_a_key_of_its_own_and_keeps_it(no_configuration, nothing_starts):
    key_file = launcher.SANDBOX_DIRECTORY / "secret_key"

    CliRunner().invoke(main, ["run"])
    first = key_file.read_text()
    CliRunner().invoke(main, ["run"])

    assert len(first) >= 32
    assert key_file.read_text() == first
    assert key_file.stat().st_mode & 0o077 == 0


def test_with_a_configuration_there_are_no_demo_people(environment, nothing_starts, tmp_path, monkeypatch):
    config = tmp_path / "real.ini"
    config.write_text("[portal]\nhost = 0.0.0.0\n")
    monkeypatch.setenv(CONFIG_VARIABLE, str(config))

    result = CliRunner().invoke(main, ["run"])

    (commands,) = nothing_starts
    assert result.exit_code == 0
    assert "Demo" not in result.output
    assert commands.keys() == {"web", "collector"}
    assert CliRunner().invoke(main, ["users", "list"]).output == ""


def test_no_secret_is_among_the_arguments_of_the_processes(
    environment, nothing_starts, tmp_path, monkeypatch
):
    """Every user of the machine can read the arguments of a process."""
    config = tmp_path / "real.ini"
    config.write_text("[portal]\n")
    monkeypatch.setenv(CONFIG_VARIABLE, str(config))

    CliRunner().invoke(main, ["run"])

    (commands,) = nothing_starts
    arguments = " ".join(argument for command in commands.values() for argument in command)
    assert "s" * 40 not in arguments
    assert "reader:x" not in arguments


def test_the_newest_revision_has_every_table(environment):
    services = build_services(read_settings(None, environment))
    migrate.upgrade(services.store)

    services.accounts.list_people()
    services.live.snapshot()

    services.store.close()
