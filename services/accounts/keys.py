"""What people, attempts and devices are told apart by."""

import hashlib
import unicodedata
from ipaddress import IPv4Address, IPv6Network, ip_address

LOGIN_LENGTH = 64
DISPLAY_NAME_LENGTH = 200
#: The longest text of an IP address: IPv6 with an IPv4 tail.
ADDRESS_LENGTH = 45
USER_AGENT_LENGTH = 200


def clean_login(login: str) -> str:
    """The login as accounts are known by it: without case, outer spaces and look-alike forms of letters."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", login).casefold()).strip()


def is_login(cleaned: str) -> bool:
    """Whether an account may have this login; what is not one is never looked up either."""
    return 0 < len(cleaned) <= LOGIN_LENGTH and cleaned.isprintable()


def account_key(cleaned: str) -> str:
    """The key under which attempts to enter with a login are counted, whether it exists or not.

    A digest, because people type passwords into the login field by mistake.
    """
    return sha256_hex(cleaned)


def origin_of(address: str) -> str:
    """The key under which attempts from an IP address are counted.

    An IPv6 address stands for its /64: whoever has one address there has all of them.
    """
    try:
        ip = ip_address(address.strip())
    except ValueError:
        return printable(address, ADDRESS_LENGTH)
    if isinstance(ip, IPv4Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(IPv6Network((int(ip), 64), strict=False))


def printable(text: str, length: int) -> str:
    """The visible characters of `text`, at most `length` of them: databases refuse some others."""
    return "".join(character for character in text if character.isprintable())[:length]


def sha256_hex(text: str) -> str:
    """64 hexadecimal digits; any text a browser can send has them, lone surrogates included."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
