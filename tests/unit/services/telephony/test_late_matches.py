"""A caller that the directory learns of a little later gets its agency, in the register too."""

from dataclasses import replace
from datetime import timedelta

from services.telephony.late_matches import EVERY, WITHIN, LateMatches
from services.telephony.model import CallState, Match, MatchKind
from tests.unit.services.telephony.ledger_world import BEGIN, END, NUMBER, LedgerWorld

KNOWN = Match(MatchKind.EXACT, 71)


class Phones:
    """A directory that knows what it was told."""

    def __init__(self, **known: Match) -> None:
        self.known = known

    def find(self, number: str | None) -> Match:
        return self.known.get(number or "", Match(MatchKind.NONE))


def look(world: LedgerWorld, directory: Phones) -> timedelta:
    return LateMatches(world.store, directory, clock=world.clock).step(world.store)


def test_an_agency_that_became_known_is_noted_and_told_to_the_register(ledger_world: LedgerWorld) -> None:
    ledger_world.tell(BEGIN)

    rest = look(ledger_world, Phones(**{NUMBER: KNOWN}))

    [call], [entry] = ledger_world.calls, ledger_world.entries
    assert (call.agency_id, call.match, entry.wanted, rest) == (71, MatchKind.EXACT, 2, EVERY)


def test_a_number_that_stays_unknown_changes_nothing(ledger_world: LedgerWorld) -> None:
    ledger_world.tell(BEGIN)
    version = ledger_world.version

    look(ledger_world, Phones())

    assert ledger_world.calls[0].agency_id is None
    assert ledger_world.version == version


def test_a_call_of_earlier_keeps_what_was_known_then(ledger_world: LedgerWorld) -> None:
    ledger_world.tell(BEGIN)
    ledger_world.clock.move(seconds=WITHIN.total_seconds() + 1)

    look(ledger_world, Phones(**{NUMBER: KNOWN}))

    assert ledger_world.calls[0].agency_id is None


def test_an_agency_that_is_noted_already_stays(ledger_world: LedgerWorld) -> None:
    ledger_world.tell(BEGIN, match=Match(MatchKind.EXACT, 5))

    look(ledger_world, Phones(**{NUMBER: KNOWN}))

    assert ledger_world.calls[0].agency_id == 5


def test_an_end_without_its_begin_enters_no_outbox(ledger_world: LedgerWorld) -> None:
    ledger_world.tell(replace(END, call_id="x-1"))

    look(ledger_world, Phones(**{NUMBER: KNOWN}))

    [call] = ledger_world.calls
    assert (call.state, call.agency_id, ledger_world.entries) == (CallState.AWAITS_BEGIN, 71, [])
