"""`make run`: everything in one terminal.

With no DATABASE_URL: our own database, a demonstration organisation and a simulated day. With one:
migrations, pages and worker, for one machine behind a proxy.
"""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException

from config import ADDRESS_FILE, PROJECT, Config, ConfigError, load_config
from promises.cli import children
from promises.cli.supervisor import StartFailedError, Supervisor, end_with_make
from promises.db.binaries import EmbeddedServerError
from promises.db.embedded import EmbeddedServer, ServerBusy


def main() -> int:
    end_with_make()
    os.chdir(PROJECT)
    try:
        config = load_config()
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 1
    try:
        run(config)
    except KeyboardInterrupt:
        print("Stopped. Everything is kept for the next start.")
        return 0
    except ServerBusy as busy:
        print(f"{busy} Pages: {config.base_url}/", file=sys.stderr)
    except (EmbeddedServerError, StartFailedError) as error:
        print(error, file=sys.stderr)
    return 1


def run(config: Config) -> None:
    """Until a signal comes; then raises KeyboardInterrupt, with nothing left running."""
    stage = children.set_stage(config)
    database = EmbeddedServer(config.postgres_dir) if config.embedded else None
    supervisor = Supervisor(children.programs(config, stage), database)
    with closing(stage.web), supervisor.session():
        print("Bringing the database up to date …", flush=True)
        supervisor.run_once(children.MIGRATE)
        if config.demo:
            print("Looking after the demonstration's past days …", flush=True)
            supervisor.run_once(children.SEED_DEMO)
        print("Starting pages and worker …", flush=True)
        with _told_address(config, stage.base_url):
            supervisor.keep_until(lambda: answers(stage.web))
            links = []
            if config.demo:
                links = supervisor.run_once(children.demo_links(stage), capture=True)
            print(welcome(stage, links), flush=True)
            supervisor.keep()


def answers(web: socket.socket) -> bool:
    """Whether the pages are served. Our socket takes connections before anybody serves them."""
    host, port = web.getsockname()
    connection = HTTPConnection(host, port, timeout=2.0)
    try:
        connection.request("GET", "/")
        connection.getresponse()
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
    return True


def welcome(stage: children.Stage, links: list[str]) -> str:
    """What the person who started it reads."""
    lines = ["", "Lupaus runs.", "", f"  Pages             {stage.base_url}/"]
    if stage.mail is not None:
        port = children.port_of(stage.mail)
        lines.append(f"  Mail we sent      http://{children.LOOPBACK}:{port}/")
    if links:
        lines += ["", *(f"  {line}" for line in links)]
    return "\n".join([*lines, "", "Ctrl-C stops everything; the data is kept.", ""])


@contextmanager
def _told_address(config: Config, base_url: str) -> Iterator[None]:
    """Commands in another terminal read there which port was free."""
    path = config.data_dir / ADDRESS_FILE
    if config.embedded:
        path.write_text(f"{base_url}\n")
    try:
        yield
    finally:
        if config.embedded:
            path.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
