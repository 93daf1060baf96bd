"""Conditions in three values, the slow way."""

from fractions import Fraction

from tests.rules.guarantee.oracle_parts import local

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Conditions:
    def holds(self, part):
        return part if isinstance(part, bool) else self.ask("is", part)

    def fact(self, name):
        found = (self.record or {}).get(name)
        return self.facts.get(name) if found is None else found

    def is_compare(self, body):
        left, op, right = self.num(body[0]), body[1], self.num(body[2])
        if left is None or right is None:
            return None
        order = (left > right) - (left < right)
        return order in {
            "<": (-1,), "<=": (-1, 0), "=": (0,), "!=": (-1, 1), ">=": (0, 1), ">": (1,)
        }[op]  # fmt: skip

    def is_true(self, name):
        return self.fact(name)

    def is_false(self, name):
        return self.is_not({"true": name})

    def is_one_of(self, body):
        value = self.fact(body["fact"])
        if value is None:
            return None
        if isinstance(value, Fraction):
            return value in [Fraction(one) for one in body["values"]]
        return value in body["values"]

    def is_known(self, name):
        return self.fact(name) is not None

    def is_missing(self, name):
        return self.fact(name) is None

    def is_all(self, parts):
        found = [self.holds(part) for part in parts]
        return False if False in found else None if None in found else True

    def is_any(self, parts):
        found = [self.holds(part) for part in parts]
        return True if True in found else None if None in found else False

    def is_not(self, part):
        holds = self.holds(part)
        return None if holds is None else not holds

    def is_condition(self, name):
        return self.holds(self.document["conditions"][name])

    def _order(self, body, test):
        first, second = (self.instant(part) for part in body)
        return None if first is None or second is None else test(first, second)

    def is_before(self, body):
        return self._order(body, lambda a, b: a < b)

    def is_at_or_before(self, body):
        return self._order(body, lambda a, b: a <= b)

    def is_after(self, body):
        return self._order(body, lambda a, b: a > b)

    def is_at_or_after(self, body):
        return self._order(body, lambda a, b: a >= b)

    def is_late(self, body):
        return self.is_at_or_after([{"or_now": body["event"]}, body["deadline"]])

    def is_time_in(self, body):
        at = self.instant(body["of"])
        if at is None:
            return None
        clock = local(at, self.zone).strftime("%H:%M")
        start, end = body["from"], body["until"]
        return start <= clock < end if start < end else clock >= start or clock < end

    def is_date_in(self, body):
        day = self.day(body["of"])
        if day is None:
            return None
        if "dates" in body:
            return str(day) in body["dates"] or str(day)[5:] in body["dates"]
        of_year, first, last = str(day)[5:], body["from"], body["until"]
        return first <= of_year <= last if first <= last else of_year >= first or of_year <= last

    def is_weekday_in(self, body):
        day = self.day(body["of"])
        return None if day is None else WEEKDAYS[day.weekday()] in body["days"]

    def is_open_day(self, body):
        day = self.day(body["of"])
        return None if day is None else self.calendars[body["calendar"]].open_day(day)

    def is_open_at(self, body):
        at = self.instant(body["of"])
        return None if at is None else self.calendars[body["calendar"]].is_open(at)
