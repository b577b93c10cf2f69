"""People's names in narrow places."""


def short_name(name: str) -> str:
    """`Абрамова Екатерина Игоревна` as `Абрамова Е. И.`; one word stays as it is."""
    surname, *others = name.split()
    return " ".join([surname, *(f"{other[0]}." for other in others)])
