import copy
import json
from datetime import timedelta
from uuid import UUID

import pytest

from promises.rules.facts import EventKind, TicketKind
from promises.rules.terms import (
    AfterLimit,
    BeforeLimit,
    Boundary,
    Caps,
    CustomerCap,
    Period,
    TermsRefused,
    dump_terms,
    parse_terms,
)
from tests.rules.ground import IDS, document, terms

DAY = 86_400
WHOLE = "This must be a whole number."
RANGE = "This must lie between %(least)s and %(most)s."
ONE_OF = "This must be one of: %(allowed)s."
UNKNOWN = "There is no field of this name."
MISSING = "This is missing."
OBJECT = "This must be an object with named fields."
LENGTH = "This list must have between %(least)s and %(most)s entries."
CURRENCY = "This must be a currency by its three letters, such as EUR."
EXACTLY = "This must be %(expected)s."
TWICE = "This is in the list already."
NO_ID = "This must be an id (a UUID)."


def problems_of(changed):
    with pytest.raises(TermsRefused) as refused:
        parse_terms(changed)
    return [(problem.field, problem.message) for problem in refused.value.problems]


def test_parse_terms_reads_every_field():
    made = terms(
        scope__service_kinds=IDS[:2],
        scope__branches=IDS[2:],
        scope__ticket_kinds=["visit", "callback"],
        measure__to="called",
        limit={"seconds": 366 * DAY, "boundary": "exclusive"},
        leavers={"before_limit": "kept", "after_limit": "not_owed"},
        caps={
            "per_case_minor": 2000,
            "per_customer": {"count": 2, "period": "month"},
            "per_device_day": 3,
            "per_branch_day_anonymous": 4,
        },
        approval_threshold_minor=0,
        budget_month_minor=10**12,
    )
    assert made.currency == "EUR"
    assert made.amount_minor == 1000
    assert made.scope.ticket_kinds == (TicketKind.CALLBACK, TicketKind.VISIT)
    assert made.scope.service_kinds == frozenset(UUID(one) for one in IDS[:2])
    assert made.scope.branches == frozenset(UUID(one) for one in IDS[2:])
    assert made.rule.until is EventKind.CALLED
    assert made.rule.boundary is Boundary.EXCLUSIVE
    assert made.rule.limit == timedelta(days=366)
    assert made.rule.before_limit is BeforeLimit.KEPT
    assert made.rule.after_limit is AfterLimit.NOT_OWED
    assert made.caps == Caps(2000, CustomerCap(2, Period.MONTH), 3, 4)
    assert made.approval_threshold_minor == 0
    assert made.budget_month_minor == 10**12


def test_dump_terms_gives_the_document_back():
    full = document(
        scope__service_kinds=sorted(IDS),
        caps__per_customer={"count": 1, "period": "year"},
        caps__per_case_minor=1000,
    )
    assert dump_terms(parse_terms(full)) == full
    assert dump_terms(parse_terms(document())) == document()
    assert json.loads(json.dumps(dump_terms(parse_terms(full)))) == full


def test_terms_of_one_meaning_are_equal_and_stored_alike():
    short = document()
    for section, key in (("scope", "service_kinds"), ("scope", "branches")):
        del short[section][key]
    for key in ("caps", "approval_threshold_minor", "budget_month_minor"):
        del short[key]
    assert parse_terms(short) == terms()
    assert dump_terms(parse_terms(short)) == document()
    assert parse_terms(document(caps=None)) == terms()
    turned = terms(
        scope__ticket_kinds=["visit", "request"],
        scope__branches=[one.upper() for one in IDS[::-1]],
    )
    straight = terms(scope__ticket_kinds=["request", "visit"], scope__branches=IDS)
    assert turned == straight
    assert dump_terms(turned) == dump_terms(straight)


def test_terms_equal_by_value_and_differ_by_each_setting():
    assert hash(terms()) == hash(terms())
    assert terms() != terms(amount__amount_minor=1001)
    assert terms() != terms(limit__boundary="exclusive")
    assert terms() != terms(caps__per_device_day=1)


def test_parse_terms_leaves_the_document_alone():
    source = document()
    kept = copy.deepcopy(source)
    parse_terms(source)
    assert source == kept


