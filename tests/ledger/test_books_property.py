"""After any sequence of facts the books equal a slow oracle that knows nothing of SQL."""

import datetime as dt
from collections import Counter, defaultdict
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promises.kernel.ids import new_id
from promises.ledger.actions import Posting, PostingKind, post
from promises.ledger.closing import close_month, next_to_close
from promises.ledger.months import next_month
from promises.ledger.queries import unbalanced_transactions
from promises.ledger.trial_balance import totals, trial_balance
from promises.ledger.vat import UNDECIDED, TaxTreatment, Vat
from tests.flows.ground import World
from tests.profiles import examples

pytestmark = [pytest.mark.usefixtures("as_application"), pytest.mark.slow]

START = dt.datetime(2026, 1, 10, 12, tzinfo=dt.UTC)
VATS = (None, UNDECIDED, Vat(TaxTreatment.DAMAGES), Vat(TaxTreatment.PRICE_REDUCTION, 2550),
        Vat(TaxTreatment.PRICE_REDUCTION, 1350))  # fmt: skip
RAILS = ("stripe_refund", "sepa")
STEPS = st.lists(
    st.tuples(
        st.sampled_from([*PostingKind, "close"]),
        st.integers(0, 3),  # which debt
        st.sampled_from(RAILS),
        st.integers(0, 20),  # days that pass
        st.booleans(),  # told twice
    ),
    min_size=1,
    max_size=14,
)
DEBTS = st.lists(
    st.tuples(st.integers(1, 5000), st.sampled_from(["EUR", "SEK"]), st.sampled_from(VATS)),
    min_size=4, max_size=4,
)  # fmt: skip


class Oracle:
    """The books by hand: a list of lines, and what was said of each fact."""

    DEBIT = {
        "owed": ("cost", "compensation_owed"),
        "cancelled": ("compensation_owed", "cost"),
        "voucher_issued": ("compensation_owed", "vouchers_issued"),
        "voucher_redeemed": ("vouchers_issued", "desk_settlement"),
        "voucher_expired": ("vouchers_issued", "cost"),
        "voucher_exchanged": ("vouchers_issued", "compensation_owed"),
        "payout_sent": ("compensation_owed", "payouts_under_way:"),
        "payout_arrived": ("payouts_under_way:", "money_out:"),
        "payout_failed": ("payouts_under_way:", "compensation_owed"),
        "payout_came_back": ("money_out:", "compensation_owed"),
        "fee_charged": ("bank_fees", "money_out:"),
        "charges_kept": ("bank_fees", "money_out:"),
        "gift_owed": ("goodwill_expense", "goodwill_owed"),
        "gift_cancelled": ("goodwill_owed", "goodwill_expense"),
        "gift_issued": ("goodwill_owed", "vouchers_issued"),
        "gift_expired": ("vouchers_issued", "goodwill_expense"),
    }

    def __init__(self):
        self.lines, self.known, self.split, self.open_from = [], set(), {}, dt.date.min

    def post(self, posting, today):
        kind, key = posting.kind.value, (posting.kind.value, posting.reference_id)
        before = {"payout_failed": "payout_sent", "payout_came_back": "payout_arrived"}.get(kind)
        if key in self.known or (before and (before, posting.reference_id) not in self.known):
            return 0
        self.known.add(key)
        if kind == "owed":
            self.split[posting.reference_id] = posting.vat
        vat = self.split.get(posting.reference_id)
        for sign, name in zip((1, -1), self.DEBIT[kind], strict=True):
            day = max(today, self.open_from)
            for code, minor in self._parts(name, posting, vat):
                if minor:
                    self.lines.append((day, code, posting.currency, sign * minor))
        return 1

    def _parts(self, name, posting, vat):
        if name.endswith(":"):
            return [(name + posting.rail, posting.amount_minor)]
        if name != "cost":
            return [(name, posting.amount_minor)]
        if vat is None or vat.treatment is not TaxTreatment.PRICE_REDUCTION:
            return [("compensation_expense", posting.amount_minor)]
        exact = Fraction(posting.amount_minor * vat.rate_bp, 10_000 + vat.rate_bp)
        part = floor(exact + Fraction(1, 2))
        return [("sales_adjustment", posting.amount_minor - part), ("vat_payable", part)]

    def month(self, month_on):
        found = defaultdict(lambda: [0, 0, 0])
        for day, code, currency, minor in self.lines:
            if day < month_on:
                found[code, currency][0] += minor
            elif day < next_month(month_on):
                found[code, currency][1 if minor > 0 else 2] += abs(minor)
        return {key: tuple(sums) for key, sums in found.items() if any(sums)}


class Books:
    """The real ones, in the same hands."""

    def __init__(self, world):
        self.world, self.now = world, START

    def post(self, postings):
        with self.world.at(self.now), self.world.made.work(None) as uow:
            return post(
                uow.session, organisation_id=self.world.made.id, now=uow.now, postings=postings
            )

    def close(self):
        with self.world.at(self.now), self.world.made.work(None) as uow:
            tenant = {"organisation_id": self.world.made.id}
            month_on = next_to_close(uow.session, **tenant)
            if month_on is None or next_month(month_on) > self.now.date():
                return None
            close_month(
                uow.session, now=uow.now, closed_by=None, month_on=month_on,
                today=self.now.date(), **tenant,
            )  # fmt: skip
            return next_month(month_on)

    def month(self, month_on):
        with self.world.work(None) as uow:
            tenant = {"organisation_id": self.world.made.id}
            assert unbalanced_transactions(uow.session, **tenant) == []
            found = trial_balance(uow.session, month_on=month_on, **tenant)
        for sums in totals(found):
            assert (sums.opening_minor, sums.closing_minor) == (0, 0)
            assert sums.debit_minor == sums.credit_minor
        return {
            (line.account_code, line.currency): (
                line.opening_minor, line.debit_minor, line.credit_minor,
            )
            for line in found
        }  # fmt: skip


@examples(25)
@given(STEPS, DEBTS)
def test_books_equal_a_slow_oracle_after_any_sequence_of_facts(steps, debts):
    books, oracle = Books(World()), Oracle()
    ids = [new_id() for _ in debts]
    months = Counter()
    for kind, which, rail, days, twice in steps:
        books.now += dt.timedelta(days=days)
        months[books.now.date().replace(day=1)] += 1
        if kind == "close":
            opened = books.close()
            oracle.open_from = opened or oracle.open_from
            continue
        amount_minor, currency, vat = debts[which]
        posting = Posting(
            kind, ids[which], amount_minor, currency, rail,
            vat=vat if kind is PostingKind.OWED else None,
        )  # fmt: skip
        told = [posting] * (1 + twice)
        done = books.post(told[:1]) + (books.post(told[1:]) if twice else 0)
        assert done == sum(oracle.post(one, books.now.date()) for one in told)
    for month_on in [*months, next_month(max(months))]:
        assert books.month(month_on) == oracle.month(month_on)
