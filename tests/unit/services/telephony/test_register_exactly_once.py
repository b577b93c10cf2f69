"""Whatever goes wrong on the way, each call is in the register once and as the ledger has it.

Every point between a delivery and its two databases is tried in turn: a statement or a commit that is lost,
whose answer is lost, or that arrives late; kill -9 before it; a leader that is frozen before it while another
takes over. Hypothesis then mixes all of that with what the world does meanwhile, as often as REGISTER_TURMOIL
says (15 times by default).
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from services.jobs import LeaseLost
from services.oracle import open_oracle
from tests.unit.services.telephony.register_world import Fault, Killed, Line, RegisterWorld

Fresh = Callable[[], AbstractContextManager[RegisterWorld]]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world whose tables are made: to copy it is faster than to make them."""
    directory = tmp_path_factory.mktemp("world")
    RegisterWorld(directory).close()
    return directory


@pytest.fixture
def fresh(template: Path) -> Fresh:
    """Makes one world after the other."""

    @contextmanager
    def make() -> Iterator[RegisterWorld]:
        with TemporaryDirectory() as directory:
            shutil.copytree(template, directory, dirs_exist_ok=True)
            world = RegisterWorld(Path(directory))
            try:
                yield world
            finally:
                world.close()

    return make


class Leader:
    """A delivery with its lease; where it is killed another process takes its place."""

    def __init__(self, world: RegisterWorld) -> None:
        self._world = world
        self.take_over()

    def take_over(self) -> None:
        self._world.portal_line.is_watched = False
        self._delivery, self._fence = self._world.delivery(), self._world.fence()

    def step(self) -> None:
        """One step, in which the portal database is watched as well."""
        self._world.portal_line.is_watched = True
        try:
            self._world.now += self._delivery.step(self._fence)
        except Killed:
            self.take_over()
            self._world.now += timedelta(seconds=1)
        finally:
            self._world.portal_line.is_watched = False

    def settle(self) -> None:
        """Deliver all there is, look again at what was doubtful; what is late arrives in between."""
        for _ in range(400):
            self.step()
            if not self._world.unsettled():
                break
        self._world.line.let_arrive()
        for _ in range(2):
            self._world.now += timedelta(seconds=61)
            for _ in range(2):
                self.step()


def a_day(world: RegisterWorld, leader: Leader) -> None:
    """Calls begin, one key is taken by another program, a theme is chosen and chosen anew, calls end."""
    calls = [world.report(number=f"3706123456{n}") for n in range(3)]
    world.line.hooks.setdefault(1, []).insert(0, lambda: world.foreign(2))  # also if we are killed there
    for _ in range(2):
        leader.step()
    world.change(calls[0], theme="Payment")
    world.end(calls[1])
    leader.step()
    world.change(calls[0], theme="Booking")
    leader.step()
    world.end(calls[0])
    leader.settle()


def test_one_order_to_the_register_is_lost(fresh: Fresh) -> None:
    points, _, _ = _points_of_a_day(fresh)
    for point in range(points):
        with fresh() as world:
            world.line.faults[point] = Fault.LOST

            a_day(world, Leader(world))

            assert not world.line.faults
            world.assert_once_each(foreign=1)


@pytest.mark.parametrize("fault", [Fault.ANSWER_LOST, Fault.LATE])
def test_the_answer_to_one_commit_is_lost(fresh: Fresh, fault: Fault) -> None:
    _, commits, _ = _points_of_a_day(fresh)
    for point in commits:
        with fresh() as world:
            world.line.faults[point] = fault

            a_day(world, Leader(world))

            assert not world.line.faults
            world.assert_once_each(foreign=1)


@pytest.mark.parametrize("database", ["portal", "register"])
def test_killed_at_any_moment(fresh: Fresh, database: str) -> None:
    points, _, portal_points = _points_of_a_day(fresh)
    for point in range(portal_points if database == "portal" else points):
        with fresh() as world:
            leader = Leader(world)
            line = world.portal_line if database == "portal" else world.line
            line.at(line.points + point, _killed)

            a_day(world, leader)

            assert not line.hooks
            world.assert_once_each(foreign=1)


def _points_of_a_day(fresh: Fresh) -> tuple[int, list[int], int]:
    """How many points a day has on the way to the register, which are commits, how many to the portal's."""
    with fresh() as world:
        leader = Leader(world)
        before = world.portal_line.points
        a_day(world, leader)
        world.assert_once_each(foreign=1)
        return world.line.points, world.line.commits, world.portal_line.points - before


