from datetime import timedelta
from random import Random
from uuid import UUID

import pytest

from promises.kernel.money import Money
from promises.kernel.text import Moment
from promises.rules import explain as explain_module
from promises.rules.awards import Usage, award
from promises.rules.explain import (
    award_messages,
    explain,
    explain_award,
    promise_details,
    promise_sentence,
    verdict_messages,
)
from promises.rules.facts import TicketKind
from promises.rules.judge import State, judge
from promises.rules.terms import parse_terms
from tests.rules.ground import IDS, SECOND, at, facts, facts_of, random_case, terms

LIMIT = 900 * SECOND


def told(*log, now=10 * LIMIT, measured=None, **changes):
    verdict = judge(terms(**changes), facts(*log, measured=measured), at(now))
    return [line.replace("\u00a0", " ") for line in explain(verdict, "en", "Europe/Helsinki")]


def test_explain_tells_times_limit_wait_and_conclusion():
    assert told(("arrived", 0), ("service_started", LIMIT - SECOND // 2)) == [
        "The clock started with the arrival: 29 Mar 2026, 01:50:00.",
        "The limit is 15 min and is itself still kept: until 29 Mar 2026, 02:05:00.",
        "Service started 29 Mar 2026, 02:04:59, after 14 min 59.5 s.",
        "That is in time: kept.",
    ]


@pytest.mark.parametrize(
    ("waited", "boundary", "wait", "conclusion"),
    [
        (LIMIT + 1, "inclusive", "15 min 0.000001 s", "0.000001 s over the limit: broken."),
        (LIMIT, "exclusive", "15 min", "the limit itself, which is too late: broken."),
        (LIMIT + 90_700_000, "inclusive", "16 min 30 s", "1 min 30 s over the limit: broken."),
        (60_900_000, "inclusive", "1 min", "in time: kept."),
    ],
)
def test_explain_shows_fractions_only_where_they_decide(waited, boundary, wait, conclusion):
    lines = told(("arrived", 0), ("service_started", waited), limit__boundary=boundary)
    assert lines[2].endswith(f", after {wait}.")
    assert lines[3] == f"That is {conclusion}"


@pytest.mark.parametrize(
    ("log", "kwargs", "last"),
    [
        ([("arrived", 0)], {"now": 1},
         "Nothing has ended the wait so far: open until 29 Mar 2026, 02:05:00."),
        ([("arrived", 0)], {},
         "The wait was still going on at the limit, 29 Mar 2026, 02:05:00: broken."),
        ([("arrived", 0), ("left", 1)], {},
         "Who leaves before the limit does not count, say the terms: excluded."),
        ([("arrived", 0), ("left", 2 * LIMIT)], {"leavers__after_limit": "not_owed"},
         "The limit had passed by then: broken, but the terms owe nothing to those who leave."),
        ([("called", 0)], {},
         "No arrival was logged, so no clock was started: not applicable."),
    ],
)  # fmt: skip
def test_explain_ends_with_the_rule_that_was_applied(log, kwargs, last):
    assert told(*log, **kwargs)[-1] == last


def test_explain_of_a_negative_wait_says_that_times_contradict():
    lines = told(("arrived", 0), ("service_started", -2 * SECOND))
    assert lines[2:4] == [
        "Service started 29 Mar 2026, 01:49:58, after 0 s.",
        "That lies before the arrival: the times contradict each other.",
    ]


def test_explain_measured_wait_names_its_source():
    lines = told(("arrived", 0), ("left", 5), measured=LIMIT + SECOND)
    assert lines[2] == (
        "The source measured 15 min 1 s until the customer left; that counts, not the times of day."
    )


def test_verdict_messages_stay_typed():
    verdict = judge(terms(), facts(("arrived", 0), ("left", 5)), at(9))
    params = [message.params for message in verdict_messages(verdict)]
    assert params[0]["at"] == Moment(at(0))
    assert params[1]["limit"] == timedelta(minutes=15)


def test_every_step_of_every_verdict_has_words():
    random = Random(5)
    used = set()
    for _ in range(5_000):
        document, ticket, now = random_case(random)
        verdict = judge(parse_terms(document), facts_of(ticket), at(now))
        used |= {message.msgid for message in verdict_messages(verdict)}
    assert used == set(explain_module._VERDICT_STEPS.values())
    assert all(explain(verdict, locale, "UTC") for locale in ("fi", "sv", "en"))


ALL_CAPS = {
    "caps": {
        "per_case_minor": 1500,
        "per_customer": {"count": 1, "period": "day"},
        "per_device_day": 1,
        "per_branch_day_anonymous": 30,
    }
}


@pytest.mark.parametrize(
    ("usage", "state", "left", "changes", "expected"),
    [
        (Usage(), State.BROKEN, False, {}, ["The terms grant €10.00."]),
        (Usage(), State.KEPT, False, {}, ["The promise was not broken: nothing is owed."]),
        (Usage(), State.BROKEN, True, {"leavers__after_limit": "not_owed"},
         ["The terms owe nothing to those who leave."]),
        (Usage(case_minor=700), State.BROKEN, False, ALL_CAPS,
         ["The terms grant €10.00.",
          "At most €15.00 are owed for one case, and €7.00 are owed already."]),
        (Usage(customer=1), State.BROKEN, False, ALL_CAPS,
         ["The terms grant €10.00.", "The customer has reached the number for one day: 1."]),
        (Usage(device_day=1), State.BROKEN, False, ALL_CAPS,
         ["The terms grant €10.00.", "The device has reached the number for one day: 1."]),
    ],
)  # fmt: skip
def test_explain_award_tells_amount_and_cap(usage, state, left, changes, expected):
    made = award(terms(**changes), state, left, usage)
    assert explain_award(made, "EUR", "en") == expected


def test_award_messages_hold_money():
    made = award(terms(), State.BROKEN, False, Usage())
    assert award_messages(made, "SEK")[0].params == {"amount": Money(1000, "SEK")}


NAMES = {
    UUID(IDS[0]): "Loans",
    UUID(IDS[1]): "cards",
    UUID(IDS[2]): "Kamppi",
    UUID(IDS[3]): "Äkäslompolo",
}


def sentence(**changes):
    return promise_sentence(terms(**changes), "en", NAMES).replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "We serve you within 15 min, or we pay you €10."),
        ({"limit__boundary": "exclusive"}, "We serve you in under 15 min, or we pay you €10."),
        ({"measure__to": "called"}, "We call your number within 15 min, or we pay you €10."),
        ({"amount__amount_minor": 1050}, "We serve you within 15 min, or we pay you €10.50."),
        ({"scope__ticket_kinds": ["complaint"], "limit__seconds": 7 * 86_400},
         "We take up your complaint within 7 d, or we pay you €10."),
        ({"scope__ticket_kinds": ["callback"]},
         "We call you back within 15 min, or we pay you €10."),
        ({"scope__ticket_kinds": ["request"]},
         "We take up your request within 15 min, or we pay you €10."),
        ({"scope__ticket_kinds": ["request", "visit"]},
         "We take up your matter within 15 min, or we pay you €10."),
        ({"scope__service_kinds": IDS[:2], "scope__branches": IDS[2:]},
         "We serve you within 15 min, or we pay you €10. Services: cards, Loans. "
         "Branches: Kamppi, Äkäslompolo."),
    ],
)  # fmt: skip
def test_promise_sentence_says_what_when_and_how_much(changes, expected):
    assert sentence(**changes) == expected


