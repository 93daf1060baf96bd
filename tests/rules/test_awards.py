from collections import Counter
from datetime import date
from random import Random
from uuid import UUID

import pytest

from promises.rules.awards import (
    CapKind,
    Claim,
    Outcome,
    Usage,
    allocate,
    award,
    cap_keys,
    needs_approval,
    period_start,
)
from promises.rules.judge import State
from promises.rules.terms import Period
from tests.rules.ground import terms

TODAY = date(2026, 11, 22)


def number(n):
    return UUID(int=n)


def amount_and_outcome(made):
    return made.amount_minor, str(made.outcome)


def broken(usage=None, left_after_limit=False, **changes):
    made = award(terms(**changes), State.BROKEN, left_after_limit, usage or Usage())
    return amount_and_outcome(made)


def test_award_of_a_broken_promise_is_the_amount_of_the_terms():
    assert broken() == (1000, "full")


@pytest.mark.parametrize("state", [state for state in State if state is not State.BROKEN])
def test_award_of_anything_else_is_none(state):
    made = award(terms(), state, False, Usage())
    assert amount_and_outcome(made) == (0, "none")
    assert [step.code for step in made.steps] == ["not_broken"]


def test_award_to_those_who_left_follows_the_terms():
    assert broken(left_after_limit=True) == (1000, "full")
    assert broken(left_after_limit=True, leavers__after_limit="not_owed") == (0, "none")
    assert broken(leavers__after_limit="not_owed") == (1000, "full")


@pytest.mark.parametrize(
    ("used", "expected"),
    [
        (0, (1000, "full")),
        (500, (1000, "full")),
        (501, (999, "capped")),
        (1499, (1, "capped")),
        (1500, (0, "limit_reached")),
        (9999, (0, "limit_reached")),
    ],
)
def test_award_case_cap_leaves_what_is_left(used, expected):
    assert broken(Usage(case_minor=used), caps__per_case_minor=1500) == expected


CAPS = {
    "customer": {"caps__per_customer": {"count": 2, "period": "month"}},
    "device_day": {"caps__per_device_day": 2},
    "branch_day_anonymous": {"caps__per_branch_day_anonymous": 2},
}


@pytest.mark.parametrize("field", CAPS)
def test_award_count_caps_end_it_and_bind_only_where_they_apply(field):
    assert broken(Usage(**{field: 1}), **CAPS[field]) == (1000, "full")
    assert broken(Usage(**{field: 2}), **CAPS[field]) == (0, "limit_reached")
    assert broken(Usage(**{field: 3}), **CAPS[field]) == (0, "limit_reached")
    assert broken(Usage(), **CAPS[field]) == (1000, "full")
    assert broken(Usage(**{field: 99})) == (1000, "full")


def test_award_steps_tell_which_cap_was_met():
    def met(usage, **changes):
        made = award(terms(**changes), State.BROKEN, False, usage)
        return [(step.code, dict(step.params)) for step in made.steps]

    flat = ("flat", {"amount_minor": 1000})
    customer = {"caps__per_customer": {"count": 2, "period": "year"}}
    assert met(Usage()) == [flat]
    assert met(Usage(customer=2), **customer) == [flat, ("customer_cap_year", {"n": 2})]
    assert met(Usage(device_day=1), caps__per_device_day=1) == [flat, ("device_cap", {"n": 1})]
    assert met(Usage(case_minor=700), caps__per_case_minor=1500) == [
        flat,
        ("case_cap", {"cap_minor": 1500, "used_minor": 700}),
    ]


@pytest.mark.parametrize(
    ("threshold", "amount", "needed"),
    [(None, 10**9, False), (1000, 1000, False), (1000, 1001, True), (0, 1, True), (0, 0, False)],
)
def test_needs_approval_above_the_threshold_only(threshold, amount, needed):
    assert needs_approval(terms(approval_threshold_minor=threshold), amount) is needed


@pytest.mark.parametrize(
    ("period", "start"),
    [
        (Period.DAY, TODAY),
        (Period.MONTH, date(2026, 11, 1)),
        (Period.YEAR, date(2026, 1, 1)),
    ],
)
def test_period_start_is_the_first_day(period, start):
    assert period_start(TODAY, period) == start


