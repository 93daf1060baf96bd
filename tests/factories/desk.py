"""Tickets and events for tests, made by the desk's own actions."""

import dataclasses
import datetime as dt

from promises.desk import actions
from promises.desk.models import EventKind, EventSource, TicketKind
from promises.desk.queries import ticket_by_id, ticket_timeline
from promises.desk.values import EventClaim, NewMatter, NewTicket
from promises.kernel.actors import SYSTEM, Role


def seconds(count):
    return dt.timedelta(seconds=count)


@dataclasses.dataclass
class Desk:
    """The desk of one organisation. Each verb is a unit of work of its own; `at` is its clock."""

    made: object

    def _do(self, verb, *, at=None, role=Role.CLERK, **words):
        with self.made.work(role) as uow:
            actor = SYSTEM if role is None else self.made.actor(role)
            now = at or uow.now
            common = {"organisation_id": self.made.id, "actor": actor, "now": now}
            return verb(uow.session, **common, **words)

    def take(self, *, kind_id=None, branch_id=None, source=EventSource.KIOSK, at=None, **words):
        request = NewTicket(
            branch_id=branch_id or self.made.branch_id,
            service_kind_id=kind_id or self.made.kind_id,
            source=source,
            **words,
        )
        return self._do(actions.issue_ticket, at=at, role=None, request=request)

    def open_matter(self, kind=TicketKind.COMPLAINT, *, at=None, **words):
        request = NewMatter(
            **{
                "branch_id": self.made.branch_id,
                "service_kind_id": self.made.kind_id,
                "kind": kind,
                "source": EventSource.DESK,
            }
            | words
        )
        (opened,) = self._do(actions.open_matters, at=at, requests=[request], next_due=[None])
        return opened

    def add_partner(self, name="Debt Office"):
        return self._do(actions.add_partner, name=name)

    def call(self, counter_id=None, *, at=None, **words):
        counter_id = counter_id or self.made.counter_id
        return self._do(actions.call_next, at=at, counter_id=counter_id, **words)

    def log(self, ticket_id, kind, *, at=None, source=EventSource.DESK, **words):
        claim = EventClaim(ticket_id=ticket_id, kind=EventKind(kind), source=source, **words)
        return self._do(actions.log_event, at=at, claim=claim)

    def log_many(self, claims, *, at=None):
        return self._do(actions.log_events, at=at, claims=claims)

    def undo(self, ticket_id, event_id, *, at=None):
        return self._do(actions.undo_last, at=at, ticket_id=ticket_id, event_id=event_id)

    def walk_in(self, counter_id=None, *, kind_id=None, at=None):
        return self._do(
            actions.walk_in, at=at, counter_id=counter_id or self.made.counter_id,
            service_kind_id=kind_id or self.made.kind_id,
        )  # fmt: skip

    def close(self, *, at, branch_id=None):
        with self.made.work(None) as uow:
            return actions.close_day(
                uow.session, organisation_id=self.made.id, now=at,
                branch_id=branch_id or self.made.branch_id,
            )  # fmt: skip

    def now(self):
        with self.made.work(None) as uow:
            return uow.now

    def ticket(self, ticket_id):
        with self.made.work(None) as uow:
            return ticket_by_id(uow.session, organisation_id=self.made.id, ticket_id=ticket_id)

    def state(self, ticket_id):
        return self.ticket(ticket_id).state

    def timeline(self, ticket_id):
        with self.made.work(None) as uow:
            return ticket_timeline(uow.session, organisation_id=self.made.id, ticket_id=ticket_id)

    def kinds(self, ticket_id):
        """The kinds of its events that still stand."""
        return [
            event.kind.value
            for event in self.timeline(ticket_id)
            if not event.undone and event.kind is not EventKind.UNDONE
        ]

    def snapshot(self, ticket_id):
        """All that an act could change on a ticket; equal before and after a refused one."""
        return self.ticket(ticket_id), self.timeline(ticket_id)
