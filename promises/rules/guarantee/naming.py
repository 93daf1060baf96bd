"""What the names of terms are called among people.

A label of the terms comes first, then a word that the product has for a common name, else the name
itself with spaces. Labels travel inside the steps, so a stored explanation reads the same for ever.
"""

from promises.kernel.text import N_, translate
from promises.rules.guarantee.clauses import Guarantee
from promises.rules.steps import Step

_SUFFIXES = ("_at", "_on", "_minor")
_COMMON = {
    "arrived_at": N_("arrival"),
    "called_at": N_("call"),
    "served_at": N_("end of service"),
    "service_started_at": N_("start of service"),
    "left_at": N_("leaving"),
    "closed_at": N_("closing"),
    "received_at": N_("receipt"),
    "answered_at": N_("answer"),
    "replied_at": N_("reply"),
    "reported_at": N_("report"),
    "restored_at": N_("restoration"),
    "ordered_at": N_("order"),
    "delivered_at": N_("delivery"),
    "promised_at": N_("promised time"),
    "promised_on": N_("promised date"),
    "promised_date": N_("promised date"),
    "planned_arrival": N_("planned arrival"),
    "actual_arrival": N_("actual arrival"),
    "claimed_at": N_("claim"),
    "paid_at": N_("payment"),
    "price_minor": N_("price"),
    "bill_minor": N_("bill"),
    "cause": N_("cause"),
    "force_majeure": N_("force majeure"),
    "period_start": N_("start of the period"),
    "word_at": N_("word from us"),
}


def name_step(terms: Guarantee, name: str) -> Step:
    """The name of a fact, a deadline, a measure, a condition, a value or an exclusion."""
    labels = terms.document.get("labels") or {}
    return Step("name", {"name": name, **labels.get(name, {})})


def shown_name(locale: str, step: Step) -> str:
    own = step.params.get(locale) or step.params.get("en")
    if own is not None:
        return str(own)
    name = str(step.params["name"])
    common = _COMMON.get(name)
    return humanised(name) if common is None else translate(locale, common)


def humanised(name: str) -> str:
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix) or name
    return name.replace("_", " ")
