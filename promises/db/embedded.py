"""The default server: a private PostgreSQL of this checkout, on a unix socket only we can open.

One process owns the server: it holds a lock beside the data folder, started PostgreSQL as its own
child and stops it again. PostgreSQL dies with its owner, also by kill -9; an owner that finds an
old one alive stops it first. Others of the same checkout attach (`running`).
"""

import fcntl
import hashlib
import os
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Self
from urllib.parse import quote

import psycopg
from psycopg import sql

from promises.db import roles
from promises.db.binaries import (
    EmbeddedServerError,
    Identity,
    clean_environment,
    find_binaries,
    find_identity,
)

SUPERUSER = "postgres"
PORT = 5432
LONGEST_SOCKET_PATH = 107
LOG_LIMIT_BYTES = 10_000_000
START_SECONDS = 120.0
STOP_SECONDS = 10.0

SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "jit": "off",  # compiling costs more than our short statements run
    "timezone": "UTC",
    "log_timezone": "UTC",
    # what is slow or fails is told, whose data it was about is not
    "log_min_duration_statement": "1s",
    "log_parameter_max_length": "0",
    "log_error_verbosity": "terse",
    "idle_in_transaction_session_timeout": "5min",
    "autovacuum_naptime": "15s",
}
THROW_AWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_wal_size": "4GB",
    "log_min_duration_statement": "-1",
}


class ServerBusy(EmbeddedServerError):
    """Another living process owns the server of this data folder."""


def socket_folder(data_dir: Path) -> Path:
    """Where the server of `data_dir` listens: beside it, or, where that path is too long for a
    socket, in the temporary folder under a name made from the path."""
    data_dir = data_dir.resolve()
    near = data_dir.parent / f"{data_dir.name}.run"
    if len(os.fsencode(near / f".s.PGSQL.{PORT}.lock")) <= LONGEST_SOCKET_PATH:
        return near
    key = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"lupaus-{os.geteuid()}-{key}"


def embedded_url(data_dir: Path, role: str, database: str = roles.DATABASE) -> str:
    """The SQLAlchemy URL of the server of `data_dir`, whether it runs now or not."""
    host = quote(str(socket_folder(data_dir)), safe="")
    return f"postgresql+psycopg://{role}@/{database}?host={host}&port={PORT}"


