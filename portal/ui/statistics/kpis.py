"""The six figures above the tables, each with its definition and what it is compared with."""

from collections.abc import Callable
from typing import Literal

from dash import html
from dash.development.base_component import Component

from portal import i18n
from portal.i18n import _
from portal.ui.blocks import Contents, delta, kpi
from portal.ui.statistics.definitions import definition
from portal.ui.statistics.links import calls_link, linked
from portal.ui.statistics.shown import Shown, has_known_days
from services.calls import Report, Tally

Better = Literal["more", "less"]
UNKNOWN = "—"


def kpis(shown: Shown) -> list[Component]:
    """The figures of the period."""
    return [
        kpi(
            _("Calls"),
            _count(shown, shown.report.total.calls),
            _calls_delta(shown),
            definition=definition("calls"),
        ),
        _share_kpi(
            shown,
            _("Handled"),
            "handled",
            lambda total: (total.success_rate, total.handled),
            better="more",
            result="success",
        ),
        _share_kpi(
            shown,
            _("Failed calls"),
            "failed",
            lambda total: (total.failure_rate, total.failed),
            better="less",
            result="failure",
        ),
        _share_kpi(
            shown,
            _("With client card"),
            "card",
            lambda total: (total.card_share, total.with_card),
            better=None,
            card=1,
        ),
        kpi(_("Per active hour"), _rate(shown), _rate_delta(shown), definition=definition("rate")),
        kpi(
            _("Average duration"),
            _duration_words(shown.report),
            _duration_below(shown),
            definition=definition("duration"),
        ),
    ]


def rate_of(report: Report) -> float | None:
    """Calls of all operators per hour in which one had a call; None without such an hour."""
    assigned = sum(entry.tally.calls for entry in report.operators if entry.operator_id is not None)
    return assigned / report.active_hours if report.active_hours else None


def duration_words(seconds: float) -> str:
    """A duration as `3:07`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def _count(shown: Shown, calls: int, **conditions: str | int) -> Contents:
    if not shown.is_known:
        return UNKNOWN
    return linked(i18n.number(calls), calls_link(shown.period, **conditions))


def _share_kpi(
    shown: Shown,
    label: str,
    name: str,
    of: Callable[[Tally], tuple[float | None, int]],
    *,
    better: Better | None,
    **conditions: str | int,
) -> Component:
    share, count = of(shown.report.total)
    value: Contents = UNKNOWN
    if share is not None and shown.is_known:
        href = calls_link(shown.period, **conditions)
        value = [linked(i18n.percent(share), href), " ", html.Small(linked(i18n.number(count), href))]
    return kpi(
        label,
        value,
        _share_below(shown, share, lambda total: of(total)[0], better),
        definition=definition(name),
    )


def _share_below(
    shown: Shown, share: float | None, of: Callable[[Tally], float | None], better: Better | None
) -> Contents:
    if not shown.is_known:
        return _not_counted()
    if share is None:
        return _("no call to take a share of")
    before = _comparable(shown)
    if before is None:
        return _no_comparison(shown)
    earlier = of(before.total)
    if earlier is None:
        return _nothing_before(before)
    change = round((share - earlier) * 100, 1)
    points = delta(_("{n} pp", n=i18n.number(abs(change))), change, better=better)
    return [points, " ", _("was {figure}", figure=i18n.percent(earlier))]


def _calls_delta(shown: Shown) -> Contents:
    if not shown.is_known:
        return _not_counted()
    before = _comparable(shown)
    if before is None:
        return _no_comparison(shown)
    earlier = before.total.calls
    if earlier == 0:
        return _nothing_before(before)
    was = _("was {figure}", figure=i18n.number(earlier))
    if shown.period.days == 1 and shown.period.last == shown.today:
        # A day that is not over against a whole one: a percentage would always say "fewer".
        return _("{was} in the whole day", was=was)
    change = (shown.report.total.calls - earlier) / earlier
    return [delta(i18n.percent(abs(change)), round(change, 3), better=None), " ", was]


def _rate(shown: Shown) -> Contents:
    rate = rate_of(shown.report)
    return UNKNOWN if rate is None or not shown.is_known else i18n.decimal(rate)


def _rate_delta(shown: Shown) -> Contents:
    if not shown.is_known:
        return _not_counted()
    rate, before = rate_of(shown.report), _comparable(shown)
    if rate is None:
        return _("nobody had a call")
    if before is None:
        return _no_comparison(shown)
    earlier = rate_of(before)
    if earlier is None:
        return _nothing_before(before)
    change = round(rate - earlier, 1)
    return [
        delta(i18n.decimal(abs(change)), change, better=None),
        " ",
        _("was {figure}", figure=i18n.decimal(earlier)),
    ]


def _duration_words(report: Report) -> Contents:
    average = report.duration.average_s
    return UNKNOWN if average is None else duration_words(average)


def _duration_below(shown: Shown) -> Contents:
    report = shown.report
    if not shown.is_known:
        return _not_counted()
    if report.has_durations is False:
        return _("the database does not store the end")
    if report.has_durations is None:
        return _("not looked yet whether the database stores the end")
    if report.duration.average_s is None:
        return _("no call with a known end")
    return i18n.plural("of {n} call with a known end", "of {n} calls with a known end", report.duration.calls)


def _comparable(shown: Shown) -> Report | None:
    """The period compared with, if every day of it is counted."""
    before = shown.before
    is_whole = before is not None and before.coverage.is_complete and has_known_days(before)
    return before if is_whole else None


def _no_comparison(shown: Shown) -> str:
    if shown.before is None:
        return ""
    return _("the period before is not counted yet")


def _nothing_before(before: Report) -> str:
    return _("no calls {days}", days=i18n.days(before.period.first, before.period.last, with_year=False))


def _not_counted() -> str:
    return _("not counted yet")
