"""Runs that the bank is silent about, or took and never booked; runs whose last payout a person has
settled, and files that nobody needs any more."""

from collections.abc import Sequence
from typing import Any

from promises.db.session import UnitOfWork
from promises.flows.payout_results import take_in
from promises.payouts import runs
from promises.payouts.claiming import ClaimedPayout
from promises.payouts.incidents import Incident, open_incident
from promises.payouts.models import PayoutState
from promises.payouts.purging import RETURN_WINDOW
from promises.payouts.rail_models import IncidentKind
from promises.payouts.rails.base import Outcome, RailVerdict, Trouble
from promises.payouts.recording import record_outcomes
from promises.payouts.run_claiming import payouts_in_run

MOST_AT_ONCE = 5
_WAITING = frozenset({PayoutState.SUBMITTING, PayoutState.SUBMITTED})


def watch_silence(uow: UnitOfWork) -> int:
    """Runs of which the bank has said nothing, or that it took and never booked, within their days:
    a person has to ask the bank. How many."""
    late = runs.late_runs(
        uow.session, organisation_id=uow.organisation_id, now=uow.now, limit=MOST_AT_ONCE
    )
    for run in late:
        held = payouts_in_run(
            uow.session, organisation_id=uow.organisation_id, rail=run.rail, run_id=run.id
        )
        waiting = [one.payout for one in held if one.payout.state in _WAITING]
        if waiting:
            _raise_silent(uow, run, waiting)
            _ask_people(uow, waiting)
    return len(late)


def tidy_runs(uow: UnitOfWork) -> int:
    """Settle what people have settled, and drop files when their money can no longer come back; how
    many were dropped."""
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    runs.settle_answered(uow.session, now=uow.now, **tenant)
    return runs.forget_files(uow.session, before=uow.now - RETURN_WINDOW, **tenant)


def _raise_silent(uow: UnitOfWork, run: Any, waiting: Sequence[ClaimedPayout]) -> None:
    open_incident(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        incident=Incident(
            IncidentKind.BANK_SILENT,
            run.rail,
            str(run.id),
            None,
            sum(one.request.amount_minor for one in waiting),
            run.currency,
            {"message_id": run.message_id, "count": len(waiting)},
        ),
    )


def _ask_people(uow: UnitOfWork, waiting: Sequence[ClaimedPayout]) -> None:
    """Nobody knows of these whether the money left: no other way is tried before somebody does."""
    silent = Outcome(RailVerdict.MISMATCH, detail="no answer", trouble=Trouble.SILENT)
    take_in(uow, record_outcomes, [(one, silent) for one in waiting], {})