@pytest.mark.parametrize(
    ("path", "value", "place", "problem"),
    [
        ("format", 3, "/format", EXACTLY),
        ("format", True, "/format", EXACTLY),
        ("currency", "eur", "/currency", CURRENCY),
        ("currency", "EU\x00", "/currency", CURRENCY),
        ("currency", 5, "/currency", CURRENCY),
        ("currency", None, "/currency", CURRENCY),
        ("scope", None, "/scope", OBJECT),
        ("scope", [], "/scope", OBJECT),
        ("scope__ticket_kinds", None, "/scope/ticket_kinds", "This must be a list."),
        ("scope__ticket_kinds", "visit", "/scope/ticket_kinds", "This must be a list."),
        ("scope__ticket_kinds", [], "/scope/ticket_kinds", LENGTH),
        ("scope__ticket_kinds", ["chat"], "/scope/ticket_kinds/0", ONE_OF),
        ("scope__ticket_kinds", ["visit\x00"], "/scope/ticket_kinds/0", ONE_OF),
        ("scope__ticket_kinds", ["visit"] * 2, "/scope/ticket_kinds/1", TWICE),
        ("scope__branches", [], "/scope/branches", LENGTH),
        ("scope__branches", IDS[0], "/scope/branches", "This must be a list."),
        ("scope__branches", ["Kamppi"], "/scope/branches/0", NO_ID),
        ("scope__service_kinds", [IDS[0]] * 2, "/scope/service_kinds/1", TWICE),
        ("scope__service_kinds", [IDS[0] + "\x00"], "/scope/service_kinds/0", NO_ID),
        ("scope__weather", "rain", "/scope/weather", UNKNOWN),
        ("measure__kind", "open_time", "/measure/kind", EXACTLY),
        ("measure__from", "called", "/measure/from", EXACTLY),
        ("measure__to", "served", "/measure/to", ONE_OF),
        ("measure__to", None, "/measure/to", ONE_OF),
        ("limit__seconds", 0, "/limit/seconds", RANGE),
        ("limit__seconds", -900, "/limit/seconds", RANGE),
        ("limit__seconds", 366 * DAY + 1, "/limit/seconds", RANGE),
        ("limit__seconds", 900.0, "/limit/seconds", WHOLE),
        ("limit__seconds", "900", "/limit/seconds", WHOLE),
        ("limit__seconds", True, "/limit/seconds", WHOLE),
        ("limit__seconds", None, "/limit/seconds", WHOLE),
        ("limit__boundary", "Inclusive", "/limit/boundary", ONE_OF),
        ("limit__minutes", 15, "/limit/minutes", UNKNOWN),
        ("leavers__before_limit", "broken", "/leavers/before_limit", ONE_OF),
        ("leavers__after_limit", None, "/leavers/after_limit", ONE_OF),
        ("amount__kind", "percent", "/amount/kind", EXACTLY),
        ("amount__amount_minor", 0, "/amount/amount_minor", RANGE),
        ("amount__amount_minor", -1, "/amount/amount_minor", RANGE),
        ("amount__amount_minor", 10**9 + 1, "/amount/amount_minor", RANGE),
        ("amount__amount_minor", 10.0, "/amount/amount_minor", WHOLE),
        ("amount__amount_minor", False, "/amount/amount_minor", WHOLE),
        ("caps", [], "/caps", OBJECT),
        ("caps__per_case_minor", 0, "/caps/per_case_minor", RANGE),
        ("caps__per_customer", 2, "/caps/per_customer", OBJECT),
        ("caps__per_customer", {"count": 0, "period": "day"}, "/caps/per_customer/count", RANGE),
        ("caps__per_customer", {"count": 1, "period": "week"}, "/caps/per_customer/period", ONE_OF),
        ("caps__per_customer", {"count": 1}, "/caps/per_customer/period", MISSING),
        ("caps__per_device_day", 10_001, "/caps/per_device_day", RANGE),
        ("caps__per_branch_day_anonymous", "3", "/caps/per_branch_day_anonymous", WHOLE),
        ("caps__per_hour", 3, "/caps/per_hour", UNKNOWN),
        ("approval_threshold_minor", -1, "/approval_threshold_minor", RANGE),
        ("approval_threshold_minor", True, "/approval_threshold_minor", WHOLE),
        ("budget_month_minor", 0, "/budget_month_minor", RANGE),
        ("code", "import os", "/code", UNKNOWN),
        ("a/b\x00", 1, "/a~1b\ufffd", UNKNOWN),
    ],
)  # fmt: skip
def test_parse_terms_refuses_one_thing_at_its_place(path, value, place, problem):
    assert problems_of(document(**{path: value})) == [(place, problem)]


@pytest.mark.parametrize(
    "key", ["format", "currency", "scope", "measure", "limit", "leavers", "amount"]
)
def test_parse_terms_names_a_missing_part_once(key):
    made = document()
    del made[key]
    assert problems_of(made) == [(f"/{key}", MISSING)]


def test_parse_terms_finds_all_problems_in_one_pass():
    made = document(
        currency="money", limit__seconds=-1, amount__amount_minor=1.5, scope__ticket_kinds=[]
    )
    places = [place for place, _ in problems_of(made)]
    assert sorted(places) == ["/amount/amount_minor", "/currency", "/limit/seconds",
                              "/scope/ticket_kinds"]  # fmt: skip


@pytest.mark.parametrize("made", [None, [], "terms", 5])
def test_parse_terms_refuses_what_is_no_document(made):
    assert problems_of(made) == [("", OBJECT)]


def test_terms_refused_is_told_in_words():
    with pytest.raises(TermsRefused) as refused:
        terms(limit__seconds=0)
    assert refused.value.status == 422
    assert str(refused.value) == (
        "terms_refused(/limit/seconds: This must lie between 1 and 31,622,400.)"
    )
