"""`make run` as a whole: real processes, real pages, kills, a second checkout beside it."""

import http.client
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from config import PROJECT, load_config
from promises.cli import children
from promises.cli.up import answers
from promises.db import roles
from promises.db.embedded import socket_folder
from promises.simulation.seed import DAYS
from tests.profiles import PROFILE

pytestmark = [pytest.mark.crash, pytest.mark.slow]


def state_of(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return None


def family(pid):
    """The living descendants of a process, by what /proc says."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if fields[0] != "Z":
            parents[int(entry.parent.name)] = int(fields[1])
    found = {pid}
    while True:
        more = {child for child, parent in parents.items() if parent in found} - found
        if not more:
            return found - {pid}
        found |= more


def command(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def eventually(condition, seconds=300):
    for _ in range(seconds * 20):
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError("it did not come to that")


class Up:
    """One running `make run` without the demonstration."""

    def __init__(self, data_dir, **environ):
        self.data_dir = data_dir
        self.lines = []
        given = {"LUPAUS_DATA_DIR": str(data_dir), "LUPAUS_DEMO": "0"} | environ
        kept = {n: v for n, v in os.environ.items() if not n.startswith("LUPAUS_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "promises.cli.up"], cwd=PROJECT, env=kept | given,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def wait_until_told(self):
        for line in self.process.stdout:
            self.lines.append(line)
            if "Ctrl-C stops everything" in line:
                return self
        raise AssertionError("".join(self.lines))

    @property
    def address(self):
        return re.search(r"Pages +(http://127.0.0.1:\d+)/", "".join(self.lines)).group(1)

    def child(self, words):
        """The pid of the supervisor's own child whose command line holds `words`."""
        own = [
            pid for pid in family(self.process.pid)
            if words in command(pid) and int(stat_field(pid, 1)) == self.process.pid
        ]  # fmt: skip
        return own[0] if own else None

    def sql(self, statement, role=roles.OWNER):
        with psycopg.connect(
            host=str(socket_folder(self.data_dir / "postgres")), user=role, dbname=roles.DATABASE
        ) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else None

    def end(self):
        if self.process.stdout.closed:
            return "".join(self.lines)
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return "".join(self.lines) + self.last_words()

    def last_words(self):
        """What it says until it ends by itself; none of it is left behind when it does not."""
        try:
            return self.process.communicate(timeout=300)[0]
        except subprocess.TimeoutExpired:
            for pid in {*family(self.process.pid), self.process.pid}:
                os.kill(pid, signal.SIGKILL)
            self.process.communicate()
            raise


def stat_field(pid, position):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[position]
    except (FileNotFoundError, ProcessLookupError):
        return 0


def status(address):
    request = urllib.request.Request(address + "/")
    try:
        with urllib.request.urlopen(request, timeout=120) as response:
            return response.status
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


@contextmanager
def started(data_dir, **environ):
    running = Up(data_dir, **environ)
    try:
        yield running.wait_until_told()
    finally:
        running.end()


@pytest.fixture(scope="module")
def up(tmp_path_factory):
    """One for all tests that leave it running."""
    with started(tmp_path_factory.mktemp("up") / "data") as running:
        yield running


def test_second_start_in_the_same_folder_is_refused_and_names_the_address(up):
    second = Up(up.data_dir)
    said = second.last_words()
    assert second.process.returncode == 1
    assert f"already run by process {up.process.pid}" in said
    assert up.address in said
    assert status(up.address) < 500


def test_reset_is_refused_while_it_runs_and_changes_nothing(up):
    environ = os.environ | {"LUPAUS_DATA_DIR": str(up.data_dir)}
    done = subprocess.run(
        [sys.executable, "-m", "promises.cli.reset", "--yes"],
        cwd=PROJECT, env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "Stop it first" in done.stderr
    assert up.sql("SELECT version_num FROM alembic_version")


def test_second_checkout_runs_beside_it_and_ctrl_c_leaves_nothing_of_it(up, tmp_path):
    with started(tmp_path / "other") as other:
        everyone = family(other.process.pid)
        assert len(everyone) > 5
        assert other.address != up.address
        assert status(other.address) < 500
        other.sql("CREATE TABLE only_there (n int)")
        assert up.sql("SELECT to_regclass('only_there')") == [(None,)]
        other.process.send_signal(signal.SIGINT)
        assert "Everything is kept" in other.last_words()
    assert other.process.returncode == 0
    assert [command(pid) for pid in everyone if state_of(pid) not in (None, "Z")] == []
    assert not (other.data_dir / "address").exists()
    assert status(up.address) < 500


@pytest.mark.parametrize("words", ["gunicorn", "flask --app wsgi worker", "postgres -D"])
def test_killed_program_comes_back_and_no_visitor_is_refused(up, words):
    up.sql("DROP TABLE IF EXISTS kept")
    up.sql("CREATE TABLE kept AS SELECT generate_series(1, 100) AS n")
    victim = up.child(words)
    os.kill(victim, signal.SIGKILL)
    # The port stays open while pages are started again: the request waits, it is not refused.
    # Without a database the pages may say so, and no more than that.
    assert visit(up.address) in ((200, 302, 404, 503) if "postgres" in words else (200, 302, 404))
    eventually(lambda: up.child(words) not in (None, victim))
    eventually(lambda: answering(up))
    assert up.sql("SELECT count(*) FROM kept") == [(100,)]


def visit(address):
    """A browser tries again where a dying process had just taken its connection; it is never
    refused one."""
    for _ in range(5):
        with suppress(http.client.RemoteDisconnected, ConnectionResetError):
            return status(address)
    raise AssertionError("every connection was dropped")


def answering(up):
    try:
        return up.sql("SELECT 1") and status(up.address) < 500
    except (psycopg.OperationalError, OSError):
        return False


def test_killed_supervisor_takes_all_along_and_the_next_start_has_the_rows(tmp_path):
    with started(tmp_path / "data") as first:
        first.sql("CREATE TABLE kept AS SELECT generate_series(1, 100) AS n")
        everyone = family(first.process.pid)
        first.process.kill()
        first.process.wait()
    eventually(lambda: all(state_of(pid) in (None, "Z") for pid in everyone))
    with started(tmp_path / "data") as again:
        assert again.sql("SELECT count(*) FROM kept") == [(100,)]


def test_service_refuses_an_application_role_that_is_a_superuser(up, tmp_path):
    """The same database named as if it were a server of our own, with too strong a role."""
    host = socket_folder(up.data_dir / "postgres")
    environ = {
        "DATABASE_URL": f"postgresql://postgres@/lupaus?host={host}",
        "WORKER_DATABASE_URL": f"postgresql://lupaus_worker@/lupaus?host={host}",
        "MIGRATION_DATABASE_URL": f"postgresql://lupaus_owner@/lupaus?host={host}",
        "LUPAUS_SECRET_KEY": "k" * 40,
        "LUPAUS_BASE_URL": "https://promises.example",
    }
    strong = Up(tmp_path / "strong", **environ)
    said = strong.last_words()
    assert strong.process.returncode == 1
    assert "role postgres is a superuser" in said
    assert "web does not stay up" in said
    assert not (tmp_path / "strong" / "postgres").exists()


def test_service_runs_on_a_server_of_our_own_with_the_three_roles(up, tmp_path):
    host = socket_folder(up.data_dir / "postgres")
    urls = {
        name: f"postgresql://{role}@/lupaus?host={host}"
        for name, role in (
            ("DATABASE_URL", roles.APPLICATION),
            ("WORKER_DATABASE_URL", roles.WORKER),
            ("MIGRATION_DATABASE_URL", roles.OWNER),
        )
    }
    environ = {"LUPAUS_SECRET_KEY": "k" * 40, "LUPAUS_BASE_URL": "https://a.example"} | urls
    with started(tmp_path / "own", **environ) as own:
        assert "https://a.example/" in "".join(own.lines)
        assert not (tmp_path / "own" / "postgres").exists()


def test_command_beside_it_uses_the_running_database_and_its_address(up):
    environ = {n: v for n, v in os.environ.items() if not n.startswith("LUPAUS_")}
    environ["LUPAUS_DATA_DIR"] = str(up.data_dir)
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "db", "current"],
        cwd=PROJECT, env=environ, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "(head)" in done.stdout
    assert load_config({"LUPAUS_DATA_DIR": str(up.data_dir)}).base_url == up.address
    assert up.child("postgres -D")


def test_next_port_is_taken_where_the_first_is_in_use():
    with closing(children.listen(42000)) as first, closing(children.listen(42000)) as second:
        assert first.getsockname()[1] < second.getsockname()[1]


def test_open_socket_that_nobody_serves_does_not_answer():
    with closing(children.listen(42100)) as silent:
        assert not answers(silent)


def test_reset_forgets_data_and_key_after_a_yes_only(tmp_path):
    environ = {n: v for n, v in os.environ.items() if not n.startswith("LUPAUS_")}
    environ["LUPAUS_DATA_DIR"] = str(tmp_path)

    def run(module, *arguments, text=""):
        return subprocess.run(
            [sys.executable, "-m", module, *arguments], cwd=PROJECT, env=environ, input=text,
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    assert run("flask", "--app", "wsgi", "db", "upgrade").returncode == 0
    key = (tmp_path / "secret.key").read_bytes()
    (tmp_path / "mine.txt").write_text("not the product's")
    for answer in ("no\n", ""):
        refused = run("promises.cli.reset", text=answer)
        assert refused.returncode == 1
        assert "Nothing was changed" in refused.stdout
        assert (tmp_path / "postgres" / "PG_VERSION").exists()
        assert (tmp_path / "secret.key").read_bytes() == key
    assert run("promises.cli.reset", text="yes\n").returncode == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine.txt", "postgres.lock"]


def test_reset_never_touches_a_server_of_our_own(tmp_path):
    environ = dict(os.environ) | {
        "LUPAUS_DATA_DIR": str(tmp_path),
        "DATABASE_URL": "postgresql://a@db.example/x",
        "WORKER_DATABASE_URL": "postgresql://b@db.example/x",
        "MIGRATION_DATABASE_URL": "postgresql://c@db.example/x",
        "LUPAUS_SECRET_KEY": "k" * 40,
        "LUPAUS_BASE_URL": "https://a.example",
    }
    done = subprocess.run(
        [sys.executable, "-m", "promises.cli.reset", "--yes"],
        cwd=PROJECT, env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "not reset from here" in done.stderr


def test_demonstration_gives_sign_ins_that_work_once_mail_and_a_running_day(tmp_path):
    """With a short past; the nightly run plays the whole of it."""
    short = {"FLASK_SEED_DEMO_DAYS": "2", "FLASK_SEED_DEMO_MONTHS": "1"}
    past = {} if PROFILE == "nightly" else short
    with started(tmp_path / "data", LUPAUS_DEMO="1", **past) as up:
        told = "".join(up.lines)
        assert re.search(rf"visits on {2 if past else DAYS} days were played", told)
        links = dict(re.findall(r"^  (\w[\w ]+?) {2,}(http://\S+)$", told, re.MULTILINE))
        assert {"Clerk", "Manager", "Accountant", "Administrator"} <= set(links)
        assert status(links["Mail we sent"].rstrip("/")) == 200
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        with browser.open(links["Clerk"], timeout=120) as page:
            assert "/staff" in page.url
            assert page.status == 200
        stranger = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        with pytest.raises(urllib.error.HTTPError) as refused:
            stranger.open(links["Clerk"], timeout=120)
        assert 400 <= refused.value.code < 500
        refused.value.close()
        seeded = up.sql("SELECT count(*) FROM tickets", role="postgres")
        eventually(lambda: up.sql("SELECT count(*) FROM tickets", role="postgres") > seeded)
