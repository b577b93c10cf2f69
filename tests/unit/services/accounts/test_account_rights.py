import pytest

from services.accounts import NoSuchPerson, Right, Role
from services.accounts.rights import rights_of
from services.accounts.tables import PersonRightRow


@pytest.mark.parametrize(
    ("role", "rights"),
    [
        (Role.OPERATOR, {Right.MOSCOW}),
        (Role.SUPERVISOR, {Right.MOSCOW, Right.STATISTICS, Right.VILNIUS}),
        (Role.ADMIN, set(Right)),
    ],
)
def test_a_role_gives_its_rights(role, rights):
    assert rights_of(role, {}) == rights


def test_a_grant_adds_to_the_role_and_a_revocation_takes_from_it():
    assert rights_of(Role.OPERATOR, {Right.ADMIN: True, Right.MOSCOW: False}) == {Right.ADMIN}


def test_a_person_may_what_their_rights_say(olga):
    assert olga.may(Right.MOSCOW)
    assert not olga.may(Right.ADMIN)


def test_a_grant_outlives_a_change_of_role(accounts, olga):
    accounts.grant(olga.id, Right.ADMIN)
    accounts.set_role(olga.id, Role.SUPERVISOR)

    person = accounts.find_person("olga").person

    assert person.role is Role.SUPERVISOR
    assert person.may(Right.ADMIN)


def test_the_last_word_on_a_right_counts(accounts, olga):
    accounts.grant(olga.id, Right.MOSCOW)
    accounts.revoke(olga.id, Right.MOSCOW)

    assert accounts.find_person("olga").person.rights == frozenset()


def test_a_stored_right_of_a_newer_portal_is_passed_over(accounts, olga, store):
    with store.write() as session:
        session.add(PersonRightRow(person_id=olga.id, right_name="teleport", allowed=True))

    assert accounts.find_person("olga").person.rights == {Right.MOSCOW}


def test_a_right_needs_a_person(accounts):
    with pytest.raises(NoSuchPerson):
        accounts.grant(404, Right.ADMIN)
