"""What is kept in memory follows the database: every change is seen, unchanged days stay."""

import datetime as dt
import random
import threading

import pytest
from sqlalchemy import text

from promises.db.session import inject_clock
from promises.desk.facts import load_cases
from promises.desk.models import EventKind
from promises.kernel.actors import Role
from promises.reporting.backtests import Span, backtest
from promises.reporting.backtests.columns import day_number
from promises.reporting.backtests.resident import RESIDENT, Resident
from promises.rules.judge import judge_committed
from promises.rules.verdicts import State
from tests.desk.imports.ground import History
from tests.factories.catalogue import simple_terms
from tests.flows.ground import NOON, World
from tests.reporting.backtests import ground
from tests.reporting.backtests.ground import FIRST, LAST, NOW, Bank, random_ticket, recount, told

pytestmark = pytest.mark.usefixtures("as_application")

ALL = Span(dt.date(2026, 1, 1), dt.date(2026, 4, 30))


def run(bank, terms, *, span=ALL, now=NOW, resident=RESIDENT):
    with bank.made.work(Role.MANAGER) as uow:
        return backtest(
            uow.session, organisation_id=bank.made.id, now=now, terms=terms, span=span,
            limits=(), resident=resident,
        )  # fmt: skip


def blocks_of(bank, resident):
    return {
        part: block for (owner, part), block in resident._blocks.items() if owner == bank.made.id
    }


@pytest.fixture
def bank():
    chance = random.Random(9)
    made = Bank()
    made.add([random_ticket(chance, made.made) for _ in range(300)])
    return made


def test_new_tickets_are_seen_at_once_and_other_months_are_not_read_again(bank):
    resident, chance, terms = Resident(), random.Random(10), simple_terms(seconds=300)
    assert told(run(bank, terms, resident=resident).counts) == recount(terms, bank.rows()).counts
    before = blocks_of(bank, resident)
    late = [one for one in (random_ticket(chance, bank.made) for _ in range(200))
            if one["day_on"].month == 3]  # fmt: skip
    assert len(late) > 20
    bank.add(late)
    assert told(run(bank, terms, resident=resident).counts) == recount(terms, bank.rows()).counts
    after = blocks_of(bank, resident)
    march = 2026 * 12 + 2
    assert {part for part in before if before[part] is not after[part]} == {march}
    assert len(after[march]) > len(before[march])


def test_what_a_transaction_that_was_open_meanwhile_wrote_is_seen_after_its_commit(
    bank, as_application
):
    resident, chance, terms = Resident(), random.Random(11), simple_terms(seconds=300)
    written, go_on = threading.Event(), threading.Event()
    ticket = random_ticket(chance, bank.made) | {"kind": "visit", "arrived_at": NOW, "day_on": LAST,
                                                 "state": "waiting"}  # fmt: skip

    def slow():
        with as_application.app_context(), bank.made.work(None) as uow:
            row = ground.Ticket(
                organisation_id=bank.id, id=ground.new_id(), source="desk", number=99_999,
                public_code=ground.new_token(), **ticket,
            )  # fmt: skip
            uow.session.add(row)
            uow.session.flush()
            uow.session.add(ground._arrival(row, uow.now))
            uow.session.flush()
            written.set()
            go_on.wait(120)

    writer = threading.Thread(target=slow)
    writer.start()
    assert written.wait(120)
    before = run(bank, terms, resident=resident).counts
    bank.add([random_ticket(chance, bank.made)])  # later, and committed earlier
    run(bank, terms, resident=resident)
    go_on.set()
    writer.join()
    after = run(bank, terms, resident=resident).counts
    assert told(after) == recount(terms, bank.rows()).counts
    assert after.cases > before.cases


