"""Empty portal databases of every kind, for tests that must hold on all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

KINDS = ("sqlite", "postgresql", "mariadb")


def empty_database(kind: str, request: pytest.FixtureRequest, directory: Path) -> str:
    """Return the URL of a new database of `kind`; a server is only started for a test that needs it."""
    if kind == "sqlite":
        return f"sqlite:///{directory / 'portal.db'}"
    server = request.getfixturevalue({"postgresql": "postgres", "mariadb": "mariadb"}[kind])
    return str(server.url(server.create_database()))
