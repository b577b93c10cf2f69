"""`portal run`: starts web, collector and, without a configuration, the sandbox, and ends them together."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import click

from portal.cli import CONFIG_VARIABLE, DEFAULT_CONFIG, SANDBOX_VARIABLE, load_services
from portal.demo import add_demo_people
from portal.metrics import MULTIPROCESS_VARIABLE
from portal.settings import PortalSection, Settings
from services.storage import migrate

SANDBOX_DIRECTORY = Path("var/sandbox")
_SANDBOX = (sys.executable, "-m", "sandbox")
#: A child that ends by itself is started again after this pause; it grows while the child keeps ending.
FIRST_PAUSE_S, LAST_PAUSE_S = 1.0, 30.0
GRACE_S = 15.0
#: Enough to see calls come in at any hour somebody tries the demo.
DEMO_CALLS_PER_MINUTE = 5
DEMO_THEMES = "Заявка, Оплата, Документы, Жалоба, Реклама, Прочее"


class Launcher:
    """Runs the portal's processes until it is told to stop or the web process ends."""

    def __init__(self, *, development: bool) -> None:
        self._development = development
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._stopping = False

    def run(self) -> int:
        """Start everything and wait. Returns the exit code of the web process."""
        is_sandbox = CONFIG_VARIABLE not in os.environ and not DEFAULT_CONFIG.exists()
        if is_sandbox:
            _prepare_sandbox_environment()
        services = load_services()
        settings = services.settings
        if is_sandbox:
            _require_loopback(settings.portal.host)
        migrate.upgrade(services.store)
        if is_sandbox:
            self._create_sandbox(settings)
            add_demo_people(services.accounts)
        services.store.close()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        _announce(settings)
        return self._supervise(_commands(settings, development=self._development))

    def _create_sandbox(self, settings: Settings) -> None:
        assert settings.call_centre is not None  # the sandbox's own environment names it
        url = settings.call_centre.database_url.get_secret_value()
        subprocess.run([*_SANDBOX, "create", "--database-url", url], check=True)
        subprocess.run([*_SANDBOX, "create-vilnius", "--directory", str(SANDBOX_DIRECTORY)], check=True)

    def _on_signal(self, *_: object) -> None:
        self._stopping = True

    def _supervise(self, commands: dict[str, list[str]]) -> int:
        pause = dict.fromkeys(commands, FIRST_PAUSE_S)
        due = dict.fromkeys(commands, 0.0)
        try:
            while not self._stopping:
                for name, command in commands.items():
                    child = self._children.get(name)
                    if child is not None and child.poll() is None:
                        continue
                    if child is not None and name == "web":
                        return child.returncode
                    if child is not None and due[name] == 0.0:
                        click.echo(f"{name} ended with {child.returncode}, starting it again", err=True)
                        due[name] = time.monotonic() + pause[name]
                        pause[name] = min(LAST_PAUSE_S, pause[name] * 2)
                    if time.monotonic() >= due[name]:
                        self._children[name] = _start(command)
                        due[name] = 0.0
                time.sleep(0.2)
            return 0
        finally:
            self._stop_children()

    def _stop_children(self) -> None:
        alive = [child for child in self._children.values() if child.poll() is None]
        for child in alive:
            child.terminate()
        deadline = time.monotonic() + GRACE_S
        for child in alive:
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def _commands(settings: Settings, *, development: bool) -> dict[str, list[str]]:
    python = sys.executable
    commands = {
        "web": [python, "-m", "portal.development"] if development else _gunicorn(settings),
        "collector": [python, "-m", "portal", "collector"],
    }
    if settings.sandbox:
        commands |= _stand_ins(settings)
    return commands


