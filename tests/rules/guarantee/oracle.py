"""The language read a second time, straight from the documents: slow, plain, and on its own.

Every operator is a method: `num_...`, `at_...` or `is_...`. A value is None where it is not known;
conditions have three values. What changes with time is found out by asking again at another time.
"""

from tests.rules.guarantee.oracle_conditions import Conditions
from tests.rules.guarantee.oracle_lists import Lists
from tests.rules.guarantee.oracle_numbers import Numbers
from tests.rules.guarantee.oracle_parts import MICRO, local, read, slow_calendar, utc
from tests.rules.guarantee.oracle_spans import Spans
from tests.rules.guarantee.oracle_times import Times


class Oracle(Numbers, Spans, Lists, Times, Conditions):
    def __init__(self, document, facts, calendars, history, now, *, blind=False):
        self.document = document
        self.zone = document.get("time_zone", "UTC")
        self.calendars = {name: slow_calendar(one) for name, one in calendars.items()}
        self.history = [{**one, "at": utc(one["at"])} for one in history]
        self.now, self.blind = now, blind
        self.record = None
        self.kinds = dict(document["facts"])
        if "recurring" in document:
            self.kinds |= {"period_start": "instant", "word_at": "instant"}
        self.facts = self.known(self.kinds, facts)

    def known(self, kinds, given):
        """What is given, or counts when it is missing, by the type of each."""
        found = {}
        for name, spec in kinds.items():
            spec = {"type": spec} if isinstance(spec, str) else spec
            value = given.get(name)
            value = spec.get("when_missing") if value is None else value
            if value is None:
                continue
            found[name] = read(spec["type"], value, self.zone)
            if "fields" in spec:
                found[name] = [self.known(spec["fields"], one) for one in value]
        return found

    def ask(self, kind, part, *how):
        """One object, one operator."""
        ((op, body),) = part.items()
        return getattr(self, f"{kind}_{op}")(body, *how)

    def instant(self, part):
        """The instant itself: of a deadline the first that is too late."""
        if isinstance(part, str):
            return self._by_name(part, self.instant)
        return self.at_deadline(part) if "from" in part else self.ask("at", part)

    def _by_name(self, name, instant):
        deadlines = self.document.get("deadlines", {})
        if name == "now":
            return self.now
        if name in deadlines:
            return instant(deadlines[name])
        return self.facts.get(name) if name in self.kinds else self.at_field(name)

    def lasting(self, part):
        """The instant, or where the part is a deadline the last one that is in time."""
        if isinstance(part, str):
            return self._by_name(part, self.lasting)
        if "from" in part or "deadline" in part:
            at = self.instant(part)
            return None if at is None else at - MICRO
        if part.keys() & {"earliest", "latest", "latest_known", "first_known", "choose"}:
            return self.ask("at", part, self.lasting)
        return self.instant(part)

    def day(self, part):
        """The local day; of a deadline the last day that is in time."""
        at = self.lasting(part)
        return None if at is None else local(at, self.zone).date()

    def rows(self, body, value):
        for row in body["rows"]:
            holds = self.holds(row["when"])
            if holds is None:
                return None
            if holds:
                return value(row["then"])
        return value(body["otherwise"])

    def row_of(self, group, day):
        return next(
            (
                row
                for row in group["rows"]
                if row.get("from", "0") <= str(day) <= row.get("until", "9")
            ),
            None,
        )

    def out_of_all_rows(self):
        days = [(group, self.day(group["by"])) for group in self.document.get("dated_values", ())]
        return any(day is not None and self.row_of(group, day) is None for group, day in days)
