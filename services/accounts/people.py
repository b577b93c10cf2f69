"""Reading people and their rights from the portal database."""

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.accounts.rights import Person, Right, Role, rights_of
from services.accounts.tables import PersonRightRow, PersonRow

_RIGHTS = frozenset(Right)


def read_person(session: Session, row: PersonRow) -> Person:
    """The person of `row` with the rights that hold now."""
    return people_of(session, [row])[0]


def people_of(session: Session, rows: Iterable[PersonRow]) -> list[Person]:
    """The people of `rows`, in their order, with one query for the rights of all."""
    rows = list(rows)
    decisions = _decisions(session, [row.id for row in rows])
    return [_person(row, decisions.get(row.id, {})) for row in rows]


def _decisions(session: Session, person_ids: list[int]) -> Mapping[int, Mapping[Right, bool]]:
    stored = session.scalars(select(PersonRightRow).where(PersonRightRow.person_id.in_(person_ids)))
    decisions: dict[int, dict[Right, bool]] = {}
    for row in stored:
        # A newer portal may have stored a right that this one does not know.
        if row.right_name in _RIGHTS:
            decisions.setdefault(row.person_id, {})[Right(row.right_name)] = row.allowed
    return decisions


def _person(row: PersonRow, decisions: Mapping[Right, bool]) -> Person:
    role = Role(row.role)
    return Person(
        id=row.id,
        login=row.login,
        display_name=row.display_name,
        role=role,
        rights=rights_of(role, decisions),
        language=row.language,
        source=row.source,
    )
