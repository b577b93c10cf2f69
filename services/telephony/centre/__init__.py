"""The calls of the centre as pages ask for them: the present moment, the whole register, statistics."""

from services.telephony.centre.model import (
    LARGEST_PAGE,
    LONGEST_SEARCH,
    AgencyTally,
    Board,
    Caller,
    CentreStatistics,
    Choices,
    CuratorTally,
    ListedCall,
    PastCalls,
    RegisterPage,
    RegisterQuery,
    RegisterSlice,
    Tally,
    ThemeTally,
)
from services.telephony.centre.service import LAST, Centre

__all__ = [
    "LARGEST_PAGE",
    "LAST",
    "LONGEST_SEARCH",
    "AgencyTally",
    "Board",
    "Caller",
    "Centre",
    "CentreStatistics",
    "Choices",
    "CuratorTally",
    "ListedCall",
    "PastCalls",
    "RegisterPage",
    "RegisterQuery",
    "RegisterSlice",
    "Tally",
    "ThemeTally",
]
