"""The trail cannot be rewritten unseen."""

import datetime as dt
import hashlib
import threading
import uuid

import psycopg
import pytest

from promises.audit import actions, queries
from promises.audit.actions import Entry
from promises.audit.chain import Link, link_hash
from promises.db import roles
from promises.kernel.actors import SYSTEM
from tests.factories.identity import make_organisation

NOW = dt.datetime(2026, 5, 1, 9, 0, 0, 123456, tzinfo=dt.UTC)


@pytest.fixture
def made(as_application):
    return make_organisation()


def record(made, action="tried", **details):
    with made.work() as uow:
        return actions.record(
            uow.session,
            organisation_id=made.id,
            actor=uow.actor,
            now=uow.now,
            action=action,
            object_kind="thing",
            object_id=uuid.UUID(int=1),
            details=details,
        )


def verify(made):
    with made.work() as uow:
        return queries.verify(uow.session, organisation_id=made.id)


def as_superuser(server, database, statement, *params):
    """What an intruder with the administrator's rights could do."""
    with server.connect(database=database.name) as connection:
        connection.execute(statement, params)


def test_records_of_every_kind_of_value_verify(made):
    first = record(
        made, text="Ä€\u2028", number=2**60, flag=True, none=None, list=[1, "a", {"b": 2}]
    )
    assert record(made) == first + 1
    found = verify(made)
    assert found.intact
    assert found.checked == first + 1


def test_a_float_or_an_odd_value_is_refused_and_nothing_is_written(made):
    before = verify(made).checked
    for value in (1.5, uuid.UUID(int=1), b"x", {1: "key"}):
        with pytest.raises(TypeError):
            record(made, value=value)
    assert verify(made).checked == before


@pytest.mark.parametrize(
    "tamper",
    [
        "UPDATE audit_records SET details = '{\"changed\": 1}' "
        "WHERE organisation_id = %s AND number = %s",
        "UPDATE audit_records SET actor_id = NULL WHERE organisation_id = %s AND number = %s",
        "UPDATE audit_records SET recorded_at = recorded_at + interval '1 microsecond' "
        "WHERE organisation_id = %s AND number = %s",
        "DELETE FROM audit_records WHERE organisation_id = %s AND number = %s",
    ],
)  # fmt: skip
def test_a_changed_or_missing_record_is_found(made, server, database, tamper):
    number = record(made, some="thing")
    record(made)
    as_superuser(server, database, tamper, made.id, number)
    assert verify(made).broken_at == number


def test_a_cut_tail_is_found_by_the_head_and_both_by_a_copy_of_the_head(made, server, database):
    number = record(made)
    kept = verify(made).head
    cut = "DELETE FROM audit_records WHERE organisation_id = %s AND number = %s"
    as_superuser(server, database, cut, made.id, number)
    assert verify(made).broken_at == number
    previous = (
        "UPDATE audit_heads h SET number = r.number, hash = r.hash FROM audit_records r "
        "WHERE r.organisation_id = %s AND h.organisation_id = r.organisation_id AND r.number = %s"
    )
    as_superuser(server, database, previous, made.id, number - 1)
    assert verify(made).intact
    assert verify(made).head != kept


def test_records_put_in_order_are_found_when_swapped(made, server, database):
    number = record(made, step=1)
    record(made, step=2)
    swap = (
        "UPDATE audit_records SET number = CASE number WHEN %s THEN -1 ELSE %s END "
        "WHERE organisation_id = %s AND number IN (%s, %s)"
    )
    as_superuser(server, database, swap, number, number, made.id, number, number + 1)
    back = "UPDATE audit_records SET number = %s WHERE organisation_id = %s AND number = -1"
    as_superuser(server, database, back, number + 1, made.id)
    assert verify(made).broken_at == number


def test_login_roles_can_add_but_neither_change_nor_delete(made, server, database):
    record(made)
    for role in (roles.APPLICATION, roles.WORKER):
        with server.connect(role, database.name) as connection:
            connection.execute(f"SET app.organisation_id = '{made.id}'")
            for statement in ("UPDATE audit_records SET action = 'x'", "DELETE FROM audit_records"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(statement)
    assert verify(made).intact


def test_many_at_once_make_one_unbroken_chain(made, as_application):
    before = verify(made).checked

    def work():
        with as_application.app_context():
            for step in range(10):
                record(made, step=step)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = verify(made)
    assert found.intact
    assert found.checked == before + 60


def test_a_rolled_back_record_leaves_no_trace(made):
    before = verify(made)
    with pytest.raises(RuntimeError), made.work() as uow:
        actions.record(
            uow.session, organisation_id=made.id, actor=SYSTEM, now=uow.now, action="tried",
            object_kind="thing", object_id=None,
        )  # fmt: skip
        raise RuntimeError
    assert verify(made) == before


def test_several_records_at_once_stand_in_their_order(made):
    with made.work() as uow:
        entries = [Entry("step", "thing", uuid.UUID(int=5), {"n": number}) for number in range(50)]
        last = actions.record_all(
            uow.session, organisation_id=made.id, actor=uow.actor, now=uow.now, entries=entries
        )
    found = verify(made)
    assert found.intact
    assert found.checked == last
    with made.work() as uow:
        done = queries.history(
            uow.session, organisation_id=made.id, object_kind="thing", object_id=uuid.UUID(int=5)
        )
    assert [row.details["n"] for row in done] == list(reversed(range(50)))


def test_a_chain_of_another_organisation_is_another_chain(made):
    other = make_organisation()
    assert verify(made).head != verify(other).head
    with made.work() as uow:
        assert queries.verify(uow.session, organisation_id=other.id).checked == 0


def test_a_hash_covers_the_hash_before_and_the_record_as_written_here():
    record_id, actor_id = uuid.UUID(int=1), uuid.UUID(int=2)
    link = Link(record_id, 1, NOW, "member", actor_id, "done", "thing", None, {"b": 1, "a": "ä"})
    text = (
        '["00000000-0000-0000-0000-000000000001",1,"2026-05-01T09:00:00.123456+00:00","member",'
        '"00000000-0000-0000-0000-000000000002","done","thing",null,{"a":"ä","b":1}]'
    )
    expected = hashlib.sha256(b"p" * 32 + text.encode()).digest()
    assert link_hash(b"p" * 32, link) == expected
