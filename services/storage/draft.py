"""Drafts the next migration from what the tables in the code have and the migrations have not.

Run `python -m services.storage.draft ID "what it does"`, e.g. `0004 "journal of tickets"`, then read and
correct the new file in `services/storage/migrations/versions`.
"""

import importlib
import pkgutil
import sys
import tempfile
from pathlib import Path

from alembic import command

import services
from services.storage.migrate import config, migrating, upgrade


def import_all_tables() -> None:
    """Import every module of services, so that the declarative base knows all tables."""
    for module in pkgutil.walk_packages(services.__path__, "services."):
        importlib.import_module(module.name)


def draft(revision: str, message: str) -> None:
    """Write the new revision's file; a scratch database shows where the present migrations lead."""
    import_all_tables()
    with tempfile.TemporaryDirectory() as directory:
        url = f"sqlite:///{Path(directory, 'scratch.db')}"
        upgrade(url)
        with migrating(url) as connection:
            command.revision(config(connection), message, rev_id=revision, autogenerate=True)


if __name__ == "__main__":
    draft(*sys.argv[1:])
