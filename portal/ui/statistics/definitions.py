"""What each figure of the statistics means, said alike in hints, on paper and in files."""

from portal.i18n import _
from services.calls import SMALL_SAMPLE


def definition(name: str) -> str:
    """The definition of a figure or table."""
    return definitions()[name]


def definitions() -> dict[str, str]:
    """All definitions by figure or table."""
    return {
        "calls": _("All calls of the period that the call database has."),
        "handled": _("Calls with the result “Handled”; the share is of all calls whose result is known."),
        "failed": _(
            "Calls that were dropped, cut off, had bad audio or ended in silence; "
            "the share is of all calls whose result is known."
        ),
        "card": _("Calls with a client card, as a share of all calls."),
        "identified": _("Calls whose phone number is known, as a share of all calls."),
        "rate": _("Calls divided by the hours in which the operator had at least one call."),
        "duration": _("Average time from the beginning of a call to its end."),
        "sample": _(
            "How many calls with a known result the success rate is of. "
            "Under {n} calls the sample is called small: its shares say little.",
            n=SMALL_SAMPLE,
        ),
        "operators": _(
            "Success is the share of handled calls among those with a known result; the other shares are of "
            "all calls. Under {n} calls the sample is small and its shares say little.",
            n=SMALL_SAMPLE,
        ),
        "weekdays": _(
            "Average number of calls in an hour of the weekday. Hatched: no such hour has come in the period."
        ),
        "months": _("All calls of each month since the first one in the call database."),
        "outcomes": _(
            "Of all calls of a type: success is “Handled”; failure is dropped, cut off, bad audio and "
            "silence; other is the rest, unknown results included."
        ),
        "hours": _("All calls of the period by the hour in which they began, by the centre's clock."),
        "totals": _("The figures of the whole period, and of the period it is compared with."),
    }
