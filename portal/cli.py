"""The `portal` command: run, collector, database, statistics, users, screens of the wall."""

import getpass
import logging
import os
import signal
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from portal import i18n, logs
from portal.settings import Settings, SettingsError, read_settings
from portal.wiring import Services, build_services
from services.accounts import AccountError, PersonRecord, Right, Role
from services.calls import NotConfigured
from services.errors import UpstreamError
from services.storage import StorageError, migrate
from services.wall import ROTATIONS_S, Theme, WallError

CONFIG_VARIABLE = "PORTAL_CONFIG"
SANDBOX_VARIABLE = "PORTAL_SANDBOX"
DEFAULT_CONFIG = Path("config.ini")


def load_settings() -> Settings:
    """Read the settings this process is to work with, from `PORTAL_CONFIG` or `config.ini` and environment.

    Raises click.ClickException with a line for each wrong or missing value.
    """
    named = os.environ.get(CONFIG_VARIABLE)
    file = Path(named) if named else DEFAULT_CONFIG if DEFAULT_CONFIG.exists() else None
    try:
        # Whoever has a configuration has real data: no variable makes a demo of that.
        return read_settings(file, sandbox=file is None and SANDBOX_VARIABLE in os.environ)
    except SettingsError as error:
        raise click.ClickException(f"the configuration is not right:\n{error}") from None


