"""Rescue in the full organisation: a call for help that stands, one that was answered, a call back
that is offered and one that was taken."""

from promises.desk.rescue_models import HelpReason
from promises.flows import rescue
from promises.kernel.actors import Role


def fill(world):
    counter_id = world.made.counter_ids[1]

    def ask(reason):
        with world.work() as uow:
            return rescue.ask_help(
                uow, branch_id=world.made.branch_id, counter_id=counter_id, reason=reason
            )

    taken = ask(HelpReason.SKILL)
    with world.work(Role.MANAGER) as uow:
        rescue.take_help(uow, help_id=taken, counter_id=None)
    help_id = ask(HelpReason.QUEUE)
    offered, booked = world.take(), world.take()
    for ticket in (offered, booked):
        with world.work() as uow:
            rescue.offer_callback(uow, ticket_id=ticket.ticket_id)
    with world.work(None) as uow:
        rescue.accept_callback(uow, ticket_id=booked.ticket_id, place=0, phone="+358401234567")
    lists = ("asked", "at_risk", "offered", "saved")
    world.clerk_pages += [
        *(f"/help/cases?list={one}" for one in lists),
    ]
    world.open_pages += [f"/t/{offered.public_code}/callback", f"/t/{booked.public_code}"]
    return {"help_id": help_id, "offered_id": offered.ticket_id}
