"""What the gateway's answers mean.

Source: "The XML agency gateway". The root's name is not documented, nor is the shape of an error; so an
answer is an agency when something documented stands directly below the root.
"""

from enum import Enum, auto

from lxml import etree

from services.errors import UpstreamMalformed
from services.telephony.model import AgencyCard, Contact

_AGENCY = "agency"
# fmt: off
_KNOWN = {
    "name", "nameEng", "city", "percent", "frontOffice", "contract", "sentTourists", "boss", "curator",
    "blackList", "managers", "contacts",
}
# fmt: on
_ERRORS = {"error", "errors", "errormessage", "exception", "fault"}
_HTML_BEGINNINGS = (b"<!doctype html", b"<html", b"<head", b"<body")
_MOST_SESSION_CHARACTERS = 500


class NoAnswer(Enum):
    """Well-formed, but not what was asked for."""

    LOGIN_PAGE = auto()  # or any other page for people
    ERROR = auto()  # an error told in XML


def session_id(body: bytes) -> str | NoAnswer:
    """The session in the answer to a login.

    Raises:
        UpstreamMalformed: it is not XML, or declares a document type.
    """
    if _is_page(body):
        return NoAnswer.LOGIN_PAGE
    root = _root(body)
    if _local(root) == "html":
        return NoAnswer.LOGIN_PAGE
    for element in root.iter("{*}sessionId"):
        if (text := _text(element)) and len(text) <= _MOST_SESSION_CHARACTERS:
            return text
    return NoAnswer.ERROR


def agency_card(body: bytes, agency_id: int) -> AgencyCard | NoAnswer:
    """The agency in the answer to the question for `agency_id`.

    Raises:
        UpstreamMalformed: it is not XML, or declares a document type.
    """
    if _is_page(body):
        return NoAnswer.LOGIN_PAGE
    root = _root(body)
    name = _local(root)
    if name == "html":
        return NoAnswer.LOGIN_PAGE
    below = {_local(child) for child in root}
    is_error = name.lower() in _ERRORS or any(child.lower() in _ERRORS for child in below)
    if is_error or not (below & _KNOWN or name == _AGENCY):
        return NoAnswer.ERROR
    return AgencyCard(
        agency_id=agency_id,
        name=_told(root, "name"),
        english_name=_told(root, "nameEng"),
        city=_told(root, "city"),
        percent=_told(root, "percent"),
        front_office=_yes_no_or_words(_told(root, "frontOffice")),
        contract=_yes_no_or_words(_told(root, "contract")),
        tourists_per_year=_told(root, "sentTourists"),
        boss=_told(root, "boss"),
        curator=_told(root, "curator", "fullName"),
        blacklisted=_is_true(_told(root, "blackList")),
        managers=tuple(
            text for manager in root.findall("{*}managers/{*}manager") if (text := _text(manager))
        ),
        contacts=tuple(
            Contact(value, _told(contact, "person"), _told(contact, "description"))
            for contact in root.findall("{*}contacts/{*}contact")
            if (value := _told(contact, "value"))
        ),
    )


def _is_page(body: bytes) -> bool:
    # A page for people is seldom well-formed; its content type says nothing, as XML is sent as HTML too.
    return body.lstrip(b"\xef\xbb\xbf \t\r\n")[:20].lower().startswith(_HTML_BEGINNINGS)


def _root(body: bytes) -> etree._Element:
    """Parse, without entities, document types and network; libxml2's own limits of depth and size hold."""
    # Before the parser sees it: entities in attributes are replaced whatever the parser is told.
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise UpstreamMalformed("agency gateway: the answer declares a document type")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UpstreamMalformed("agency gateway: the answer is not XML") from error
    # In an encoding that hides it from the search above.
    if root.getroottree().docinfo.internalDTD is not None:
        raise UpstreamMalformed("agency gateway: the answer declares a document type")
    return root


def _local(element: etree._Element) -> str:
    """The name without its namespace; empty for what is no element."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _told(parent: etree._Element, *path: str) -> str | None:
    element = parent.find("/".join(f"{{*}}{name}" for name in path))
    return None if element is None else _text(element)


def _text(element: etree._Element) -> str | None:
    """All text in the element, trimmed, with single blanks; None when there is none."""
    return " ".join("".join(element.itertext()).split()) or None


def _yes_no_or_words(text: str | None) -> bool | str | None:
    return text if text is None else {"true": True, "false": False}.get(text.lower(), text)


def _is_true(text: str | None) -> bool | None:
    return None if text is None else text.lower() == "true"
