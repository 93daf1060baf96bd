import pytest

from promises.notify.actions import NewMessage, claim_next, enqueue, record_try
from promises.notify.channels import Outcome, Result
from promises.notify.models import Channel, MessageKind, MessageState
from promises.notify.queries import list_messages, list_tries
from tests.notify.ground import make_ground, member

pytestmark = pytest.mark.usefixtures("as_application")


def put(ground, number):
    message = NewMessage(
        kind=MessageKind.RESET, channel=Channel.EMAIL, locale="fi", dedupe_key=str(number),
        member_id=member(ground, f"{number}@bank.example"), secret="/o/bank/reset/abc",
    )  # fmt: skip
    with ground.work() as uow:
        organisation_id = ground.organisation_id
        enqueue(uow.session, organisation_id=organisation_id, now=uow.now, messages=[message])


def attempt(ground, outcome):
    with ground.work() as uow:
        common = {"organisation_id": ground.organisation_id, "now": uow.now}
        claimed = claim_next(uow.session, **common)
        record_try(uow.session, claimed=claimed, result=Result(outcome, "SMTP 451"), **common)


def listed(ground, **words):
    with ground.work() as uow:
        return list_messages(uow.session, organisation_id=ground.organisation_id, **words)


def test_messages_are_listed_newest_first_with_their_last_try():
    ground = make_ground()
    put(ground, 1)
    attempt(ground, Outcome.PUT_OFF)
    put(ground, 2)
    newest, oldest = listed(ground)
    assert (newest.state, newest.tries, newest.outcome) == (MessageState.QUEUED, 0, None)
    assert (oldest.outcome, oldest.detail, oldest.tries) == ("put_off", "SMTP 451", 1)
    assert oldest.next_try_at > oldest.tried_at
    assert "/o/bank/reset" not in repr(listed(ground))
    assert listed(ground, before=newest.message_id) == [oldest]
    assert listed(ground, limit=1) == [newest]


def test_every_try_of_a_message_is_kept():
    ground = make_ground()
    put(ground, 1)
    attempt(ground, Outcome.REFUSED)
    (row,) = listed(ground)
    assert (row.state, row.next_try_at) == (MessageState.FAILED, None)
    with ground.work() as uow:
        tries = list_tries(
            uow.session, organisation_id=ground.organisation_id, message_id=row.message_id
        )
    assert [(one.number, one.outcome) for one in tries] == [(1, "refused")]


def test_another_organisation_sees_nothing():
    ground, other = make_ground(), make_ground()
    put(ground, 1)
    assert listed(other) == []