def _serves(pid: int, data_dir: Path) -> bool:
    """Whether that process runs and is a PostgreSQL on `data_dir`."""
    if Path("/proc/self").exists():
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return os.fsencode(data_dir) in words
    asked = subprocess.run(  # noqa: S603  our own words, no shell
        ["/bin/ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False
    )
    return f"-D {data_dir} " in asked.stdout


class EmbeddedServer:
    """The server of one data folder. Start it from the main thread: it dies with that thread.

    `durable=False` is for tests: it never waits for the disk and may lose everything at a crash.
    """

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        self.data_dir = data_dir.resolve()
        self.durable = durable
        self.socket_folder = socket_folder(self.data_dir)
        self.log_path = self.data_dir.parent / f"{self.data_dir.name}.log"
        self._lock_path = self.data_dir.parent / f"{self.data_dir.name}.lock"
        self._lock: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """The postmaster's process id while this object runs it."""
        return self._process.pid if self.alive() and self._process else None

    def alive(self) -> bool:
        """Whether the PostgreSQL that this object started still runs. Reaps it when it does not."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Bring the server up, with its roles and database. Does nothing while it runs.

        Raises ServerBusy when another process owns it, EmbeddedServerError when it cannot run.
        """
        if self.alive():
            return
        try:
            self._take_lock()
            binaries = find_binaries()
            identity = find_identity(binaries, self.data_dir)
            if not (self.data_dir / "PG_VERSION").exists():
                self._initialise(identity, binaries.initdb, binaries.major)
            self._check_version(binaries.major)
            self._end_orphan()
            self._make_socket_folder(identity)
            self._launch(identity, binaries.postgres)
            self._prepare()
        except PermissionError as error:
            self.stop()
            raise EmbeddedServerError(
                f"{error.filename} is closed to this user. Was the server started by another one?"
            ) from error
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Fast stop: open transactions roll back, everything committed is kept. Safe to repeat."""
        process = self._process
        if process is not None:
            for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
                if process.poll() is not None:
                    break
                process.send_signal(number)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(STOP_SECONDS)
            self._process = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    @contextmanager
    def reserved(self) -> Iterator[None]:
        """Nobody can start the server inside, and none runs. Raises ServerBusy."""
        self._take_lock()
        try:
            self._end_orphan()
            yield
        finally:
            self.stop()

    def url(self, role: str, database: str = roles.DATABASE) -> str:
        return embedded_url(self.data_dir, role, database)

    def connect(
        self, role: str = SUPERUSER, database: str = "postgres"
    ) -> psycopg.Connection[tuple[object, ...]]:
        """A plain autocommit connection, by default as the administrator."""
        return psycopg.connect(
            host=str(self.socket_folder), port=PORT, user=role, dbname=database,
            autocommit=True, connect_timeout=10,
        )  # fmt: skip

    def reachable(self) -> bool:
        """Whether a server answers on our socket, whoever started it."""
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def create_database(self, name: str, template: str | None = None) -> None:
        """A database owned by the owner role, as a copy of `template` where one is given. Nobody
        may be connected to the template."""
        statement = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY {}").format(
            sql.Identifier(name),
            sql.Identifier(roles.OWNER),
            sql.Identifier(template or "template0"),
            # measured: copying files needs a checkpoint, cheap only where nothing is synced
            sql.SQL("WAL_LOG" if self.durable else "FILE_COPY"),
        )
        with self.connect() as connection:
            connection.execute(statement)
            roles.grant_database(connection, name)

    def drop_database(self, name: str) -> None:
        """Remove a database, throwing out who is connected to it. Safe to repeat."""
        with self.connect() as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )

    def _take_lock(self) -> None:
        if self._lock is not None:
            return
        self.data_dir.parent.mkdir(parents=True, exist_ok=True)
        lock = self._lock_path.open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            owner = lock.read().strip() or "unknown"
            lock.close()
            raise ServerBusy(
                f"The database in {self.data_dir} is already run by process {owner}."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        self._lock = lock

    def _initialise(self, identity: Identity, initdb: str, major: int) -> None:
        """Make the cluster aside and move it in place, so that a kill leaves no half of one."""
        for left_over in self.data_dir.parent.glob(f"{self.data_dir.name}.new-*"):
            shutil.rmtree(left_over)
        aside = self.data_dir.parent / f"{self.data_dir.name}.new-{os.getpid()}"
        aside.mkdir(mode=0o700)
        if identity.uid is not None:
            os.chown(aside, identity.uid, -1)
        # The built-in provider sorts alike on every machine; version 16 has only the C library's.
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        command = [
            initdb, "-D", str(aside), "-U", SUPERUSER, "--encoding=UTF8", "--auth-local=trust",
            "--auth-host=reject", "--no-instructions",
            *(locale if major > 16 else ["--locale=C.UTF-8"]),
            *([] if self.durable else ["--no-sync"]),
        ]  # fmt: skip
        done = subprocess.run(  # noqa: S603  our own words, no shell
            identity.command(signal.SIGTERM, *command),
            capture_output=True, text=True, check=False, env=clean_environment(), cwd="/",
        )  # fmt: skip
        if done.returncode != 0:
            shutil.rmtree(aside)
            raise EmbeddedServerError(f"PostgreSQL's initdb failed: {done.stderr.strip()[-2000:]}")
        aside.rename(self.data_dir)

    def _check_version(self, major: int) -> None:
        made_by = (self.data_dir / "PG_VERSION").read_text().strip()
        if made_by != str(major):
            raise EmbeddedServerError(
                f"The data in {self.data_dir} was made by PostgreSQL {made_by}, but version "
                f"{major} was found. Set LUPAUS_PG_BIN to the programs of version {made_by}, or "
                "dump there and load here."
            )

    def _end_orphan(self) -> None:
        """Clear away what an owner left who was killed.

        We hold the lock, so a PostgreSQL still running on this folder has no owner: it is stopped.
        A pid file whose number now belongs to another program would keep PostgreSQL from starting.
        """
        pid_file = self.data_dir / "postmaster.pid"
        with suppress(FileNotFoundError, ValueError, IndexError):
            pid = int(pid_file.read_text().split()[0])
            for attempt in range(600):
                if not _serves(pid, self.data_dir):
                    break
                if attempt in (0, 200, 400):
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGINT if attempt < 400 else signal.SIGQUIT)
                time.sleep(0.05)
            else:
                raise EmbeddedServerError(f"PostgreSQL (process {pid}) does not stop.")
            pid_file.unlink()

    def _make_socket_folder(self, identity: Identity) -> None:
        folder = self.socket_folder
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        found = folder.lstat()
        mine = identity.uid if identity.uid is not None else os.geteuid()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (os.geteuid(), mine):
            raise EmbeddedServerError(f"{folder} belongs to somebody else.")
        folder.chmod(0o700)
        if found.st_uid != mine:
            os.chown(folder, mine, -1)

    def _launch(self, identity: Identity, postgres: str) -> None:
        settings = SETTINGS if self.durable else SETTINGS | THROW_AWAY
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        command = [postgres, "-D", str(self.data_dir), "-k", str(self.socket_folder), *options]
        if self.log_path.exists() and self.log_path.stat().st_size > LOG_LIMIT_BYTES:
            self.log_path.replace(self.log_path.with_suffix(".log.old"))
        # Leftovers of a killed server hold its shared memory for a moment: hence a few attempts.
        for attempt in range(6):
            time.sleep(0.5 * attempt)
            with self.log_path.open("ab") as log:
                position = log.tell()
                self._process = subprocess.Popen(  # noqa: S603  our own words, no shell
                    identity.command(signal.SIGINT, *command),
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=clean_environment(),
                    cwd="/", start_new_session=True,
                )  # fmt: skip
            if self._becomes_ready():
                return
            self._process = None
            said = self.log_path.read_bytes()[position:].decode(errors="replace").strip()
            if "shared memory block" not in said and "lock file" not in said:
                break
        raise EmbeddedServerError(f"PostgreSQL did not start: {said[-2000:]}")

    def _becomes_ready(self) -> bool:
        """Wait until the server answers, through a recovery too. False when it has ended."""
        for _ in range(int(START_SECONDS / 0.02)):
            if not self.alive():
                return False
            if self.reachable():
                return True
            time.sleep(0.02)
        raise EmbeddedServerError(f"PostgreSQL did not answer in {START_SECONDS:.0f} s.")

    def _prepare(self) -> None:
        with self.connect() as connection:
            roles.ensure_roles(connection)
            known = connection.execute(
                "SELECT FROM pg_database WHERE datname = %s", [roles.DATABASE]
            ).fetchone()
        if known is None:
            self.create_database(roles.DATABASE)


@contextmanager
def running(data_dir: Path) -> Iterator[EmbeddedServer]:
    """The server of `data_dir` for as long as the block lasts: one that already runs in another
    process is shared and left alone, else it is started, and stopped at the end."""
    server = EmbeddedServer(data_dir)
    try:
        server.start()
    except ServerBusy:
        for _ in range(int(START_SECONDS / 0.1)):
            if server.reachable():
                break
            time.sleep(0.1)
        else:
            raise
    try:
        yield server
    finally:
        server.stop()