def _stand_ins(settings: Settings) -> dict[str, list[str]]:
    """What stands for the outside systems, and reports calls as they do."""
    portal, centre, gateway = settings.portal, settings.call_centre, settings.agency_gateway
    assert centre is not None  # the sandbox's own environment names both
    assert gateway is not None
    url = centre.database_url.get_secret_value()
    files = ["--directory", str(SANDBOX_DIRECTORY)]
    rate = ["--rate", str(DEMO_CALLS_PER_MINUTE)]
    return {
        "sandbox": [*_SANDBOX, "play", "--database-url", url, *rate],
        "gateway": [*_SANDBOX, "gateway", "--port", str(urlsplit(gateway.base_url).port), *files],
        "telephony": [*_SANDBOX, "telephony", "--portal-url", f"http://{_address(portal)}", *rate, *files],
    }


def _address(portal: PortalSection) -> str:
    """Host and port as they stand in a URL."""
    return f"[{portal.host}]:{portal.port}" if ":" in portal.host else f"{portal.host}:{portal.port}"


def _gunicorn(settings: Settings) -> list[str]:
    portal = settings.portal
    metrics = Path("var/metrics")
    metrics.mkdir(parents=True, exist_ok=True)
    for old in metrics.glob("*.db"):  # counts of processes that ended
        old.unlink()
    os.environ[MULTIPROCESS_VARIABLE] = str(metrics.resolve())
    return [
        *(sys.executable, "-m", "gunicorn", "app:server", "--bind", _address(portal)),
        *("--worker-class", "gthread", "--workers", str(portal.workers), "--threads", str(portal.threads)),
        # Longer than a tick: a page keeps its connection.
        *("--keep-alive", "35", "--timeout", "60", "--graceful-timeout", "10", "--no-control-socket"),
        *("--log-level", "warning"),
    ]


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C reaches this process alone, which then ends the children in order.
    return subprocess.Popen(command, start_new_session=True)


def _prepare_sandbox_environment() -> None:
    """Point all processes at the demo's own databases, with a key made for this installation."""
    SANDBOX_DIRECTORY.mkdir(parents=True, exist_ok=True)
    key_file = SANDBOX_DIRECTORY / "secret_key"
    if not key_file.exists():
        key_file.touch(mode=0o600)
        key_file.write_text(secrets.token_urlsafe(48), encoding="utf-8")
    place = SANDBOX_DIRECTORY.resolve().as_posix()
    # Whoever wants to see Oracle fail writes into this file: docs/sandbox-telephony.md.
    faults = f"?plugin=oracle_stand_in&faults={place}/oracle-faults.json"
    values = {
        "PORTAL__PORTAL__SECRET_KEY_FILE": str(key_file.resolve()),
        "PORTAL__PORTAL__DATABASE_URL": f"sqlite:///{place}/portal.db",
        "PORTAL__CALL_CENTRE__DATABASE_URL": f"sqlite:///{place}/call-centre.db",
        "PORTAL__CRM__DATABASE_URL": f"sqlite:///{place}/crm.db",
        "PORTAL__SALES__DATABASE_URL": f"sqlite:///{place}/sales.db{faults}",
        "PORTAL__AGENCY_GATEWAY__BASE_URL": f"http://127.0.0.1:{_free_port()}",
        "PORTAL__AGENCY_GATEWAY__LOGIN": "portal",
        "PORTAL__AGENCY_GATEWAY__PASSWORD": "sandbox",
        "PORTAL__TELEPHONY__THEMES": DEMO_THEMES,
        SANDBOX_VARIABLE: "yes",
    }
    for name, value in values.items():
        os.environ.setdefault(name, value)


def _free_port() -> int:
    """A port of loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _require_loopback(host: str) -> None:
    """The demo has well-known passwords: it serves this machine alone."""
    try:
        is_loopback = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise click.ClickException(
            f"[portal] host: the sandbox serves loopback only, not {host}; give a config.ini for real use"
        )


def _announce(settings: Settings) -> None:
    portal = settings.portal
    click.echo(
        f"Helpdesk Portal: http://{'127.0.0.1' if portal.host == '0.0.0.0' else portal.host}:{portal.port}/"
    )
    if settings.sandbox:
        click.echo("Demo logins: operator, supervisor, admin; password: demo")
