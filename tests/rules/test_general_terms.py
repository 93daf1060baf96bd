"""Terms of the general form beside the short one: read, written back, said, capped."""

import json

import pytest

from promises.rules.awards import Claim, Outcome, Usage, allocate, capped
from promises.rules.explain import explain_award, promise_details, promise_sentence
from promises.rules.facts import TicketKind
from promises.rules.guarantee.trial import parse_guarantee
from promises.rules.guarantee.uses import uses_history
from promises.rules.reasons import GeneralReason, say_reason
from promises.rules.steps import Step
from promises.rules.terms import Caps, GuaranteeTerms, TermsRefused, dump_terms, parse_terms
from tests.rules.ground import IDS
from tests.rules.test_awards import TODAY, number


def general(**parts):
    return {
        "format": 2,
        "currency": "EUR",
        "facts": {"asked_at": "instant", "answered_at": "instant", "incident": "text"},
        "deadlines": {"answer_before": {"from": "asked_at", "add": 2, "unit": "day"}},
        "broken_when": {"late": {"event": "answered_at", "deadline": "answer_before"}},
        "amount": 1000,
    } | parts


def terms(**parts):
    return parse_terms(general(**parts))


def problems_of(document):
    with pytest.raises(TermsRefused) as refused:
        parse_terms(document)
    return [problem.field for problem in refused.value.problems]


def test_general_terms_without_a_scope_are_for_everything():
    made = terms()
    assert isinstance(made, GuaranteeTerms)
    assert made.scope.ticket_kinds == tuple(sorted(TicketKind))
    assert (made.scope.service_kinds, made.scope.branches, made.caps) == (None, None, Caps())


def test_general_terms_read_what_the_organisation_sets():
    made = terms(
        scope={"ticket_kinds": ["complaint"], "branches": IDS[:1]},
        caps={"per_case_minor": 500},
        approval_threshold_minor=300,
        budget_month_minor=9_000,
    )
    assert made.scope.ticket_kinds == (TicketKind.COMPLAINT,)
    assert made.caps.per_case_minor == 500
    assert (made.approval_threshold_minor, made.budget_month_minor) == (300, 9_000)


def test_general_terms_are_written_back_whole():
    document = dump_terms(terms(scope={"service_kinds": IDS[:2]}))
    assert json.loads(json.dumps(document)) == document
    assert dump_terms(parse_terms(document)) == document
    assert parse_terms(document) == parse_terms(document)
    document["facts"]["more"] = "text"
    assert "more" not in parse_terms(dump_terms(terms())).guarantee.facts


def test_general_terms_are_refused_with_every_problem_of_both_parts():
    document = general(scope={"ticket_kinds": []}, currency="euros", broken_when={"late": {}})
    found = problems_of(document)
    assert {"/currency", "/scope/ticket_kinds"} <= set(found)
    assert any(place.startswith("/broken_when") for place in found)


def test_trial_reads_the_same_documents():
    read = parse_guarantee(general(caps={"per_case_minor": 5}))
    assert read.broken_when == terms().guarantee.broken_when
    with pytest.raises(TermsRefused):
        parse_guarantee(general(currency="euros"))


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([], False),
        ([{"round": {"to": 100, "how": "down"}}], False),
        ([{"once_per": "incident"}], True),
        (
            [{"window_cap": {"most": 5, "window": {"every": "year"}, "dated": "asked_at"}}],
            True,
        ),
    ],
)
def test_uses_history_is_told_by_the_steps(steps, expected):
    assert uses_history(terms(steps=steps).guarantee) is expected


def test_capped_leaves_what_the_caps_leave():
    made = terms(caps={"per_case_minor": 1500})
    assert capped(made, 1000, Usage()).amount_minor == 1000
    lowered = capped(made, 1000, Usage(case_minor=900))
    assert (lowered.amount_minor, lowered.outcome) == (600, Outcome.CAPPED)
    nothing = capped(made, 0, Usage())
    assert (nothing.amount_minor, nothing.outcome) == (0, Outcome.FULL)
    assert explain_award(lowered, "EUR", "en")[0].startswith("The terms grant")


def test_allocate_takes_the_amount_of_each_claim():
    made = terms(caps={"per_customer": {"count": 1, "period": "day"}})
    claims = [
        Claim(number(1), number(9), TODAY, customer_id=number(5), amount_minor=700),
        Claim(number(2), number(9), TODAY, customer_id=number(5), amount_minor=800),
        Claim(number(3), number(9), TODAY, customer_id=number(6), amount_minor=900),
    ]
    awards = allocate(made, claims, {})
    assert [one.amount_minor for one in awards] == [700, 0, 900]


def test_sentence_says_what_is_owed_and_where():
    branch = parse_terms(general(scope={"branches": IDS[:1]})).scope.branches
    names = dict.fromkeys(branch, "Kallio")
    said = promise_sentence(terms(scope={"branches": IDS[:1]}), "en", names)
    assert "€10" in said
    assert said.endswith("Branches: Kallio.")


def test_details_of_general_terms_tell_their_ceilings():
    cap = {"per_case_minor": 500}
    capped_details = promise_details(terms(caps=cap), "en")
    assert len(capped_details) == len(promise_details(terms(), "en")) + 1
    assert "€5" in capped_details[-1]


def test_reason_of_the_engine_is_said_in_each_language():
    reason = GeneralReason(Step("too_late", {}), "EUR")
    said = {say_reason(locale, reason, "UTC") for locale in ("en", "fi", "sv")}
    assert len(said) == 3 and all(said)
