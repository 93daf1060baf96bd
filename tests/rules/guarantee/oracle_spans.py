"""How much time lies between two instants, and what it costs, the slow way."""

from fractions import Fraction
from math import ceil, floor

from tests.rules.guarantee.oracle_parts import (
    DAY,
    MICRO,
    SECONDS,
    covered,
    days_of_year,
    months_apart,
    paused_on,
)


class Spans:
    def num_elapsed(self, body):
        return self._elapsed(body, None)

    def num_open_time(self, body):
        return self._elapsed(body, self.calendars[body["calendar"]])

    def _elapsed(self, body, calendar):
        start, end = self.instant(body["from"]), self.instant(body["to"])
        if start is None or end is None:
            return None
        count = calendar.open_micros if calendar else lambda a, b: (b - a) // MICRO
        micros = count(start, end)
        if start < end:
            for a, b in covered(self.pauses(body), start, end):
                micros -= count(a, b)
        return self.whole(Fraction(micros, SECONDS[body["unit"]] * 10**6), body)

    def pauses(self, body):
        """The spans that do not count."""
        if "pauses" not in body:
            return []
        return self.of_reasons(self.facts.get(body["pauses"]["in"], ()), body["pauses"])

    def of_reasons(self, spans, body):
        return [one for one in spans if "reasons" not in body or one[2] in body["reasons"]]

    def whole(self, value, body):
        how = body.get("whole", "no")
        return value if how == "no" else Fraction(floor(value) if how == "down" else ceil(value))

    def num_calendar_days(self, body):
        return self._days(body, lambda day: True)

    def num_working_days(self, body):
        return self._days(body, self.calendars[body["calendar"]].open_day)

    def _days(self, body, counts):
        """One by one the days after the first, up to the last, that count and are not paused."""
        first, last = self.day(body["from"]), self.day(body["to"])
        if first is None or last is None:
            return None
        if last < first:
            return -Fraction(sum(counts(last + n * DAY) for n in range(1, (first - last).days + 1)))
        days = [first + n * DAY for n in range(1, (last - first).days + 1)]
        pauses = self.pauses(body)
        return Fraction(sum(counts(day) and not paused_on(day, pauses, self.zone) for day in days))

    def num_months(self, body):
        first, last = self.day(body["from"]), self.day(body["to"])
        if first is None or last is None:
            return None
        span = 12 if body.get("unit") == "year" else 1
        return Fraction(months_apart(first, last, span, begun=body["count"] == "begun"))

    def num_interest(self, body):
        """What each day bears, day by day."""
        on, first, last = self.num(body["on"]), self.day(body["from"]), self.day(body["to"])
        if on is None or first is None or last is None:
            return None
        total, day = Fraction(0), first + DAY
        while day <= last:
            row = self.row_of({"rows": body["rates"]}, day)
            rate = None if row is None else self.num(row["percent"])
            if rate is None:
                return None
            total += on * rate / 100 / days_of_year(day, body.get("year_days", 365))
            day += DAY
        return total
