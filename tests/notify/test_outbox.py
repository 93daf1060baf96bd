import datetime as dt

import pytest

from promises.db import sql
from promises.db.session import unit_of_work
from promises.flows.tell_customers import tell_broken, tell_turn, tell_turn_near
from promises.kernel.actors import SYSTEM
from promises.kernel.ids import new_id
from promises.notify.actions import (
    LEASE,
    MAX_TRIES,
    NewMessage,
    claim_next,
    enqueue,
    pause_after,
    record_try,
)
from promises.notify.channels import Outcome, Result
from promises.notify.models import Channel, MessageKind, MessageState
from tests.notify.ground import contact, make_ground, member, ticket

MESSAGES = "SELECT * FROM messages WHERE organisation_id = %(organisation_id)s ORDER BY id"
DELIVERIES = "SELECT * FROM deliveries WHERE organisation_id = %(organisation_id)s ORDER BY id"

pytestmark = pytest.mark.usefixtures("as_application")


@pytest.fixture
def ground(as_application):
    return make_ground()


def put(ground, *messages):
    with ground.work() as uow:
        return enqueue(
            uow.session,
            organisation_id=ground.organisation_id,
            now=uow.now,
            messages=messages,
        )


def reset_for(member_id, **words):
    words = {"dedupe_key": f"reset:{new_id()}", "secret": "/o/bank/reset/abc"} | words
    return NewMessage(
        kind=MessageKind.RESET, channel=Channel.EMAIL, locale="sv", member_id=member_id, **words
    )


def claim(ground, later=dt.timedelta(0)):
    with ground.work() as uow:
        return claim_next(uow.session, organisation_id=ground.organisation_id, now=uow.now + later)


def record(ground, claimed, outcome, later=dt.timedelta(0)):
    with ground.work() as uow:
        return record_try(
            uow.session,
            organisation_id=ground.organisation_id,
            now=uow.now + later,
            claimed=claimed,
            result=Result(outcome),
        )


def test_enqueue_puts_many_messages_in_at_once_and_seals_their_secrets(ground):
    maija = member(ground)
    count = put(ground, reset_for(maija), reset_for(maija, secret=None))
    first, second = ground.read(MESSAGES)
    assert count == 2
    assert (first.state, first.tries, first.locale, first.member_id) == ("queued", 0, "sv", maija)
    assert b"reset/abc" not in bytes(first.secret_sealed)
    assert second.secret_sealed is None


def test_enqueue_leaves_out_a_message_that_is_known(ground):
    maija = member(ground)
    assert put(ground, reset_for(maija, dedupe_key="once")) == 1
    assert put(ground, reset_for(maija, dedupe_key="once"), reset_for(maija)) == 1
    assert len(ground.read(MESSAGES)) == 2


def test_enqueue_rolls_back_with_its_transaction(ground):
    maija = member(ground)
    with pytest.raises(RuntimeError), ground.work() as uow:
        enqueue(
            uow.session,
            organisation_id=ground.organisation_id,
            now=uow.now,
            messages=[reset_for(maija)],
        )
        raise RuntimeError
    assert ground.read(MESSAGES) == []


def test_a_message_of_another_organisation_is_not_claimed(ground):
    put(ground, reset_for(member(ground)))
    assert claim(make_ground()) is None
    assert claim(ground) is not None


def test_a_claim_opens_the_secret_and_keeps_others_away_until_it_runs_out(ground):
    put(ground, reset_for(member(ground)))
    claimed = claim(ground)
    assert (claimed.number, claimed.secret) == (1, "/o/bank/reset/abc")
    assert claim(ground) is None
    again = claim(ground, later=LEASE)
    assert (again.message_id, again.number) == (claimed.message_id, 2)


def test_two_senders_at_once_get_different_messages(ground):
    maija = member(ground)
    put(ground, reset_for(maija), reset_for(maija))
    with ground.work() as one, unit_of_work(ground.organisation_id, SYSTEM) as other:
        got = [
            claim_next(uow.session, organisation_id=ground.organisation_id, now=uow.now)
            for uow in (one, other)
        ]
    assert len({claimed.message_id for claimed in got}) == 2


