"""What the rows share: a shop that refunds at the fake, and what must hold after each row."""

from promises.flows.provider_events import handle_events
from promises.kernel.ids import new_id
from promises.kernel.text import translate
from promises.payouts.rails.stripe_refund import refund_maker
from tests.fakes.stripe_events import SECRET
from tests.fakes.stripe_server import TEST_KEY
from tests.parts import check_page
from tests.payouts.ground import Purse

PATIENCE_S = (1.0, 0.3)
CREATE = "POST /v1/refunds"
ROUNDS = 12

ARRIVED = "Back to the card you paid with"
UNDER_WAY = "It is on its way."
ASKING = "We are finding out whether it went through. It is never paid twice."
PERSON = "Somebody here looks at it before it goes on."
SOON = "It is sent in a moment."
WAITS = "It has not gone out yet."
NOT_ARRIVED = "The money did not arrive."
SAYS = {
    "paid": ARRIVED,
    "submitted": UNDER_WAY,
    "unknown": ASKING,
    "needs_review": PERSON,
    "ready": WAITS,
    "failed": NOT_ARRIVED,
    "returned": NOT_ARRIVED,
}
BOOKS = {
    "paid": {"compensation_owed": 1000, "money_out": -1000},
    "submitted": {"compensation_owed": 1000, "payouts_under_way": -1000},
}


class Shop(Purse):
    """Refunds at the fake, which is given up on after 0.3 s."""

    def __init__(self, stripe, *, key=TEST_KEY, **changes):
        self.stripe = stripe
        maker = refund_maker(stripe.url)
        maker.timeout_s = PATIENCE_S
        super().__init__(maker, secrets={"key": key, "webhook_secret": SECRET}, **changes)

    def debt_to(self, *, paid=1000, count=1):
        """Debts of 10.00 to whoever paid so much at Stripe before; their payouts' ids."""
        payments = [f"pi_{new_id().hex}" for _ in range(count)]
        for payment in payments:
            self.stripe.pay(payment, paid)
        return self.owe(count, details=lambda n: {"payment": payments[n]})

    def settle_within_schedule(self, payout_id):
        """Until nothing is left to try, each time as early as it may be tried again."""
        for _ in range(ROUNDS):
            self.settle()
            row = self.payout(payout_id)
            if row.state not in ("ready", "submitting", "unknown"):
                return row
            self.now = max(self.now, row.lease_until or self.now)
        raise AssertionError(f"not settled within {ROUNDS} tries: {row}")

    def creates(self, payout_id):
        """How many requests to refund reached the provider, whatever became of them."""
        key = f"payout-{payout_id}"
        return sum(1 for call in self.stripe.calls(CREATE) if call.key.startswith(key))

    def told(self, client, message):
        """Post a message of Stripe; the answer's status."""
        with self.at(self.now):
            path = f"/o/{self.made.slug}/hooks/stripe"
            return client.post(path, data=message.body, headers=message.headers).status_code

    def message(self, ref, kind="refund.updated", **changes):
        return self.stripe.message(ref, kind, **{"sent_at": self.now} | changes)

    def work_off_messages(self):
        with self.work(None) as uow:
            handled = handle_events(uow)
        self.settle()
        return handled


def check(shop, client, payout_id, state, *, effects, says=None):
    """The state, what stands at the provider, the books, the audit trail and the customer's text,
    in three languages."""
    row = shop.payout(payout_id)
    assert row.state == state
    standing = [one for one in shop.stripe.effects(payout_id) if one.standing]
    assert len(standing) == effects
    if state in ("paid", "submitted"):
        assert [one.ref for one in standing] == [row.provider_ref]
    assert shop.unbalanced() == []
    assert books_of(shop, payout_id) == BOOKS.get(state, {})
    if state not in ("ready", "submitting"):
        assert shop.audited(payout_id)[-1] == state
    assert shop.debt(payout_id).state == ("owed" if state in ("failed", "returned") else "released")
    check_text(shop, client, payout_id, says or SAYS[state])


def books_of(world, payout_id):
    """What the books say of one payout, by account, whatever the rail."""
    found = world.rows(
        "SELECT e.account_code AS code, sum(e.amount_minor)::bigint AS n FROM ledger_entries e"
        " JOIN ledger_transactions t ON t.id = e.transaction_id"
        " AND t.organisation_id = e.organisation_id WHERE t.reference_id = %(p)s"
        " GROUP BY e.account_code",
        p=payout_id,
    )
    return {row.code.partition(":")[0]: row.n for row in found if row.n}


def page_of(world, client, payout_id, lang):
    """The customer's page of the case that this payout pays for."""
    code = world.one(
        "SELECT t.public_code FROM tickets t JOIN compensations c ON c.ticket_id = t.id"
        " JOIN payouts p ON p.compensation_id = c.id WHERE p.id = %(p)s",
        p=payout_id,
    ).public_code
    with world.at(world.now):
        return client.get(f"/o/{world.made.slug}/t/{code}", query_string={"lang": lang})


def check_text(shop, client, payout_id, says):
    for lang in ("en", "fi", "sv"):
        page = check_page(page_of(shop, client, payout_id, lang))
        assert translated(says, lang) in page.text, (lang, says)


def translated(msgid, lang):
    said = translate(lang, msgid)
    assert lang == "en" or said != msgid
    return said
