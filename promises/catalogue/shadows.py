"""Writing shadow runs: start, prolong, end, and their cases. Nothing else is ever written here."""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from promises.catalogue.checks import Check, check_terms
from promises.catalogue.shadow_errors import NoSuchShadowRun, ShadowRunEnded, ShadowRunStands
from promises.catalogue.shadow_models import ShadowResult, ShadowRun, ShadowState
from promises.db.sql import execute, one, records
from promises.kernel.actors import Actor, ActorKind
from promises.kernel.errors import Forbidden
from promises.kernel.ids import new_id
from promises.kernel.text import N_
from promises.kernel.zones import require_utc
from promises.rules.terms import Terms, dump_terms

LONGEST = dt.timedelta(days=366)


_STORE = """
INSERT INTO shadow_cases (organisation_id, id, run_id, ticket_id, ticket_version, branch_id,
    occurrence, day_on, started_at, due_at, state, reason, evidence, decided_at, ended_at, ended_by,
    by_duration, by_engine, next_change_at, detail, breached_at, noticed_at, amount_minor)
SELECT %(organisation_id)s, c.id, %(run_id)s, c.ticket_id, c.ticket_version, c.branch_id,
    c.occurrence, c.day_on, c.started_at, c.due_at, c.state, c.reason, c.evidence, c.decided_at,
    c.ended_at, c.ended_by, c.by_duration, c.by_engine, c.next_change_at, c.detail, c.breached_at,
    c.noticed_at, c.amount_minor
FROM jsonb_to_recordset(%(cases)s::jsonb) AS c (id uuid, ticket_id uuid, ticket_version bigint,
    branch_id uuid, occurrence int, day_on date, started_at timestamptz, due_at timestamptz,
    state text, reason text, evidence text, decided_at timestamptz, ended_at timestamptz,
    ended_by text, by_duration boolean, by_engine boolean, next_change_at timestamptz,
    detail jsonb, breached_at timestamptz, noticed_at timestamptz, amount_minor bigint)
ON CONFLICT (organisation_id, run_id, ticket_id, occurrence) DO UPDATE SET
    ticket_version = excluded.ticket_version, started_at = excluded.started_at,
    due_at = excluded.due_at, state = excluded.state, reason = excluded.reason,
    evidence = excluded.evidence, decided_at = excluded.decided_at, ended_at = excluded.ended_at,
    ended_by = excluded.ended_by, by_duration = excluded.by_duration,
    next_change_at = excluded.next_change_at, detail = excluded.detail,
    breached_at = excluded.breached_at, noticed_at = excluded.noticed_at,
    amount_minor = excluded.amount_minor
"""

_SUMS = """
SELECT count(*) FILTER (WHERE state = 'kept')::int AS kept,
    count(*) FILTER (WHERE state = 'broken')::int AS broken,
    count(*) FILTER (WHERE state = 'excluded')::int AS excluded,
    count(*) FILTER (WHERE state = 'open')::int AS open,
    count(*) FILTER (WHERE evidence = 'unverified')::int AS unverified,
    coalesce(sum(amount_minor), 0)::bigint AS amount_minor
FROM shadow_cases
WHERE organisation_id = %(organisation_id)s AND run_id = %(run_id)s
"""


def start_run(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    proposal_id: uuid.UUID,
    terms: Terms,
    branch_ids: Collection[uuid.UUID] | None,
    ends_at: dt.datetime,
) -> ShadowRun:
    """From now to `ends_at`, at these branches only (None: those that the terms name). Of one
    proposal one runs at a time.

    Raises DraftRefused, or ShadowRunStands.
    """
    if actor.kind is not ActorKind.MEMBER or actor.id is None:
        raise Forbidden()
    if branch_ids is not None:
        scope = dataclasses.replace(terms.scope, branches=frozenset(branch_ids))
        terms = dataclasses.replace(terms, scope=scope)
    check = Check()
    check_terms(session, organisation_id, terms, check)
    if branch_ids is not None and not branch_ids:
        check.refuse("branches", N_("Choose one branch at least."))
    _check_end(check, now, ends_at)
    check.done()
    key = (ShadowRun.organisation_id == organisation_id, ShadowRun.proposal_id == proposal_id)
    running = select(ShadowRun.id).where(*key, ShadowRun.state == ShadowState.RUNNING)
    if session.scalar(running) is not None:
        raise ShadowRunStands()
    run = ShadowRun(
        organisation_id=organisation_id,
        id=new_id(),
        proposal_id=proposal_id,
        terms=dump_terms(terms),
        starts_at=now,
        ends_at=require_utc(ends_at),
        state=ShadowState.RUNNING,
        started_by=actor.id,
        created_at=now,
    )
    session.add(run)
    session.flush()
    return run


def _check_end(check: Check, now: dt.datetime, ends_at: dt.datetime) -> None:
    if require_utc(ends_at) <= now:
        check.refuse("ends_on", N_("Choose a day that is still to come."))
    elif ends_at - now > LONGEST:
        check.refuse("ends_on", N_("A shadow run lasts a year at most."))


def running_runs(session: Session, *, organisation_id: uuid.UUID) -> list[uuid.UUID]:
    from_rows = select(ShadowRun.id).where(
        ShadowRun.organisation_id == organisation_id, ShadowRun.state == ShadowState.RUNNING
    )
    return list(session.scalars(from_rows.order_by(ShadowRun.id)))


def lock_run(
    session: Session, *, organisation_id: uuid.UUID, run_id: uuid.UUID, wait: bool = True
) -> ShadowRun | None:
    """The run, until the transaction ends nobody else's to judge or change; without `wait` None
    where somebody holds it. Raises NoSuchShadowRun, or ShadowRunEnded where it is over."""
    statement = select(ShadowRun).where(
        ShadowRun.organisation_id == organisation_id, ShadowRun.id == run_id
    )
    run = session.scalar(
        statement.with_for_update(skip_locked=not wait).execution_options(populate_existing=True)
    )
    if run is None:
        known = session.get(ShadowRun, (organisation_id, run_id))
        if known is None:
            raise NoSuchShadowRun()
        return None
    if run.state != ShadowState.RUNNING:
        raise ShadowRunEnded(ended_at=run.ended_at)
    return run


def prolong_run(
    session: Session, *, run: ShadowRun, now: dt.datetime, ends_at: dt.datetime
) -> None:
    """A locked run goes on until then. Raises DraftRefused."""
    check = Check()
    _check_end(check, now, ends_at)
    check.done()
    run.ends_at = require_utc(ends_at)
    session.flush()


def end_run(
    session: Session, *, run: ShadowRun, ended_at: dt.datetime, stopped_by: uuid.UUID | None
) -> ShadowResult:
    """The end of a locked run whose cases were judged up to then, and its result, for good."""
    run.state = ShadowState.ENDED if stopped_by is None else ShadowState.STOPPED
    run.ended_at, run.ended_by = ended_at, stopped_by
    params = {"organisation_id": run.organisation_id, "run_id": run.id}
    sums = one(session, _SUMS, params)
    result = ShadowResult(
        organisation_id=run.organisation_id,
        id=new_id(),
        run_id=run.id,
        currency=run.terms["currency"],
        ended_at=ended_at,
        **sums._asdict(),
    )
    session.add(result)
    session.flush()
    return result


def store_cases(session: Session, *, run: ShadowRun, cases: Iterable[Mapping[str, Any]]) -> int:
    """New cases of a locked run, and those that changed; each names every column."""
    return execute(
        session,
        _STORE,
        {
            "organisation_id": run.organisation_id,
            "run_id": run.id,
            "cases": records(cases),
        },
    )
