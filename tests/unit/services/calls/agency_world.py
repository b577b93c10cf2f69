"""The world of the call log's tests with the directory's job and answers."""

from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from services.calls import AgencyDirectory, AgencySearch
from services.calls.agencies.sync import AgencySync
from services.live import LiveBoard, Topic
from tests.unit.services.calls.world import MOSCOW, World


class AgencyWorld(World):
    """A call centre with agencies, and the portal's directory of them."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.agencies = self.new_agency_sync()

    def new_agency_sync(self) -> AgencySync:
        return AgencySync(self.store, self.source, self.live(), clock=self.clock, stopwatch=lambda: 0.0)

    def live(self) -> LiveBoard:
        return LiveBoard(self.store, keep=0, clock=self.clock)

    def directory(self) -> AgencyDirectory:
        """A directory that reads anew when and how the copy was looked at."""
        ticks = count(step=1_000_000)
        return AgencyDirectory(
            self.store, self.live(), MOSCOW, clock=self.clock, stopwatch=lambda: float(next(ticks))
        )

    def agency(self, name: str, *numbers: str, **columns: Any) -> int:
        """An agency with telephones in its first columns; returns its id."""
        telephones = {
            f"tel_{slot}_id": self.add("telephone", number=number) for slot, number in enumerate(numbers, 1)
        }
        return self.add("agentstvo", name=name, **telephones | columns)

    def look(self) -> timedelta:
        """Let the job look once."""
        return self.agencies.step(self.store)

    def names(self, search: str = "") -> list[str | None]:
        return [one.agency.name for one in self.directory().search(AgencySearch(search)).agencies]

    def agencies_version(self) -> int:
        return self.live().snapshot().version(Topic.AGENCIES)
