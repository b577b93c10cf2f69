from __future__ import annotations

from collections import Counter
from random import Random

from sandbox.call_centre.mixes import Mix


def test_values_are_drawn_as_often_as_their_shares_say() -> None:
    mix = Mix((3, "often"), (1, "seldom"))
    rng = Random(1)

    drawn = Counter(mix.draw(rng) for _ in range(10_000))

    assert 7_300 < drawn["often"] < 7_700
    assert drawn["often"] + drawn["seldom"] == 10_000


def test_the_sql_twin_has_the_same_bounds_and_quotes_its_texts() -> None:
    mix: Mix[str | None] = Mix((2, "it's"), (1, None), (1, ""))

    assert mix.sql("r") == "ELT(1 + INTERVAL(r, 0.500000, 0.750000), 'it''s', NULL, '')"


def test_a_mix_of_one_value_needs_no_draw() -> None:
    assert Mix((1, 7)).sql("r") == "7"
