"""One promise, one answer: the chain on live tickets, NumPy on columns, the engine in bulk."""

import datetime as dt
import random
from decimal import Decimal

import pytest

from promises.desk.models import TicketKind
from promises.identity.actions import known_customer
from promises.reporting.backtests import Span, backtest
from promises.reporting.backtests.answers import settle
from promises.reporting.backtests.tickets import load_tickets
from promises.rules.terms import parse_terms
from tests.flows.guarantees import (
    ANSWERED_IN_TWO_DAYS,
    CALLED_BY_PROMISED_DATE,
    GROWING_BY_THE_DAY,
    MISSED_APPOINTMENT,
    TOLD_EVERY_WEEK,
    GeneralWorld,
    general,
)
from tests.reporting.backtests.general_ground import GeneralBank
from tests.reporting.backtests.ground import FIRST, LAST, NOW, random_terms, random_ticket, told
from tests.rules.guarantee.as_guarantee import as_guarantee

pytestmark = pytest.mark.usefixtures("as_application")

CAPPED_BY_THE_YEAR = general(
    facts={"arrived_at": "instant", "answered_at": "instant"},
    deadlines={"by": {"from": "arrived_at", "add": 1, "unit": "day"}},
    broken_when={"late": {"event": "answered_at", "deadline": "by"}},
    steps=[{"window_cap": {"most": 1700, "dated": "arrived_at", "window": {"every": "year"}}}],
)
_STORED = """
SELECT c.ticket_id, c.occurrence, c.state, m.amount_minor
FROM commitments c
LEFT JOIN breaches b ON b.organisation_id = c.organisation_id AND b.commitment_id = c.id
LEFT JOIN compensations m ON m.organisation_id = b.organisation_id AND m.breach_id = b.id
WHERE c.organisation_id = %(organisation_id)s AND c.version_id = %(version_id)s
"""


def stored(world, number):
    found = world.rows(_STORED, version_id=world.published[number].version_id)
    return {(row.ticket_id, row.occurrence): (row.state, row.amount_minor or 0) for row in found}


def in_bulk(world, document, span):
    terms = parse_terms(document)
    with world.work(None) as uow:
        found = load_tickets(
            uow.session, organisation_id=world.made.id, terms=terms, span=span, now=world.now,
            most=1_000,
        )  # fmt: skip
    return {
        (found.tickets[one.place].ticket_id, one.number): (
            one.state.value,
            (one.amount_minor or 0) if one.state == "broken" else 0,
        )
        for one in settle(terms, found.tickets, world.now)
    }


def test_live_tickets_are_judged_in_bulk_as_the_chain_stored_them():
    documents = (
        ANSWERED_IN_TWO_DAYS, TOLD_EVERY_WEEK, GROWING_BY_THE_DAY, MISSED_APPOINTMENT,
        CALLED_BY_PROMISED_DATE, CAPPED_BY_THE_YEAR,
    )  # fmt: skip
    chance = random.Random(8)
    world = GeneralWorld(*documents)
    with world.work() as uow:
        person = known_customer(
            uow.session, organisation_id=world.made.id, reference="A-1", now=uow.now
        )
    open_tickets = []
    for _ in range(18):
        kind = chance.choice((TicketKind.COMPLAINT, TicketKind.COMPLAINT, TicketKind.REQUEST,
                              TicketKind.CALLBACK))  # fmt: skip
        who = {"customer_id": person} if chance.random() < 0.5 else {}
        open_tickets.append((world.open(kind, **who), kind))
        world.later(hours=chance.randrange(1, 40)).staff_act()
        world.sweep_all()
        ticket_id, kind = chance.choice(open_tickets)
        if kind is TicketKind.REQUEST:
            world.say(ticket_id, "told", attributes={"missed": chance.random() < 0.7})
        elif kind is TicketKind.CALLBACK:
            world.say(ticket_id, "promised", promised_at=world.now + dt.timedelta(days=1))
        elif chance.random() < 0.5:
            world.log(ticket_id, "answered")
            open_tickets.remove((ticket_id, kind))
        else:
            world.log(ticket_id, "told")
    for _ in range(14):
        world.later(days=1).staff_act()
        world.sweep_all()
    span = Span(world.now.date() - dt.timedelta(days=90), world.now.date())
    seen = set()
    for number, document in enumerate(documents):
        ours, theirs = in_bulk(world, document, span), stored(world, number)
        assert ours == theirs
        assert len(ours) > 1
        seen |= {state for state, _ in ours.values()}
    assert seen == {"kept", "broken", "open"}
    capped = sum(amount for _, amount in stored(world, 5).values())
    assert capped < 1000 * sum(state == "broken" for state, _ in stored(world, 5).values())


# ---- the short form said in the general language


@pytest.fixture(scope="module")
def bank(bare_apps):
    chance = random.Random(12)
    with bare_apps[0].app_context():
        made = GeneralBank()
        people = made.people(3)
        tickets = [random_ticket(chance, made.made, people=people) for _ in range(300)]
        measured = [
            one | {"attributes": one["waited_us"] and {"waited_us": one["waited_us"]}}
            for one in tickets
        ]
        made.add_told(measured)
        yield made


def run(bank, terms, limits):
    with bank.work() as uow:
        return backtest(
            uow.session, organisation_id=bank.id, now=NOW, terms=terms, span=Span(FIRST, LAST),
            limits=limits,
        )  # fmt: skip


def without_excluded(counts):
    kept, broken, _, still, owed, cost = told(counts)
    return kept, broken, still, owed, cost


@pytest.mark.parametrize("seed", range(15))
def test_promise_of_the_short_form_gives_the_same_backtest_in_the_general_one(bank, seed):
    chance = random.Random(seed)
    caps = chance.choice(({}, {}, {"per_case_minor": 700}))
    short = random_terms(chance, bank.made, caps=caps)
    general_form = parse_terms(as_guarantee(short))
    points = sorted(chance.sample(range(1, 2_000), 4))
    columns, engine = run(bank, short, points), run(bank, general_form, ())
    assert (engine.first_on, engine.last_on, engine.left_out) == (
        columns.first_on, columns.last_on, 0,
    )  # fmt: skip
    assert without_excluded(engine.counts) == without_excluded(columns.counts)
    assert (engine.interval is None) == (columns.interval is None)
    assert engine.monthly.breaches == columns.monthly.breaches
    assert engine.monthly.cost == columns.monthly.cost
    by_branch = {one.branch_id: without_excluded(one.counts) for one in columns.by_branch}
    for one in engine.by_branch:
        assert without_excluded(one.counts) == by_branch[one.branch_id]
    by_hour = {(one.weekday, one.hour): one.counts for one in columns.by_weekday_hour}
    for one in engine.by_weekday_hour:
        assert without_excluded(one.counts) == without_excluded(by_hour[one.weekday, one.hour])
    if columns.interval is not None:
        # days on which nobody but the excluded came are drawn by one form alone
        assert abs(engine.interval.low - columns.interval.low) < Decimal("0.05")
