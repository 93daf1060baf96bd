"""Shadow runs go on: their cases are judged every minute, and a run whose time is over ends.

This writes shadow cases, runs and results, and news of the end to staff who wait for it. It never
calls what makes commitments, breaches, debts or messages to customers.
"""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

from promises.breaches.general import Bench
from promises.catalogue.errors import AlreadyDecided
from promises.catalogue.models import ProposalState
from promises.catalogue.proposal_moves import lock_undecided_proposal, move_proposal
from promises.catalogue.shadow_errors import ShadowRunEnded
from promises.catalogue.shadow_models import ShadowResult, ShadowRun
from promises.catalogue.shadows import end_run, lock_run, running_runs, store_cases
from promises.db.session import UnitOfWork
from promises.desk.facts import Moment, TicketCase, load_past_cases
from promises.flows.tell_proposal_news import mail_news
from promises.reporting.shadow_awards import Awards
from promises.reporting.shadow_cases import (
    Trial,
    awarded_before,
    known_cases,
    newest_event,
    steps_of,
    tickets_to_look_at,
)
from promises.reporting.shadow_judging import Case, Judge, Replay
from promises.rules.guarantee.uses import uses_history
from promises.rules.terms import Caps, GuaranteeTerms, parse_terms

GRACE = dt.timedelta(seconds=5)
"""The clock is looked at so much later: an event whose transaction is still under way comes first,
as it does live."""

BATCH = 400


def judge_shadows(uow: UnitOfWork) -> int:
    """A round of all runs; returns how many cases were written. Those that somebody else is at are
    left to them."""
    written = 0
    for run_id in running_runs(uow.session, organisation_id=uow.organisation_id):
        try:
            run = lock_run(
                uow.session, organisation_id=uow.organisation_id, run_id=run_id, wait=False
            )
        except ShadowRunEnded:
            continue
        if run is not None:
            written += judge_run(uow, run)
    return written


def judge_run(uow: UnitOfWork, run: ShadowRun) -> int:
    """Bring a locked run up to now, and end it where its time is over: at that time, however much
    later this is."""
    over = run.ends_at <= uow.now - GRACE
    until = run.ends_at if over else uow.now - GRACE
    written = judge_to(uow, run, until)
    if over:
        finish(uow, run, ended_at=run.ends_at, stopped_by=None)
    return written


def finish(
    uow: UnitOfWork, run: ShadowRun, *, ended_at: dt.datetime, stopped_by: uuid.UUID | None
) -> ShadowResult:
    """End a locked run that was judged up to then. Its proposal waits for a decision again, and
    those who follow it, the proposer and who started the run among them, hear of it."""
    result = end_run(uow.session, run=run, ended_at=ended_at, stopped_by=stopped_by)
    try:
        proposal = lock_undecided_proposal(
            uow.session, organisation_id=uow.organisation_id, proposal_id=run.proposal_id
        )
    except AlreadyDecided:
        return result
    if proposal.state == ProposalState.SHADOW:
        move_proposal(
            uow.session, proposal=proposal, actor=uow.actor, now=uow.now, to=ProposalState.OPEN
        )
        mail_news(uow, proposal_id=proposal.id)
    return result


def judge_to(uow: UnitOfWork, run: ShadowRun, until: dt.datetime) -> int:
    """All of a locked run up to an instant; returns how many cases were written."""
    newest = newest_event(uow.session, organisation_id=uow.organisation_id)
    trial = Trial(run.id, parse_terms(run.terms), run.starts_at, run.ends_at, until, run.mark)
    bench = Bench(uow.session, uow.organisation_id, uow.now)
    after, written = None, 0
    while found := tickets_to_look_at(
        uow.session, organisation_id=uow.organisation_id, trial=trial, after=after, limit=BATCH
    ):
        written += _judge_batch(uow, run, bench, trial, found)
        after = max(found)
    run.mark, run.judged_to = newest, until
    uow.session.flush()
    return written


def _judge_batch(
    uow: UnitOfWork,
    run: ShadowRun,
    bench: Bench,
    trial: Trial,
    arrivals: Mapping[uuid.UUID, dt.datetime],
) -> int:
    tenant = {"organisation_id": uow.organisation_id}
    ids = list(arrivals)
    steps = steps_of(uow.session, **tenant, trial=trial, ticket_ids=ids)
    known = known_cases(uow.session, **tenant, trial=trial, ticket_ids=ids)
    replays = [
        Replay(
            one,
            arrived_at,
            steps.get(one, []),
            [Case.of(row) for row in known.get(one, ())],
            version=max((row.ticket_version for row in known.get(one, ())), default=0),
        )
        for one, arrived_at in arrivals.items()
    ]
    facts = load_past_cases(uow.session, **tenant, moments=_moments(replays))
    judge = Judge(bench, trial, facts, _awards(uow, trial, facts, replays))
    judge.judge(replays)
    versions = {one.ticket_id: one.version for one in replays}
    changed = [
        asdict(case) | {"ticket_version": versions[case.ticket_id]}
        for case in judge.touched.values()
    ]
    return store_cases(uow.session, run=run, cases=changed) if changed else 0


def _moments(replays: Sequence[Replay]) -> list[Moment]:
    """Also the last one that was judged: time alone may change the answer on it."""
    found: list[Moment] = []
    for one in replays:
        if one.version:
            found.append((one.ticket_id, one.version))
        found += [(one.ticket_id, step.version) for step in one.steps]
    return found


def _awards(
    uow: UnitOfWork, trial: Trial, facts: Mapping[Moment, TicketCase], replays: Sequence[Replay]
) -> Awards:
    tickets = {ticket_id: case for (ticket_id, _), case in facts.items()}
    terms = trial.terms
    looks_back = isinstance(terms, GuaranteeTerms) and uses_history(terms.guarantee)
    if terms.caps == Caps() and not looks_back:
        return Awards(terms, tickets, ())
    before = awarded_before(
        uow.session,
        organisation_id=uow.organisation_id,
        trial=trial,
        ticket_ids=list(tickets),
        customer_ids=_known(case.customer_id for case in tickets.values()),
        device_ids=_known(case.device_id for case in tickets.values()),
        days=sorted({case.day_on for case in tickets.values()}),
    )
    return Awards(terms, tickets, before)


def _known(ids: Iterable[uuid.UUID | None]) -> list[uuid.UUID]:
    return sorted({one for one in ids if one is not None})
