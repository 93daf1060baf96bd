"""Roles too strong for the service are refused; weak ones, as set up, are not."""

import subprocess
import sys
import time

import psycopg
import pytest

from promises.db import roles
from promises.db.checks import (
    UnsafeRoleError,
    check_at_start,
    refuse_strong_role,
    role_problems,
    unguarded_tables,
)
from promises.db.embedded import EmbeddedServer, embedded_url
from promises.db.tenancy import tenant_tables


@pytest.mark.parametrize("role", [roles.APPLICATION, roles.WORKER])
def test_roles_as_set_up_are_weak_enough(server, database, role):
    with server.connect(role, database.name) as connection:
        assert role_problems(connection) == []
        refuse_strong_role(connection)


def test_superuser_is_refused_for_every_power(server, database):
    with server.connect(database=database.name) as connection:
        assert len(role_problems(connection)) == 3
        with pytest.raises(UnsafeRoleError, match="postgres is a superuser"):
            refuse_strong_role(connection)


def test_owner_of_tables_is_refused(server, database):
    with (
        server.connect(roles.OWNER, database.name) as connection,
        pytest.raises(UnsafeRoleError, match="owns tables"),
    ):
        refuse_strong_role(connection)


@pytest.mark.parametrize(
    ("grant", "said"),
    [
        ("ALTER ROLE too_strong BYPASSRLS", "bypasses row-level security"),
        ("GRANT lupaus_owner TO too_strong", "may become their owner"),
        ("GRANT lupaus_owner TO too_strong WITH INHERIT FALSE", "may become their owner"),
        ("GRANT postgres TO too_strong", "superuser or may become one"),
    ],
)
def test_role_that_may_become_strong_is_refused(server, fresh_database, grant, said):
    with server.connect(database=fresh_database.name) as admin:
        admin.execute("CREATE ROLE too_strong LOGIN")
        try:
            admin.execute(f"GRANT CONNECT ON DATABASE {fresh_database.name} TO too_strong")
            admin.execute(grant)
            with server.connect("too_strong", fresh_database.name) as connection:
                assert any(said in problem for problem in role_problems(connection))
        finally:
            admin.execute("DROP OWNED BY too_strong")
            admin.execute("DROP ROLE too_strong")


def test_every_tenant_table_is_guarded(server, database):
    with server.connect(roles.APPLICATION, database.name) as connection:
        assert unguarded_tables(connection, tenant_tables()) == []


def test_table_without_its_policy_is_found(server, fresh_database):
    with server.connect(roles.OWNER, fresh_database.name) as connection:
        connection.execute("ALTER TABLE tickets NO FORCE ROW LEVEL SECURITY")
        assert unguarded_tables(connection, [*tenant_tables(), "absent"]) == ["absent", "tickets"]


def test_check_at_start_lets_the_application_pass_and_stops_the_owner(database):
    check_at_start(database.app_url)
    check_at_start(database.worker_url)
    with pytest.raises(UnsafeRoleError):
        check_at_start(database.owner_url)


def test_check_at_start_waits_for_a_server_that_comes_back(tmp_path):
    server = EmbeddedServer(tmp_path / "postgres", durable=False)
    server.start()
    server.stop()
    program = (
        "import sys; from promises.db.checks import check_at_start; check_at_start(sys.argv[1])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, server.url(roles.APPLICATION)]
    ) as waiting:
        time.sleep(1)
        assert waiting.poll() is None
        with server:
            assert waiting.wait(120) == 0


def test_check_at_start_tells_when_there_is_no_server(tmp_path, monkeypatch):
    monkeypatch.setattr("promises.db.checks.CONNECT_PAUSE", 0)
    with pytest.raises(psycopg.OperationalError, match="No such file"):
        check_at_start(embedded_url(tmp_path / "postgres", roles.APPLICATION))
