"""A ledger on a portal database of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.services.telephony.centre_world import CentreWorld
from tests.unit.services.telephony.ledger_world import LedgerWorld


@pytest.fixture
def ledger_world(tmp_path: Path) -> Iterator[LedgerWorld]:
    world = LedgerWorld.at(tmp_path)
    yield world
    world.close()


@pytest.fixture
def centre_world(tmp_path: Path) -> Iterator[CentreWorld]:
    world = CentreWorld.at(tmp_path)
    yield world
    world.store.close()
