"""The gateway's answers in XML, and those it gives when it is broken.

Source: "XML agency gateway (HTTP)".
"""

from __future__ import annotations

from typing import Final
from xml.etree import ElementTree

from sandbox.vilnius.agencies import Agency

_DECLARATION: Final = b'<?xml version="1.0" encoding="UTF-8"?>\n'

LOGIN_PAGE: Final = b"""<!DOCTYPE html>
<html><head><title>Login</title></head><body><h1>Login</h1>
<form action="/xmlgate/auth_data.jsp"><input name="j_login"><br><input name="j_passwd" type="password"></form>
</body></html>
"""
#: Ten entities of ten each: a gigabyte for whoever expands them.
BOMB: Final = b"".join(
    [
        b'<?xml version="1.0"?>\n<!DOCTYPE agency [\n<!ENTITY e0 "kelione">\n',
        *(b'<!ENTITY e%d "%s">\n' % (level, b"&e%d;" % (level - 1) * 10) for level in range(1, 9)),
        b"]>\n<agency><name>&e8;</name></agency>\n",
    ]
)


def session(session_id: str) -> bytes:
    """The answer to a login."""
    root = ElementTree.Element("response")
    auth = ElementTree.SubElement(root, "auth")
    ElementTree.SubElement(auth, "sessionId").text = session_id
    return _bytes(root)


def error(words: str) -> bytes:
    """What is answered instead of what was asked for."""
    root = ElementTree.Element("response")
    ElementTree.SubElement(root, "error").text = words
    return _bytes(root)


def agency(told: Agency) -> bytes:
    """An agency; what it has not is left out, and now and then stands there empty."""
    root = ElementTree.Element("agency")
    for name, text in (
        ("name", told.name),
        ("nameEng", told.english_name),
        ("city", told.city),
        ("percent", told.percent),
        ("frontOffice", told.front_office),
        ("contract", told.contract),
        ("sentTourists", told.sent_tourists),
        ("boss", told.boss),
        ("blackList", told.black_list),
    ):
        if text or told.id % 2:
            ElementTree.SubElement(root, name).text = text
    if told.curator:
        curator = ElementTree.SubElement(root, "curator")
        ElementTree.SubElement(curator, "fullName").text = told.curator
    if told.managers:
        managers = ElementTree.SubElement(root, "managers")
        for manager in told.managers:
            ElementTree.SubElement(managers, "manager").text = manager
    contacts = ElementTree.SubElement(root, "contacts")
    for one in told.contacts:
        contact = ElementTree.SubElement(contacts, "contact")
        ElementTree.SubElement(contact, "value").text = one.value
        ElementTree.SubElement(contact, "person").text = one.person
        if one.description:
            ElementTree.SubElement(contact, "description").text = one.description
    return _bytes(root)


def broken(answer: bytes) -> bytes:
    """`answer` as far as it came before something gave way."""
    return answer[: len(answer) * 2 // 3]


def _bytes(root: ElementTree.Element) -> bytes:
    written: bytes = ElementTree.tostring(root, encoding="utf-8")
    return _DECLARATION + written
