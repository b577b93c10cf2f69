"""The copy and the source give the same answers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from services.calls import CallFilter, Page
from tests.unit.services.calls.both_ways import (
    BothWays,
    assert_each_condition_is_met,
    assert_same,
    assert_same_details,
    assert_same_processings,
    build,
    filters,
    pages,
)


@pytest.fixture(scope="module")
def directory(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("both-ways")


@pytest.fixture(scope="module")
def both(directory) -> Iterator[BothWays]:
    made = build(directory, f"sqlite:///{directory / 'source.db'}", f"sqlite:///{directory / 'portal.db'}")
    yield made
    made.close()


@settings(max_examples=120, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(filters(), pages())
def test_any_question_has_the_same_answer_from_the_copy_and_from_the_source(
    both: BothWays, asked: CallFilter, page: Page
):
    assert_same(both, asked, page)


def test_each_condition_leaves_exactly_the_calls_it_names_both_ways(both):
    assert_each_condition_is_met(both)


def test_every_client_card_and_agency_is_the_same_from_the_copy_and_from_the_source(both):
    assert_same_details(both)


def test_the_agencies_of_a_processing_are_the_same_from_the_copy_and_from_the_source(both, directory):
    assert_same_processings(both, f"sqlite:///{directory / 'source.db'}")
