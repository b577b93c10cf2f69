"""The `portal` command: run, collector, database, users."""

import getpass
import logging
import os
import signal
import sys
import threading
from pathlib import Path

import click

from portal import logs
from portal.settings import Settings, SettingsError, read_settings
from portal.wiring import Services, build_services
from services.accounts import AccountError, PersonRecord, Right, Role
from services.errors import UpstreamError
from services.storage import StorageError, migrate

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


def _line(record: PersonRecord) -> str:
    state = "disabled" if record.disabled_at else "active"
    last = f"{record.last_login_at:%Y-%m-%d %H:%M}Z" if record.last_login_at else "never"
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
        if isinstance(error, AccountError | StorageError | UpstreamError):
            logging.getLogger(__name__).debug("refused", exc_info=error)
            raise click.ClickException(f"{type(error).__name__}: {error}") from None


if __name__ == "__main__":
    main()
