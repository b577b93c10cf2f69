"""The statistics page: its parts, from a report to components."""

from portal.ui.statistics.page import parts
from portal.ui.statistics.shown import Shown

__all__ = ["Shown", "parts"]