def claim(ticket, **changes):
    made = {"ticket_id": number(ticket), "branch_id": number(1), "on": TODAY}
    return Claim(**made | changes)


ALL_CAPS = {
    "caps": {
        "per_case_minor": 5000,
        "per_customer": {"count": 2, "period": "month"},
        "per_device_day": 2,
        "per_branch_day_anonymous": 3,
    }
}


def test_cap_keys_of_a_known_customer_leave_device_and_branch_alone():
    keys = cap_keys(terms(**ALL_CAPS), claim(5, customer_id=number(7), device_id=number(8)))
    assert keys == {
        CapKind.CASE: (CapKind.CASE, number(5), None),
        CapKind.CUSTOMER: (CapKind.CUSTOMER, number(7), date(2026, 11, 1)),
    }


def test_cap_keys_of_somebody_unknown_are_device_and_branch():
    keys = cap_keys(terms(**ALL_CAPS), claim(5, device_id=number(8)))
    assert set(keys) == {CapKind.CASE, CapKind.DEVICE_DAY, CapKind.BRANCH_DAY}
    assert keys[CapKind.DEVICE_DAY] == (CapKind.DEVICE_DAY, number(8), TODAY)
    assert set(cap_keys(terms(**ALL_CAPS), claim(5))) == {CapKind.CASE, CapKind.BRANCH_DAY}


def test_cap_keys_without_caps_are_none():
    assert cap_keys(terms(), claim(5, device_id=number(8))) == {}
    assert cap_keys(terms(), claim(5, customer_id=number(7))) == {}


def outcomes(awards):
    return [str(made.outcome) for made in awards]


def test_allocate_uses_up_caps_in_the_order_of_the_claims():
    capped = terms(caps__per_customer={"count": 2, "period": "day"})
    claims = [claim(n, customer_id=number(7)) for n in range(3)] + [claim(9, customer_id=number(8))]
    assert outcomes(allocate(capped, claims, {})) == ["full", "full", "limit_reached", "full"]


def test_allocate_starts_from_what_was_used_and_leaves_it_alone():
    capped = terms(caps__per_branch_day_anonymous=3)
    used = {(CapKind.BRANCH_DAY, number(1), TODAY): 2}
    assert outcomes(allocate(capped, [claim(1), claim(2)], used)) == ["full", "limit_reached"]
    assert used == {(CapKind.BRANCH_DAY, number(1), TODAY): 2}


def test_allocate_counts_the_same_case_in_minor_units():
    capped = terms(caps__per_case_minor=1500)
    made = allocate(capped, [claim(1), claim(1), claim(1), claim(2)], {})
    assert [one.amount_minor for one in made] == [1000, 500, 0, 1000]
    assert outcomes(made) == ["full", "capped", "limit_reached", "full"]


def test_allocate_an_award_of_nothing_uses_nothing_up():
    capped = terms(caps__per_device_day=1, leavers__after_limit="not_owed")
    claims = [claim(1, device_id=number(8), left_after_limit=True), claim(2, device_id=number(8))]
    assert outcomes(allocate(capped, claims, {})) == ["none", "full"]


def test_allocate_in_batches_equals_all_at_once():
    random = Random(11)
    capped = terms(**ALL_CAPS)
    claims = [
        claim(
            random.randrange(60),
            customer_id=random.choice([None, number(1), number(2)]),
            device_id=random.choice([None, number(3)]),
            on=date(2026, random.choice([10, 11]), random.randrange(1, 4)),
        )
        for _ in range(200)
    ]
    whole = allocate(capped, claims, {})
    used, pieces = Counter(), []
    for start in range(0, 200, 7):
        batch = claims[start : start + 7]
        awards = allocate(capped, batch, used)
        pieces += awards
        for one, made in zip(batch, awards, strict=True):
            for kind, key in cap_keys(capped, one).items() if made.amount_minor else ():
                used[key] += made.amount_minor if kind is CapKind.CASE else 1
    assert pieces == whole
    assert {Outcome.FULL, Outcome.LIMIT_REACHED} <= {made.outcome for made in whole}
    assert max(n for (kind, *_), n in used.items() if kind is CapKind.CUSTOMER) == 2
    assert max(n for (kind, *_), n in used.items() if kind is CapKind.BRANCH_DAY) == 3
