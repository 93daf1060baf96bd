"""The worker as its own process, as in production."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

from config import load_config
from tests.worker.ground import wait_for

ROOT = Path(__file__).parents[2]


def environment(database, **more):
    """What makes `flask` work on a database of the tests."""
    return os.environ | {
        "DATABASE_URL": database.app_url,
        "WORKER_DATABASE_URL": database.worker_url,
        "MIGRATION_DATABASE_URL": database.owner_url,
        "LUPAUS_SECRET_KEY": load_config().secret_key.decode(),
        "LUPAUS_BASE_URL": "https://promises.example",
        "PYTHONUNBUFFERED": "1",
        **more,
    }


def flask_command(*words):
    return [sys.executable, "-m", "flask", "--app", "wsgi", *words]


@contextlib.contextmanager
def worker_process(database, log_path, **more):
    """Running and ready; killed at the end if it still runs. Its log is in `log_path`."""
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            flask_command("worker"),
            cwd=ROOT,
            env=environment(database, **more),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    before = log_path.read_text().count("worker_started")
    try:
        wait_for(lambda: log_path.read_text().count("worker_started") > before, seconds=120)
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait(120)
