"""A case says what was paid for it, so that compensation goes back without asking the customer."""

import uuid
from collections.abc import Mapping

from promises.db.session import UnitOfWork
from promises.payouts.destinations import NewDestination, give_destination
from promises.payouts.rails.names import (
    ACCOUNT_CALL,
    ACCOUNT_FILE,
    STRIPE_CREDIT,
    STRIPE_OUTBOUND,
    STRIPE_REFUND,
)

_ROADS = (
    ("stripe_payment", STRIPE_REFUND, "payment"),
    ("stripe_customer", STRIPE_CREDIT, "customer"),
    ("stripe_recipient", STRIPE_OUTBOUND, "recipient"),
    ("account", ACCOUNT_CALL, "account"),
    ("account", ACCOUNT_FILE, "account"),
)
"""What a case may name, the rails that lead there, and what those call it."""


def name_payment(uow: UnitOfWork, *, ticket_id: uuid.UUID, named: Mapping[str, str | None]) -> None:
    """Keep where the money of a ticket can go by rails that need nothing of the customer. It is
    nobody's choice: the customer may still choose another way. The ticket is new, so nobody else
    has it."""
    for name, rail, detail in _ROADS:
        value = named.get(name)
        if value is not None:
            give_destination(
                uow.session,
                organisation_id=uow.organisation_id,
                actor=uow.actor,
                now=uow.now,
                new=NewDestination(
                    ticket_id, rail, {detail: value}, chosen=False, usable_at=uow.now
                ),
            )
