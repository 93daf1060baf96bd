"""What `make run` runs, beside the database. To add a program, add a Child here."""

import errno
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from config import Config
from promises.cli.processes import Child

LOOPBACK = "127.0.0.1"
MAIL_PORT = 8025
SMTP_PORT = 1025
PORTS_TRIED = 200

FLASK = (sys.executable, "-m", "flask", "--app", "wsgi")
WEB_WORKERS = "2"
WEB_THREADS = "8"

MIGRATE = Child("migrate", (*FLASK, "db", "upgrade"))
SEED_DEMO = Child("demo", (*FLASK, "seed-demo"))


@dataclass(frozen=True)
class Stage:
    """Where everything listens. The sockets are ours: while a process is started again, whoever
    calls waits in them instead of being refused, and no other checkout can take the port. `smtp`
    and `mail` are the catcher's, None where mail goes to a real server."""

    web: socket.socket
    base_url: str
    smtp: socket.socket | None = None
    mail: socket.socket | None = None

    @property
    def env(self) -> dict[str, str]:
        """What every program must know of it."""
        known = {"LUPAUS_BASE_URL": self.base_url}
        if self.smtp is not None:
            known["LUPAUS_SMTP_URL"] = f"smtp://{LOOPBACK}:{port_of(self.smtp)}"
        return known


def listen(first: int) -> socket.socket:
    """A listening loopback socket on the first free port from `first` on."""
    for port in range(first, min(first + PORTS_TRIED, 65536)):
        try:
            return socket.create_server((LOOPBACK, port), backlog=512)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
    raise OSError(errno.EADDRINUSE, f"no free port from {first} on")


def port_of(listening: socket.socket) -> int:
    return int(listening.getsockname()[1])


def set_stage(config: Config) -> Stage:
    """Choose the ports, so that several checkouts run side by side. Mail is caught here where no
    mail server is named and nobody but us uses the service."""
    web = listen(config.port)
    if not config.embedded:
        return Stage(web, config.base_url)
    base_url = f"http://{LOOPBACK}:{web.getsockname()[1]}"
    if config.mail is not None:
        return Stage(web, base_url)
    return Stage(web, base_url, listen(SMTP_PORT), listen(MAIL_PORT))


def service(stage: Stage) -> tuple[Child, ...]:
    """What runs everywhere: the pages and the worker."""
    shared_memory = Path("/dev/shm")  # noqa: S108  gunicorn's heartbeat files must not touch a disk
    web = (
        sys.executable, "-m", "gunicorn", "wsgi:app", "--bind", f"fd://{stage.web.fileno()}",
        "--worker-class", "gthread", "--workers", WEB_WORKERS, "--threads", WEB_THREADS,
        "--preload", "--graceful-timeout", "5", "--timeout", "60", "--no-control-socket",
        "--log-level", "warning",
        *(("--worker-tmp-dir", str(shared_memory)) if shared_memory.is_dir() else ()),
    )  # fmt: skip
    return (
        Child("web", web, stage.env, sockets=(stage.web.fileno(),)),
        Child("worker", (*FLASK, "worker"), stage.env),
    )


def mail_catcher(smtp: socket.socket, mail: socket.socket) -> Child:
    """Takes our mail instead of a mail server and shows it on a page."""
    inherited = (smtp.fileno(), mail.fileno())
    options = ("--smtp-fd", str(inherited[0]), "--http-fd", str(inherited[1]))
    return Child("mail", (*FLASK, "mail-catcher", *options), vital=False, sockets=inherited)


def simulated_day(stage: Stage) -> Child:
    """Customers and clerks of the demo organisation, at a pace to watch."""
    return Child("day", (*FLASK, "simulate-day"), stage.env, vital=False, finite=True)


def demo_links(stage: Stage) -> Child:
    """Prints the one-click sign-ins."""
    return Child("links", (*FLASK, "demo-links"), stage.env)


def programs(config: Config, stage: Stage) -> tuple[Child, ...]:
    """All that is kept running."""
    children = [*service(stage)]
    if stage.smtp is not None and stage.mail is not None:
        children.append(mail_catcher(stage.smtp, stage.mail))
    if config.demo:
        children.append(simulated_day(stage))
    return tuple(children)
