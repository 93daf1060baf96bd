"""Requests under a key: claimed, kept, replayed, forgotten; on the real database."""

import datetime as dt
import threading

import pytest

from promises.db.session import unit_of_work
from promises.db.sql import rows
from promises.idempotency.actions import (
    KEPT,
    Answer,
    InFlight,
    KeyUsedOtherwise,
    Request,
    claim,
    delete_expired,
    keep,
)
from promises.kernel.actors import SYSTEM
from promises.kernel.ids import new_id
from tests.factories.identity import make_organisation

NOW = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.UTC)
DONE = Answer(201, b'{"number":7}')


@pytest.fixture
def made(as_application):
    return make_organisation()


def asked(key="a", fingerprint=b"one", api_key_id=None):
    return Request(api_key_id or KEY, key, fingerprint)


KEY = new_id()


def first(made, request, now=NOW, answer=DONE):
    with made.work(None) as uow:
        assert claim(uow.session, organisation_id=made.id, now=now, request=request) is None
        keep(uow.session, organisation_id=made.id, request=request, answer=answer)


def again(made, request, now=NOW):
    with made.work(None) as uow:
        return claim(uow.session, organisation_id=made.id, now=now, request=request)


def kept(made):
    with made.work(None) as uow:
        return rows(uow.session, "SELECT * FROM idempotent_requests ORDER BY key")


def test_claim_of_an_answered_request_gives_its_answer_byte_for_byte(made):
    first(made, asked())
    assert again(made, asked()) == DONE


def test_claim_with_another_fingerprint_is_refused_and_keeps_the_first(made):
    first(made, asked())
    with pytest.raises(KeyUsedOtherwise):
        again(made, asked(fingerprint=b"other"))
    assert again(made, asked()) == DONE


def test_claim_is_scoped_to_the_api_key_and_to_the_organisation(made):
    first(made, asked())
    other = make_organisation()
    first(made, asked(api_key_id=new_id()))
    first(other, asked())
    assert len(kept(made)) == 2 and len(kept(other)) == 1


def test_claim_rolled_back_leaves_nothing(made):
    with pytest.raises(RuntimeError), made.work(None) as uow:
        claim(uow.session, organisation_id=made.id, now=NOW, request=asked())
        raise RuntimeError("crash")
    assert kept(made) == []
    first(made, asked())


def test_claim_while_another_is_at_it_is_refused_without_waiting(made, as_application):
    claimed, go_on = threading.Event(), threading.Event()

    def slow():
        with as_application.app_context(), unit_of_work(made.id, SYSTEM) as uow:
            claim(uow.session, organisation_id=made.id, now=NOW, request=asked())
            claimed.set()
            assert go_on.wait(120)
            keep(uow.session, organisation_id=made.id, request=asked(), answer=DONE)

    thread = threading.Thread(target=slow)
    thread.start()
    try:
        assert claimed.wait(120)
        with pytest.raises(InFlight) as refusal:
            again(made, asked())
        assert refusal.value.retry_after == 1
    finally:
        go_on.set()
        thread.join()
    assert again(made, asked()) == DONE


def test_key_is_free_again_after_its_thirty_days(made):
    first(made, asked())
    assert again(made, asked(), NOW + KEPT - dt.timedelta(seconds=1)) == DONE
    first(made, asked(fingerprint=b"other"), NOW + KEPT, Answer(200, b"{}"))
    assert again(made, asked(fingerprint=b"other"), NOW + KEPT) == Answer(200, b"{}")


def test_keep_without_a_claim_is_a_fault(made):
    with pytest.raises(LookupError), made.work(None) as uow:
        keep(uow.session, organisation_id=made.id, request=asked(), answer=DONE)
    assert kept(made) == []


def test_delete_expired_takes_the_oldest_first_and_only_this_organisations(made):
    other = make_organisation()
    for number in range(3):
        first(made, asked(f"k{number}"), NOW + dt.timedelta(hours=number))
    first(other, asked())
    late = NOW + KEPT + dt.timedelta(hours=1)

    def forget(limit):
        with made.work(None) as uow:
            return delete_expired(uow.session, organisation_id=made.id, now=late, limit=limit)

    assert forget(1) == 1
    assert [row.key for row in kept(made)] == ["k1", "k2"]
    assert forget(10) == 1 and forget(10) == 0
    assert [row.key for row in kept(made)] == ["k2"] and len(kept(other)) == 1
