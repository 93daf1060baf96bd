"""What simulated people do, each act one real flow in one unit of work.

With an instant, the unit of work takes it as its clock: so history is made. Without one the
database's clock holds.
"""

import contextlib
import datetime as dt
import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from promises.db import sql
from promises.db.session import UnitOfWork, inject_clock, unit_of_work
from promises.desk.models import EventKind, EventSource, Import
from promises.desk.values import CallResult, EventClaim, IssuedTicket, LoggedEvent, NewTicket
from promises.flows import dispute, redeem_voucher, run_import
from promises.flows.call_next import call_next
from promises.flows.close_branches import close_branch
from promises.flows.record_event import record_event
from promises.flows.settle_payouts import settle
from promises.flows.sweep_deadlines import sweep
from promises.flows.take_number import take_number
from promises.identity.actions import known_customer
from promises.kernel.actors import SYSTEM, Actor, ActorKind
from promises.payouts.rails.base import Rails

ANYBODY = Actor(ActorKind.CUSTOMER, None)
_NO_WAIT = "SET LOCAL synchronous_commit = off"
"""History that a crash of the database cuts off is played again; waiting for the disk two thousand
times would take longer than all the rest."""

RESOLUTION = "Ajat on tarkistettu yhdessä asiakkaan kanssa."


@dataclass(frozen=True, slots=True)
class Acts:
    """The acts of one organisation's people at one instant, or now."""

    organisation_id: uuid.UUID
    rails: Rails
    instant: dt.datetime | None = None

    def at(self, instant: dt.datetime) -> "Acts":
        return Acts(self.organisation_id, self.rails, instant)

    @contextlib.contextmanager
    def work(self, actor: Actor) -> Iterator[UnitOfWork]:
        with self._clock(), unit_of_work(self.organisation_id, actor) as uow:
            if self.instant is not None:
                sql.execute(uow.session, _NO_WAIT)
            yield uow

    def take(self, actor: Actor, request: NewTicket) -> IssuedTicket:
        with self.work(actor) as uow:
            return take_number(uow, request=request)

    def call(
        self, actor: Actor, counter_id: uuid.UUID, kinds: Collection[uuid.UUID] | None = None
    ) -> CallResult:
        with self.work(actor) as uow:
            return call_next(uow, counter_id=counter_id, service_kind_ids=kinds)

    def log(
        self,
        actor: Actor,
        ticket_id: uuid.UUID,
        kind: EventKind,
        counter_id: uuid.UUID | None = None,
    ) -> LoggedEvent:
        with self.work(actor) as uow:
            claim = EventClaim(
                ticket_id=ticket_id, kind=kind, source=EventSource.DESK, counter_id=counter_id
            )
            return record_event(uow, claim=claim)

    def recognise(self, actor: Actor, reference: str) -> uuid.UUID:
        with self.work(actor) as uow:
            return known_customer(
                uow.session,
                organisation_id=uow.organisation_id,
                now=uow.now,
                reference=reference,
            )

    def dispute(self, ticket_id: uuid.UUID) -> None:
        with self.work(ANYBODY) as uow:
            dispute.dispute(uow, ticket_id=ticket_id)

    def resolve(self, actor: Actor, ticket_id: uuid.UUID) -> None:
        with self.work(actor) as uow:
            dispute.resolve(uow, ticket_id=ticket_id, reason=RESOLUTION)

    def sweep(self) -> int:
        with self.work(SYSTEM) as uow:
            return sweep(uow).breached

    def close(self, branch_id: uuid.UUID) -> int:
        with self.work(SYSTEM) as uow:
            return close_branch(uow, branch_id=branch_id)

    def settle(self) -> int:
        with self._clock():
            return settle(self.organisation_id, self.rails)

    def run_import(self, import_id: uuid.UUID) -> Import:
        """To its end, at this instant."""
        with self._clock():
            return run_import.run(self.organisation_id, import_id)

    def redeem(self, actor: Actor, ticket_id: uuid.UUID, counter_id: uuid.UUID) -> int:
        """Hand in the vouchers of a ticket that are still good; returns how many."""
        with self.work(actor) as uow:
            codes = redeem_voucher.codes_of_ticket(uow, ticket_id=ticket_id)
            good = [code for row, code in codes if row.state == "active"]
            for code in good:
                redeem_voucher.redeem(uow, code=code, counter_id=counter_id)
            return len(good)

    def _clock(self) -> contextlib.AbstractContextManager[None]:
        instant = self.instant
        return contextlib.nullcontext() if instant is None else inject_clock(lambda: instant)
