"""The embedded server against real processes: started, shared, killed, recovered."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from promises.db import embedded, roles
from promises.db.binaries import EmbeddedServerError, Identity, find_binaries, find_identity
from promises.db.embedded import EmbeddedServer, ServerBusy, running, socket_folder

OWNER_PROGRAM = """
import sys, time
from pathlib import Path
from promises.db.embedded import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]))
server.start()
print(server.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with EmbeddedServer(tmp_path_factory.mktemp("shared") / "postgres") as server:
        yield server


@pytest.fixture
def owner(tmp_path):
    """Another process that owns a server; yields it, the data folder and the postmaster's pid."""
    data_dir = tmp_path / "postgres"
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER_PROGRAM, str(data_dir)], stdout=subprocess.PIPE, text=True
    )
    yield process, data_dir, int(process.stdout.readline())
    process.kill()
    process.wait()
    process.stdout.close()


def gone(pid):
    """Whether the process has ended within ten seconds; a zombie has."""
    for _ in range(200):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.05)
    return False


def one(connection, statement):
    return connection.execute(statement).fetchone()[0]


def test_start_gives_roles_without_power_over_row_security(shared):
    with shared.connect() as connection:
        found = connection.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcanlogin FROM pg_roles "
            "WHERE rolname LIKE 'lupaus%' ORDER BY 1"
        ).fetchall()
    assert found == [(role, False, False, False, True) for role in sorted(roles.ROLES)]


def test_start_gives_a_database_where_only_the_owner_makes_tables(shared):
    with shared.connect(roles.OWNER, roles.DATABASE) as connection:
        connection.execute("CREATE TABLE mine (id int)")
        connection.execute("DROP TABLE mine")
    for role in (roles.APPLICATION, roles.WORKER):
        with shared.connect(role, roles.DATABASE) as connection:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("CREATE TABLE stolen (id int)")
            connection.execute("CREATE TEMPORARY TABLE stage (id int)")


def test_settings_are_those_that_the_product_counts_on(shared):
    with shared.connect() as connection:
        values = {
            name: one(connection, f"SHOW {name}")
            for name in ("jit", "fsync", "listen_addresses", "timezone", "server_encoding")
        }
    assert values == {
        "jit": "off", "fsync": "on", "listen_addresses": "", "timezone": "UTC",
        "server_encoding": "UTF8",
    }  # fmt: skip


