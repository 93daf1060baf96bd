"""Staff propose a promise that answers a customer's problem."""

from promises.catalogue.models import Proposal
from promises.catalogue.proposals import ProposalDraft
from promises.catalogue.proposals import propose as store_proposal
from promises.db.session import UnitOfWork


def propose(uow: UnitOfWork, *, draft: ProposalDraft) -> Proposal:
    """Raises DraftRefused with everything that needs another look; then nothing is stored."""
    return store_proposal(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        draft=draft,
    )
