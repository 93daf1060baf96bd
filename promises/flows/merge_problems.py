"""Managers keep the board of problems in order. Each act is audited, last of all."""

import uuid

from promises.audit.actions import record
from promises.catalogue import problems
from promises.db.session import UnitOfWork


def merge(uow: UnitOfWork, *, problem_id: uuid.UUID, into_id: uuid.UUID) -> None:
    """Of two who merge at once the second is refused, or finds both as the first left them."""
    problems.merge_problems(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        problem_id=problem_id,
        into_id=into_id,
    )
    _audit(uow, "problem_merged", problem_id, into_id=str(into_id))


def undo(uow: UnitOfWork, *, problem_id: uuid.UUID) -> None:
    problems.undo_merge(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        problem_id=problem_id,
    )
    _audit(uow, "problem_merge_undone", problem_id)


def close(uow: UnitOfWork, *, problem_id: uuid.UUID, reason: str) -> None:
    problems.close_problem(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        problem_id=problem_id,
        reason=reason,
    )
    _audit(uow, "problem_closed", problem_id)


def reopen(uow: UnitOfWork, *, problem_id: uuid.UUID) -> None:
    problems.reopen_problem(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        problem_id=problem_id,
    )
    _audit(uow, "problem_reopened", problem_id)


def _audit(uow: UnitOfWork, action: str, problem_id: uuid.UUID, **details: str) -> None:
    record(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        action=action,
        object_kind="problem",
        object_id=problem_id,
        details=details,
    )