@pytest.mark.parametrize("change", ["nothing", "another theme", "the theme is taken back"])
def test_a_leader_is_frozen_while_another_does_its_work(fresh: Fresh, change: str) -> None:
    """It wakes up, finishes its orders to the register, and finds that it leads no more."""
    tried = 0
    for point in range(12):
        with fresh() as world:
            calls = [world.report(number=f"3706123456{n}") for n in range(2)]
            leader = Leader(world)
            leader.step()
            world.change(calls[0], theme="Payment")
            calls.append(world.report(number="37061234569"))
            woken = _frozen_at(world, world.line.points + point, calls[0], change)

            for _ in range(20):
                try:
                    leader.step()
                except LeaseLost:
                    woken.append("has lost the lease")
                    break
            world.line.hooks.clear()  # it was not reached
            Leader(world).settle()

            world.assert_once_each()
            tried += len(woken) == 2
    assert tried >= 4


def _frozen_at(world: RegisterWorld, point: int, call_id: int, change: str) -> list[str]:
    """At that point another process leads for a while, with its own lines to both databases."""
    told: list[str] = []

    def freeze() -> None:
        store = world.another_store()
        other = world.delivery(store, open_oracle(str(world.engine.url), call_limit_s=0.01))
        fence = world.fence(store)
        if change == "another theme":
            world.change(call_id, theme="Booking")
        for _ in range(8):
            world.now += other.step(fence)
        if change == "the theme is taken back":
            world.change(call_id, theme=None)
            for _ in range(8):
                world.now += other.step(fence)
        told.append("another led")

    world.line.at(point, freeze)
    return told


def _killed() -> None:
    raise Killed


class Turmoil(RuleBasedStateMachine):
    """Anything at any time; at the end everything is to be as if nothing had gone wrong."""

    @initialize()
    def begin(self) -> None:
        self.directory = TemporaryDirectory()
        self.world = RegisterWorld(Path(self.directory.name))
        self.leader = Leader(self.world)
        self.calls: list[int] = []
        self.foreign = 0

    @rule(count=st.integers(1, 3))
    def calls_begin(self, count: int) -> None:
        for _ in range(count):
            self.calls.append(self.world.report(number=f"370612{len(self.calls):05}"))

    @rule(which=st.integers(0, 20), theme=st.sampled_from([None, "Booking", "Payment"]))
    def a_theme_is_chosen(self, which: int, theme: str | None) -> None:
        if self.calls:
            self.world.change(self.calls[which % len(self.calls)], theme=theme)

    @rule(which=st.integers(0, 20))
    def a_call_ends(self, which: int) -> None:
        if self.calls:
            self.world.end(self.calls[which % len(self.calls)])

    @rule(after=st.integers(0, 6))
    def another_program_takes_the_next_key(self, after: int) -> None:
        def take() -> None:
            self.world.foreign(max(self.world.rows(), default=0) + 1)
            self.foreign += 1

        self._at(after, self.world.line, take)

    @rule(after=st.integers(0, 6), fault=st.sampled_from(list(Fault)))
    def an_order_or_answer_gets_lost(self, after: int, fault: Fault) -> None:
        self.world.line.faults[self.world.line.points + after] = fault

    @rule(after=st.integers(0, 6))
    def what_is_late_arrives(self, after: int) -> None:
        self._at(after, self.world.line, self.world.line.let_arrive)

    @rule(after=st.integers(0, 20), portal=st.booleans())
    def the_collector_is_killed(self, after: int, portal: bool) -> None:
        self._at(after, self.world.portal_line if portal else self.world.line, _killed)

    @rule()
    def another_leads(self) -> None:
        self.leader.take_over()

    @rule(is_down=st.booleans())
    def oracle_goes_or_comes(self, is_down: bool) -> None:
        self.world.line.is_down = is_down

    @rule(count=st.integers(1, 5))
    def the_collector_works(self, count: int) -> None:
        for _ in range(count):
            self.leader.step()

    @rule(seconds=st.integers(1, 90))
    def time_goes_by(self, seconds: int) -> None:
        self.world.now += timedelta(seconds=seconds)

    def teardown(self) -> None:
        world = self.world
        try:
            world.line.is_down = False
            self.leader.settle()
            self.leader.settle()  # faults that were still to come may have struck the first
            world.assert_once_each(foreign=self.foreign)
        finally:
            world.close()
            self.directory.cleanup()

    def _at(self, after: int, line: Line, hook: Callable[[], None]) -> None:
        line.at(line.points + after, hook)


TestTurmoil = Turmoil.TestCase
TestTurmoil.settings = settings(
    max_examples=int(os.environ.get("REGISTER_TURMOIL", "15")),
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
