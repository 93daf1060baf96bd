"""What `flask doctor` looks at. Each check answers with findings and changes nothing."""

import datetime as dt
import smtplib
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import psycopg
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg.rows import namedtuple_row
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from config import Config
from promises.audit.queries import verify
from promises.db.checks import role_problems, unguarded_tables
from promises.db.migrate import alembic_settings
from promises.db.session import unit_of_work
from promises.db.tenancy import tenant_tables
from promises.identity.keys import look_at_keys
from promises.identity.queries import list_organisation_ids
from promises.kernel.actors import SYSTEM
from promises.kernel.clock import process_clock
from promises.ledger.queries import balances, unbalanced_transactions
from promises.notify.channels import EmailCarrier, Mailbox
from promises.reporting.books_proof import flaws

SMALL_DRIFT, LARGE_DRIFT = dt.timedelta(seconds=2), dt.timedelta(seconds=30)
LATE = dt.timedelta(seconds=30)
OLD_JOB = dt.timedelta(minutes=5)
OLD_MESSAGE = dt.timedelta(minutes=15)


class Health(StrEnum):
    FINE = "fine"
    LOOK = "look"  # worth a look, nothing is broken
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is, and what to do where it is not fine."""

    what: str
    health: Health
    text: str
    remedy: str = ""

    @property
    def fails(self) -> bool:
        return self.health is Health.BROKEN

    def line(self) -> str:
        said = f"{self.health.value:<7} {self.what}: {self.text}"
        return f"{said}\n        → {self.remedy}" if self.remedy else said


def fine(what: str, text: str) -> Finding:
    return Finding(what, Health.FINE, text)


@contextmanager
def connected(url: str) -> Iterator["psycopg.Connection[Any]"]:
    address = url.replace("postgresql+psycopg://", "postgresql://", 1)
    with psycopg.connect(address, autocommit=True, connect_timeout=10) as connection:
        yield connection


def check_roles(config: Config) -> list[Finding]:
    """The roles of pages and worker may neither pass by row-level security nor own anything."""
    findings = []
    for what, url in (("pages' role", config.app_url), ("worker's role", config.worker_url)):
        with connected(url) as connection:
            problems = role_problems(connection)
        remedy = "Give it a role of its own: docs/operations.md shows the three roles."
        findings.append(
            Finding(what, Health.BROKEN, "; ".join(problems), remedy)
            if problems
            else fine(what, "is bound by row-level security and owns nothing")
        )
    return findings


def check_tables(config: Config) -> list[Finding]:
    tables = tenant_tables()
    with connected(config.app_url) as connection:
        open_tables = unguarded_tables(connection, tables)
    if open_tables:
        text = f"no forced policy on {', '.join(open_tables)}"
        return [Finding("tables", Health.BROKEN, text, "Run `flask init`.")]
    return [fine("tables", f"all {len(tables)} of them keep tenants apart")]


def check_migrations(config: Config) -> list[Finding]:
    head = ScriptDirectory.from_config(alembic_settings(config.migration_url)).get_current_head()
    engine = create_engine(config.migration_url, poolclass=NullPool)
    with engine.connect() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
    if present == head:
        return [fine("migrations", f"at the newest, {head}")]
    text = f"the database is at {present or 'nothing'}, the programs at {head}"
    return [Finding("migrations", Health.BROKEN, text, "Run `flask init`.")]


def check_clock(config: Config) -> list[Finding]:
    """The database's clock decides; a process far from it shows wrong countdowns."""
    with connected(config.app_url) as connection:
        before = process_clock.now()
        row = connection.execute("SELECT clock_timestamp()").fetchone()
        after = process_clock.now()
    told: dt.datetime = row[0] if row else before
    drift = max(before - told, told - after, dt.timedelta(0))
    text = f"{drift.total_seconds():.3f} s between this machine and the database"
    if drift <= SMALL_DRIFT:
        return [fine("clocks", text)]
    health = Health.BROKEN if drift > LARGE_DRIFT else Health.LOOK
    return [Finding("clocks", health, text, "Let a time service (NTP) set both clocks.")]


_WAITING = """
SELECT
    (SELECT clock_timestamp() - min(at) FROM (
        SELECT due_at AS at FROM commitments
        WHERE state = 'open' AND due_at <= clock_timestamp() AND NOT by_engine
        UNION ALL
        SELECT next_change_at FROM commitments WHERE next_change_at <= clock_timestamp()
     ) due) AS deadline,
    (SELECT clock_timestamp() - min(created_at) FROM messages
     WHERE state = 'queued' AND next_try_at <= clock_timestamp()) AS message,
    (SELECT clock_timestamp() - min(event.at) FROM procrastinate_jobs AS job
     JOIN procrastinate_events AS event ON event.job_id = job.id AND event.type = 'deferred'
     WHERE job.status = 'todo' AND (job.scheduled_at IS NULL
         OR job.scheduled_at <= clock_timestamp())) AS job,
    (SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed') AS failed_jobs
"""


