import dataclasses
from uuid import uuid4

import pytest

from promises.kernel.actors import SYSTEM, Actor, ActorKind, Role


def test_actor_system_has_no_id_and_no_role():
    assert Actor(ActorKind.SYSTEM, None) == SYSTEM
    assert SYSTEM.role is None


@pytest.mark.parametrize("kind", [ActorKind.MEMBER, ActorKind.DEVICE, ActorKind.API_KEY])
def test_actor_without_id_is_refused_for_those_who_have_one(kind):
    with pytest.raises(ValueError, match="needs an id"):
        Actor(kind, None)


def test_actor_customer_may_be_unknown():
    assert Actor(ActorKind.CUSTOMER, None).id is None


def test_actor_role_belongs_to_members_only():
    assert Actor(ActorKind.MEMBER, uuid4(), Role.CLERK).role is Role.CLERK
    with pytest.raises(ValueError, match="only members"):
        Actor(ActorKind.DEVICE, uuid4(), Role.CLERK)


def test_actor_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        SYSTEM.id = uuid4()
