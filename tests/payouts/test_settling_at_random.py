"""Calls go wrong, workers die, answers come late and providers change their minds, in any order:
never two effects, books that follow, and no move that the states do not allow."""

import datetime as dt

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from promises.compensation.models import Hold
from promises.flows.compensate import hold_unsent
from promises.flows.payout_results import take_in
from promises.payouts.claiming import claim_payouts
from tests.payouts.ground import Crash, Purse, crash_before_recording
from tests.profiles import examples, scaled

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]

PAYOUTS = 2
STEPS = 25
POOL = 40
UNDER_WAY = {"compensation_owed": 1000, "payouts_under_way": -1000}
ARRIVED = {"compensation_owed": 1000, "money_out": -1000}

# Written down apart from the product's own table: in how many steps does not matter.
CAN_BECOME = {
    "ready": "submitting unknown submitted paid failed returned needs_review cancelled",
    "submitting": "ready unknown submitted paid failed returned needs_review cancelled",
    "unknown": "ready submitting submitted paid failed returned needs_review cancelled",
    "submitted": "paid failed returned",
    "paid": "returned",
    "needs_review": "",
    "failed": "",
    "returned": "",
    "cancelled": "",
}
UNSETTLED = ("ready", "submitting", "unknown")
OPEN_DEBT = ("failed", "returned", "cancelled")
WAITS = [
    dt.timedelta(seconds=2),
    dt.timedelta(seconds=10),
    dt.timedelta(seconds=61),
    dt.timedelta(minutes=16),
    dt.timedelta(hours=6),
    dt.timedelta(hours=21),
]
PLANS = """accept pay refuse empty too_many no_access lost_before lost_after broken_before
broken_after slow raise raise_after"""


