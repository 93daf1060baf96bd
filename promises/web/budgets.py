"""The budgets of a month as pages show them."""

import datetime as dt
import itertools
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from flask import url_for

from promises.catalogue.queries import PromiseInfo
from promises.http import charts
from promises.http.context import current
from promises.http.i18n import gettext, ngettext
from promises.kernel.money import Money
from promises.kernel.text import N_, format_date, format_money
from promises.reporting.budgets import Standing

Address = dict[str, object]

LINKS = {
    "insights.promise": N_("Causes and charts"),
    "pauses.list": N_("Pauses"),
    "reviews.promise": N_("Reviews"),
}
"""Further pages of a promise, as far as they are there."""

SPARK_DAYS = 30


@dataclass(frozen=True, slots=True)
class Burn:
    """A budget line with its words. `rows`: (day, what was left at its end)."""

    chart: charts.BurnLine
    title: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class MonthView:
    """What a page says of one promise in this month. `broken` and `spent` are the addresses of the
    lists that the budgets are used up by."""

    info: PromiseInfo
    standing: Standing
    broken: Address
    spent: Address
    currency: str

    @property
    def left(self) -> int | None:
        return None if self.standing.errors is None else self.standing.errors.left

    @property
    def money_left(self) -> Money | None:
        money = self.standing.money
        return None if money is None else Money(money.left, self.currency)

    def money(self, minor: int) -> Money:
        return Money(minor, self.currency)

    @property
    def tightness(self) -> tuple[int, float]:
        """The least left first; without a target last."""
        errors = self.standing.errors
        if errors is None:
            return 1, 0.0
        return 0, float((errors.room - errors.used) / max(errors.room, Fraction(1)))


def month_view(
    info: PromiseInfo, standing: Standing, branch_id: uuid.UUID | None = None
) -> MonthView:
    where: Address = {"promise": info.promise_id}
    if branch_id is not None:
        where["branch"] = branch_id
    month = standing.month
    return MonthView(
        info,
        standing,
        {**where, "state": "broken", "from_on": standing.counted_from, "to_on": month.last},
        {**where, "stage": "spent", "from_on": month.first, "to_on": month.last},
        info.version.terms.currency,
    )


def month_views(
    promises: Mapping[uuid.UUID, PromiseInfo], found: Mapping[uuid.UUID, Standing]
) -> list[MonthView]:
    """The promise with the least left first."""
    views = [month_view(promises[promise_id], one) for promise_id, one in found.items()]
    return sorted(views, key=lambda one: one.tightness)


def error_burn(standing: Standing) -> Burn | None:
    """Of the days so far; None without a budget to burn."""
    errors, month = standing.errors, standing.month
    if errors is None or errors.whole <= 0:
        return None
    gone = [day for day in standing.days if day.on <= month.today]
    used = list(itertools.accumulate(day.broken if day.allowed is not None else 0 for day in gone))
    left = [str(errors.whole - one) for one in used]
    title = ngettext(
        "%(n)s breach left of %(whole)s", "%(n)s breaches left of %(whole)s", errors.left,
        whole=errors.whole,
    )  # fmt: skip
    return _burn(used, errors.whole, standing, left, title)


def money_burn(view: MonthView) -> Burn | None:
    standing, locale = view.standing, current().locale
    money, month = standing.money, standing.month
    if money is None or money.limit <= 0:
        return None
    gone = [day for day in month.days if day <= month.today]
    spent = list(itertools.accumulate(standing.spent.get(day, 0) for day in gone))
    left = [format_money(locale, view.money(money.limit - one)) for one in spent]
    title = gettext(
        "%(left)s left of %(limit)s",
        left=format_money(locale, view.money(money.left)),
        limit=format_money(locale, view.money(money.limit)),
    )
    return _burn(spent, money.limit, standing, left, title)


def _burn(
    used: Sequence[int], whole: int, standing: Standing, left: Sequence[str], title: str
) -> Burn:
    month, locale = standing.month, current().locale
    days = [format_date(locale, day) for day in month.days[: len(used)]]
    chart = charts.burn_line(used, whole, len(month.days))
    return Burn(chart, title, tuple(reversed(list(zip(days, left, strict=True)))))


def spark(standing: Standing) -> charts.Sparkline:
    """The kept-rate of the last 30 days, day by day."""
    today = standing.month.today
    days = [today - dt.timedelta(days=n) for n in reversed(range(SPARK_DAYS))]
    shares = [standing.share_of(day) for day in days]
    return charts.sparkline([None if one is None else float(one) for one in shares])


def links_of(promise_slug: str, endpoints: Mapping[str, object]) -> list[tuple[str, str]]:
    """(words, address) of the further pages of a promise."""
    return [
        (gettext(words), url_for(endpoint, promise_slug=promise_slug))
        for endpoint, words in LINKS.items()
        if endpoint in endpoints
    ]
