"""A guarantee as plain sentences, from its terms alone.

Common shapes read like something a person would say. Every other shape is said with the phrases of
its parts, dry but complete: no clause that has a say in what is owed is left out.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from promises.rules.guarantee import clauses as k
from promises.rules.guarantee import conditions as c
from promises.rules.guarantee.phrases import phrases_of
from promises.rules.guarantee.phrasing import Phrases, date_or_open, detailed
from promises.rules.guarantee.rendering import render_step
from promises.rules.guarantee.telling import money_names
from promises.rules.guarantee.wording_money import (
    long_compensation,
    short_compensation,
    steps_sentence,
)
from promises.rules.guarantee.wording_promise import promise_clause
from promises.rules.steps import Step

_USUAL: tuple[object, ...] = (None, False, 0, "", [], {})


def sentence(terms: k.Guarantee, locale: str) -> str:
    """The whole promise as running text."""
    return " ".join(sentences(terms, locale))


def sentences(terms: k.Guarantee, locale: str) -> list[str]:
    """The promise sentence by sentence, what it is first; what follows are its conditions."""
    found = (
        render_step(locale, step, terms.time_zone, terms.currency, trim=True)
        for step in sentence_steps(terms)
    )
    return [text[:1].upper() + text[1:] for text in found]


def sentence_steps(terms: k.Guarantee) -> tuple[Step, ...]:
    """The same as data, one step a sentence."""
    phrases = Mentioning(phrases_of(terms))
    steps = list(_say(phrases))
    steps += phrases.meanings()
    return tuple(steps)


class Mentioning(Phrases):
    """Phrases that remember which names they used, so that each can be told at the end."""

    def __init__(self, phrases: Phrases) -> None:
        super().__init__(phrases.terms, *phrases.tables)
        self.names: list[str] = []

    def name(self, name: str) -> Step:
        if name not in self.names:
            self.names.append(name)
        return super().name(name)

    def meanings(self) -> Iterator[Step]:
        """What each name stands for; a meaning may use further names."""
        terms = self.terms
        money = money_names(terms)
        for name in self.names:  # grows on the way
            for named in (terms.deadlines, terms.measures, terms.conditions, terms.values):
                part = named.get(name)
                if part is not None:
                    as_money = name in money and named in (terms.measures, terms.values)
                    what = self.of(part, money=as_money)
                    yield Step("say_meaning", {"name": super().name(name), "what": what})


def _say(phrases: Mentioning) -> Iterator[Step]:
    terms = phrases.terms
    yield from _promise(phrases)
    yield from long_compensation(phrases)
    yield from steps_sentence(phrases)
    if terms.applies_when is not None:
        yield Step("say_scope", {"when": phrases.of(terms.applies_when)})
    if terms.exclusions:
        cases = tuple(_exclusion(phrases, one) for one in terms.exclusions)
        yield Step("say_unless", {"cases": cases})
    yield from _defaults(phrases)
    yield from _claim(phrases)
    yield from _payment(phrases)
    yield from _recurrence(phrases)
    for group in terms.dated:
        yield _rows(phrases, group)


def _promise(phrases: Mentioning) -> Iterator[Step]:
    clause, compensation = promise_clause(phrases), short_compensation(phrases)
    if clause is None:
        yield Step("say_broken_when", {"when": phrases.of(phrases.terms.broken_when)})
        if compensation is not None:
            yield Step("say_then", {"compensation": compensation})
        return
    if compensation is None:
        yield Step("say_only", {"promise": clause.promise})
    else:
        yield Step("say_or", {"promise": clause.promise, "compensation": compensation})
    yield from clause.rest


def _exclusion(phrases: Mentioning, one: k.Exclusion) -> Step:
    details = []
    if not isinstance(one.when, c.BooleanFact) or one.when.name != one.code:
        details.append(phrases.of(one.when))
    if one.proved_by is not None:
        details.append(Step(f"{one.proved_by}_proves", {}))
    if one.proof is not None:
        details.append(Step("proof", {"proof": phrases.of(one.proof)}))
    return detailed(phrases.name(one.code), details)


def _defaults(phrases: Mentioning) -> Iterator[Step]:
    """Facts that the terms take to be something unless told otherwise."""
    money = money_names(phrases.terms)
    facts = tuple(
        Step("pair", {"name": phrases.name(name), "value": _default(spec, name in money)})
        for name, spec in phrases.terms.facts.items()
        if spec.when_missing not in _USUAL
    )
    if facts:
        yield Step("say_default", {"facts": facts})


def _default(spec: k.FactSpec, money: bool) -> Step:
    value: Any = spec.when_missing
    if value is True:
        return Step("yes", {})
    if money and isinstance(value, int | str):
        return Step("money", {"amount_minor": str(value)})
    if isinstance(value, list | tuple | Mapping):
        return Step("known_entries", {"n": len(value)})
    return Step("text", {"text": str(value)})


def _claim(phrases: Mentioning) -> Iterator[Step]:
    claim = phrases.terms.claim
    if claim.on_request:
        yield Step("say_on_request", {})
    elif phrases.terms.document.get("claim") is not None:
        yield Step("say_automatic", {})
    for code, part in (("from", claim.not_before), ("until", claim.until)):
        if part is not None:
            yield Step(f"say_claim_{code}", {"at": phrases.of(part)})
    if claim.claimed_at is not None:
        yield Step("say_claimed_at", {"at": phrases.name(claim.claimed_at)})


def _payment(phrases: Mentioning) -> Iterator[Step]:
    payment = phrases.terms.payment
    if payment is None:
        return
    yield Step("say_pay", {"at": phrases.of(payment.due)})
    if payment.paid_at is not None:
        yield Step("say_paid_at", {"at": phrases.name(payment.paid_at)})
    if payment.penalty is not None:
        yield Step("say_penalty", {"amount": phrases.of(payment.penalty, money=True)})


def _recurrence(phrases: Mentioning) -> Iterator[Step]:
    recurrence = phrases.terms.recurrence
    if recurrence is None:
        return
    start, word = phrases.inner(recurrence.start), phrases.name(recurrence.word)
    yield Step("say_recurring", {"start": start, "word": word, "most": recurrence.most})
    if recurrence.ends is not None:
        yield Step("say_recurring_ends", {"ends": phrases.of(recurrence.ends)})


def _rows(phrases: Mentioning, group: k.DatedRows) -> Step:
    money = money_names(phrases.terms)
    rows = []
    for row in group.rows:
        span = {"start": date_or_open(row.first), "end": date_or_open(row.last)}
        for name, part in row.values.items():
            value = phrases.inner(part, money=name in money)
            pair = Step("definition", {"name": phrases.name(name), "what": value})
            rows.append(Step("pair", {"name": Step("interval", span), "value": pair}))
    return Step("say_rows", {"by": phrases.inner(group.by), "rows": tuple(rows)})
