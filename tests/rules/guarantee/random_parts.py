"""Random parts of terms: numbers, instants and conditions, as a document writes them."""

from tests.rules.guarantee.random_facts import CALENDARS, WORDS, decimal, instant

FACTS = {
    "received_at": "instant",
    "answered_at": "instant",
    "left_at": "instant",
    "promised_on": "date",
    "month": "period",
    "price_minor": "number",
    "people": "number",
    "vip": "boolean",
    "weather": "boolean",
    "cause": "text",
    "household": "text",
    "incident": "text",
    "messages": "instants",
    "outages": "intervals",
    "minutes_down": "numbers",
    "visits": "records",
    "granted": "by_period",
}
FIELDS = {
    "records": {"number": ("size",), "text": "colour", "boolean": "flag", "instant": ("at",)},
    "numbers": {"number": ("value",)},
    "instants": {"number": ("value",), "instant": ("value",)},
    "intervals": {
        "number": ("seconds", "minutes", "hours"),
        "text": "reason",
        "instant": ("start", "end"),
    },
}
REAL = ("second", "minute", "hour", "day")
OPEN = ("open_second", "open_minute", "open_hour")


class PartMaker:
    """Makes parts of a document; `depth` is how far they may still nest."""

    def __init__(self, random):
        self.random = random
        self.made = {kind: [] for kind in ("deadline", "measure", "condition", "value")}
        self.facts = dict(FACTS)
        self.in_record = False
        self.record_fields = {}

    def pick(self, *choices):
        return self.random.choice(choices)

    def chance(self, share):
        return self.random.random() < share

    def some(self, choices, least=1):
        return self.random.sample(choices, self.random.randint(least, len(choices)))

    def maybe(self, **parts):
        """Some of the keys; what makes a part is called only for those that stay."""
        return {key: make() for key, make in parts.items() if self.chance(0.4)}

    def fact(self, *kinds):
        return self.pick(*(name for name, kind in self.facts.items() if kind in kinds))

    # --- numbers -------------------------------------------------------------------------

    def number(self, depth=3):
        if depth <= 0 or self.chance(0.3):
            return self._plain_number()
        return getattr(self, "_" + self.pick(*NUMBER_MAKERS))(depth - 1)

    def _plain_number(self):
        if self.in_record and self.chance(0.5):
            return {"field": self.pick(*self.record_fields["number"])}
        named = [{kind: name} for kind in ("measure", "value") for name in self.made[kind]]
        if named and self.chance(0.5):
            return self.pick(*named)
        return decimal(self.random) if self.chance(0.5) else {"fact": self.fact("number")}

    def _arithmetic(self, depth):
        op = self.pick("add", "subtract", "multiply", "divide", "percent", "smallest", "largest")
        count = 2 if op in ("divide", "percent") else self.pick(2, 3)
        return {op: [self.number(depth if index == 0 else 1) for index in range(count)]}

    def _round(self, depth):
        return {"round": {"of": self.number(depth), **self.rounding()}}

    def rounding(self):
        how = self.pick("up", "down", "half_up", "half_even")
        return {"how": how, **self.maybe(to=lambda: self.pick(1, 5, 100, "0.5"))}

    def _choose(self, depth):
        return self.chosen(depth, self.number)

    def chosen(self, depth, make):
        rows = [
            {"when": self.condition(depth), "then": make(depth)} for _ in range(self.pick(1, 2))
        ]
        return {"choose": {"rows": rows, "otherwise": make(depth)}}

    def _tiers(self, depth):
        edges = sorted(self.random.sample(range(0, 200, 5), self.pick(1, 2, 3, 4)))
        closed = self.chance(0.5)
        low, high = ("at_least", "below") if closed else ("above", "at_most")
        rows = []
        for index, edge in enumerate(edges):
            row = {low: edge, "then": self.number(depth)}
            if index + 1 < len(edges):
                row[high] = edges[index + 1]
            rows.append(row)
        if self.chance(0.3):
            rows.insert(0, {high: edges[0], "then": self.number(depth)})
        otherwise = self.maybe(otherwise=lambda: self.number(depth))
        return {"tiers": {"of": self.number(depth), "rows": rows, **otherwise}}

    def periods(self, depth):
        made = {"of": self.number(depth), "count": self.pick("begun", "completed")}
        return made | self.maybe(
            after=lambda: self.pick(0, 1, 12, {"fact": "people"}),
            every=lambda: self.pick(1, 7, "0.5", 60, {"fact": "people"}),
            most=lambda: self.pick(3, 42, {"fact": "people"}),
        )

    def _periods(self, depth):
        return {"periods": self.periods(depth)}

    def _accrue(self, depth):
        rates, first = [], 1
        for _ in range(self.pick(0, 0, 1, 2)):
            last = first + self.pick(0, 1, 13)
            rates.append({"from": first, "to": last, "each": self.number(min(depth, 1))})
            first = last + 1
        further = {"each": self.number(min(depth, 1))}
        rates.append(further if first == 1 and self.chance(0.5) else {"from": first, **further})
        return {"accrue": {**self.periods(depth), "rates": rates}}

    def _elapsed(self, depth):
        return {"elapsed": {**self._span(depth, REAL), **self.maybe(pauses=self.pauses)}}

    def _open_time(self, depth):
        made = {**self._span(depth, OPEN), "calendar": self.calendar()}
        return {"open_time": made | self.maybe(pauses=self.pauses)}

    def _span(self, depth, units):
        whole = self.maybe(whole=lambda: self.pick("no", "down", "up"))
        return {**self._between(depth), "unit": self.pick(*units), **whole}

    def _between(self, depth):
        return {"from": self.instant(depth), "to": self._end(depth)}

    def _end(self, depth):
        if self.chance(0.6):
            return {"or_now": self.pick("answered_at", {"earliest": ["answered_at", "left_at"]})}
        return self.instant(depth)

    def pauses(self):
        return {"in": "outages", **self.maybe(reasons=lambda: self.some(WORDS))}

    def calendar(self):
        return self.pick(*CALENDARS)

    def _calendar_days(self, depth):
        return {"calendar_days": {**self._between(depth), **self.maybe(pauses=self.pauses)}}

    def _working_days(self, depth):
        return {"working_days": {**self._between(depth), "calendar": self.calendar()}}

    def _interest(self, depth):
        rates = [{"percent": self.pick(8, "10.5", {"fact": "people"})}]
        if self.chance(0.5):
            rates[0]["until"] = "2026-03-31"
            rates.append({"from": "2026-04-01", "percent": "11"})
        made = {**self._between(depth), "on": self.number(1), "rates": rates}
        return {"interest": made | self.maybe(year_days=lambda: self.pick(360, 365, "actual"))}

    def _months(self, depth):
        unit = self.maybe(unit=lambda: self.pick("month", "year"))
        return {
            "months": {**self._between(depth), "count": self.pick("begun", "completed"), **unit}
        }

    def _count(self, depth):
        name = self.fact("records", "numbers", "instants", "intervals")
        made = {"in": name, **self.maybe(where=lambda: self._where(name))}
        if self.chance(0.4):
            made["within_days"] = self.pick(1, 7)
            made |= {"at": "at"} if name == "visits" else {}
        return {"count": made}

    def _where(self, name):
        if self.in_record:
            return True
        self.in_record = True
        self.record_fields = FIELDS[self.facts[name]]
        made = self.condition(2)
        self.in_record = False
        return made

    def _total(self, depth):
        name = self.fact("records", "numbers")
        made = {"in": name, **self.maybe(where=lambda: self._where(name))}
        if not self.in_record and self.chance(0.7):
            self.in_record = True
            self.record_fields = FIELDS[self.facts[name]]
            made["of"] = self.number(1)
            self.in_record = False
        return {"total": made}

    def _spells(self, depth):
        made = {"in": "outages", "unit": self.pick(*REAL)}
        return {
            "spells": made
            | self.maybe(
                take=lambda: self.pick("longest", "total", "latest"),
                merge_gap=lambda: {"minutes": self.pick(0, 30, 120)},
                count_gap=lambda: self.chance(0.5),
                whole=lambda: self.pick("no", "down", "up"),
                reasons=lambda: self.some(WORDS),
                within=lambda: self._between(1),
            )
        }

    def _uptime_percent(self, depth):
        made = {"period": "month", "down": self.fact("numbers", "intervals")}
        shortest = self.maybe(
            shortest_minutes=lambda: self.pick(1, "0.5"), whole_minutes=lambda: self.chance(0.5)
        )
        return {"uptime_percent": {**made, **shortest}}

    def _length_of(self, depth):
        return {"length_of": {"period": "month", "unit": self.pick(*REAL)}}

    def window(self, *, rolling=True):
        if rolling and self.chance(0.3):
            return {"last_days": self.pick(1, 28)}
        every = self.pick("day", "month", "year")
        starts = self.maybe(starts=lambda: self.pick("04-01", "07-15")) if every == "year" else {}
        return {"every": every, **starts}

    def _earlier(self, depth):
        op = self.pick("earlier_count", "earlier_amount")
        return {op: {"window": self.window(), "dated": self.instant(depth)}}

    # --- instants ------------------------------------------------------------------------

    def instant(self, depth=3):
        if depth <= 0 or self.chance(0.5):
            names = [*self.made["deadline"], *self.made["deadline"]]
            plain = [self.fact("instant", "date"), self.fact("instant"), *names]
            return self.pick(*plain, "now") if self.chance(0.1) else self.pick(*plain)
        return getattr(self, "_" + self.pick(*INSTANT_MAKERS))(depth - 1)

    def several(self, depth):
        return [self.instant(depth) for _ in range(self.pick(1, 2, 3))]

    def _fact_instant(self, depth):
        return {"fact": self.fact("instant", "date")}

    def _or_now(self, depth):
        return {"or_now": self.instant(depth)}

    def _extreme(self, depth):
        op = self.pick("earliest", "latest", "latest_known", "first_known")
        return {op: self.several(depth)}

    def _fixed(self, depth):
        return {"instant": instant(self.random)}

    def _chosen_instant(self, depth):
        return self.chosen(depth, self.instant)

    def _in_list(self, depth):
        after = self.maybe(after=lambda: self.instant(depth))
        return {self.pick("first_in", "last_in"): {"in": "messages", **after}}

    def _edge(self, depth):
        return {self.pick("start_of", "end_of"): "month"}

    def _field_instant(self, depth):
        names = self.record_fields.get("instant") if self.in_record else None
        if names is None:
            return {"fact": "received_at"}
        return self.pick({"field": self.pick(*names)}, self.pick(*names))

    def _next_opening(self, depth):
        return {"next_opening": {"of": self.instant(depth), "calendar": self.calendar()}}

    def _inline_deadline(self, depth):
        made = self.deadline(depth)
        return {"deadline": made} if self.chance(0.5) else made

    def deadline(self, depth=2):
        if self.chance(0.5):
            return self._exact_deadline(depth)
        unit = self.pick("calendar_day", "calendar_day", "working_day", "week", "month", "year")
        add = {"year": self.pick(0, 1), "month": self.pick(0, 1, 3)}.get(unit, self._few())
        made = {"from": self.instant(depth), "add": add, "unit": unit}
        made |= self.maybe(
            roll=lambda: self.pick("next_open_day", "previous_open_day"),
            cut_off=lambda: self.pick("12:00", "16:00"),
            at=lambda: self.pick(
                "end_of_day", "start_of_day", "same_time", "closing_time", "16:00", "02:30"
            ),
        )
        if "cut_off" in made:
            made |= self.maybe(cut_off_boundary=lambda: self.pick("inclusive", "exclusive"))
        if made["unit"] not in ("month", "year"):
            made |= self.maybe(pauses=self.pauses)
        if "cut_off" in made or self.chance(0.3):
            made |= self.maybe(receipt=lambda: self.receipt(made))
        needs = (
            {"roll", "cut_off"} & made.keys()
            or "next" in made.get("receipt", "")
            or made["unit"] == "working_day"
        )
        if needs or made.get("at") == "closing_time" or self.chance(0.3):
            made["calendar"] = self.calendar()
        if made.get("at") in ("same_time", "16:00", "02:30"):
            made |= self.maybe(boundary=lambda: self.pick("inclusive", "exclusive"))
        return made

    def receipt(self, deadline):
        ways = ("next_open_day", "next_opening")
        return self.pick(*ways) if "cut_off" in deadline else self.pick(*ways, "counts")

    def _few(self):
        return self.pick(0, 1, 2, 2, 10, -1, -3, {"smallest": [3, {"fact": "people"}]})

    def _exact_deadline(self, depth):
        unit = self.pick(*REAL, *OPEN)
        made = {"from": self.instant(depth), "add": self.pick(0, 1, 2, 15), "unit": unit}
        made |= {"calendar": self.calendar()} if unit in OPEN else {}
        return made | self.maybe(
            boundary=lambda: self.pick("inclusive", "exclusive"), pauses=self.pauses
        )


NUMBER_MAKERS = (
    "arithmetic", "round", "choose", "tiers", "periods", "accrue", "elapsed", "open_time",
    "calendar_days", "working_days", "months", "count", "total", "spells", "uptime_percent",
    "length_of", "earlier", "interest",
)  # fmt: skip
INSTANT_MAKERS = (
    "fact_instant", "or_now", "extreme", "fixed", "chosen_instant", "in_list", "edge",
    "inline_deadline", "next_opening", "field_instant",
)  # fmt: skip
