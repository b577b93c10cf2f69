"""Who may see what: roles, rights, and the person they add up to."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Right(StrEnum):
    """What one room of the portal asks for."""

    MOSCOW = "moscow"  # the call log, the agency directory, and their API
    STATISTICS = "statistics"  # call statistics
    VILNIUS = "vilnius"  # the Vilnius contact centre: its board, register and callers' cards
    ADMIN = "admin"


class Role(StrEnum):
    """What a person is here; gives a set of rights to begin with."""

    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


ROLE_RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.OPERATOR: frozenset({Right.MOSCOW}),
    Role.SUPERVISOR: frozenset({Right.MOSCOW, Right.STATISTICS, Right.VILNIUS}),
    Role.ADMIN: frozenset(Right),
}


def rights_of(role: Role, decisions: Mapping[Right, bool]) -> frozenset[Right]:
    """The role's rights as a person's own decisions refine them: True grants, False revokes."""
    granted = {right for right, allowed in decisions.items() if allowed}
    revoked = decisions.keys() - granted
    return (ROLE_RIGHTS[role] | granted) - revoked


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may enter, with the rights that hold now."""

    id: int
    login: str  # as `clean_login` gives it
    display_name: str
    role: Role
    rights: frozenset[Right]
    language: str | None  # None: as the portal is set
    source: str  # the name of the login provider that vouches for this person

    def may(self, right: Right) -> bool:
        """Whether this person has `right`."""
        return right in self.rights
