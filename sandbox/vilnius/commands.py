"""`python -m sandbox create-vilnius`, `gateway` and `telephony`: the systems around the Vilnius centre."""

from __future__ import annotations

import argparse
import math
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Final
from urllib.parse import urlsplit

from sandbox.arguments import positive_float, positive_int
from sandbox.vilnius import register
from sandbox.vilnius.agencies import known_agencies
from sandbox.vilnius.create import CRM, create, file_of
from sandbox.vilnius.files import reading
from sandbox.vilnius.gateway import LOGIN, PASSWORD, Gateway
from sandbox.vilnius.platform import Platform

Say = Callable[[str], None]

_AGENCIES: Final = 600
_PHONES_PER_AGENCY: Final = 1.8
_CALLS_PER_MINUTE: Final = 4.0
_LOOPBACK: Final = "127.0.0.1"
_SIGNALS_EVERY_S: Final = 0.5  # Windows delivers no signal to a thread that waits without end


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the commands; each sets `run`, a function of the arguments and of what prints a line."""
    _add_create(
        commands.add_parser(
            "create-vilnius",
            help="make the Oracle schemas of the Vilnius centre",
            description=make_databases.__doc__,
        )
    )
    _add_gateway(
        commands.add_parser("gateway", help="serve the agency gateway", description=serve_gateway.__doc__)
    )
    _add_telephony(
        commands.add_parser("telephony", help="report calls to a portal", description=report_calls.__doc__)
    )


def make_databases(args: argparse.Namespace, say: Say) -> None:
    """Make crm.db, sales.db and erp.db, the same for the same seed, sizes and moment.

    A file that is there already is left as it is.
    """
    began = time.perf_counter()
    phones = args.phones or math.ceil(args.agencies * _PHONES_PER_AGENCY)
    made = list(
        create(args.directory, agency_count=args.agencies, phone_count=phones, seed=args.seed, now=args.now)
    )
    if made:
        names = ", ".join(file.name for file in made)
        say(f"made {names} in {args.directory}, {time.perf_counter() - began:.1f} s")
    else:
        say(f"{args.directory} already holds the Vilnius centre: nothing changed")


def serve_gateway(args: argparse.Namespace, say: Say) -> None:
    """Serve the XML agency gateway from crm.db until the process is told to stop.

    It listens on loopback. POST /_faults makes it fail on demand.
    """
    file = file_of(args.directory, CRM)
    with reading(file):  # complain now, not at the first question
        pass
    with Gateway(file, _LOOPBACK, args.port, slow_ms=args.slow_ms) as gateway, _until_stopped() as stop:
        say(f"the gateway is at {gateway.url}, login {LOGIN}, password {PASSWORD}; stop with Ctrl+C")
        stop()
    say("stopped")


def report_calls(args: argparse.Namespace, say: Say) -> None:
    """Report live calls of known and unknown callers until the process is told to stop.

    While the portal is away, each event is reported again, as the platform does.
    """
    with (
        Platform(
            args.portal_url, known_agencies(file_of(args.directory, CRM)), rate=args.rate, seed=args.seed
        ),
        _until_stopped() as stop,
    ):
        say("reporting calls; stop with Ctrl+C")
        stop()
    say("stopped")


@contextmanager
def _until_stopped() -> Iterator[Callable[[], None]]:
    """Gives a function that returns when the process is told to stop."""
    told = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())

    def wait() -> None:
        while not told.is_set():
            time.sleep(_SIGNALS_EVERY_S)  # the handler must not set an event its own thread waits for

    yield wait


def _add_create(parser: argparse.ArgumentParser) -> None:
    _add_directory(parser)
    parser.add_argument("--agencies", type=positive_int, default=_AGENCIES, help="(default %(default)s)")
    parser.add_argument(
        "--phones",
        type=positive_int,
        help=f"rows of T_AGENCY_PHONE (default: {_PHONES_PER_AGENCY} for each agency)",
    )
    parser.add_argument(
        "--now",
        type=_moment,
        default=register.centre_now(),
        metavar="YYYY-MM-DDTHH:MM",
        help="the moment the calls come up to, in the centre's local time (default: the present)",
    )
    _add_seed(parser)
    parser.set_defaults(run=make_databases)


def _add_gateway(parser: argparse.ArgumentParser) -> None:
    _add_directory(parser)
    parser.add_argument("--port", type=int, required=True, help="0 for any that is free")
    parser.add_argument(
        "--slow-ms", type=float, default=0, help="so long each answer takes (default %(default)s)"
    )
    parser.set_defaults(run=serve_gateway)


def _add_telephony(parser: argparse.ArgumentParser) -> None:
    _add_directory(parser)
    parser.add_argument("--portal-url", type=_http_url, required=True, help="http://host:port of the portal")
    parser.add_argument(
        "--rate", type=positive_float, default=_CALLS_PER_MINUTE, help="new calls a minute (%(default)s)"
    )
    _add_seed(parser)
    parser.set_defaults(run=report_calls)


def _add_directory(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--directory", type=Path, required=True, help="where crm.db, sales.db and erp.db are")


def _add_seed(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seed", type=int, default=1, help="the same seed makes the same data (default %(default)s)"
    )


def _http_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise argparse.ArgumentTypeError("not an address of HTTP")
    return text.rstrip("/")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"not a moment: {text}") from error
    return moment if moment.tzinfo is None else moment.astimezone(register.ZONE).replace(tzinfo=None)
