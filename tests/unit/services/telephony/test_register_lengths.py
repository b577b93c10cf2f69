"""Texts at the edge of what a column of Oracle holds."""

from hypothesis import given
from hypothesis import strategies as st

from services.telephony.register.lengths import fitted


def test_a_text_that_fits_stays_as_it_is():
    assert fitted("Žalgirio g. 5", 15) == "Žalgirio g. 5"


def test_nothing_is_none_as_in_oracle():
    assert fitted("", 10) is None
    assert fitted(None, 10) is None
    assert fitted("Ж", 1) is None


def test_cyrillic_takes_two_bytes_and_is_never_cut_in_half():
    assert fitted("Жанна", 5) == "Жа"


def test_an_emoji_is_whole_or_absent():
    assert fitted("ab🎉", 5) == "ab"
    assert fitted("ab🎉", 6) == "ab🎉"


def test_an_accent_stays_with_its_letter():
    assert fitted("abe\u0301", 4) == "ab"


def test_joined_pictures_and_skin_tones_stay_together():
    family = "👩\u200d👧"
    assert fitted("a" + family, 8) == "a"
    assert fitted("a👍🏽", 5) == "a"


def test_a_text_of_nothing_but_accents_is_cut_all_the_same():
    assert fitted("\u0301" * 10, 5) == "\u0301" * 2


def test_nul_and_half_characters_are_made_harmless():
    assert fitted("a\0b\ud800c", 10) == "ab?c"


@given(st.text(), st.integers(1, 60))
def test_what_is_kept_fits_and_begins_the_text(text: str, limit: int):
    kept = fitted(text, limit) or ""

    assert len(kept.encode()) <= limit
    assert text.replace("\0", "").encode(errors="replace").decode().startswith(kept)
