"""The person behind a calling number."""

import pytest

from services.telephony.gateway.callers import caller_of
from services.telephony.model import AgencyCard, Contact


def card(*contacts: Contact) -> AgencyCard:
    return AgencyCard(7, *(None,) * 10, contacts=contacts)


@pytest.mark.parametrize(
    "value",
    ["+370 612 34567", "37061234567", "8 612 34567", "52123456; (8-612) 3-45-67", "mob. +370(612)34567"],
)
def test_the_contact_with_the_number_is_the_caller_in_any_typing(value):
    ona = Contact(value, "Ona", "accountant")

    assert caller_of(card(Contact("52123456", "Jonas", None), ona), "37061234567", "LT") == ona


@pytest.mark.parametrize(
    "value", ["1234567", "+370 612 345678", "ona37061234567@example.com", "", "+3706123456"]
)
def test_a_number_that_only_looks_alike_is_not_the_caller(value):
    assert caller_of(card(Contact(value, "Ona", None)), "37061234567", "LT") is None


def test_nobody_is_the_caller_without_a_number():
    assert caller_of(card(Contact("+370 612 34567", "Ona", None)), None, "LT") is None


def test_a_contact_with_a_person_comes_first_then_an_exact_one():
    nobody = Contact("+37061234567", None, "office")
    probable, exact = Contact("861234567", "Ona", None), Contact("+37061234567", "Jonas", None)

    assert caller_of(card(nobody, probable, exact), "37061234567", "LT") == exact
    assert caller_of(card(nobody, probable), "37061234567", "LT") == probable
    assert caller_of(card(nobody), "37061234567", "LT") == nobody
