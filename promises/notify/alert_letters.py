"""Letters to managers: a promise burns, or a budget of the month is used up."""

from collections.abc import Mapping

from promises.kernel.money import Money
from promises.kernel.text import N_
from promises.notify.letter_parts import Facts, Letter, say

_SUBJECTS: Mapping[tuple[str, str], str] = {
    ("burn", "page"): N_("%(promise)s: far too many breaches right now"),
    ("burn", "tell"): N_("%(promise)s: more breaches than the target allows"),
    ("errors", "most"): N_("%(promise)s: 80 per cent of the month's breaches are used"),
    ("errors", "all"): N_("%(promise)s: this month's target can no longer be met"),
    ("money", "most"): N_("%(promise)s: 80 per cent of the month's money is used"),
    ("money", "all"): N_("%(promise)s: the month's money is used up"),
}
_WINDOWS = {
    "hour": N_("In the last open hour %(broken)s of %(cases)s cases were broken."),
    "shift": N_("In the last six open hours %(broken)s of %(cases)s cases were broken."),
    "week": N_("In the last seven days %(broken)s of %(cases)s cases were broken."),
}


def promise_alert(facts: Facts) -> Letter:
    params = facts.params
    subject = say(facts, _SUBJECTS[params["alert"], params["level"]], promise=params["promise"])
    lines = [_counts(facts)]
    if params["branch"]:
        lines.insert(0, say(facts, N_("Branch: %(branch)s"), branch=params["branch"]))
    lines.append(say(facts, N_("The figures, and what can be done:")))
    return Letter(subject, tuple(lines))


def _counts(facts: Facts) -> str:
    params = facts.params
    if params["alert"] == "burn":
        return say(
            facts, _WINDOWS[params["window"]], broken=params["broken"], cases=params["cases"]
        )
    if params["alert"] == "errors":
        return say(
            facts,
            N_("%(broken)s cases were broken this month; the target leaves room for %(budget)s."),
            broken=params["broken"],
            budget=params["budget"],
        )
    return say(
        facts,
        N_("%(spent)s of %(budget)s is owed or paid for this month."),
        spent=Money(params["spent_minor"], params["currency"]),
        budget=Money(params["budget_minor"], params["currency"]),
    )
