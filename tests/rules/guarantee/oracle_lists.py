"""Numbers out of lists, periods and earlier awards, the slow way."""

from datetime import timedelta
from fractions import Fraction
from math import floor

from tests.rules.guarantee.oracle_parts import (
    DAY,
    MICRO,
    SECONDS,
    covered,
    joined,
    local,
    midnight,
    read,
    window,
)


class Lists:
    def _record(self, one):
        if isinstance(one, dict):
            return one
        if not isinstance(one, tuple):
            return {"value": one}
        start, end, reason = one
        until = self.now if end is None else end
        record = {"start": start, "end": end, "reason": reason}
        if until is not None:
            micros = Fraction(max((until - start) // MICRO, 0))
            for name, size in (("seconds", 1), ("minutes", 60), ("hours", 3600)):
                record[name] = micros / 1_000_000 / size
        return record

    def _those(self, body, value):
        """What the entries that fit give; None as soon as nobody knows whether one fits."""
        found, before = [], self.record
        for one in self.facts[body["in"]]:
            self.record = self._record(one)
            holds = True if "where" not in body else self.holds(body["where"])
            if holds is None:
                found = None
                break
            if holds:
                found.append(value(self.record))
        self.record = before
        return None if found is None or None in found else found

    def num_count(self, body):
        if body["in"] not in self.facts:
            return None
        if "within_days" not in body:
            found = self._those(body, lambda record: True)
            return None if found is None else Fraction(len(found))
        names = (body["at"],) if "at" in body else ("value", "start")
        days = self._those(body, lambda record: self._day_of(record, names))
        if days is None:
            return None
        span = body["within_days"] * DAY
        return Fraction(max((sum(a <= b <= a + span for b in days) for a in days), default=0))

    def _day_of(self, record, names):
        value = next((record[name] for name in names if record.get(name) is not None), None)
        if isinstance(value, str):
            value = read("date", value, self.zone)
        return local(value, self.zone).date() if hasattr(value, "tzinfo") else None

    def num_total(self, body):
        if body["in"] not in self.facts:
            return None
        values = self._those(body, lambda _: self.num(body.get("of", {"field": "value"})))
        return None if values is None else sum(values, Fraction(0))

    def num_spells(self, body):
        given = self.facts.get(body["in"])
        if given is None:
            return None
        given = self.of_reasons(given, body)
        if self.now is None and any(end is None for _, end, _ in given):
            return None
        groups = self._groups(given, timedelta(minutes=body.get("merge_gap", {}).get("minutes", 0)))
        if "within" in body:
            start, end = (self.instant(body["within"][key]) for key in ("from", "to"))
            if start is None or end is None:
                return None
            groups = [(max(a, start), min(b, end)) for a, b in groups]
        groups = [(a, b) for a, b in groups if a < b]
        lengths = [
            (b - a) // MICRO
            if body.get("count_gap", False)
            else sum((y - x) // MICRO for x, y in covered(given, a, b))
            for a, b in groups
        ]
        taken = {
            "longest": max(lengths, default=0),
            "latest": lengths[-1] if lengths else 0,
            "total": sum(lengths),
        }[body.get("take", "longest")]
        return self.whole(Fraction(taken, SECONDS[body["unit"]] * 10**6), body)

    def _groups(self, given, gap):
        """Start and end of the spells, those with less than the gap between them made one."""
        groups = []
        for start, end in sorted((a, self.now if b is None else b) for a, b, _ in given):
            if end <= start:
                continue
            if groups and start - groups[-1][1] < gap or groups and start <= groups[-1][1]:
                groups[-1] = groups[-1][0], max(groups[-1][1], end)
            else:
                groups.append((start, end))
        return groups

    def _period(self, name):
        period = self.facts.get(name)
        return period and tuple(midnight(day, self.zone) for day in period)

    def num_uptime_percent(self, body):
        period, down = self._period(body["period"]), self.facts.get(body["down"])
        if period is None or down is None:
            return None
        total = Fraction((period[1] - period[0]) // MICRO, 60 * 10**6)
        if down and isinstance(down[0], tuple):
            down = joined(covered(down, *period))
        lost = Fraction(0)
        for minutes in down:
            if minutes >= Fraction(body.get("shortest_minutes", 0)):
                lost += floor(minutes) if body.get("whole_minutes") else minutes
        return 100 * (total - min(lost, total)) / total

    def num_length_of(self, body):
        period = self._period(body["period"])
        if period is None:
            return None
        return Fraction((period[1] - period[0]) // MICRO, SECONDS[body["unit"]] * 10**6)

    def num_earlier_count(self, body):
        found = self._earlier(body)
        return None if found is None else Fraction(len(found))

    def num_earlier_amount(self, body):
        found = self._earlier(body)
        return None if found is None else Fraction(sum(one["amount_minor"] for one in found))

    def _earlier(self, body):
        dated = self.instant(body["dated"])
        if dated is None:
            return None
        start, end, _ = window(body["window"], dated, self.zone)
        return [one for one in self.history if start <= one["at"] < end]
