"""What an id that is not the key's to see is answered with: as if it were not there."""

import uuid

from promises.api.operations import Asked
from promises.desk.errors import CounterNotHere, ServiceNotOffered
from promises.kernel.errors import DomainError, NotFound
from promises.reporting.registers import COUNTERS, SERVICES, find


def unseen_is_not_found(
    asked: Asked,
    refusal: DomainError,
    *,
    counter_id: uuid.UUID | None = None,
    service_kind_id: uuid.UUID | None = None,
) -> DomainError:
    """The refusal itself where counter and service are known to the key; NotFound where the one
    that it is about exists for somebody else, or for nobody. Only a refusal costs this look."""
    about = {CounterNotHere: (COUNTERS, counter_id), ServiceNotOffered: (SERVICES, service_kind_id)}
    register, named = about.get(type(refusal), (None, None))
    if register is None or named is None:
        return refusal
    known = find(
        asked.uow.session,
        register,
        organisation_id=asked.uow.organisation_id,
        id=named,
        branch_id=asked.branch_id,
    )
    return refusal if known is not None else NotFound(id=str(named))
