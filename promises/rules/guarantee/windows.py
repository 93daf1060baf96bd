"""The windows of a step as a phrase."""

from typing import Any

from promises.rules.guarantee.phrases_of_numbers import window_phrase
from promises.rules.guarantee.phrasing import Phrases, detailed
from promises.rules.steps import Step


def window_of_step(phrases: Phrases, clause: Any) -> Step:
    """Over which time, or what, a step looks: its window and date, its key, its condition."""
    key, when = getattr(clause, "key", None), getattr(clause, "when", None)
    if key is not None:
        return phrases.name(key)
    if when is not None:
        return phrases.of(when)
    details = []
    if clause.dated is not None:
        details.append(Step("dated_by", {"of": phrases.inner(clause.dated)}))
    if clause.used is not None:
        details.append(Step("used_before", {"of": phrases.name(clause.used)}))
    spread = getattr(clause, "spread", None)
    if spread is not None:
        ends = {"from": phrases.inner(spread[0]), "to": phrases.inner(spread[1])}
        details.append(Step("spread", ends))
    of = Step("window_of_case", {}) if clause.window is None else window_phrase(clause.window)
    return detailed(of, details)
