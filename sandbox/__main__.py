"""Command line of the stand-ins: `python -m sandbox COMMAND …`."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

from sqlalchemy.exc import SQLAlchemyError

from sandbox.call_centre import commands as call_centre
from sandbox.errors import SandboxError, in_one_line
from sandbox.vilnius import commands as vilnius

#: Each stand-in adds its own commands.
STAND_INS = (call_centre, vilnius)


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="Stand-ins for demo and tests.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for stand_in in STAND_INS:
        stand_in.add_to(commands)
    args = parser.parse_args(arguments)
    # Only the sandbox's own level: at INFO SQLAlchemy would log each statement.
    logging.basicConfig(format="sandbox: %(message)s")
    logging.getLogger("sandbox").setLevel(logging.INFO)
    try:
        args.run(args, _say)
    except SandboxError as error:
        print(f"sandbox: {error}", file=sys.stderr)
    except SQLAlchemyError as error:
        print(f"sandbox: the database failed: {in_one_line(error)}", file=sys.stderr)
    else:
        return 0
    return 1


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