class Payouts(RuleBasedStateMachine):
    """`purse` and its `pool` of payouts that nobody has begun are set by the test."""

    purse = None
    pool = None
    which = st.integers(0, PAYOUTS - 1)

    def __init__(self):
        super().__init__()
        if len(self.pool) < PAYOUTS:
            self.pool += self.purse.owe(POOL, hold=True)
        self.ids = [self.pool.pop() for _ in range(PAYOUTS)]
        self.purse.free(self.ids)
        self.purse.works_again()
        self.seen = dict.fromkeys(self.ids, "ready")
        self.lost = []
        self.patch = pytest.MonkeyPatch()

    @rule(which=which, plan=st.sampled_from(PLANS.split()))
    def next_call_comes_to(self, which, plan):
        self.purse.provider.plans[self.ids[which]].append(plan)

    @rule(which=which, sight=st.sampled_from(["see", "blind", "no_access", "raise"]))
    def next_look_comes_to(self, which, sight):
        self.purse.provider.sights[self.ids[which]].append(sight)

    @rule()
    def worker_settles(self):
        self.purse.settle()

    @rule()
    def worker_dies_after_its_calls(self):
        with crash_before_recording(self.patch) as lost:
            try:
                self.purse.settle()
            except Crash:
                self.lost += lost

    @rule()
    def worker_dies_before_its_calls(self):
        with self.purse.work(None) as uow:
            claim_payouts(
                uow.session,
                organisation_id=self.purse.made.id,
                now=uow.now,
                rail=self.purse.rail,
                limit=PAYOUTS,
            )

    @precondition(lambda self: self.lost)
    @rule()
    def dead_worker_was_only_slow(self):
        record, outcomes, changed_at = self.lost.pop(0)
        with self.purse.work(None) as uow:
            take_in(uow, record, outcomes, changed_at)

    @rule(wait=st.sampled_from(WAITS))
    def time_passes(self, wait):
        self.purse.now += wait

    @rule(which=which, to=st.sampled_from(["paid", "failed", "returned"]))
    def provider_goes_on(self, which, to):
        for _, effect in self.purse.provider.of(self.ids[which]):
            if effect.state == "accepted" or (effect.state == "paid" and to != "paid"):
                effect.state = to

    @rule()
    def what_is_on_the_wire_arrives(self):
        self.purse.provider.arrive()

    @rule()
    def rail_is_mended(self):
        self.purse.works_again()

    @rule(which=which)
    def debt_is_held(self, which):
        with self.purse.work() as uow:
            compensation_id = self.purse.payout(self.ids[which]).compensation_id
            hold_unsent(uow, [compensation_id], Hold.PRESENCE)

    @invariant()
    def nothing_happened_twice_or_wrongly(self):
        for payout_id in self.ids:
            row = self.purse.payout(payout_id)
            before, self.seen[payout_id] = self.seen[payout_id], row.state
            assert row.state in (before, *CAN_BECOME[before].split()), before
            self.check_effects(row)
            assert self.books(payout_id) == expected_books(row.state), row.state
            debt = self.purse.debt(payout_id)
            assert debt.state == ("owed" if row.state in OPEN_DEBT else "released")

    def check_effects(self, row):
        provider = self.purse.provider
        effects = [effect for _, effect in provider.of(row.id)]
        coming = [one for one in provider.coming.values() if one.payout_id == row.id]
        assert len(effects) + len(coming) <= 1
        if row.state in ("submitted", "paid"):
            assert [ref for ref, _ in provider.of(row.id)] == [row.provider_ref]
        if row.state == "paid":
            assert effects[0].state != "accepted"
        if row.state == "failed":
            assert all(effect.state == "failed" for effect in effects)
        if row.state == "returned":
            assert effects[0].state in ("failed", "returned")
        if row.state == "cancelled" or (row.state == "ready" and row.key_used_at is None):
            assert not effects
            assert not coming

    def books(self, payout_id):
        found = self.purse.rows(
            "SELECT e.account_code AS code, sum(e.amount_minor)::bigint AS n"
            " FROM ledger_transactions t JOIN ledger_entries e ON e.transaction_id = t.id"
            " WHERE t.organisation_id = %(organisation_id)s AND t.reference_id = %(p)s"
            " GROUP BY e.account_code",
            p=payout_id,
        )
        return {row.code.partition(":")[0]: row.n for row in found if row.n}

    def teardown(self):
        """Once everything works, each is settled within its schedule."""
        try:
            self.heal()
            for _ in range(6):
                waiting = self.unsettled()
                if not waiting:
                    break
                leases = [row.lease_until for row in waiting if row.lease_until]
                self.purse.now = max([self.purse.now, *leases])
                self.purse.settle()
            assert self.unsettled() == []
            for payout_id in self.ids:
                for _, effect in self.purse.provider.of(payout_id):
                    effect.state = "paid" if effect.state == "accepted" else effect.state
            self.purse.now += dt.timedelta(days=1)
            self.purse.settle()
            self.nothing_happened_twice_or_wrongly()
            for payout_id in self.ids:
                row = self.purse.payout(payout_id)
                assert row.state != "submitted"
                assert row.state != "needs_review" or row.trouble == "too_old"
            assert self.purse.unbalanced() == []
        finally:
            self.purse.execute(
                "UPDATE payouts SET look_at = NULL WHERE id = ANY(%(ids)s)", self.ids
            )
            self.patch.undo()

    def forget(self):
        statement = "UPDATE payouts SET look_at = NULL WHERE id = ANY(%(ids)s)"
        self.purse.execute(statement, self.ids)

    def heal(self):
        provider = self.purse.provider
        for payout_id in self.ids:
            provider.plans[payout_id].clear()
            provider.sights[payout_id].clear()
        provider.arrive()
        self.purse.works_again()

    def unsettled(self):
        found = self.purse.rows("SELECT * FROM payouts WHERE id = ANY(%(ids)s)", ids=self.ids)
        return [row for row in found if row.state in UNSETTLED]


def expected_books(state):
    return {"submitted": UNDER_WAY, "paid": ARRIVED}.get(state, {})


def test_payouts_at_random(as_application):
    Payouts.purse = Purse()
    Payouts.pool = Payouts.purse.owe(POOL, hold=True)
    run = Payouts.TestCase
    run.settings = examples(40)
    run.settings = type(run.settings)(run.settings, stateful_step_count=STEPS)
    assert scaled(40) >= 5
    run("runTest").runTest()
