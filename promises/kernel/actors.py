"""Who acts. An actor is always passed in, never looked up."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class ActorKind(StrEnum):
    MEMBER = "member"
    CUSTOMER = "customer"
    DEVICE = "device"
    API_KEY = "api_key"
    SYSTEM = "system"


class Role(StrEnum):
    CLERK = "clerk"
    MANAGER = "manager"
    ACCOUNTANT = "accountant"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True)
class Actor:
    """`id` is None only for the system and for an unknown customer; only members have a role."""

    kind: ActorKind
    id: UUID | None
    role: Role | None = None

    def __post_init__(self) -> None:
        if self.id is None and self.kind not in (ActorKind.SYSTEM, ActorKind.CUSTOMER):
            raise ValueError(f"an actor of kind {self.kind} needs an id")
        if self.role is not None and self.kind is not ActorKind.MEMBER:
            raise ValueError("only members have roles")


SYSTEM = Actor(ActorKind.SYSTEM, None)
