"""Why a verdict by general terms is as it is, from what was stored with it."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from promises.kernel.money import Money
from promises.kernel.text import N_, Message, Moment
from promises.rules.terms import GuaranteeTerms

_STATES = {
    "open": N_("Nothing has decided it yet: open."),
    "kept": N_("By what is known the promise was kept."),
    "broken": N_("By what is known the promise was broken."),
    "excluded": N_("By the terms this case does not count: excluded."),
    "not_applicable": N_("By the terms this case does not count: excluded."),
}
_DEADLINE = N_("From %(at)s on it is too late.")
_GRANTED = N_("The terms grant %(amount)s.")


def general_reasons(detail: Mapping[str, Any] | None, terms: GuaranteeTerms) -> tuple[Message, ...]:
    """One message a step, values still typed; a commitment not judged yet has none."""
    if detail is None:
        return ()
    answer = detail["answer"]
    found = []
    if answer.get("broken_at"):
        at = dt.datetime.fromisoformat(answer["broken_at"])
        found.append(Message(_DEADLINE, {"at": Moment(at)}))
    found.append(Message(_STATES[answer["state"]]))
    if answer["state"] == "broken" and answer["amount_minor"]:
        granted = Money(answer["amount_minor"], terms.currency)
        found.append(Message(_GRANTED, {"amount": granted}))
    return tuple(found)
