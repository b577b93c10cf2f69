"""The systems around the Vilnius centre: three Oracle schemas, the agency gateway, the telephony platform."""

from sandbox.vilnius.agencies import KnownAgency, known_agencies

__all__ = ["KnownAgency", "known_agencies"]
