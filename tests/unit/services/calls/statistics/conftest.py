"""The world of the statistics' tests, one for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.services.calls.statistics.rolled import RolledWorld
from tests.unit.services.calls.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


@pytest.fixture
def rolled(world: World) -> RolledWorld:
    return RolledWorld(world)
