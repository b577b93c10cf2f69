"""Telephone numbers as they are searched: any part, any punctuation, any case."""

#: What people type between digits. A number and a search for it both lose these characters.
PUNCTUATION = " \t\u00a0-–—()+./"
LONGEST_NUMBER = 64
_WITHOUT_PUNCTUATION = str.maketrans("", "", PUNCTUATION)


def phone_key(number: str) -> str:
    """The number as it is compared: without punctuation, in small letters."""
    return number.translate(_WITHOUT_PUNCTUATION).lower()


def cleaned(text: object, longest: int) -> str | None:
    """A text of the call-centre database without outer blanks, cut to `longest`; None if nothing is left."""
    if text is None:
        return None
    # NUL, which PostgreSQL cannot store, has no meaning here.
    return str(text).replace("\0", "").strip(" ")[:longest] or None
