"""Deferring work inside the transaction that needs it: it rolls back with it, or runs after it.

Tasks live in the worker; here they are only names, so that rooms and flows can defer without
knowing who runs them. Every job carries its organisation, by which row-level security guards the
queue as well.
"""

import uuid

from procrastinate import App, SyncPsycopgConnector
from sqlalchemy.orm import Session

from promises.db.sql import driver

SETTLE_PAYOUTS = "payouts.settle"
HANDLE_EVENTS = "payouts.handle_events"
RECONCILE_RAILS = "payouts.reconcile_rails"
RUN_IMPORT = "desk.run_import"
JUDGE_HISTORY = "catalogue.judge_history"

TASKS = frozenset({SETTLE_PAYOUTS, HANDLE_EVENTS, RECONCILE_RAILS, RUN_IMPORT, JUDGE_HISTORY})

QUEUE = "lupaus"

# Never opened: it only writes job rows over the caller's own connection.
_deferring = App(connector=SyncPsycopgConnector())


def defer(session: Session, task: str, *, organisation_id: uuid.UUID, **primitives: str) -> None:
    """Put a job into the queue as part of the session's transaction.

    Jobs may run more than once; what they call must be idempotent.
    """
    if task not in TASKS:
        raise ValueError(f"no task is named {task}")
    session.flush()
    _deferring.configure_task(
        task, allow_unknown=True, queue=QUEUE, connection=driver(session)
    ).defer(organisation_id=str(organisation_id), **primitives)
