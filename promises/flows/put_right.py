"""An event was taken back: what it did to money is put right, as far as nothing was sent."""

import uuid
from collections.abc import Sequence

from promises.breaches.models import Evidence
from promises.catalogue.queries import versions_by_id
from promises.compensation.awarding import BreachToAward
from promises.compensation.models import Hold
from promises.compensation.queries import ended_for_leaving
from promises.compensation.releasing import debts_of_tickets
from promises.db.session import UnitOfWork
from promises.desk.facts import load_cases
from promises.flows.compensate import compensate, hold_unsent
from promises.flows.judge_tickets import is_there


def put_right(uow: UnitOfWork, ticket_ids: Sequence[uuid.UUID]) -> None:
    """Call it after the tickets were judged without the event.

    Money that went out because the customer was there waits again where nothing shows that any
    more. A debt that ended because the customer had left is owed anew, as the next instalment:
    what was ended stays in the books.
    """
    cases = load_cases(uow.session, organisation_id=uow.organisation_id, ticket_ids=ticket_ids)
    absent = [case.ticket_id for case in cases.values() if not (is_there(case) or case.imported)]
    hold_unsent(
        uow,
        debts_of_tickets(uow.session, organisation_id=uow.organisation_id, ticket_ids=absent),
        Hold.PRESENCE,
    )
    ended = ended_for_leaving(
        uow.session, organisation_id=uow.organisation_id, ticket_ids=ticket_ids
    )
    versions = versions_by_id(
        uow.session,
        organisation_id=uow.organisation_id,
        version_ids={row.version_id for row in ended},
    )
    again = []
    for row in ended:
        case = cases[row.ticket_id]
        known = case.verified_facts is case.facts and row.evidence != Evidence.UNVERIFIED
        again.append(
            BreachToAward(
                breach_id=row.breach_id,
                ticket_id=row.ticket_id,
                branch_id=row.branch_id,
                day_on=row.day_on,
                customer_id=case.customer_id,
                device_id=case.device_id,
                version=versions[row.version_id],
                left_after_limit=False,
                present=is_there(case),
                disputed=case.disputed,
                verified=known,
                imported=case.imported,
                instalment=row.instalment,
            )
        )
    compensate(uow, again)
