"""Messages of Stripe at the address that anybody may call, as they come and as somebody forges
them: the truth is what a look finds, whatever a message says."""

import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from promises.flows.provider_events import forget_events, handle_events
from promises.kernel.ids import new_id
from promises.payouts.inbox import KEPT
from promises.payouts.rails.stripe_refund import refund_maker
from tests.fakes.stripe_events import SECRET, signed
from tests.fakes.stripe_server import TEST_KEY, FakeStripe
from tests.payouts.ground import Purse

pytestmark = pytest.mark.usefixtures("as_application")


@pytest.fixture(scope="module")
def stripe():
    with FakeStripe() as fake:
        yield fake


class Shop(Purse):
    """An organisation that refunds at the fake, and one payout of it that is under way."""

    def __init__(self, stripe, secret=SECRET):
        self.stripe = stripe
        super().__init__(
            refund_maker(stripe.url), secrets={"key": TEST_KEY, "webhook_secret": secret}
        )

    def send(self, status="pending"):
        """A payout that went out; its id and the refund's."""
        payment = f"pi_{new_id().hex}"
        self.stripe.pay(payment, 1000)
        (payout_id,) = self.owe(details=lambda _: {"payment": payment})
        if status != "succeeded":
            self.stripe.fail_next(status)
        self.settle()
        return payout_id, self.payout(payout_id).provider_ref

    def message(self, ref, kind="refund.updated", **changes):
        return self.stripe.message(ref, kind, **{"sent_at": self.now} | changes)

    def post(self, client, message, slug=None):
        path = f"/o/{slug or self.made.slug}/hooks/stripe"
        with self.at(self.now):
            return client.post(path, data=message.body, headers=message.headers)

    def work_off(self):
        """What the worker does about messages."""
        with self.work(None) as uow:
            handle_events(uow)
        self.settle()

    def events(self):
        return self.rows("SELECT * FROM provider_events ORDER BY received_at, id")

    def look(self):
        """All that a message may never change by itself."""
        return (
            self.rows("SELECT id, state, provider_ref, trouble FROM payouts ORDER BY id"),
            self.balances(),
            self.compensations(),
        )


@pytest.fixture(scope="module")
def shop(stripe, bare_apps):
    with bare_apps[0].app_context():
        return Shop(stripe)


@pytest.fixture(scope="module")
def sent(shop, bare_apps):
    """One payout that stays under way through all that is forged."""
    with bare_apps[0].app_context():
        return shop.send()


def test_message_makes_the_payout_be_looked_at_and_is_stored_once(client, shop, stripe):
    payout_id, ref = shop.send()
    assert shop.payout(payout_id).state == "submitted"
    stripe.turn(ref, "succeeded")
    message = shop.message(ref)
    assert [shop.post(client, message).status_code for _ in range(2)] == [200, 200]
    assert shop.payout(payout_id).state == "submitted"
    shop.work_off()
    assert shop.payout(payout_id).state == "paid"
    (event,) = [one for one in shop.events() if one.object_ref == ref]
    assert (event.state, event.payout_id, event.live) == ("applied", payout_id, False)
    jobs = shop.rows(
        "SELECT id FROM procrastinate_jobs WHERE task_name = 'payouts.handle_events'"
        " AND args ->> 'organisation_id' = %(organisation_id)s::text"
    )
    assert jobs


def test_late_failure_reopens_the_debt_and_a_stale_success_changes_nothing(client, shop, stripe):
    payout_id, ref = shop.send("succeeded")
    shop.settle()
    stripe.turn(ref, "succeeded")
    shop.post(client, shop.message(ref))
    shop.work_off()
    assert shop.payout(payout_id).state == "paid"
    stripe.turn(ref, "failed", "expired_or_canceled_card")
    shop.post(client, shop.message(ref, "refund.failed"))
    shop.work_off()
    assert (shop.payout(payout_id).state, shop.payout(payout_id).trouble) == (
        "returned", "card_gone",
    )  # fmt: skip
    before = shop.look()
    stale = shop.message(ref, status="succeeded", failure_reason=None)
    assert shop.post(client, stale).status_code == 200
    shop.work_off()
    assert shop.look() == before
    assert shop.unbalanced() == []


def test_message_that_overtakes_the_answer_waits_for_it(client, shop, stripe):
    stripe.pay("pi_overtaken", 1000)
    (payout_id,) = shop.owe(details=lambda _: {"payment": "pi_overtaken"})
    stripe.fail_next("drop_after")
    shop.settle()
    (effect,) = stripe.effects(payout_id)
    shop.rows("UPDATE payouts SET state = 'submitting' WHERE id = %(p)s RETURNING id", p=payout_id)
    assert shop.post(client, shop.message(effect.ref)).status_code == 200
    with shop.work(None) as uow:
        handle_events(uow)
    (event,) = [one for one in shop.events() if one.object_ref == effect.ref]
    assert event.state == "new"
    shop.rows("UPDATE payouts SET state = 'unknown' WHERE id = %(p)s RETURNING id", p=payout_id)
    shop.work_off()
    assert shop.payout(payout_id).state == "paid"
    assert len(stripe.effects(payout_id)) == 1


