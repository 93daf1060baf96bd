"""The whole answer, the slow way: state, amount and outcome from the parts of the oracle."""

from fractions import Fraction

from tests.rules.guarantee.oracle import Oracle
from tests.rules.guarantee.oracle_parts import MICRO, names_of, rounded, utc, window

NEVER = utc("1970-01-01T00:00:00+00:00")


def answer(document, facts, calendars, history, now):
    """State, outcome, what is owed with any penalty, and whether it is known."""
    oracle = Oracle(document, facts, calendars, history, now)
    if oracle.out_of_all_rows():
        return "not_applicable", "not_applicable", 0
    return _answer(oracle)


def _answer(oracle):
    document = oracle.document
    applies = oracle.holds(document.get("applies_when", True))
    if applies is False:
        return "not_applicable", "not_applicable", 0
    broken = oracle.holds(document["broken_when"])
    if broken is None or applies is None:
        return "open", "open", 0
    if not broken:
        return "unbroken", "unbroken", 0
    for one in document.get("exclusions", ()):
        if oracle.holds(one["when"]) is True and oracle.holds(one.get("proof", True)) is True:
            return "excluded", "excluded", 0
    return "broken", *_owed(oracle)


def _owed(oracle):
    document = oracle.document
    option = _option(oracle)
    value = oracle.num(option.get("amount", document.get("amount", 0)))
    amount, outcome = (None, "broken") if value is None else _steps(oracle, value)
    missed = _missed(oracle)
    if missed:
        amount, outcome = 0, missed
    else:
        _due(oracle)
    penalty = _penalty(oracle) if amount else 0
    return outcome, (amount or 0) + penalty


def _option(oracle):
    remedy = oracle.document.get("remedy", {"kind": "money"})
    if "options" not in remedy:
        return remedy
    chosen = oracle.facts.get(remedy["chosen_by"])
    return next((one for one in remedy["options"] if one["kind"] == chosen), remedy["options"][0])


def _due(oracle):
    payment = oracle.document.get("payment")
    return None if payment is None else oracle.instant(payment["due"])


def _steps(oracle, amount):
    outcome = "broken"
    for step in oracle.document.get("steps", ()):
        ((kind, body),) = step.items()
        found = STEPS[kind](oracle, body, amount)
        if found is None:
            return None, outcome
        amount, word = found
        outcome = word or outcome
    return int(max(rounded(amount, Fraction(1), "half_up"), 0)), outcome


def _round(oracle, body, amount):
    return rounded(amount, Fraction(body.get("to", 1)), body["how"]), None


def _unpaid(oracle, body, amount):
    limit = oracle.num(body.get("below", body.get("at_most")))
    if limit is None:
        return None
    small = 0 < amount < limit or (amount == limit and "at_most" in body)
    return (Fraction(0), "below_minimum") if small else (amount, None)


def _cap(oracle, body, amount):
    most = oracle.num(body)
    return None if most is None else (min(amount, most), None)


def _at_least(oracle, body, amount):
    least = oracle.num(body)
    return None if least is None else (max(amount, least), None)


def _excess(oracle, body, amount):
    own = oracle.num(body)
    if own is None:
        return None
    left = max(amount - own, Fraction(0))
    return left, None if left else "below_minimum"


def _used(oracle, body, at, *, amount):
    """What the window of the instant has given before."""
    given = oracle.facts.get(body.get("used"), {} if "window" in body else Fraction(0))
    if isinstance(given, Fraction):
        return given
    start, end, name = window(body["window"], at, oracle.zone)
    if "used" in body:
        names = names_of(body["window"], name)
        return next((given[one] for one in names if one in given), Fraction(0))
    found = [one for one in oracle.history if start <= one["at"] < end]
    return sum(one["amount_minor"] for one in found) if amount else len(found)


def _dated(oracle, body):
    """The number of the limit and when the case counts; None where either is not known."""
    most = oracle.num(body["most"])
    at = oracle.instant(body["dated"]) if "dated" in body else oracle.now or NEVER
    return None if most is None or at is None else (most, at)


def _window_cap(oracle, body, amount):
    known = _dated(oracle, body)
    if known is None:
        return None
    most, dated = known
    shares = [(dated, Fraction(1))]
    if "spread" in body:
        start, end = (oracle.instant(body["spread"][key]) for key in ("from", "to"))
        if start is not None and end is not None and start < end:
            shares, at = [], start
            while at < end:
                until = min(window(body["window"], at, oracle.zone)[1], end)
                shares.append((at, Fraction((until - at) // MICRO, (end - start) // MICRO)))
                at = until
    granted = sum(
        min(amount * share, max(most - _used(oracle, body, at, amount=True), Fraction(0)))
        for at, share in shares
    )
    return granted, _lowered(amount, granted)


def _lowered(before, after):
    if before == after:
        return None
    return "capped" if after else "limit_reached"


def _window_count(oracle, body, amount):
    known = _dated(oracle, body)
    if known is None:
        return None
    most, dated = known
    after = Fraction(0) if _used(oracle, body, dated, amount=False) >= most else amount
    return after, _lowered(amount, after)


def _nothing_when(oracle, body, amount):
    after = Fraction(0) if oracle.holds(body) is True else amount
    return after, _lowered(amount, after)


def _once_per(oracle, body, amount):
    key = oracle.facts.get(body)
    again = key is not None and any(one.get(body) == key for one in oracle.history)
    after = Fraction(0) if again else amount
    return after, _lowered(amount, after)


STEPS = {
    "round": _round, "unpaid": _unpaid, "cap": _cap, "at_least": _at_least, "excess": _excess,
    "window_cap": _window_cap, "window_count": _window_count, "once_per": _once_per,
    "nothing_when": _nothing_when,
}  # fmt: skip


def _missed(oracle):
    claim = oracle.document.get("claim")
    if claim is None:
        return None
    start, end = (
        oracle.instant(claim[key]) if key in claim else None for key in ("not_before", "until")
    )
    at = oracle.facts.get(claim.get("claimed_at"))
    if at is None:
        on_request = claim["mode"] == "on_request"
        late = on_request and oracle.now is not None and end is not None and oracle.now >= end
        return "claim_too_late" if late else None
    if start is not None and at < start:
        return "claim_too_early"
    return "claim_too_late" if end is not None and at >= end else None


def _penalty(oracle):
    payment = oracle.document.get("payment", {})
    due = _due(oracle)
    if "late_penalty" not in payment or due is None:
        return 0
    at = oracle.facts.get(payment.get("paid_at"), oracle.now)
    if at is None or at < due:
        return 0
    return int(rounded(oracle.num(payment["late_penalty"]) or Fraction(0), Fraction(1), "half_up"))
