"""Forty-three thousand requests to a city: its own verdicts, and its own due dates."""

import csv
import gzip
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from functools import cache, partial
from pathlib import Path

import pytest

from promises.kernel.calendars import CalendarSpec, PreparedCalendar
from promises.kernel.zones import resolve_local
from promises.rules.guarantee.engine import evaluate, judge
from promises.rules.guarantee.interpreter import case_of
from promises.rules.guarantee.trial import parse_guarantee
from promises.rules.states import State

BOSTON = Path(__file__).parents[4] / "shared" / "data" / "boston311"
ZONE = "America/New_York"
CLOSED_ON = (
    "2015-01-01", "2015-01-19", "2015-02-16", "2015-04-20", "2015-05-25", "2015-09-07",
    "2015-10-12", "2015-11-11", "2015-11-26", "2015-12-25", "2016-01-01", "2016-01-18",
    "2016-02-15",
)  # fmt: skip
NEAR = timedelta(seconds=120)

pytestmark = [
    pytest.mark.skipif(not BOSTON.exists(), reason="the city's cases lie beside the project only"),
    pytest.mark.no_cover,
]

BY_DUE_DATE = {
    "format": 2,
    "currency": "USD",
    "time_zone": ZONE,
    "facts": {"opened_at": "instant", "due_at": "instant", "closed_at": "instant"},
    "applies_when": {"known": "due_at"},
    "broken_when": {"after": [{"or_now": "closed_at"}, "due_at"]},
}


def _by_rule(days, **rule):
    return {
        **BY_DUE_DATE,
        "deadlines": {
            "done_before": {"from": "opened_at", "add": days, "boundary": "exclusive", **rule}
        },
        "broken_when": {"late": {"event": "closed_at", "deadline": "done_before"}},
    }


@cache
def _instant(text):
    if not text:
        return None
    return resolve_local(datetime.fromisoformat(text), ZONE).instant


@pytest.fixture(scope="module")
def rows():
    with gzip.open(BOSTON / "cases_2015_h1.csv.gz", "rt") as file:
        return list(csv.DictReader(file))


def _facts(row):
    facts = {name: _instant(row[name]) for name in ("opened_at", "due_at", "closed_at")}
    return {name: at for name, at in facts.items() if at is not None}


SNAPSHOT = _instant("2016-01-13 00:00:00")


def test_verdicts_equal_the_citys_in_all_cases_with_a_due_date(rows):
    terms = parse_guarantee(BY_DUE_DATE)
    found = Counter()
    for row in rows:
        result = judge(case_of(terms, _facts(row), SNAPSHOT, {}))
        if not row["due_at"]:
            assert result.state is State.NOT_APPLICABLE
        elif row["city_verdict"]:
            overdue = row["city_verdict"] == "OVERDUE"
            assert (result.state is State.BROKEN) == overdue, row["case_id"]
            found[row["city_verdict"]] += 1
    assert found == {"ONTIME": 27_866, "OVERDUE": 15_624}


def test_replay_by_event_time_finds_each_breach_once(rows):
    terms = parse_guarantee(BY_DUE_DATE)
    moments = []
    cases = {}
    for row in rows:
        facts = _facts(row)
        if "due_at" not in facts:
            continue
        cases[row["case_id"]] = facts
        opened = {"opened_at": facts["opened_at"], "due_at": facts["due_at"]}
        due = evaluate(case_of(terms, opened, facts["opened_at"], {})).broken_at
        moments.append((due, "clock", row["case_id"]))
        if "closed_at" in facts:
            moments.append((facts["closed_at"], "event", row["case_id"]))
    closed, breaches = set(), Counter()
    for at, kind, case_id in sorted(moments):
        if at > SNAPSHOT:
            break
        known = dict(cases[case_id])
        if kind == "event":
            closed.add(case_id)
        elif case_id not in closed:
            known.pop("closed_at", None)
        if judge(case_of(terms, known, at, {})).state is State.BROKEN and not breaches[case_id]:
            breaches[case_id] += 1
    assert (len(breaches), set(breaches.values())) == (15_726, {1})
    assert sum(case_id not in closed for case_id in breaches) == 5_701


def test_due_dates_from_each_types_rule_explain_the_stated_shares(rows):
    spec = CalendarSpec(
        weekly=(*((((510, 1020),),) * 5), (), ()),
        zone=ZONE,
        exceptions={date.fromisoformat(day): () for day in CLOSED_ON},
    )
    calendars = {"city": PreparedCalendar(spec, date(2014, 12, 1), date(2022, 12, 31))}
    by_type = defaultdict(list)
    for row in rows:
        if row["due_at"]:
            by_type[row["type"]].append(_facts(row))
    with (BOSTON / "rules.csv").open() as file:
        rules = list(csv.DictReader(file))
    working = {
        "unit": "working_day", "calendar": "city", "receipt": "next_opening", "cut_off": "17:00",
        "at": "same_time",
    }  # fmt: skip
    running = {"unit": "calendar_day", "at": "same_time"}
    for rule in rules:
        cases = by_type[rule["type"]]
        assert len(cases) == int(rule["cases_with_due"])
        for days, share, way in (
            ("best_business_days", "share_explained_by_business_days", working),
            ("best_calendar_days", "share_explained_by_calendar_days", running),
        ):
            if not rule[days]:
                continue
            terms = parse_guarantee(_by_rule(int(rule[days]), **way))
            near = _near if way is working else partial(_near_in_days, days=int(rule[days]))
            hits = sum(near(_off(terms, facts, calendars)) for facts in cases)
            assert round(hits / len(cases), 4) == float(rule[share]), (rule["type"], days)


def _off(terms, facts, calendars):
    due = case_of(terms, facts, None, calendars).value(terms.deadlines["done_before"])[0]
    return facts["due_at"] - due


def _near(off):
    return abs(off) <= NEAR


def _near_in_days(off, days):
    """The table measured calendar days as floating point, which decides the cases that are off by
    exactly two minutes: in for 1 and 14 days, out for 5, 7, 21 and 45."""
    total = (days * 86_400 + off.total_seconds()) / 86_400
    return abs(total - days) <= 120 / 86_400
