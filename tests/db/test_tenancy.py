"""What the database itself holds, whoever writes the queries: policies, privileges, money."""

import psycopg
import pytest

from promises.app import MODELS
from promises.db.base import Access
from promises.db.tenancy import WORKER_LOOKS_AT, tables, tenant_tables
from tests.flows.ground import QUARTER, TICK, World

assert MODELS


OTHERWISE_UNIQUE = {
    "key": "gen_random_uuid()::text",
    "code_mac": "sha256(gen_random_uuid()::text::bytea)",
}


def connect(url):
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


@pytest.fixture
def full_world(as_application):
    """An organisation with a broken promise, a debt and a voucher."""
    world = World()
    ticket = world.take()
    world.take()
    world.now += QUARTER + TICK
    world.sweep()
    world.call()
    world.log(ticket.ticket_id, "service_started")
    world.settle()
    return world


def test_every_tenant_table_is_under_a_forced_policy(owner_url):
    with connect(owner_url) as connection:
        found = connection.execute(
            "SELECT relname FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid"
            " WHERE relrowsecurity AND relforcerowsecurity AND p.polname = 'tenant'"
        ).fetchall()
    guarded = {name for (name,) in found}
    assert set(tenant_tables()) <= guarded
    assert "procrastinate_jobs" in guarded
    assert [table.name for table in tables() if not table.info["tenant"]] == [
        "organisation_directory"
    ]


@pytest.mark.parametrize("role", ["app_url", "worker_url"])
def test_no_row_is_seen_without_an_organisation(role, full_world, request):
    with connect(request.getfixturevalue(role)) as connection:
        seen = {
            table: connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]
            for table in tenant_tables()
        }
    visible = {table for table, count in seen.items() if count}
    assert visible <= (set() if role == "app_url" else set(WORKER_LOOKS_AT))


@pytest.mark.parametrize("role", ["app_url", "worker_url"])
def test_another_organisations_rows_do_not_exist(role, full_world, request):
    other = World()
    with connect(request.getfixturevalue(role)) as connection, connection.transaction():
        connection.execute(f"SET LOCAL app.organisation_id = '{other.made.id}'")
        for table in tenant_tables():
            query = f'SELECT count(*) FROM "{table}" WHERE organisation_id = %s'
            assert connection.execute(query, [full_world.made.id]).fetchone()[0] == 0, table


def test_a_row_for_another_organisation_cannot_be_written(full_world, app_url):
    other = World()
    with connect(app_url) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
            connection.execute(f"SET LOCAL app.organisation_id = '{other.made.id}'")
            connection.execute(
                "INSERT INTO problems (organisation_id, id, text, created_at)"
                " VALUES (%s, gen_random_uuid(), 'x', now())",
                [full_world.made.id],
            )
        with connection.transaction():
            connection.execute(f"SET LOCAL app.organisation_id = '{other.made.id}'")
            changed = connection.execute(
                "UPDATE tickets SET number = 1 WHERE organisation_id = %s", [full_world.made.id]
            )
            assert changed.rowcount == 0


@pytest.mark.parametrize("role", ["app_url", "worker_url"])
def test_what_is_append_only_can_be_neither_changed_nor_deleted(role, full_world, request):
    fixed = [table.name for table in tables() if table.info["access"] is Access.APPEND]
    assert {"service_events", "breaches", "ledger_entries", "audit_records"} <= set(fixed)
    with connect(request.getfixturevalue(role)) as connection:
        for table in fixed:
            for verb in (
                f'DELETE FROM "{table}"',
                f'UPDATE "{table}" SET {next(iter(_columns(table)))} = NULL',
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(verb)


def test_nothing_but_what_expires_can_be_deleted(app_url):
    kept = [table.name for table in tables() if table.info["access"] is not Access.REMOVE]
    with connect(app_url) as connection:
        for table in kept:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f'DELETE FROM "{table}"')


@pytest.mark.parametrize("role", ["app_url", "worker_url"])
def test_login_roles_own_nothing_and_bypass_nothing(role, request):
    with connect(request.getfixturevalue(role)) as connection:
        strong = connection.execute(
            "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb"
            " FROM pg_roles WHERE rolname = current_user"
        ).fetchone()[0]
        owned = connection.execute(
            "SELECT count(*) FROM pg_class WHERE relowner ="
            " (SELECT oid FROM pg_roles WHERE rolname = current_user) AND relkind IN ('r', 'v')"
        ).fetchone()[0]
    assert (strong, owned) == (False, 0)


def test_one_breach_has_one_compensation_and_one_live_payout_for_ever(full_world, owner_url):
    with connect(owner_url) as connection, connection.transaction(force_rollback=True):
        connection.execute(f"SET LOCAL app.organisation_id = '{full_world.made.id}'")
        for table, key in (
            ("breaches", "commitment_id"),
            ("compensations", "breach_id"),
            ("payouts", "compensation_id"),
            ("vouchers", "payout_id"),
        ):
            columns = [name for name in _columns(table) if name != "id"]
            listed = ", ".join(f'"{name}"' for name in columns)
            copied = ", ".join(OTHERWISE_UNIQUE.get(name, f'"{name}"') for name in columns)
            with pytest.raises(psycopg.errors.UniqueViolation) as refused, connection.transaction():
                connection.execute(
                    f'INSERT INTO "{table}" (id, {listed})'
                    f' SELECT gen_random_uuid(), {copied} FROM "{table}" LIMIT 1'
                )
            assert key in str(refused.value) or "live" in str(refused.value), table


def _columns(table):
    return [column.name for found in tables() if found.name == table for column in found.columns]
