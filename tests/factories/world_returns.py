"""What the full organisation assumes of customers who come back, and the lists behind that."""

from promises.improvement.returns import assume
from promises.kernel.actors import Role


def fill(world):
    with world.work(Role.MANAGER) as uow:
        assume(
            uow.session, organisation_id=uow.organisation_id, actor=uow.actor, now=uow.now,
            value_minor=12_000, currency="EUR", days=60, reason="The books of our own branches.",
        )  # fmt: skip
    world.manager_pages += [
        "/returns/cases?group=kept",
        "/returns/cases?group=made_good&came_back=1",
    ]
    return {}
