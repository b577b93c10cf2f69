"""The world of the call log's tests, one for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event

from tests.unit.services.calls.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


@pytest.fixture
def statements(world: World) -> list[str]:
    """Every statement the portal database gets from here on."""
    seen: list[str] = []
    event.listen(
        world.store.engine,
        "before_cursor_execute",
        lambda _c, _cu, statement, *_: seen.append(statement),
    )
    return seen
