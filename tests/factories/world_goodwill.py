"""Goodwill in the full organisation: a purse, a gift that went out, one that waits."""

from promises.compensation.goodwill_models import GoodwillReason, VatTreatment
from promises.compensation.goodwill_rule import Rule
from promises.flows import give_goodwill
from promises.kernel.actors import Role


def fill(world):
    rule = Rule(
        switched_on=True, purse_minor=10_000, most_gift_minor=500, most_customer_minor=1_000,
        vat_treatment=VatTreatment.OUTSIDE_SCOPE,
    )  # fmt: skip
    with world.work(Role.MANAGER) as uow:
        give_goodwill.set_rule(uow, rule=rule)

    def give(amount_minor, words):
        with world.work() as uow:
            return give_goodwill.give(
                uow, ticket_id=world.redeemed.ticket_id, amount_minor=amount_minor,
                reason=GoodwillReason.CAME_TWICE, words=words,
            )  # fmt: skip

    give(500, "You came a second time for the same form.")
    waiting = give(900, "The form was wrong once more.")
    world.manager_pages.append(f"/tickets/{world.redeemed.ticket_id}")
    return {"gift_id": waiting.gift_id}