def load_services() -> Services:
    """Read the settings, set up logging, build the services."""
    settings = load_settings()
    logs.configure(settings.portal.log_level, settings.portal.log_format)
    return build_services(settings)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Helpdesk Portal."""


@main.command()
@click.option("--development", is_flag=True, help="serve with Flask's own server instead of gunicorn")
def run(development: bool) -> None:
    """Start the portal and its collector; without a configuration also the sandbox."""
    from portal.run import Launcher

    sys.exit(Launcher(development=development).run())


@main.command()
def collector() -> None:
    """Keep the copies fresh and deliver what waits. Start several: one leads, the others stand by."""
    from portal.collector import build_collector

    services = load_services()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    build_collector(services).run(stop)


@main.group()
def db() -> None:
    """The portal database."""


@db.command()
@click.argument("revision", default="head")
def upgrade(revision: str) -> None:
    """Bring the tables to REVISION (the newest)."""
    migrate.upgrade(load_services().store, revision)


@db.command()
@click.argument("revision")
def downgrade(revision: str) -> None:
    """Take the tables back to REVISION, or to nothing with `base`."""
    migrate.downgrade(load_services().store, revision)


@db.command()
def current() -> None:
    """Print the revision the tables are at."""
    click.echo(migrate.current(load_services().store) or "empty")


@main.group()
def statistics() -> None:
    """Roll-ups of the calls."""


@statistics.command("status")
def statistics_status() -> None:
    """Print how far days are rolled up, and what the nightly check found."""
    with _told():
        services = load_services()
        facts = services.statistics.facts()
    click.echo(f"first call       {facts.first_day or 'not known'}")
    share = "" if facts.progress is None else f", {facts.progress:.1%}"
    click.echo(f"days rolled up   {facts.known_days} of {facts.days}{share}")
    click.echo(f"last check       {_minute(facts.checked_at, 'never')}")
    click.echo(f"last sample      {_minute(facts.sampled_at, 'never')}, {facts.sampled_days} days")
    if facts.problem is not None:
        click.echo(f"source           {facts.problem.reason} since {_minute(facts.problem.since, 'ever')}")
    click.echo(f"differences      {len(facts.differences) or 'none'}")
    for one in facts.differences:
        click.echo(
            f"  {one.day}  {one.figure:<18} {one.rolled_up:>8} here {one.in_source:>8} in the source"
            f"  found {_minute(one.found_at, 'never')}"
        )


@main.group()
def users() -> None:
    """Local accounts."""


@users.command("add")
@click.argument("login")
@click.option("--name", required=True, help="full name, as it is shown")
@click.option("--role", type=click.Choice([role.value for role in Role]), default=Role.OPERATOR.value)
@click.option("--grant", "grants", multiple=True, type=click.Choice([right.value for right in Right]))
@click.option("--revoke", "revocations", multiple=True, type=click.Choice([right.value for right in Right]))
def add_user(login: str, name: str, role: str, grants: tuple[str, ...], revocations: tuple[str, ...]) -> None:
    """Create an account.

    Asks for the password, or reads it from standard input when that is not a terminal.
    """
    accounts = load_services().accounts
    with _told():
        person = accounts.add(login, name, Role(role), _new_password())
        for right in grants:
            accounts.grant(person.id, Right(right))
        for right in revocations:
            accounts.revoke(person.id, Right(right))
    click.echo(f"{person.login} added")


@users.command("passwd")
@click.argument("login")
def change_password(login: str) -> None:
    """Give an account a new password and end its sessions."""
    accounts = load_services().accounts
    with _told():
        record = accounts.find_person(login)
        accounts.set_password(record.person.id, _new_password())
    click.echo(f"{record.person.login}: password changed, sessions ended")


@users.command()
@click.argument("login")
@click.option("--again", is_flag=True, help="let the person in again")
def disable(login: str, again: bool) -> None:
    """Shut a person out at once, open sessions included."""
    accounts = load_services().accounts
    with _told():
        record = accounts.find_person(login)
        (accounts.enable if again else accounts.disable)(record.person.id)
    click.echo(f"{record.person.login}: {'enabled' if again else 'disabled, sessions ended'}")


@users.command("list")
def list_users() -> None:
    """Print all accounts: login, role, state, last login, name."""
    with _told():
        for record in load_services().accounts.list_people():
            click.echo(_line(record))


@main.group()
def wall() -> None:
    """Screens of the wall, each let in by a link."""


@wall.command("add")
@click.argument("name")
@click.option("--language", type=click.Choice(i18n.LANGUAGES), default=i18n.DEFAULT)
@click.option("--theme", type=click.Choice([theme.value for theme in Theme]), default=Theme.SYSTEM.value)
@click.option("--rotation", type=click.Choice([str(seconds) for seconds in ROTATIONS_S]), default="20")
@click.option("--days", type=click.IntRange(0, 3650), default=365, help="how long the link holds; 0: no end")
def add_screen(name: str, language: str, theme: str, rotation: str, days: int) -> None:
    """Make a screen and print its link, which is shown this once.

    --rotation: seconds each view stays; 0 leaves the first one.
    """
    services = load_services()
    with _told():
        made = services.screens.add(
            name,
            language=language,
            theme=Theme(theme),
            rotation_s=int(rotation),
            lifetime=timedelta(days=days) if days else None,
        )
    portal = services.settings.portal
    click.echo(f"{portal.public_url or f'http://{portal.host}:{portal.port}'}/wall/{made.token}")


@wall.command("list")
def list_screens() -> None:
    """Print all screens: number, state, last use, end of the link, name."""
    now = datetime.now(UTC)
    with _told():
        for screen in load_services().screens.all_screens():
            used, until = _minute(screen.last_used_at, "never"), _minute(screen.expires_at, "no end")
            click.echo(f"{screen.id:>4} {screen.state(now):<9} {used:<18} {until:<18} {screen.name}")


@wall.command("revoke")
@click.argument("number", type=int)
def revoke_screen(number: int) -> None:
    """End the link of screen NUMBER (see `portal wall list`) in every process, within seconds."""
    with _told():
        screen = load_services().screens.revoke(number)
    click.echo(f"{screen.name}: link revoked")


def _minute(moment: datetime | None, otherwise: str) -> str:
    return f"{moment:%Y-%m-%d %H:%M}Z" if moment else otherwise


def _line(record: PersonRecord) -> str:
    state = "disabled" if record.disabled_at else "active"
    last = _minute(record.last_login_at, "never")
    person = record.person
    return f"{person.login:<24} {person.role:<11} {state:<9} {last:<18} {person.display_name}"


def _new_password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != first:
        raise click.ClickException("the passwords differ")
    return first


class _told:
    """Turns what the services refuse into one line on standard error."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, AccountError | StorageError | UpstreamError | WallError | NotConfigured):
            logging.getLogger(__name__).debug("refused", exc_info=error)
            raise click.ClickException(f"{type(error).__name__}: {error}") from None


if __name__ == "__main__":
    main()