def test_promise_sentence_needs_the_name_of_every_service():
    with pytest.raises(KeyError):
        promise_sentence(terms(scope__branches=IDS), "en", {})


def test_promise_sentence_covers_every_kind_of_ticket():
    made = {sentence(scope__ticket_kinds=[str(kind)]) for kind in TicketKind}
    assert len(made) == len(TicketKind)


def test_promise_details_tell_boundary_and_leaving():
    details = [line.replace("\u00a0", " ") for line in promise_details(terms(), "en")]
    assert details == [
        "The clock starts when you arrive and stops when your service starts.",
        "Exactly 15 min is still in time.",
        "If you leave before that, the promise counts neither as kept nor as broken.",
        "If you leave after that, you still get the compensation.",
    ]
    other = terms(
        measure__to="called",
        limit__boundary="exclusive",
        leavers={"before_limit": "kept", "after_limit": "not_owed"},
    )
    assert [line.replace("\u00a0", " ") for line in promise_details(other, "en")] == [
        "The clock starts when you arrive and stops when you are called.",
        "Exactly 15 min is already too late.",
        "If you leave before that, the promise counts as kept.",
        "If you leave after that, the promise is broken, but no compensation is owed.",
    ]


def test_promise_details_tell_every_ceiling_and_approval():
    made = terms(**ALL_CAPS, approval_threshold_minor=999)
    assert promise_details(made, "en")[4:] == [
        "At most €15.00 for one case.",
        "At most 1 compensation a day for one customer.",
        "At most 1 compensation a day for one device without a known customer.",
        "At most 30 compensations a day in one branch to customers not known to us.",
        "A person approves each compensation first.",
    ]


@pytest.mark.parametrize("period", ["day", "month", "year"])
def test_promise_details_name_the_period_of_the_customer_cap(period):
    made = terms(caps__per_customer={"count": 2, "period": period})
    assert (
        promise_details(made, "en")[-1] == f"At most 2 compensations a {period} for one customer."
    )