def test_fifty_copies_at_once_are_one(client, app, shop, sent):
    message = shop.message(sent[1])

    def deliver(_):
        return shop.post(app.test_client(), message).status_code

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(deliver, range(50)))
    assert answers == [200] * 50
    assert len([one for one in shop.events() if one.event_id == message.event_id]) == 1


def _altered(shop, message):
    return type(message)(message.body.replace(b"{", b"{ ", 1), message.headers)


def _without_header(shop, message):
    return type(message)(message.body, {"Content-Type": "application/json"})


def _old_scheme(shop, message):
    header = message.headers["Stripe-Signature"].replace("v1=", "v0=")
    return type(message)(message.body, {"Stripe-Signature": header})


def _unreadable(shop, message):
    return type(message)(message.body + b"\xff\xfe", message.headers)


def _signed_anew(body, **changes):
    def make(shop, message):
        return signed(body, **{"sent_at": shop.now} | changes)

    return make


def _shifted(**span):
    def make(shop, message):
        return signed(message.body, sent_at=shop.now + dt.timedelta(**span))

    return make


FORGED = {
    "forged": lambda shop, m: signed(m.body, secret="whsec_other", sent_at=shop.now),
    "altered": _altered,
    "old": _shifted(minutes=-6),
    "from the future": _shifted(minutes=6),
    "no header": _without_header,
    "signed the old way": _old_scheme,
    "not UTF-8": _unreadable,
    "not JSON": _signed_anew(b"refund failed"),
    "a list": _signed_anew([1, 2]),
    "about nothing": _signed_anew({"id": "evt_1", "object": "event", "type": "refund.failed"}),
    "empty": _signed_anew(b""),
}


@pytest.mark.parametrize("kind", FORGED)
def test_what_is_not_genuine_is_refused_and_leaves_nothing(client, shop, sent, kind):
    shop.work_off()
    before = shop.look(), shop.events(), shop.incidents()
    message = FORGED[kind](shop, shop.message(sent[1], "refund.failed", status="failed"))
    assert shop.post(client, message).status_code == 400
    shop.work_off()
    assert (shop.look(), shop.events(), shop.incidents()) == before


def test_another_organisations_secret_opens_nothing_here(client, shop, sent, stripe):
    other = Shop(stripe, secret="whsec_theirs")
    theirs = stripe.message(sent[1], "refund.failed", secret="whsec_theirs", sent_at=shop.now)
    assert shop.post(client, theirs).status_code == 400
    before = shop.look()
    assert other.post(client, stripe.message(
        sent[1], "refund.failed", secret="whsec_theirs", sent_at=other.now
    )).status_code == 200  # fmt: skip
    other.work_off()
    (event,), (incident,) = other.events(), other.incidents()
    assert (event.state, incident.kind) == ("parked", "unknown_event")
    shop.work_off()
    assert shop.look() == before


def test_organisation_without_a_secret_takes_nothing(client, shop, sent, stripe):
    bare = Purse(refund_maker(stripe.url), secrets={"key": TEST_KEY})
    message = stripe.message(sent[1], "refund.updated", secret="", sent_at=shop.now)
    with bare.at(bare.now):
        answer = client.post(
            f"/o/{bare.made.slug}/hooks/stripe", data=message.body, headers=message.headers
        )
    assert answer.status_code == 400
    assert bare.rows("SELECT * FROM provider_events") == []


def test_failure_that_is_not_true_changes_nothing(client, shop, sent):
    before = shop.look()
    message = shop.message(sent[1], "refund.failed", status="failed", failure_reason="declined")
    assert shop.post(client, message).status_code == 200
    shop.work_off()
    assert shop.look() == before


def _event(**changes):
    event = {
        "id": f"evt_{new_id().hex}", "object": "event", "type": "refund.updated",
        "livemode": False, "data": {"object": {"id": "re_nobody", "metadata": {}}},
    }  # fmt: skip
    return event | changes


def _unknown(payout_id):
    return _event(data={"object": {"id": "re_lost", "metadata": {"payout_id": str(payout_id)}}})


def test_message_of_the_other_mode_is_parked_with_an_incident(client, shop, sent):
    before = shop.look()
    body = json.loads(shop.message(sent[1]).body) | {"livemode": True, "id": "evt_live"}
    assert shop.post(client, signed(body, sent_at=shop.now)).status_code == 200
    shop.work_off()
    assert shop.look() == before
    assert [one.state for one in shop.events() if one.event_id == "evt_live"] == ["parked"]
    assert [one.kind for one in shop.incidents() if one.ref == "evt_live"] == ["wrong_mode"]