def test_a_sent_message_ends_and_forgets_its_link(ground):
    put(ground, reset_for(member(ground)))
    assert record(ground, claim(ground), Outcome.SENT) is MessageState.SENT
    (row,) = ground.read(MESSAGES)
    (delivery,) = ground.read(DELIVERIES)
    assert (row.state, row.secret_sealed) == ("sent", None)
    assert row.ended_at is not None
    assert (delivery.number, delivery.outcome) == (1, "sent")


def test_a_put_off_message_waits_longer_each_time_and_is_given_up_at_last(ground):
    put(ground, reset_for(member(ground)))
    later, waits = dt.timedelta(0), []
    for _ in range(MAX_TRIES):
        claimed = claim(ground, later)
        record(ground, claimed, Outcome.PUT_OFF, later)
        (row,) = ground.read(MESSAGES)
        waits.append(row.next_try_at)
        later += pause_after(claimed.number) + dt.timedelta(seconds=5)
    assert row.state == "failed"
    assert row.secret_sealed is None
    assert claim(ground, later + dt.timedelta(days=1)) is None
    assert [d.outcome for d in ground.read(DELIVERIES)] == ["put_off"] * 9 + ["given_up"]
    gaps = [pause_after(number) for number in range(1, MAX_TRIES)]
    assert gaps == sorted(gaps)
    assert gaps[0] == dt.timedelta(seconds=15)
    assert gaps[-1] == dt.timedelta(hours=1)


def test_a_late_outcome_of_an_old_claim_does_not_shorten_the_newer_one(ground):
    put(ground, reset_for(member(ground)))
    old = claim(ground)
    new = claim(ground, later=LEASE)
    record(ground, old, Outcome.PUT_OFF)
    (row,) = ground.read(MESSAGES)
    assert row.tries == new.number
    assert claim(ground, later=dt.timedelta(seconds=60)) is None


def test_a_refused_message_fails_at_once(ground):
    put(ground, reset_for(member(ground)))
    assert record(ground, claim(ground), Outcome.REFUSED) is MessageState.FAILED
    assert claim(ground, later=LEASE) is None


def test_your_turn_is_told_once_a_call_and_only_to_those_who_gave_an_address(ground):
    anonymous = ticket(ground, 1, state="called")
    known = ticket(
        ground,
        2,
        contact_id=contact(ground, locale="fi"),
        state="called",
        counter_id=ground.counter_id,
    )
    call = Called(known)
    for each in (Called(anonymous), call, call):
        with ground.work() as uow:
            tell_turn(uow, each)
    (row,) = ground.read(MESSAGES)
    assert (row.kind, row.locale, row.ticket_id) == ("your_turn", "fi", known.id)
    assert row.params == {"counter": "3"}
    assert row.expires_at - row.created_at == dt.timedelta(minutes=5)


def test_your_turn_is_told_again_at_another_call(ground):
    known = ticket(ground, 2, contact_id=contact(ground), state="called")
    for _ in range(2):
        with ground.work() as uow:
            tell_turn(uow, Called(known))
    assert len(ground.read(MESSAGES)) == 2


def test_turn_near_is_told_to_the_first_three_who_wait_each_once(ground):
    ids = [
        ticket(ground, number, contact_id=contact(ground) if number != 2 else None).id
        for number in range(1, 6)
    ]
    for _ in range(2):
        with ground.work() as uow:
            tell_turn_near(uow, ground.branch_id)
    told = {row.ticket_id: row.params["ahead"] for row in ground.read(MESSAGES)}
    assert told == {ids[0]: 0, ids[2]: 2}
    with ground.work() as uow:
        sql.execute(
            uow.session,
            "UPDATE tickets SET state = 'called' WHERE id = %(id)s",
            {"id": ids[0]},
        )
        assert tell_turn_near(uow, ground.branch_id) == 1
    assert [row.ticket_id for row in ground.read(MESSAGES)][-1] == ids[3]


def test_nothing_is_told_where_nothing_broke(ground):
    with ground.work() as uow:
        assert tell_broken(uow, []) == 0
        assert tell_broken(uow, [new_id()]) == 0


class Called:
    """A call of a ticket, as the desk reports it."""

    def __init__(self, row):
        self.ticket_id = row.id
        self.contact_id = row.contact_id
        self.event_id = new_id()
