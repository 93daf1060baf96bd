"""Letters to staff about proposals, besides the news that they see in the house."""

import uuid

from promises.catalogue.proposal_models import NewsKind
from promises.db import sql
from promises.db.session import UnitOfWork
from promises.notify.actions import NewMessage, enqueue
from promises.notify.models import Channel, MessageKind

TO_PROPOSER = (
    NewsKind.ASKED,
    NewsKind.TRIED,
    NewsKind.TRIAL_ENDED,
    NewsKind.PUBLISHED,
    NewsKind.DECLINED,
    NewsKind.MERGED,
)
TO_ALL = (NewsKind.MENTIONED, NewsKind.ANSWERED, NewsKind.DUE_SOON, NewsKind.OVERDUE)
OF_DECISIONS = (NewsKind.DUE_SOON, NewsKind.OVERDUE)

_NEWS = """
SELECT n.id, n.kind, m.id AS member_id, m.locale, o.slug
FROM proposal_news n
JOIN proposals q ON q.organisation_id = n.organisation_id AND q.id = n.proposal_id
JOIN members m ON m.organisation_id = n.organisation_id AND m.id = n.member_id
JOIN organisations o ON o.organisation_id = n.organisation_id
WHERE n.organisation_id = %(organisation_id)s AND n.proposal_id = %(proposal_id)s
    AND n.created_at = %(now)s AND m.state = 'active'
    AND (n.kind = ANY(%(to_all)s::text[])
         OR n.kind = ANY(%(to_proposer)s::text[]) AND m.id = q.created_by)
"""


def mail_news(uow: UnitOfWork, *, proposal_id: uuid.UUID) -> int:
    """Put letters about what this unit of work did to a proposal into the outbox: to those who were
    named, to the proposer about what became of it, to managers about their deadline. Comments and
    what else followers hear stay in the house. Safe to repeat; returns how many are new."""
    found = sql.rows(
        uow.session,
        _NEWS,
        {
            "organisation_id": uow.organisation_id,
            "proposal_id": proposal_id,
            "now": uow.now,
            "to_all": [one.value for one in TO_ALL],
            "to_proposer": [one.value for one in TO_PROPOSER],
        },
    )
    messages = [
        NewMessage(
            kind=MessageKind.DECISION_DUE if of_decision else MessageKind.PROPOSAL_NEWS,
            channel=Channel.EMAIL,
            locale=row.locale,
            dedupe_key=f"proposal_news:{row.id}",
            member_id=row.member_id,
            params={"late": row.kind == NewsKind.OVERDUE} if of_decision else {"what": row.kind},
            secret=f"/o/{row.slug}/staff/proposals/{proposal_id}",
        )
        for row in found
        for of_decision in (row.kind in OF_DECISIONS,)
    ]
    return enqueue(uow.session, organisation_id=uow.organisation_id, now=uow.now, messages=messages)