def test_payout_that_nobody_knows_is_parked_with_an_incident(client, shop):
    before = shop.look()
    assert shop.post(client, signed(_unknown(new_id()), sent_at=shop.now)).status_code == 200
    shop.work_off()
    assert shop.look() == before
    assert [one.state for one in shop.events() if one.object_ref == "re_lost"] == ["parked"]
    (incident,) = [one for one in shop.incidents() if one.ref == "re_lost"]
    assert (incident.kind, incident.closed_at) == ("unknown_event", None)


def test_refunds_made_elsewhere_share_one_incident_once_no_answer_can_name_them(client, shop):
    bodies = [_event(), _event()]
    for body in bodies:
        assert shop.post(client, signed(body, sent_at=shop.now)).status_code == 200
    shop.work_off()
    mine = {body["id"] for body in bodies}
    assert {one.state for one in shop.events() if one.event_id in mine} == {"new"}
    shop.later(minutes=3)
    shop.work_off()
    assert {one.state for one in shop.events() if one.event_id in mine} == {"parked"}
    assert [one.kind for one in shop.incidents() if one.ref == "others"] == ["unknown_event"]


def test_thin_message_about_what_nobody_knows_changes_nothing(client, shop):
    before = shop.look()
    body = {
        "id": "evt_thin", "object": "v2.core.event", "livemode": False,
        "type": "v2.money_management.outbound_payment.posted",
        "related_object": {"id": "obp_1", "type": "v2.money_management.outbound_payment"},
    }  # fmt: skip
    assert shop.post(client, signed(body, sent_at=shop.now)).status_code == 200
    shop.later(minutes=3)
    shop.work_off()
    assert shop.look() == before
    assert [one.state for one in shop.events() if one.event_id == "evt_thin"] == ["parked"]


def test_other_kinds_are_kept_and_ignored(client, shop):
    body = _event(type="customer.created")
    assert shop.post(client, signed(body, sent_at=shop.now)).status_code == 200
    assert [one.state for one in shop.events() if one.event_id == body["id"]] == ["ignored"]


def test_former_secret_counts_for_some_days_after_it_was_replaced(client, shop):
    shop.save(secrets={"webhook_secret": "whsec_new"})
    body = _event(type="customer.created")
    assert shop.post(client, signed(body, sent_at=shop.now)).status_code == 200
    new = _event(type="customer.created")
    assert shop.post(
        client, signed(new, secret="whsec_new", sent_at=shop.now)
    ).status_code == 200  # fmt: skip
    shop.later(days=4)
    late = signed(_event(type="customer.created"), sent_at=shop.now)
    assert shop.post(client, late).status_code == 400
    shop.save(secrets={"webhook_secret": SECRET})


def test_large_messages_and_many_refusals_are_turned_away(client, shop):
    large = signed({"id": "evt_large", "filler": "x" * 300_000}, sent_at=shop.now)
    assert shop.post(client, large).status_code == 413
    bad = signed(_event(), secret="whsec_bad", sent_at=shop.now)
    answers = [shop.post(client, bad).status_code for _ in range(61)]
    assert answers[-1] == 429
    assert set(answers) <= {400, 429}
    assert shop.post(client, signed(_event(), sent_at=shop.now)).status_code == 200


def forget(shop):
    with shop.work(None) as uow:
        return forget_events(uow)


def stored(shop, message):
    return len([one for one in shop.events() if one.event_id == message.event_id])


def looks_at(shop, ref):
    return len([one for one in shop.stripe.calls("GET /v1/refunds") if one.what.endswith(ref)])


def test_message_that_nobody_has_looked_into_is_kept_however_old(shop, client):
    told = shop.message(shop.send()[1])
    assert shop.post(client, told).status_code == 200
    shop.now += 2 * KEPT
    forget(shop)
    assert stored(shop, told) == 1
    shop.work_off()
    assert forget(shop) > 0 and stored(shop, told) == 0


def test_messages_are_forgotten_and_a_late_duplicate_of_one_only_makes_us_look(shop, client):
    payout_id, ref = shop.send()
    shop.stripe.turn(ref, "succeeded")
    told = shop.message(ref, "refund.failed", status="failed")
    assert shop.post(client, told).status_code == 200
    shop.work_off()
    assert shop.payout(payout_id).state == "paid"
    shop.now += KEPT - dt.timedelta(minutes=1)
    forget(shop)
    assert stored(shop, told) == 1
    shop.now += dt.timedelta(minutes=1)
    assert forget(shop) > 0 and stored(shop, told) == 0
    shop.settle()  # whatever is due after such a time
    before, effects = shop.look(), shop.stripe.effects(payout_id)
    looks = looks_at(shop, ref)
    for _ in range(2):
        again = signed(told.body, sent_at=shop.now)
        assert shop.post(client, again).status_code == 200
        shop.work_off()
    assert stored(shop, told) == 1
    assert looks_at(shop, ref) == looks + 1
    assert (shop.look(), shop.stripe.effects(payout_id)) == (before, effects)
