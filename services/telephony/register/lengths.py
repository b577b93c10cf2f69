"""Texts as the register can hold them: Oracle counts bytes, and a character of UTF-8 takes up to four."""

import unicodedata

_JOINER = "\u200d"  # makes one picture of the characters around it


def fitted(text: str | None, limit: int) -> str | None:
    """As much of `text` as fits into `limit` bytes of UTF-8, never a part of a character; None for nothing.

    Accents stay with their letter and joined pictures together: what does not fit whole is left out whole.
    Oracle takes an empty text for none. NUL, which ends a text for other programs, is left out, and half of a
    surrogate pair, which is no character, becomes a question mark.
    """
    if not text:
        return None
    whole = text.replace("\0", "").encode(errors="replace").decode()
    kept = whole.encode()[:limit].decode(errors="ignore")
    if len(kept) < len(whole):
        kept = kept[: _last_border(whole, len(kept))]
    return kept or None


def _last_border(text: str, place: int) -> int:
    """The last place up to `place` where no visible character is cut; `place` itself where there is none."""
    border = place
    while border > 0 and (_joins(text[border]) or text[border - 1] == _JOINER):
        border -= 1
    return border or place


def _joins(character: str) -> bool:
    """Whether it belongs to the character before it: accents, variation selectors, skin tones, the joiner."""
    return (
        character == _JOINER
        or unicodedata.category(character) in ("Mn", "Me", "Mc")
        or "\U0001f3fb" <= character <= "\U0001f3ff"
    )
