"""Promises that come due again and again."""

from promises.rules.guarantee.facts import read_facts, read_instant
from promises.rules.guarantee.recurrence import occurrences
from promises.rules.guarantee.trial import parse_guarantee
from promises.rules.states import State

WEEKLY = {
    "format": 2,
    "currency": "EUR",
    "time_zone": "Europe/Helsinki",
    "facts": {"received_at": "instant", "closed_at": "instant", "messages": "instants"},
    "recurring": {"from": "received_at", "word": "messages", "ends": "closed_at"},
    "deadlines": {"tell_before": {"from": "period_start", "add": 7, "unit": "calendar_day"}},
    "broken_when": {"late": {"event": "word_at", "deadline": "tell_before"}},
    "amount": 500,
}
FRIDAY = "2026-03-06T10:00:00+02:00"


def _told(now, **facts):
    terms = parse_guarantee(WEEKLY)
    known = read_facts(terms.facts, {"received_at": FRIDAY, **facts}, terms.time_zone)
    return list(occurrences(terms, known, read_instant(now), {}))


def _states(found):
    return [one.result.state for one in found]


def test_silence_breaks_every_friday_also_over_the_change_of_clocks():
    found = _told("2026-04-10T12:00:00+03:00")
    assert _states(found) == [State.BROKEN] * 4 + [State.OPEN]
    assert [one.result.broken_at for one in found] == [
        read_instant(f"{day}T00:00:00{offset}")
        for day, offset in (
            ("2026-03-14", "+02:00"),
            ("2026-03-21", "+02:00"),
            ("2026-03-28", "+02:00"),
            ("2026-04-04", "+03:00"),
            ("2026-04-11", "+03:00"),
        )
    ]


def test_word_in_time_begins_the_next_week():
    found = _told("2026-03-18T09:00:00+02:00", messages=["2026-03-11T09:00:00+02:00"])
    assert _states(found) == [State.KEPT, State.OPEN]
    assert found[1].started_at == read_instant("2026-03-11T09:00:00+02:00")
    assert found[1].result.broken_at == read_instant("2026-03-19T00:00:00+02:00")


def test_late_word_keeps_the_week_in_which_it_came():
    found = _told("2026-03-17T09:00:00+02:00", messages=["2026-03-16T09:00:00+02:00"])
    assert _states(found) == [State.BROKEN, State.KEPT, State.OPEN]


def test_end_is_word_enough_and_begins_nothing():
    found = _told("2026-06-01T09:00:00+03:00", closed_at="2026-03-10T09:00:00+02:00")
    assert _states(found) == [State.KEPT]


def test_nothing_begins_before_its_beginning():
    assert _told("2026-03-01T09:00:00+02:00") == []
