"""Another master key beside the running service: nothing sealed is lost, nobody is known twice."""

import dataclasses
import os
import subprocess
import sys

import pytest
from flask import session
from flask_wtf.csrf import generate_csrf, validate_csrf
from itsdangerous import BadSignature

from config import PROJECT
from promises.app import create_app
from promises.db import sql
from promises.identity import keys, queries
from promises.identity.actions import known_customer
from promises.identity.customers import add_contact, open_contact
from promises.identity.models import ContactChannel
from promises.payouts.destinations import fingerprint
from tests.conftest import dispose
from tests.factories.identity import make_organisation
from tests.worker.ground import wait_for

OLD, NEW = b"the old master key of this service 1", b"the new master key of this service 2"
IBAN = {"iban": "FI21 1234 5600 0007 85", "name": "Maija Meikäläinen"}
PURPOSES = len(keys.Purpose)


@pytest.fixture
def service(fresh_database):
    """What makes the service anew with these keys, as a restart does."""
    made = []

    def start(key, other=None):
        queries._ids.clear()
        config = dataclasses.replace(fresh_database.config, secret_key=key, other_secret_key=other)
        made.append(create_app(config))
        return made[-1]

    yield start
    for app in made:
        dispose(app)
    queries._ids.clear()
    keys.configure(fresh_database.config.secret_key)


def run(app, command):
    return app.test_cli_runner().invoke(args=[command])


def use(made, contact_id=None):
    """Who the customer is, the index of an account, and a contact that was sealed."""
    with made.work() as uow:
        tenant = {"organisation_id": made.id}
        customer_id = known_customer(uow.session, **tenant, now=uow.now, reference="FI-77")
        account = fingerprint(uow.session, **tenant, rail="sepa", details=IBAN)
        if contact_id is None:
            contact_id = add_contact(
                uow.session, **tenant, now=uow.now, channel=ContactChannel.EMAIL,
                address="maija@example.com", locale="fi", customer_id=customer_id,
            )  # fmt: skip
        address = open_contact(uow.session, **tenant, contact_id=contact_id).address
    return customer_id, account, contact_id, address


def wrapped(made):
    with made.work() as uow:
        return keys.look_at_keys(uow.session, organisation_id=made.id)


def test_the_master_key_is_replaced_and_the_old_one_goes(service):
    app = service(OLD)
    with app.app_context():
        made = make_organisation()
        before = use(made)
    app = service(OLD, NEW)  # step one: everybody can open what either key wraps
    with app.app_context():
        assert use(made, before[2]) == before
        assert wrapped(made) == keys.Wrapped(current=PURPOSES)
    app = service(NEW, OLD)
    with app.app_context():
        assert use(made, before[2]) == before
        assert wrapped(made) == keys.Wrapped(other=PURPOSES)
    assert "look    keys: 7 are still wrapped" in run(app, "doctor").output
    said = run(app, "rotate-keys")
    assert said.exit_code == 0, said.output
    assert f"{PURPOSES} keys under LUPAUS_SECRET_KEY, 0 under" in said.output
    assert said.output.endswith("Nothing needs LUPAUS_OTHER_SECRET_KEY any more.\n")
    app = service(NEW)
    with app.app_context():
        assert use(made, before[2]) == before
        with made.work() as uow:
            (kept,) = sql.rows(
                uow.session, "SELECT details FROM audit_records WHERE action = 'keys_rewrapped'"
            )
    assert kept.details == {"keys": PURPOSES}
    assert "fine    keys:" in run(app, "doctor").output


def test_a_second_rotation_changes_nothing(service):
    app = service(OLD)
    with app.app_context():
        made = make_organisation()
    app = service(NEW, OLD)
    assert run(app, "rotate-keys").output.startswith(f"{PURPOSES} keys wrapped anew.")
    with app.app_context(), made.work() as uow:
        before = sql.rows(uow.session, "SELECT purpose, wrapped FROM organisation_keys")
    assert run(app, "rotate-keys").output.startswith("0 keys wrapped anew.")
    with app.app_context(), made.work() as uow:
        assert sql.rows(uow.session, "SELECT purpose, wrapped FROM organisation_keys") == before


def test_a_rotation_without_the_old_key_is_refused(service):
    app = service(OLD)
    with app.app_context():
        made = make_organisation()
    said = run(app, "rotate-keys")
    assert said.exit_code == 1
    assert "Set LUPAUS_OTHER_SECRET_KEY" in said.output
    with app.app_context():
        assert wrapped(made) == keys.Wrapped(current=PURPOSES)


