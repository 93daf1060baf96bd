"""Finding the limit of a promise, and putting another number in its place."""

import dataclasses
from fractions import Fraction

import pytest

from promises.reporting.backtests.figures import limits_about
from promises.rules.guarantee.limits import limit_of, with_limit
from promises.rules.guarantee.trial import parse_guarantee

PLAIN = {
    "format": 2,
    "currency": "EUR",
    "time_zone": "Europe/Helsinki",
    "facts": {
        "arrived_at": "instant", "answered_at": "instant", "size": "number", "vip": "boolean",
        "delays": "number", "bills": "number", "told": "instants",
    },
    "amount": 1000,
}  # fmt: skip
TWO_DAYS = {"from": "arrived_at", "add": 2, "unit": "working_day", "calendar": "shop"}
LATE = {"late": {"event": "answered_at", "deadline": "due"}}
WAITED = {"elapsed": {"from": "arrived_at", "to": {"or_now": "answered_at"}, "unit": "hour"}}


def found(**parts):
    terms = parse_guarantee(PLAIN | parts)
    return terms, limit_of(terms)


def where(limit):
    return limit and (limit.section, limit.name, limit.value, limit.unit, limit.apart)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"deadlines": {"due": TWO_DAYS}, "broken_when": LATE},
         ("deadlines", "due", 2, "working_day", True)),
        ({"broken_when": {"late": {"event": "answered_at", "deadline": TWO_DAYS}}},
         ("broken_when", None, 2, "working_day", True)),
        ({"broken_when": {"compare": [WAITED, ">", "1.5"]}},
         ("broken_when", None, Fraction(3, 2), "hour", True)),
        ({"broken_when": {"compare": [5, "<=", {"fact": "size"}]}},
         ("broken_when", None, 5, None, True)),
        ({"values": {"most": 4}, "broken_when": {"compare": [WAITED, ">", {"value": "most"}]}},
         ("values", "most", 4, "hour", True)),
        ({"conditions": {"slow": {"compare": [WAITED, ">", 3]}},
          "broken_when": {"all": [{"not": {"true": "vip"}}, {"condition": "slow"}]}},
         ("conditions", "slow", 3, "hour", True)),
        ({"broken_when": {"any": [{"not": {"compare": [{"fact": "size"}, "<", 7]}}]}},
         ("broken_when", None, 7, None, True)),
        # another number follows from it as well
        ({"deadlines": {"due": TWO_DAYS}, "broken_when": LATE,
          "amount": {"elapsed": {"from": "due", "to": {"or_now": "answered_at"}, "unit": "day"}}},
         ("deadlines", "due", 2, "working_day", False)),
        # it is asked for twice
        ({"deadlines": {"due": TWO_DAYS},
          "broken_when": {"any": [LATE, {"before": ["answered_at", "due"]}]}},
         ("deadlines", "due", 2, "working_day", False)),
        # what was granted before counts
        ({"deadlines": {"due": TWO_DAYS}, "broken_when": LATE,
          "steps": [{"window_count": {"most": 1, "dated": "arrived_at",
                                      "window": {"every": "year"}}}]},
         ("deadlines", "due", 2, "working_day", False)),
        # each deadline begins where the one before ended
        ({"facts": PLAIN["facts"], "recurring": {"from": "arrived_at", "word": "told"},
          "deadlines": {"due": {"from": "period_start", "add": 7, "unit": "calendar_day"}},
          "broken_when": {"late": {"event": "word_at", "deadline": "due"}}},
         ("deadlines", "due", 7, "calendar_day", False)),
        ({"broken_when": {"true": "vip"}}, None),
        ({"broken_when": {"all": [{"true": "vip"}, {"known": "answered_at"}]}}, None),
        ({"broken_when": {"compare": [{"fact": "size"}, "=", 3]}}, None),
        ({"broken_when": {"compare": [{"fact": "size"}, ">", {"fact": "bills"}]}}, None),
        ({"broken_when": {"before": ["arrived_at", "answered_at"]}}, None),
    ],
)  # fmt: skip
def test_limit_is_the_first_number_that_a_deadline_adds_or_that_is_compared(parts, expected):
    assert where(found(**parts)[1]) == expected


def test_another_number_stands_where_the_document_would_say_it():
    condition = {"all": [{"not": {"true": "vip"}}, {"compare": [WAITED, ">", 3]}]}
    other = {"all": [{"not": {"true": "vip"}}, {"compare": [WAITED, ">", "0.5"]}]}
    for parts, changed in (
        ({"broken_when": condition}, {"broken_when": other}),
        (
            {"conditions": {"slow": condition}, "broken_when": {"condition": "slow"}},
            {"conditions": {"slow": other}, "broken_when": {"condition": "slow"}},
        ),
    ):
        terms, limit = found(**parts)
        made = with_limit(terms, limit, Fraction(1, 2))
        wanted = parse_guarantee(PLAIN | changed)
        assert dataclasses.replace(made, document=wanted.document) == wanted
        assert len(made.moving) == len(wanted.moving) > 0
        assert terms == parse_guarantee(PLAIN | parts)


@pytest.mark.parametrize(
    ("value", "unit", "first", "last", "count"),
    [
        (2, "working_day", 1, 20, 20),
        (15, "minute", 1, 30, 30),
        (2, "hour", Fraction(1, 4), 5, 20),
        (24, "open_hour", 2, 48, 24),
        (45, "calendar_day", 1, 90, 90),
        (0, None, 0, 20, 21),
        (Fraction("99.9"), "per_cent", Fraction("99.81"), 100, 20),
        (10, "per_cent", 1, 20, 20),
        (1000, None, 100, 2000, 20),
    ],
)
def test_points_of_a_curve_are_round_and_hold_the_limit(value, unit, first, last, count):
    parts = {"broken_when": {"compare": [{"fact": "size"}, ">", 1]}}
    limit = dataclasses.replace(found(**parts)[1], value=Fraction(value), unit=unit)
    points = limits_about(limit)
    assert (points[0], points[-1], len(points)) == (first, last, count)
    assert value in points