def check_queue(config: Config) -> list[Finding]:
    """How long the oldest of each kind of work has been waiting for the worker."""
    with connected(config.worker_url) as connection:
        cursor = connection.cursor(row_factory=namedtuple_row)
        row: Any = cursor.execute(_WAITING).fetchone()
    findings = [
        _age("deadlines", row.deadline, LATE),
        _age("messages", row.message, OLD_MESSAGE),
        _age("jobs", row.job, OLD_JOB),
    ]
    if row.failed_jobs:
        text = f"{row.failed_jobs} failed for good"
        remedy = "Read the worker's log, mend the cause, and start the work again from its page."
        findings.append(Finding("jobs", Health.LOOK, text, remedy))
    return findings


def _age(what: str, age: dt.timedelta | None, longest: dt.timedelta) -> Finding:
    if age is None:
        return fine(what, "none is waiting")
    text = f"the oldest has been waiting for {age.total_seconds():.0f} s"
    if age <= longest:
        return fine(what, text)
    return Finding(what, Health.BROKEN, text, "Is `flask worker` running? Its log says more.")


def check_books(_: Config) -> list[Finding]:
    """Each organisation's ledger sums to zero and says what the payouts say, and neither it nor the
    audit trail was rewritten."""
    findings, organisations = [], list_organisation_ids()
    for organisation_id in organisations:
        findings += _ledger_of(organisation_id)
        findings += _flaws_of(organisation_id)
        findings += _audit_of(organisation_id)
    return findings or [fine("books", f"{len(organisations)} organisations, all in balance")]


def _ledger_of(organisation_id: uuid.UUID) -> list[Finding]:
    with unit_of_work(organisation_id, SYSTEM) as uow:
        keys = unbalanced_transactions(uow.session, organisation_id=organisation_id)
        sums: dict[str, int] = {}
        for balance in balances(uow.session, organisation_id=organisation_id):
            sums[balance.currency] = sums.get(balance.currency, 0) + balance.balance_minor
    off = [f"{total} minor units of {currency}" for currency, total in sums.items() if total]
    if not keys and not off:
        return []
    text = f"organisation {organisation_id} is off by {', '.join(off) or 'nothing in sum'}"
    remedy = f"Stop payouts and look at the transactions {', '.join(keys[:5])}."
    return [Finding("ledger", Health.BROKEN, text, remedy)]


def _flaws_of(organisation_id: uuid.UUID) -> list[Finding]:
    """What is paid is booked, clearing accounts hold what is under way, closed months are whole."""
    with unit_of_work(organisation_id, SYSTEM) as uow:
        found = flaws(uow.session, organisation_id=organisation_id)
    return [
        Finding("books", Health.BROKEN, f"organisation {organisation_id}: {one.text}", one.remedy)
        for one in found
    ]


def _audit_of(organisation_id: uuid.UUID) -> list[Finding]:
    with unit_of_work(organisation_id, SYSTEM) as uow:
        found = verify(uow.session, organisation_id=organisation_id)
    if found.intact:
        return []
    text = f"organisation {organisation_id}: record {found.broken_at} does not fit the chain"
    remedy = "Somebody changed the trail past the service: compare it with a backup."
    return [Finding("audit trail", Health.BROKEN, text, remedy)]


def check_keys(_: Config) -> list[Finding]:
    """The configured master keys open every organisation's keys, and the other is not forgotten."""
    findings, late, organisations = [], 0, list_organisation_ids()
    for organisation_id in organisations:
        with unit_of_work(organisation_id, SYSTEM) as uow:
            found = look_at_keys(uow.session, organisation_id=organisation_id)
        late += found.other
        if found.unreadable:
            text = f"{found.unreadable} of organisation {organisation_id} open with no key given"
            remedy = "Set LUPAUS_OTHER_SECRET_KEY to the key that was in use before."
            findings.append(Finding("keys", Health.BROKEN, text, remedy))
    if late:
        text = f"{late} are still wrapped with LUPAUS_OTHER_SECRET_KEY"
        remedy = "Run `flask rotate-keys` once LUPAUS_SECRET_KEY is the new one everywhere."
        findings.append(Finding("keys", Health.LOOK, text, remedy))
    return findings or [fine("keys", f"those of {len(organisations)} organisations open")]


def check_mail(config: Config) -> list[Finding]:
    if config.mail is None:
        remedy = "Set LUPAUS_SMTP_URL. Until then every mail is dropped, and the log says so."
        return [Finding("mail", Health.LOOK, "no mail server is set up", remedy)]
    given = config.mail
    mailbox = Mailbox(given.host, given.port, given.security, given.user, given.password)
    try:
        EmailCarrier(mailbox, config.mail_from).reach()
    except (smtplib.SMTPException, OSError) as error:
        text = f"{given.host}:{given.port} does not take mail ({type(error).__name__})"
        return [Finding("mail", Health.BROKEN, text, "Check LUPAUS_SMTP_URL and the server.")]
    return [fine("mail", f"{given.host}:{given.port} answers")]


CHECKS: tuple[tuple[str, Callable[[Config], list[Finding]]], ...] = (
    ("roles", check_roles),
    ("tables", check_tables),
    ("migrations", check_migrations),
    ("clocks", check_clock),
    ("queue", check_queue),
    ("keys", check_keys),
    ("books", check_books),
    ("mail", check_mail),
)
