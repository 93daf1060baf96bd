"""Management promised to decide: managers are reminded on the last day, and once it has passed."""

import uuid
from typing import Any

from promises.catalogue.decision_deadlines import decision_time
from promises.catalogue.models import Proposal
from promises.catalogue.proposal_models import NewsKind
from promises.catalogue.proposal_moves import start_deadline
from promises.catalogue.proposal_news import Happening, tell
from promises.db import sql
from promises.db.session import UnitOfWork
from promises.flows.tell_proposal_news import mail_news
from promises.identity.queries import managers

_DUE = """
SELECT id, branch_id, decide_before FROM proposals
WHERE organisation_id = %(organisation_id)s AND remind_at <= %(now)s AND state = 'open'
ORDER BY remind_at LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
"""
_NEXT = """
UPDATE proposals SET remind_at = %(remind_at)s
WHERE organisation_id = %(organisation_id)s AND id = %(proposal_id)s
"""
_WITHOUT = """
SELECT id FROM proposals
WHERE organisation_id = %(organisation_id)s AND state = 'open' AND decide_before IS NULL
ORDER BY id LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
"""
_REMINDERS = uuid.UUID("019aa0b2-6f6e-7c1e-9a51-5d4f1c7b0e11")
"""The space of names in which a reminder of one deadline is one, whoever sends it."""


def remind_decisions(uow: UnitOfWork, *, limit: int = 50) -> int:
    """Tell managers of the decisions that are due today or late; returns how many proposals were
    looked at. A proposal from before deadlines were kept gets one from now on."""
    params: dict[str, Any] = {"organisation_id": uow.organisation_id, "limit": limit}
    for row in sql.rows(uow.session, _WITHOUT, params):
        proposal = uow.session.get_one(Proposal, (uow.organisation_id, row.id))
        start_deadline(uow.session, proposal=proposal, now=uow.now)
    found = sql.rows(uow.session, _DUE, params | {"now": uow.now})
    if not found:
        return 0
    people = managers(uow.session, organisation_id=uow.organisation_id)
    time = decision_time(uow.session, organisation_id=uow.organisation_id, now=uow.now)
    for row in found:
        late = row.decide_before <= uow.now
        _tell(uow, row, people, NewsKind.OVERDUE if late else NewsKind.DUE_SOON)
        following = None if late else time.reminder(row.decide_before, uow.now)
        sql.execute(uow.session, _NEXT, params | {"proposal_id": row.id, "remind_at": following})
    return len(found)


def _tell(uow: UnitOfWork, proposal: Any, people: list[Any], kind: NewsKind) -> None:
    source = uuid.uuid5(_REMINDERS, f"{proposal.id}:{proposal.decide_before}:{kind}")
    responsible = [
        one.id
        for one in people
        if one.branch_id is None or proposal.branch_id in (None, one.branch_id)
    ]
    tell(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        what=Happening(proposal.id, kind, source, None),
        member_ids=responsible,
        followers=False,
    )
    mail_news(uow, proposal_id=proposal.id)