def test_keys_of_a_third_master_are_told_and_left(service):
    with service(b"a third master key that is forgotten").app_context():
        lost = make_organisation()
    with service(OLD).app_context():
        made = make_organisation()
    app = service(NEW, OLD)
    said = run(app, "rotate-keys")
    assert said.exit_code == 1
    assert f"{PURPOSES} under neither" in said.output
    with app.app_context():
        assert wrapped(lost) == keys.Wrapped(unreadable=PURPOSES)
        assert wrapped(made) == keys.Wrapped(current=PURPOSES)
    told = run(app, "doctor")
    assert told.exit_code == 1
    assert f"broken  keys: 7 of organisation {lost.id} open with no key given" in told.output


def test_a_rotation_that_is_killed_goes_on_beside_one_who_still_wraps_with_the_old_key(
    service, server, fresh_database
):
    app = service(OLD)
    with app.app_context():
        made = [make_organisation() for _ in range(4)]
        customers = {one.id: use(one) for one in made}
        order = queries.list_organisation_ids()
    with server.connect(database=fresh_database.name) as holder, holder.transaction():
        holder.execute(
            "SELECT 1 FROM organisation_keys WHERE organisation_id = %s FOR UPDATE", [order[2]]
        )
        child = rotating(fresh_database)
        try:
            wait_for(lambda: waits(server, fresh_database), seconds=120)
        finally:
            child.kill()
            child.wait()
    app = service(OLD, NEW)  # one machine is not restarted yet: it opens both, and wraps with OLD
    with app.app_context():
        counts = {one.id: wrapped(one) for one in made}
        late = make_organisation()
        again = {one.id: use(one, customers[one.id][2]) for one in made}
    assert [counts[one].other for one in order] == [PURPOSES, PURPOSES, 0, 0]
    assert again == customers
    app = service(NEW, OLD)
    said = run(app, "rotate-keys")
    assert said.exit_code == 0, said.output
    assert said.output.startswith(f"{3 * PURPOSES} keys wrapped anew.")
    with service(NEW).app_context():
        assert {one.id: use(one, customers[one.id][2]) for one in made} == customers
        assert wrapped(late) == keys.Wrapped(current=PURPOSES)


def test_one_who_wraps_with_the_old_key_after_its_turn_keeps_the_old_key(service, monkeypatch):
    with service(OLD).app_context():
        made = make_organisation()
        with made.work() as uow:
            row = sql.one(
                uow.session, "SELECT wrapped FROM organisation_keys WHERE purpose = 'rail'"
            )
    app = service(NEW, OLD)
    rewrap = keys.rewrap_keys

    def and_another_comes(session, *, organisation_id):
        done = rewrap(session, organisation_id=organisation_id)
        sql.execute(
            session,
            "UPDATE organisation_keys SET wrapped = %(old)s WHERE purpose = 'rail'",
            {"old": row.wrapped},
        )
        return done

    with monkeypatch.context() as patch:
        patch.setattr(keys, "rewrap_keys", and_another_comes)
        said = run(app, "rotate-keys")
    assert said.exit_code == 1
    assert "1 under LUPAUS_OTHER_SECRET_KEY" in said.output
    assert "restart it with the new one" in said.output
    assert run(app, "rotate-keys").exit_code == 0


def rotating(database):
    """The command in a process of its own."""
    environ = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("LUPAUS_") and not name.endswith("DATABASE_URL")
    }
    environ |= {
        "DATABASE_URL": database.app_url,
        "WORKER_DATABASE_URL": database.worker_url,
        "MIGRATION_DATABASE_URL": database.owner_url,
        "LUPAUS_BASE_URL": "https://promises.example",
        "LUPAUS_SECRET_KEY": NEW.decode(),
        "LUPAUS_OTHER_SECRET_KEY": OLD.decode(),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", "rotate-keys"],
        env=environ, cwd=PROJECT, stdout=subprocess.DEVNULL,
    )  # fmt: skip


def waits(server, database):
    with server.connect(database=database.name) as connection:
        found = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = %s "
            "AND wait_event_type = 'Lock' AND query LIKE %s",
            [database.name, "%organisation_keys SET wrapped%"],
        ).fetchone()
    return found[0] == 1


def test_forms_that_were_shown_before_the_keys_changed_are_taken(service):
    old = service(OLD)
    with old.test_request_context():
        token = generate_csrf()
        cookie = old.session_interface.get_signing_serializer(old).dumps(dict(session))
    app, alone = service(NEW, OLD), service(NEW)
    with app.test_request_context():
        session.update(app.session_interface.get_signing_serializer(app).loads(cookie))
        validate_csrf(token)
    with alone.test_request_context(), pytest.raises(BadSignature):
        alone.session_interface.get_signing_serializer(alone).loads(cookie)
