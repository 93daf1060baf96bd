"""The numbers of the language, the slow way."""

from fractions import Fraction
from math import ceil, floor

from tests.rules.guarantee.oracle_parts import number, rounded


class Numbers:
    def num(self, part):
        if isinstance(part, dict):
            return self.ask("num", part)
        return Fraction(part)

    def num_fact(self, name):
        return self.facts.get(name) if name in self.kinds else self.num_field(name)

    def num_field(self, name):
        return number((self.record or {}).get(name))

    def num_value(self, name):
        fixed = self.document.get("values", {})
        if name in fixed:
            return self.num(fixed[name])
        for group in self.document["dated_values"]:
            if name in group["rows"][0]["values"]:
                day = self.day(group["by"])
                row = None if day is None else self.row_of(group, day)
                return None if row is None else self.num(row["values"][name])
        raise KeyError(name)

    def num_measure(self, name):
        return self.num(self.document["measures"][name])

    def _all(self, parts):
        values = [self.num(part) for part in parts]
        return None if None in values else values

    def num_add(self, parts):
        values = self._all(parts)
        return values and sum(values)

    def num_subtract(self, parts):
        values = self._all(parts)
        return values and values[0] - sum(values[1:])

    def num_multiply(self, parts):
        values = self._all(parts)
        if values is None:
            return None
        product = Fraction(1)
        for value in values:
            product = product * value
        return product

    def num_divide(self, parts):
        values = self._all(parts)
        return values[0] / values[1] if values and values[1] != 0 else None

    def num_percent(self, parts):
        values = self._all(parts)
        return values and values[0] * values[1] / 100

    def num_smallest(self, parts):
        values = self._all(parts)
        return values and sorted(values)[0]

    def num_largest(self, parts):
        values = self._all(parts)
        return values and sorted(values)[-1]

    def num_round(self, body):
        value = self.num(body["of"])
        return None if value is None else rounded(value, Fraction(body.get("to", 1)), body["how"])

    def num_choose(self, body):
        return self.rows(body, self.num)

    def num_tiers(self, body):
        value = self.num(body["of"])
        if value is None:
            return None
        for row in body["rows"]:
            low = "at_least" not in row or value >= Fraction(row["at_least"])
            low = low and ("above" not in row or value > Fraction(row["above"]))
            high = "at_most" not in row or value <= Fraction(row["at_most"])
            if low and high and ("below" not in row or value < Fraction(row["below"])):
                return self.num(row["then"])
        return self.num(body.get("otherwise", 0))

    def num_periods(self, body):
        of, after = self.num(body["of"]), self.num(body.get("after", 0))
        every = self.num(body.get("every", 1))
        if of is None or after is None or not every:
            return None
        exact = (of - after) / every
        count = max(0, ceil(exact) if body["count"] == "begun" else floor(exact))
        if "most" in body:
            most = self.num(body["most"])
            return None if most is None else Fraction(min(count, floor(most)))
        return Fraction(count)

    def num_accrue(self, body):
        count = self.num_periods(body)
        if count is None:
            return None
        total = Fraction(0)
        for rate in body["rates"]:
            first, last = max(rate.get("from", 1), 1), rate.get("to")
            each = None
            for ordinal in range(first, int(count) + 1):
                if last is None or ordinal <= last:
                    each = self.num(rate["each"]) if each is None else each
                    if each is None:
                        return None
                    total += each
        return total