def test_socket_is_open_to_its_user_alone(shared):
    assert stat.S_IMODE(shared.socket_folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((shared.socket_folder / ".s.PGSQL.5432").stat().st_mode) == 0o700


def test_ensure_roles_repeated_changes_nothing(shared):
    with shared.connect() as connection:
        before = connection.execute("SELECT * FROM pg_roles ORDER BY oid").fetchall()
        roles.ensure_roles(connection)
        roles.grant_database(connection, roles.DATABASE)
        assert connection.execute("SELECT * FROM pg_roles ORDER BY oid").fetchall() == before


def test_a_stranger_role_may_not_enter_the_database(shared):
    with shared.connect() as connection:
        connection.execute("CREATE ROLE stranger LOGIN")
        with pytest.raises(psycopg.OperationalError, match="CONNECT privilege"):
            shared.connect("stranger", roles.DATABASE)
        connection.execute("DROP ROLE stranger")


def test_copy_of_a_template_holds_its_rows_and_is_closed_to_strangers(shared):
    shared.create_database("origin")
    with shared.connect(roles.OWNER, "origin") as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    shared.create_database("copied", "origin")
    with shared.connect(roles.OWNER, "copied") as connection:
        assert one(connection, "SELECT n FROM kept") == 7
    with shared.connect() as connection:
        acl = one(connection, "SELECT datacl::text FROM pg_database WHERE datname = 'copied'")
        assert "{=" not in acl
        assert ",=" not in acl
    for name in ("copied", "origin", "origin"):
        shared.drop_database(name)


def test_second_owner_in_the_same_folder_is_refused_and_the_first_works_on(shared):
    with pytest.raises(ServerBusy, match=str(os.getpid())):
        EmbeddedServer(shared.data_dir).start()
    assert shared.reachable()


def test_running_shares_the_server_of_another_process_and_leaves_it_alone(owner):
    process, data_dir, pid = owner
    with running(data_dir) as server:
        assert server.pid is None
        with server.connect(roles.APPLICATION, roles.DATABASE) as connection:
            assert one(connection, "SELECT 1") == 1
    assert process.poll() is None
    assert EmbeddedServer(data_dir).reachable()
    assert pid > 0


def test_running_alone_starts_and_stops_its_own(tmp_path):
    with running(tmp_path / "postgres") as server:
        pid = server.pid
        assert server.reachable()
    assert gone(pid)
    assert not server.reachable()


def test_two_servers_run_side_by_side(shared, tmp_path):
    with EmbeddedServer(tmp_path / "postgres", durable=False) as other:
        with other.connect(roles.OWNER, roles.DATABASE) as connection:
            connection.execute("CREATE TABLE here_only (id int)")
        with shared.connect(roles.OWNER, roles.DATABASE) as connection:
            assert one(connection, "SELECT to_regclass('here_only')") is None


def test_long_path_moves_the_socket_to_a_private_folder(tmp_path):
    data_dir = tmp_path / ("long-" * 20) / "postgres"
    folder = socket_folder(data_dir)
    assert not folder.is_relative_to(tmp_path)
    assert folder != socket_folder(tmp_path / ("long-" * 20) / "other")
    with EmbeddedServer(data_dir, durable=False) as server:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert "lupaus_app@/lupaus?host=%2F" in server.url(roles.APPLICATION)
    for left in folder.iterdir():
        left.unlink()
    folder.rmdir()


def test_socket_folder_of_somebody_else_is_refused(tmp_path):
    data_dir = tmp_path / "postgres"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    socket_folder(data_dir).symlink_to(elsewhere)
    with pytest.raises(EmbeddedServerError, match="somebody else"):
        EmbeddedServer(data_dir, durable=False).start()
    assert list(elsewhere.iterdir()) == []


@pytest.mark.crash
def test_killed_owner_takes_the_server_along_and_the_next_start_has_all_rows(owner):
    process, data_dir, pid = owner
    with psycopg.connect(
        host=str(socket_folder(data_dir)), user=roles.OWNER, dbname=roles.DATABASE
    ) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    process.kill()
    process.wait()
    assert gone(pid)
    with (
        EmbeddedServer(data_dir) as server,
        server.connect(roles.OWNER, roles.DATABASE) as connection,
    ):
        assert one(connection, "SELECT count(*) FROM kept") == 1000


@pytest.mark.crash
def test_start_right_after_the_owners_kill_needs_no_wait(owner):
    process, data_dir, _ = owner
    process.kill()
    process.wait()
    with EmbeddedServer(data_dir) as server:
        assert server.reachable()


@pytest.mark.crash
def test_killed_postmaster_restarts_with_every_committed_row(tmp_path):
    with EmbeddedServer(tmp_path / "postgres") as server:
        with server.connect(roles.OWNER, roles.DATABASE) as connection:
            connection.execute("CREATE TABLE kept (n int)")
            for n in range(20):
                connection.execute("INSERT INTO kept VALUES (%s)", [n])
            os.kill(server.pid, signal.SIGKILL)
        while server.alive():
            time.sleep(0.01)
        assert server.pid is None
        server.start()
        with server.connect(roles.OWNER, roles.DATABASE) as connection:
            assert one(connection, "SELECT count(*) FROM kept") == 20


@pytest.mark.crash
def test_pid_file_whose_number_another_program_now_has_does_not_stop_the_start(tmp_path):
    server = EmbeddedServer(tmp_path / "postgres", durable=False)
    server.start()
    server.stop()
    with subprocess.Popen(["/bin/sleep", "60"]) as other:
        (server.data_dir / "postmaster.pid").write_text(f"{other.pid}\n{server.data_dir}\n")
        server.start()
        assert server.reachable()
        assert other.poll() is None
        server.stop()
        other.kill()


@pytest.mark.crash
def test_half_made_cluster_of_a_killed_start_is_cleared(tmp_path):
    half = tmp_path / "postgres.new-1"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    with EmbeddedServer(tmp_path / "postgres", durable=False) as server:
        assert server.reachable()
    assert not half.exists()


def test_data_of_another_version_is_refused_and_left_alone(tmp_path):
    data_dir = tmp_path / "postgres"
    data_dir.mkdir()
    (data_dir / "PG_VERSION").write_text("15\n")
    with pytest.raises(EmbeddedServerError, match="made by PostgreSQL 15"):
        EmbeddedServer(data_dir).start()
    assert [p.name for p in data_dir.iterdir()] == ["PG_VERSION"]


def test_data_that_postgres_cannot_read_gives_its_own_words(tmp_path):
    data_dir = tmp_path / "postgres"
    data_dir.mkdir(mode=0o700)
    (data_dir / "PG_VERSION").write_text(f"{find_binaries().major}\n")
    with pytest.raises(EmbeddedServerError, match="did not start: .*postgresql.conf"):
        EmbeddedServer(data_dir).start()


def test_folder_of_another_user_is_told_instead_of_a_traceback(tmp_path, monkeypatch):
    def closed(*_):
        raise PermissionError(13, "Permission denied", "/somewhere/postgres")

    monkeypatch.setattr(EmbeddedServer, "_end_orphan", closed)
    server = EmbeddedServer(tmp_path / "postgres", durable=False)
    with pytest.raises(EmbeddedServerError, match="/somewhere/postgres is closed to this user"):
        server.start()
    monkeypatch.undo()
    with server:
        assert server.reachable()


def test_log_tells_a_failing_statement_but_not_whose_data_it_was(shared):
    with shared.connect(roles.OWNER, roles.DATABASE) as connection:
        connection.execute("CREATE TABLE people (name text PRIMARY KEY)")
        connection.execute("INSERT INTO people VALUES (%s)", ["Aino Salainen"])
        with pytest.raises(psycopg.errors.UniqueViolation, match="Aino Salainen"):
            connection.execute("INSERT INTO people VALUES (%s)", ["Aino Salainen"])
        connection.execute("DROP TABLE people")
    log = shared.log_path.read_text()
    assert "duplicate key value" in log
    assert "Salainen" not in log


def test_binaries_named_but_unusable_are_told_with_the_way_out(monkeypatch, tmp_path):
    monkeypatch.setenv("LUPAUS_PG_BIN", str(tmp_path))
    with pytest.raises(EmbeddedServerError, match="LUPAUS_PG_BIN"):
        find_binaries()


def test_binaries_too_old_are_refused_by_version(monkeypatch, tmp_path):
    (tmp_path / "initdb").touch()
    (tmp_path / "postgres").write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 15.9'\n")
    (tmp_path / "postgres").chmod(0o755)
    monkeypatch.setenv("LUPAUS_PG_BIN", str(tmp_path))
    with pytest.raises(EmbeddedServerError, match="version 15"):
        find_binaries()


def test_ordinary_user_runs_it_as_oneself(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert find_identity(find_binaries(), tmp_path) == Identity()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another name")
def test_root_without_namespaces_runs_it_as_the_owner_of_the_folder(tmp_path_factory, monkeypatch):
    folder = Path("/var/tmp") / f"lupaus-test-{os.getpid()}"
    folder.mkdir(mode=0o755)
    try:
        os.chown(folder, 65534, 65534)
        with EmbeddedServer(folder / "postgres", durable=False) as server:
            assert server.data_dir.stat().st_uid == 65534
            assert Path(f"/proc/{server.pid}").stat().st_uid == 65534
            assert server.reachable()
    finally:
        subprocess.run(["/bin/rm", "-rf", str(folder)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another name")
def test_root_that_nobody_can_stand_in_for_is_told_what_helps(monkeypatch, tmp_path):
    monkeypatch.setattr("promises.db.binaries._works", lambda *_: False)
    with pytest.raises(EmbeddedServerError, match="ordinary user"):
        EmbeddedServer(tmp_path / "postgres").start()
    assert not (tmp_path / "postgres").exists()


def test_roles_text_for_a_managed_server_gives_the_same_rights(shared):
    """The documented SQL, run by an administrator who is no superuser."""
    with shared.connect() as connection:
        connection.execute("CREATE ROLE dba LOGIN CREATEROLE CREATEDB")
    text = roles.MANAGED_SERVER_SQL
    for word in (*roles.ROLES, f"DATABASE {roles.DATABASE} "):
        text = text.replace(word, word.replace("lupaus", "managed"))
    statements = [s for s in text.split(";") if s.strip() and not s.strip().startswith("-- Then")]
    with shared.connect("dba") as connection:
        for statement in statements:
            connection.execute(statement)
    with shared.connect("managed_owner", "managed") as connection:
        connection.execute("CREATE TABLE mine (id int)")
    with (
        shared.connect("managed_app", "managed") as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("CREATE TABLE stolen (id int)")
    with shared.connect() as connection:
        connection.execute("DROP DATABASE managed")
        for role in ("managed_owner", "managed_app", "managed_worker", "dba"):
            connection.execute(f"DROP ROLE {role}")


def test_roles_text_is_the_one_in_the_operations_guide():
    guide = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    assert roles.MANAGED_SERVER_SQL in guide


def test_log_grown_large_is_put_aside(monkeypatch, tmp_path):
    monkeypatch.setattr(embedded, "LOG_LIMIT_BYTES", 10)
    with EmbeddedServer(tmp_path / "postgres", durable=False) as server:
        server.stop()
        server.start()
        assert (tmp_path / "postgres.log.old").exists()
        assert server.reachable()
