"""A month is closed while many people post: nothing is lost, nothing gets in behind it."""

import datetime as dt
import threading

import pytest

from promises.db.session import unit_of_work
from promises.db.sql import one, rows
from promises.kernel.actors import SYSTEM
from promises.kernel.ids import new_id
from promises.ledger.actions import Posting, PostingKind, post
from promises.ledger.closing import close_month
from promises.ledger.errors import MonthNotNext
from promises.ledger.trial_balance import added_up, kept_balance
from tests.flows.ground import World
from tests.races.crowd import crowd

pytestmark = pytest.mark.no_cover

PEOPLE, EACH = 10, 25
MARCH, APRIL = dt.date(2026, 3, 1), dt.date(2026, 4, 1)
LATE = dt.datetime(2026, 3, 31, 20, 59, 59, tzinfo=dt.UTC)  # a second to midnight in Helsinki


def test_closing_neither_loses_an_entry_nor_lets_one_in(database, as_application):
    world = World()
    amounts = [[] for _ in range(PEOPLE)]
    posted, shut = threading.Semaphore(0), threading.Event()

    def post_all(number):
        for count in range(EACH):
            if count == EACH - 1:  # so that somebody posts behind it, however it goes
                shut.wait(120)
            with unit_of_work(world.made.id, SYSTEM) as uow:
                amount = number * 1000 + count + 1
                post(
                    uow.session, organisation_id=world.made.id, now=LATE,
                    postings=[Posting(PostingKind.OWED, new_id(), amount, "EUR")],
                )  # fmt: skip
            amounts[number].append(amount)
            posted.release()

    def close():
        for _ in range(PEOPLE * EACH // 3):
            posted.acquire(timeout=120)
        with unit_of_work(world.made.id, SYSTEM) as uow:
            return close_month(
                uow.session, organisation_id=world.made.id, now=uow.now, closed_by=None,
                month_on=MARCH, today=APRIL,
            )  # fmt: skip

    def act(number):
        if number < PEOPLE:
            return post_all(number)
        closed = close()
        shut.set()
        return closed

    with crowd(database.app_url, PEOPLE + 2) as people:
        answers = people.at_once(act)
    assert not [one for one in answers[:PEOPLE] if one is not None], answers
    refused = [one for one in answers[PEOPLE:] if isinstance(one, Exception)]
    (closed,) = [one for one in answers[PEOPLE:] if not isinstance(one, Exception)]
    assert [type(one) for one in refused] == [MonthNotNext]
    assert_closed(world, closed, sum(sum(own) for own in amounts))


def assert_closed(world, closed, amount):
    """Each entry is in the closed month or in the next one, and the closed one adds up."""
    with world.work(None) as uow:
        tenant = {"organisation_id": world.made.id}
        found = rows(
            uow.session, "SELECT posted_on, count(*) AS n FROM ledger_transactions GROUP BY 1"
        )
        by_day = {row.posted_on: row.n for row in found}
        total = one(
            uow.session, "SELECT sum(amount_minor)::bigint AS n FROM ledger_entries"
            " WHERE account_code = 'compensation_expense'",
        ).n  # fmt: skip
        kept = kept_balance(uow.session, month_on=MARCH, **tenant)
        again = added_up(uow.session, month_on=MARCH, **tenant)
    assert sum(by_day.values()) == PEOPLE * EACH
    assert total == amount
    assert set(by_day) <= {dt.date(2026, 3, 31), APRIL}
    assert by_day.get(dt.date(2026, 3, 31), 0) == closed.transactions > 0
    assert by_day.get(APRIL, 0) > 0
    assert kept == again
