"""`python -m sandbox create` and `play`: make the call-centre database and bring it to life."""

from __future__ import annotations

import argparse
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import datetime
from threading import Event
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from sandbox.arguments import positive_float, positive_int
from sandbox.call_centre import bulk, clock, generate, origin
from sandbox.call_centre.database import connect
from sandbox.call_centre.live import LiveTraffic
from sandbox.call_centre.schema import CallEnd, Variant

Say = Callable[[str], None]

_DEMO: Final = generate.DemoSize()
_BULK: Final = bulk.BulkSize()
_PROGRESS_EVERY_S: Final = 5.0
_SIGNALS_EVERY_S: Final = 0.5  # Windows delivers no signal to a thread that waits without end


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the commands; each sets `run`, a function of the arguments and of what prints a line."""
    _add_create(
        commands.add_parser("create", help="make the call-centre database", description=create.__doc__)
    )
    _add_play(commands.add_parser("play", help="play live calls into it", description=play.__doc__))


def create(args: argparse.Namespace, say: Say) -> None:
    """Make a believable call-centre database, the same for the same seed, size and moment.

    A database that is there already is left as it is, unless --again is given. With --calls it is filled in
    bulk, which MariaDB alone can do.
    """
    where = make_url(args.database_url).render_as_string(hide_password=True)
    started = time.perf_counter()
    with _database(args.database_url) as engine:
        made = origin.find(engine)
        if made is not None and not args.again:
            say(f"{where} already holds the call-centre database made at {made.made_at}: nothing changed")
            return
        variant = Variant(datetime_index=args.datetime_index, call_end=CallEnd(args.call_end))
        if args.calls is None:
            written = _create_demo(engine, args, variant)
        else:
            written = _fill_in_bulk(engine, args, variant, say)
    say(f"made the call-centre database in {where}: {written} calls, {time.perf_counter() - started:.1f} s")


def play(args: argparse.Namespace, say: Say) -> None:
    """Play live calls until the process is told to stop.

    First the time since the newest call is filled, so that today is lively. While the database is away, it
    keeps trying.
    """
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with _database(args.database_url) as engine, ThreadPoolExecutor(1) as thread:
        # In a thread of its own: a signal handler must not set an event its own thread may be waiting for.
        playing = thread.submit(LiveTraffic(engine, seed=args.seed, rate=args.rate).run, stop)
        say("playing live calls; stop with Ctrl+C")
        while not wait([playing], timeout=_SIGNALS_EVERY_S).done:
            pass
        playing.result()
    say("stopped")


@contextmanager
def _database(url: str) -> Iterator[Engine]:
    engine = connect(url)
    try:
        yield engine
    finally:
        engine.dispose()


def _create_demo(engine: Engine, args: argparse.Namespace, variant: Variant) -> int:
    size = generate.DemoSize(
        days=args.days or _DEMO.days,
        calls_per_day=args.calls_per_day,
        operators=args.operators or _DEMO.operators,
        agencies=args.agencies or _DEMO.agencies,
    )
    return generate.create(engine, size, seed=args.seed, now=args.now, variant=variant).calls


def _fill_in_bulk(engine: Engine, args: argparse.Namespace, variant: Variant, say: Say) -> int:
    size = bulk.BulkSize(
        calls=args.calls,
        days=args.days or _BULK.days,
        operators=args.operators or _BULK.operators,
        agencies=args.agencies or _BULK.agencies,
    )
    said_at = time.monotonic()

    def progress(written: int, total: int) -> None:
        nonlocal said_at
        if time.monotonic() - said_at > _PROGRESS_EVERY_S:
            said_at = time.monotonic()
            say(f"{written} of {total} calls")

    bulk.fill(engine, size, seed=args.seed, now=args.now, progress=progress, variant=variant)
    return size.calls


def _add_create(parser: argparse.ArgumentParser) -> None:
    _add_common(parser)
    parser.add_argument("--days", type=positive_int, help=f"default {_DEMO.days}, with --calls {_BULK.days}")
    parser.add_argument(
        "--calls-per-day",
        type=positive_int,
        default=_DEMO.calls_per_day,
        help="on an ordinary weekday; not with --calls (default %(default)s)",
    )
    parser.add_argument("--calls", type=positive_int, help="fill this many calls in bulk, inside MariaDB")
    parser.add_argument(
        "--operators", type=positive_int, help=f"default {_DEMO.operators}, with --calls {_BULK.operators}"
    )
    parser.add_argument(
        "--agencies", type=positive_int, help=f"default {_DEMO.agencies}, with --calls {_BULK.agencies}"
    )
    parser.add_argument(
        "--now",
        type=_moment,
        default=clock.centre_now(),
        metavar="YYYY-MM-DDTHH:MM",
        help="the moment the calls come up to, in the centre's local time (default: the present)",
    )
    parser.add_argument(
        "--call-end",
        choices=[end.value for end in CallEnd],
        default=CallEnd.UNKNOWN.value,
        help="what the installation tells about the end of a call (default %(default)s)",
    )
    parser.add_argument(
        "--no-datetime-index",
        dest="datetime_index",
        action="store_false",
        help="leave out the index on calls.datetime, as some installations do",
    )
    parser.add_argument("--again", action="store_true", help="drop what the sandbox made there before")
    parser.set_defaults(run=create)


def _add_play(parser: argparse.ArgumentParser) -> None:
    _add_common(parser)
    parser.add_argument(
        "--rate", type=positive_float, help="new calls a minute (default: follows the working day)"
    )
    parser.set_defaults(run=play)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--database-url",
        type=_database_url,
        required=True,
        help="SQLAlchemy URL, for example sqlite:///var/call-centre.db",
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="the same seed makes the same data (default %(default)s)"
    )


def _database_url(text: str) -> str:
    try:
        make_url(text)
    except ArgumentError as error:
        raise argparse.ArgumentTypeError("not a database URL") from error
    return text


def _moment(text: str) -> datetime:
    try:
        return clock.in_centre_time(datetime.fromisoformat(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"not a moment: {text}") from error
