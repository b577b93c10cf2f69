"""The demo's people. They exist in sandbox mode only, which serves loopback alone."""

from services.accounts import Accounts, LoginTaken, Right, Role

DEMO_PASSWORD = "demo"
_PEOPLE = (
    ("operator", "Анна Лебедева", Role.OPERATOR),
    ("supervisor", "Светлана Корнилова", Role.SUPERVISOR),
    ("admin", "Игорь Воронцов", Role.ADMIN),
)


def add_demo_people(accounts: Accounts) -> None:
    """Add those who are not there yet."""
    for login, name, role in _PEOPLE:
        try:
            person = accounts.add(login, name, role, DEMO_PASSWORD, allow_weak_password=True)
            accounts.grant(person.id, Right.VILNIUS)  # the demo's operator answers in Vilnius too
        except LoginTaken:
            continue
