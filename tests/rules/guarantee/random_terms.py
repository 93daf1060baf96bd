"""Random documents of terms that are valid, with every operator among them, and cases for them.

`random_sample` gives all that `try_terms` takes; `samples` is the same as a Hypothesis strategy.
Named parts may use only those made before them, so nothing is worked out from itself.
"""

from typing import NamedTuple

from hypothesis import strategies as st

from tests.rules.guarantee.random_conditions import ConditionMaker
from tests.rules.guarantee.random_facts import (
    CALENDARS,
    KEYS,
    RECORD_FIELDS,
    ZONES,
    day,
    random_facts,
    random_history,
    value,
)
from tests.rules.guarantee.random_parts import FACTS

REMEDIES = (
    "money", "voucher", "bill_credit", "fee_waiver", "expense", "goods", "apology",
    "right_to_cancel",
)  # fmt: skip


class Sample(NamedTuple):
    """The arguments of `try_terms`."""

    document: dict
    facts: dict
    calendars: dict
    history: list


def random_sample(random):
    document = random_document(random)
    return Sample(document, random_facts(random, document), CALENDARS, random_history(random))


@st.composite
def samples(draw):
    return random_sample(draw(st.randoms(use_true_random=False)))


def random_document(random):
    """Valid terms of format 2, of any shape."""
    return Maker(random).document()


class Maker(ConditionMaker):
    """Makes whole documents."""

    def document(self):
        made = {
            "format": 2,
            "currency": self.pick("EUR", "GBP", "JPY"),
            "time_zone": self.pick(*ZONES),
        }
        if self.chance(0.15):
            made["recurring"] = {"from": "received_at", "word": "messages"} | self.maybe(
                ends=lambda: "left_at", most=lambda: self.pick(1, 3)
            )
            self.facts |= {"period_start": "instant", "word_at": "instant"}
        made |= self.names()
        made["broken_when"] = self.broken()
        if self.chance(0.2):
            made["applies_when"] = self.condition()
        made |= self.maybe(
            exclusions=lambda: [self.exclusion(code) for code in self.some(("storm", "strike"))],
            steps=lambda: [self.step() for _ in range(self.pick(1, 2, 4))],
            remedy=self.remedy,
            claim=self.claim,
            payment=self.payment,
        )
        if self.chance(0.9):
            made["amount"] = self.number(3)
        made["facts"] = {name: self.spec(kind) for name, kind in FACTS.items()}
        made |= self.maybe(labels=lambda: self.labels(made))
        return made

    def labels(self, document):
        """A label for some names, in some languages."""
        kinds = ("facts", "deadlines", "measures", "conditions", "values")
        names = [name for kind in kinds for name in document.get(kind, ())]
        return {
            name: {locale: f"{name} ({locale})" for locale in self.some(("fi", "sv", "en"))}
            for name in self.random.sample(names, 3)
        }

    def spec(self, kind):
        if kind == "records" and self.chance(0.3):
            return {"type": kind, "fields": dict(RECORD_FIELDS)}
        if self.chance(0.8):
            return kind
        missing = self.maybe(when_missing=lambda: value(self.random, kind))
        return {"type": kind, **missing}

    def names(self):
        found = {"deadlines": {}, "measures": {}, "conditions": {}, "values": {}}
        makers = [
            ("deadline", "due_first", lambda: self.pick(self.deadline, self.instant)()),
            ("deadline", "due_last", self.deadline),
            ("measure", "waited", lambda: self._elapsed(1)),
            ("measure", "much", lambda: self.number(3)),
            ("condition", "urgent", lambda: self.condition(3)),
            ("value", "rate", lambda: self.number(1)),
        ]
        self.random.shuffle(makers)
        for kind, name, make in makers:
            if self.chance(0.7):
                found[f"{kind}s"][name] = make()
                self.made[kind].append(name)
        if self.chance(0.3):
            found["dated_values"] = [self.dated()]
        return {key: parts for key, parts in found.items() if parts}

    def dated(self):
        by, cuts = self.instant(1), sorted(day(self.random) for _ in range(2))
        names = ("tariff", "ceiling")
        values = [{name: self.number(1) for name in names} for _ in range(2)]
        self.made["value"].extend(names)
        if cuts[0] == cuts[1]:
            return {"by": by, "rows": [{"from": cuts[0], "values": values[0]}]}
        return {
            "by": by,
            "rows": [
                {"until": cuts[0], "values": values[0]},
                {"from": cuts[1], "values": values[1]},
            ],
        }

    def broken(self):
        made = self.pick(self.late, self.late, self.condition, lambda: self._compare(2))()
        return self.late() if isinstance(made, bool) else made

    def exclusion(self, code):
        made = {"code": code, "when": self.condition(2)}
        return made | self.maybe(
            proved_by=lambda: self.pick("company", "customer"), proof=lambda: self.condition(1)
        )

    def step(self):
        kind = self.pick(*STEP_KINDS)
        if kind == "round":
            return {kind: self.rounding()}
        if kind == "unpaid":
            return {kind: {self.pick("below", "at_most"): self.number(1)}}
        if kind == "nothing_when":
            return {kind: self.condition(1)}
        if kind == "once_per":
            return {kind: self.pick(*KEYS)}
        if kind in ("window_cap", "window_count"):
            return {kind: self.windowed(kind)}
        return {kind: self.number(1)}

    def windowed(self, kind):
        if self.chance(0.2):
            return {"most": self.number(1), "used": "people"}
        by_period = self.chance(0.4)
        made = {"most": self.number(1), "dated": self.instant(1)}
        made["window"] = self.window(rolling=not by_period)
        made |= {"used": "granted"} if by_period else {}
        if kind == "window_cap" and "last_days" not in made["window"] and self.chance(0.4):
            made["spread"] = {"from": self.instant(1), "to": self._end(1)}
        return made

    def remedy(self):
        options = [
            {"kind": kind, **self.maybe(amount=lambda: self.number(2))}
            for kind in self.random.sample(REMEDIES, self.pick(1, 2, 3))
        ]
        if len(options) == 1:
            return options[0]
        return {"options": options, "chosen_by": "cause"}

    def claim(self):
        made = {"mode": self.pick("automatic", "on_request")}
        if self.chance(0.6):
            made["claimed_at"] = self.fact("instant", "date")
            made |= self.maybe(not_before=lambda: self.instant(2), until=lambda: self.deadline(1))
        return made

    def payment(self):
        return {"due": self.deadline(1)} | self.maybe(
            paid_at=lambda: self.fact("instant", "date"), late_penalty=lambda: self.number(1)
        )


STEP_KINDS = (
    "round", "unpaid", "cap", "at_least", "excess", "window_cap", "window_count", "once_per",
    "nothing_when",
)  # fmt: skip
