"""A promise published over imported history judges what was imported before it."""

import datetime as dt

import pytest

from promises.catalogue.errors import NoSuchPromise
from promises.flows.decide_proposal import judge_past, publish
from promises.kernel.actors import Role
from promises.kernel.money import Money
from promises.reporting.money import money_figures
from promises.reporting.scorecard import days_without_breach, scorecard
from tests.desk.imports.ground import History
from tests.factories.catalogue import new_version, simple_terms

pytestmark = pytest.mark.usefixtures("as_application")

JOBS = """
SELECT task_name, args ->> 'version_id' AS version_id FROM procrastinate_jobs
WHERE args ->> 'organisation_id' = %(organisation_id)s::text
ORDER BY id
"""
START = dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


def calls(*waits):
    """One visit a minute, each with its wait in minutes."""
    lines = ["id,arrived,started"]
    for n, wait in enumerate(waits):
        arrived = START + n * MINUTE
        lines.append(f"{n},{arrived.isoformat()},{(arrived + wait * MINUTE).isoformat()}")
    return "\n".join(lines)


def publish_from(history, valid_from, **changes):
    with history.made.work(Role.MANAGER) as uow:
        terms = simple_terms(seconds=600)
        version = new_version(uow.now, terms=terms, valid_from=valid_from, **changes)
        return publish(uow, version=version)


def judge(history, version_id):
    with history.made.work(None) as uow:
        return judge_past(uow, version_id=version_id)


def figures(history, promise_id):
    with history.made.work(None) as uow:
        name = {"organisation_id": history.made.id}
        return (
            scorecard(uow.session, **name),
            money_figures(uow.session, **name, currency="EUR"),
            days_without_breach(uow.session, **name, now=START, zone="UTC"),
        )


def test_published_history_is_judged_once_and_announces_nothing():
    history = History()
    history.bring(calls(5, 9, 10, 11, 30))
    made = publish_from(history, START - dt.timedelta(days=1))
    assert made.applied_to_history
    jobs = [tuple(row) for row in history.rows(JOBS)]
    assert ("catalogue.judge_history", str(made.version_id)) in jobs

    assert judge(history, made.version_id) == 5
    assert judge(history, made.version_id) == 0
    card, money, clean = figures(history, made.promise_id)
    assert (card.kept, card.broken, card.broken_imported) == (3, 2, 2)
    assert money.owed.amount == Money(2000, "EUR")
    assert money.issued.count == 0
    assert clean.days == 0
    assert history.one("SELECT count(*)::int AS n FROM messages").n == 0
    assert history.one("SELECT count(*)::int AS n FROM payouts").n == 0


def test_visits_before_the_promise_began_are_left_alone():
    history = History()
    history.bring(calls(5, 30, 30))
    made = publish_from(history, START + 2 * MINUTE)
    assert judge(history, made.version_id) == 1
    card, _, _ = figures(history, made.promise_id)
    assert card.commitments == 1


def test_promise_from_now_on_judges_no_history():
    history = History()
    history.bring(calls(5, 30))
    with history.made.work(Role.MANAGER) as uow:
        publish(uow, version=new_version(uow.now))
    jobs = [row.task_name for row in history.rows(JOBS)]
    assert "catalogue.judge_history" not in jobs
    assert figures(history, None)[0].commitments == 0


def test_breaches_of_an_import_that_was_taken_back_do_not_count_as_the_last():
    history = History()
    made = publish_from(history, START - dt.timedelta(days=1))
    row = history.bring(calls(5, 30))
    card, _, clean = figures(history, made.promise_id)
    assert (card.broken, clean.last_breach_at is not None) == (1, True)
    history.take_back(row.id)
    card, money, clean = figures(history, made.promise_id)
    assert (card.broken, card.excluded) == (0, 2)
    assert (money.owed.count, money.cancelled.count) == (0, 1)
    assert clean.last_breach_at is None


def test_version_of_another_organisation_is_not_judged():
    history, other = History(), History()
    other.bring(calls(30))
    made = publish_from(history, START)
    with pytest.raises(NoSuchPromise):
        judge(other, made.version_id)
    assert figures(other, None)[0].commitments == 0
