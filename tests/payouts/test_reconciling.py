"""What an effect of the provider means beside our payout, for each state; and the settings of rails
as they are kept."""

import datetime as dt
import itertools

import pytest

from promises.flows import set_rails
from promises.identity.models import MoneyMode
from promises.kernel.ids import new_id
from promises.payouts.accounts import NewRail, rail_accounts, rail_states, save_rail, turn_rail
from promises.payouts.errors import OtherMode
from promises.payouts.models import PayoutState
from promises.payouts.rails.base import Listed, RailVerdict, Trouble
from promises.payouts.reconciling import Pair, sort_pairs
from promises.payouts.retries import given_up
from tests.flows.ground import NOON
from tests.payouts.ground import Purse

RAIL = "stripe_refund"
STATES = list(PayoutState)
STANDING = (RailVerdict.ACCEPTED, RailVerdict.PAID)
GONE = (RailVerdict.REJECTED, RailVerdict.RETURNED)


def pair(verdict, state=None, *, named=True, amount=1000, ref=None):
    """An effect of 10.00 EUR, and our payout of `amount` where there is one. `ref`: which effect
    our books have for it."""
    payout_id = new_id()
    effect = Listed("re_1", payout_id if named else None, 1000, "eur", verdict, NOON)
    if state is None:
        return Pair(effect, None, None, None, None)
    return Pair(effect, payout_id, state, amount, "EUR", ref)


def meaning(one):
    """The names of the lists that it stands in."""
    found = sort_pairs([one])
    return {name for name in found.__slots__ if getattr(found, name)}


@pytest.mark.parametrize("verdict", STANDING)
@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (["ready"], {"resume", "fine"}),
        (["submitting", "unknown"], {"look", "fine"}),
        (["paid", "needs_review"], {"fine"}),
        (["failed", "returned", "cancelled"], {"unknown"}),
    ],
)
def test_effect_that_stands(verdict, states, expected):
    for state in states:
        assert meaning(pair(verdict, PayoutState(state))) == expected


def test_sent_payout_is_looked_at_once_it_arrived():
    sent = PayoutState.SUBMITTED
    assert meaning(pair(RailVerdict.ACCEPTED, sent)) == {"fine"}
    assert meaning(pair(RailVerdict.PAID, sent)) == {"look", "fine"}


@pytest.mark.parametrize("verdict", GONE)
def test_effect_that_came_to_nothing_is_never_an_incident(verdict):
    for state in STATES:
        assert not meaning(pair(verdict, state)) & {"unknown", "other_amount", "resume"}
    assert meaning(pair(verdict, PayoutState.PAID)) == {"look", "fine"}
    assert meaning(pair(verdict, PayoutState.READY)) == {"fine"}
    assert meaning(pair(verdict)) == meaning(pair(verdict, named=False)) == set()


def test_other_amounts_stand_out_in_every_state():
    for verdict, state in itertools.product(STANDING, STATES):
        assert meaning(pair(verdict, state, amount=999)) == {"other_amount"}


def test_payment_without_a_payout_of_ours_is_told_from_one_made_elsewhere():
    assert meaning(pair(RailVerdict.PAID)) == {"unknown"}
    assert meaning(pair(RailVerdict.PAID, named=False)) == {"foreign"}


@pytest.mark.parametrize("state", ["submitted", "paid", "needs_review"])
def test_second_effect_of_one_payout_is_not_in_our_books(state):
    for amount in (1000, 999):
        second = pair(RailVerdict.PAID, PayoutState(state), ref="re_2", amount=amount)
        assert (second.second, meaning(second)) == (True, {"unknown"})
    assert meaning(pair(RailVerdict.REJECTED, PayoutState(state), ref="re_2")) == {"fine"}
    first = pair(RailVerdict.ACCEPTED, PayoutState(state), ref="re_1")
    assert (first.second, meaning(first)) == (False, {"fine"})


@pytest.mark.parametrize("state", ["ready", "submitting", "unknown"])
def test_newer_effect_of_a_payout_that_is_still_tried_is_none_too_many(state):
    assert not pair(RailVerdict.PAID, PayoutState(state), ref="re_0").second


@pytest.mark.parametrize(
    ("state", "verdicts", "days", "trouble"),
    [
        ("submitting", ["unknown"], 1, Trouble.TOO_OLD),
        ("submitted", ["unknown", "accepted"], 7, Trouble.SILENT),
    ],
)
def test_payout_that_nobody_learns_about_is_given_up_in_time(state, verdicts, days, trouble):
    due = dt.timedelta(days=days)
    for verdict in RailVerdict:
        expected = trouble if verdict.value in verdicts else None
        assert given_up(PayoutState(state), verdict, due) == expected
        assert given_up(PayoutState(state), verdict, due - dt.timedelta(seconds=1)) is None
        assert given_up(PayoutState.PAID, verdict, due) is None


def test_payout_of_a_paused_rail_is_given_up_only_when_it_stays_paused():
    under_way, unknown = PayoutState.SUBMITTING, RailVerdict.UNKNOWN
    for days, trouble in ((1, None), (6, None), (7, Trouble.TOO_OLD)):
        waited = dt.timedelta(days=days)
        assert given_up(under_way, unknown, waited, asked=False) == trouble
        assert given_up(under_way, unknown, waited) == Trouble.TOO_OLD


@pytest.fixture(scope="module")
def purse(bare_apps):
    with bare_apps[0].app_context():
        return Purse(settings={"plain": "one"})


def save(purse, *, live=False, settings=None, secrets=None):
    with purse.work(None) as uow:
        save_rail(
            uow.session, organisation_id=purse.made.id, now=uow.now, changed_by=None,
            new=NewRail(RAIL, True, live, settings or {}, secrets),
        )  # fmt: skip


def account(purse):
    with purse.work(None) as uow:
        return rail_accounts(uow.session, organisation_id=purse.made.id)[RAIL][0]


def test_secrets_stay_where_none_is_given_and_go_where_one_is_empty(as_application, purse):
    save(purse, settings={"plain": "two"})
    assert (account(purse).settings, account(purse).secrets) == (
        {"plain": "two"}, {"key": "sk_test_1"},
    )  # fmt: skip
    save(purse, secrets={"other": "abc", "key": ""})
    assert account(purse).secrets == {"other": "abc"}
    save(purse, secrets={"key": "sk_test_1", "other": ""})


def test_rail_without_secrets_opens_with_none(as_application, purse):
    with purse.work(None) as uow:
        save_rail(
            uow.session, organisation_id=purse.made.id, now=uow.now, changed_by=None,
            new=NewRail("manual", True, False, {}),
        )  # fmt: skip
        found = rail_accounts(uow.session, organisation_id=purse.made.id)
    assert found["manual"][0].secrets == {}


def test_secrets_of_the_other_mode_are_not_taken_over(as_application, purse):
    with purse.work(None) as uow:
        set_rails.change_mode(uow, mode=MoneyMode.LIVE)
    with purse.work(None) as uow, pytest.raises(OtherMode):
        turn_rail(
            uow.session, organisation_id=purse.made.id, now=uow.now, changed_by=None, rail=RAIL,
            enabled=True,
        )  # fmt: skip
    save(purse, live=True)
    assert account(purse).secrets == {}
    with purse.work(None) as uow:
        assert rail_states(uow.session, organisation_id=purse.made.id)[RAIL].hints == {}
        set_rails.change_mode(uow, mode=MoneyMode.TEST)
