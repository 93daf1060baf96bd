"""A ticket comes under the promises that are in force for it."""

import uuid
from collections.abc import Sequence

from promises.breaches.commitments import Opening, open_commitments
from promises.breaches.general import Bench, GeneralOpening, open_general
from promises.breaches.models import Evidence
from promises.catalogue.queries import VersionInForce
from promises.db.session import UnitOfWork
from promises.desk.facts import TicketCase, load_cases
from promises.rules.terms import GuaranteeTerms

Promised = tuple[Opening, Sequence[VersionInForce]]


def commit_to(uow: UnitOfWork, promised: Sequence[Promised]) -> bool:
    """Open a commitment for each promise. Returns whether some are to general terms: then the
    tickets have to be judged at once, as the engine may have an answer already."""
    for opening, versions in promised:
        open_commitments(
            uow.session,
            organisation_id=uow.organisation_id,
            opening=opening,
            versions=versions,
        )
    general = [
        (opening, those)
        for opening, versions in promised
        if (those := [one for one in versions if isinstance(one.terms, GuaranteeTerms)])
    ]
    return bool(general) and _open_general(uow, general) > 0


def open_history(uow: UnitOfWork, promised: Sequence[Promised]) -> int:
    """The same for imported tickets and general terms; returns how many commitments are new."""
    return _open_general(uow, promised)


def _open_general(uow: UnitOfWork, general: Sequence[Promised]) -> int:
    tickets: list[uuid.UUID] = [opening.ticket_id for opening, _ in general]
    cases = load_cases(uow.session, organisation_id=uow.organisation_id, ticket_ids=tickets)
    return open_general(
        Bench(uow.session, uow.organisation_id, uow.now),
        [
            GeneralOpening(
                cases[opening.ticket_id],
                opening.started_at,
                _evidence(opening, cases[opening.ticket_id]),
                versions,
            )
            for opening, versions in general
        ],
    )


def _evidence(opening: Opening, case: TicketCase) -> Evidence:
    if case.imported:
        return Evidence.IMPORTED
    return Evidence.LIVE if opening.verified else Evidence.UNVERIFIED