def test_live_tickets_are_judged_as_the_engine_judges_their_events():
    world = World(service_start="tap")
    resident, terms = Resident(), simple_terms(seconds=600)
    called = simple_terms(seconds=600, to="called")
    span = Span(NOON.date(), NOON.date())
    other = world.made.kind_ids[1]

    def check():
        for version in (terms, called, simple_terms(service_kinds=[other])):
            with world.work(Role.MANAGER) as uow:
                found = backtest(
                    uow.session, organisation_id=world.made.id, now=world.now, terms=version,
                    span=span, limits=(), resident=resident,
                )  # fmt: skip
                ids = [row.id for row in world.rows("SELECT id FROM tickets")]
                cases = load_cases(uow.session, organisation_id=world.made.id, ticket_ids=ids)
            scope = version.scope.service_kinds
            verdicts = [
                judge_committed(version, case.facts, world.now).state
                for case in cases.values()
                if scope is None or case.service_kind_id in scope
            ]
            assert (found.kept, found.broken, found.excluded, found.open) == tuple(
                verdicts.count(state)
                for state in (State.KEPT, State.BROKEN, State.EXCLUDED, State.OPEN)
            )

    first = world.take()
    check()
    second = world.take()
    world.later(minutes=4)
    world.call()
    check()
    world.log(first.ticket_id, EventKind.SERVICE_STARTED)
    world.later(minutes=8)
    check()
    world.log(second.ticket_id, EventKind.LEFT)
    third = world.take()
    world.log(first.ticket_id, EventKind.TRANSFERRED, service_kind_id=other)
    check()
    world.log(third.ticket_id, EventKind.TRANSFERRED, service_kind_id=other)
    world.later(minutes=1)
    world.call()
    check()
    world.later(minutes=30)
    check()


def test_import_is_seen_and_is_gone_when_it_was_taken_back():
    history = History()
    terms, span = simple_terms(), Span(dt.date(2025, 1, 1), dt.date(2025, 1, 31))
    content = "id,arrived,started\n" + "".join(
        f"r{n},2025-01-07T09:{n:02d}:00+02:00,2025-01-07T09:{n + 14 + n % 3:02d}:00+02:00\n"
        for n in range(40)
    )
    assert run(history, terms, span=span).counts.cases == 0
    with inject_clock(lambda: NOW):  # its events claim another time than the clock of the ids
        row = history.bring(content)
    found = run(history, terms, span=span)
    assert (found.kept, found.broken) == (27, 13)
    alone = run(history, terms, span=Span(import_id=row.id))
    assert (alone.counts, alone.days) == (found.counts, 1)
    history.take_back(row.id)
    assert run(history, terms, span=span).counts.cases == 0
    assert run(history, terms, span=Span(import_id=row.id)).counts.cases == 0


def test_memory_stays_within_its_budget_and_answers_stay_right(bank):
    terms = simple_terms(seconds=300)
    whole = Resident()
    run(bank, terms, resident=whole)
    small = Resident(budget_bytes=whole.nbytes * 2 // 3)
    for _ in range(2):
        found = run(bank, terms, resident=small)
        assert told(found.counts) == recount(terms, bank.rows()).counts
        assert 0 < small.nbytes <= whole.nbytes * 2 // 3
    capped = simple_terms(seconds=300, caps={"per_device_day": 1})
    run(bank, capped, resident=whole)
    assert all(block.customer is not None for block in blocks_of(bank, whole).values())


def test_branch_that_changes_its_clock_is_read_anew(bank):
    resident, terms = Resident(), simple_terms(seconds=300)
    before = run(bank, terms, resident=resident)
    with bank.made.work(None) as uow:
        uow.session.execute(
            text("UPDATE branches SET time_zone = 'Europe/Lisbon' WHERE organisation_id = :o"),
            {"o": bank.id},
        )
    after = run(bank, terms, resident=resident)
    assert told(after.counts) == told(before.counts)
    assert [one.hour for one in after.by_weekday_hour] != [
        one.hour for one in before.by_weekday_hour
    ]


def test_organisations_do_not_see_each_other(bank):
    other = Bank()
    other.add([random_ticket(random.Random(1), other.made) for _ in range(20)])
    terms = simple_terms()
    resident = Resident()
    for one in (bank, other, bank):
        found = run(one, terms, resident=resident)
        assert told(found.counts) == recount(terms, one.rows()).counts


def test_days_are_numbered_from_1970():
    assert day_number(dt.date(1970, 1, 2)) == 1
    assert day_number(FIRST) == (FIRST - dt.date(1970, 1, 1)).days
