"""Who asks, of which organisation, in which language: known to every view of this request."""

import uuid
from contextlib import AbstractContextManager
from dataclasses import dataclass

from flask import g

from promises.db.session import UnitOfWork, unit_of_work
from promises.http import i18n
from promises.identity.access import EnrolledDevice, OpenedKey
from promises.identity.queries import OrganisationInfo
from promises.identity.sessions import SessionMember
from promises.kernel.actors import Actor, ActorKind
from promises.kernel.errors import Forbidden, NotFound

ANYBODY = Actor(ActorKind.CUSTOMER, None)


@dataclass(frozen=True, slots=True)
class RequestContext:
    """`member`, `device` and `api_key` are set by what the route asks for, at most one of them;
    a public page has none, even for somebody who is signed in."""

    organisation: OrganisationInfo
    actor: Actor
    member: SessionMember | None
    device: EnrolledDevice | None
    api_key: OpenedKey | None

    @property
    def organisation_id(self) -> uuid.UUID:
        return self.organisation.id

    @property
    def locale(self) -> str:
        return i18n.locale()

    @property
    def session_id(self) -> uuid.UUID | None:
        return self.member.session_id if self.member else None

    @property
    def counter_id(self) -> uuid.UUID | None:
        return self.member.counter_id if self.member else None

    @property
    def branch_id(self) -> uuid.UUID | None:
        """The branch that the member, device or key is bound to; None: all branches."""
        holder = self.member or self.device or self.api_key
        return holder.branch_id if holder else None


def enter(
    organisation: OrganisationInfo,
    *,
    member: SessionMember | None = None,
    device: EnrolledDevice | None = None,
    api_key: OpenedKey | None = None,
) -> None:
    """Called once a request, when its route's permission was checked."""
    holder = member or device or api_key
    actor = holder.actor if holder else ANYBODY
    g.lupaus_context = RequestContext(organisation, actor, member, device, api_key)


def current() -> RequestContext:
    """Raises NotFound on an address that belongs to no organisation."""
    found: RequestContext | None = g.get("lupaus_context")
    if found is None:
        raise NotFound()
    return found


def current_or_none() -> RequestContext | None:
    found: RequestContext | None = g.get("lupaus_context")
    return found


def work() -> AbstractContextManager[UnitOfWork]:
    """A unit of work of the request's organisation, by whoever asks."""
    context = current()
    return unit_of_work(context.organisation.id, context.actor)


def signed_in() -> SessionMember:
    """The member, on a page that asks for one."""
    member = current().member
    if member is None:
        raise Forbidden()
    return member


def own_branch(branch_id: uuid.UUID) -> uuid.UUID:
    """The same id; NotFound for somebody who is bound to another branch."""
    bound = current().branch_id
    if bound is not None and bound != branch_id:
        raise NotFound(branch_id=str(branch_id))
    return branch_id
