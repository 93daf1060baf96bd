"""Random conditions, as a document writes them."""

from tests.rules.guarantee.random_facts import WORDS, day
from tests.rules.guarantee.random_parts import PartMaker

COMPARATORS = ("<", "<=", "=", "!=", ">=", ">")
ORDERS = ("before", "at_or_before", "after", "at_or_after")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class ConditionMaker(PartMaker):
    """Makes conditions besides numbers and instants."""

    def condition(self, depth=3):
        if depth <= 0 or self.chance(0.2):
            return self._plain_condition()
        return getattr(self, "_" + self.pick(*CONDITION_MAKERS))(depth - 1)

    def _plain_condition(self):
        if self.in_record:
            fields = self.record_fields
            plain = [{"known": self.pick(*fields["number"])}]
            if "text" in fields:
                plain.append({"one_of": {"fact": fields["text"], "values": self.some(WORDS)}})
            if "boolean" in fields:
                plain.append({self.pick("true", "false"): fields["boolean"]})
            return self.pick(*plain)
        if self.made["condition"] and self.chance(0.3):
            return {"condition": self.pick(*self.made["condition"])}
        return self.pick(
            {self.pick("true", "false"): self.fact("boolean")},
            {self.pick("known", "missing"): self.pick(*self.facts)},
            {"one_of": {"fact": "cause", "values": self.some(WORDS)}},
            {"one_of": {"fact": "people", "values": [1, "2.5", 3]}},
            self.chance(0.5),
        )

    def _compare(self, depth):
        return {"compare": [self.number(depth), self.pick(*COMPARATORS), self.number(depth)]}

    def _joined(self, depth):
        return {self.pick("all", "any"): [self.condition(depth) for _ in range(self.pick(1, 2))]}

    def _not(self, depth):
        return {"not": self.condition(depth)}

    def _order(self, depth):
        return {self.pick(*ORDERS): [self.instant(depth), self.instant(depth)]}

    def _late(self, depth):
        return self.late(depth)

    def late(self, depth=2):
        named = "due_last" in self.made["deadline"]
        deadline = "due_last" if named and self.chance(0.7) else self.deadline(min(depth, 1))
        return {"late": {"event": self.pick("answered_at", "left_at"), "deadline": deadline}}

    def _time_in(self, depth):
        start, end = self.pick(("09:00", "17:00"), ("22:00", "06:00"))
        return {"time_in": {"of": self.instant(depth), "from": start, "until": end}}

    def _date_in(self, depth):
        if self.chance(0.5):
            dates = [day(self.random), "12-24", self.pick("03-27", "03-29")]
            return {"date_in": {"of": self.instant(depth), "dates": self.some(dates)}}
        first, last = self.pick(("03-01", "03-28"), ("11-01", "03-29"))
        return {"date_in": {"of": self.instant(depth), "from": first, "until": last}}

    def _weekday_in(self, depth):
        return {"weekday_in": {"of": self.instant(depth), "days": self.some(WEEKDAYS)}}

    def _open(self, depth):
        op = self.pick("open_day", "open_at")
        return {op: {"of": self.instant(depth), "calendar": self.calendar()}}


CONDITION_MAKERS = (
    "compare", "joined", "not", "order", "late", "time_in", "date_in",
    "weekday_in", "open",
)  # fmt: skip
