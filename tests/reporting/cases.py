"""Judged cases laid down row by row, so that figures can be compared with a plain recount."""

import dataclasses
import datetime as dt
import itertools
import uuid

from promises.breaches.models import Annulment, Breach, Commitment
from promises.compensation.models import Compensation
from promises.desk.models import Ticket
from promises.kernel.ids import new_id, new_token
from promises.payouts.models import Payout, Voucher
from tests.factories.catalogue import publish_simple_promise

_numbers = itertools.count(1)
LIMIT = dt.timedelta(minutes=15)
TOO_LATE = LIMIT + dt.timedelta(microseconds=1)


@dataclasses.dataclass(frozen=True)
class Case:
    """`waited` None: still waiting. `money` is a stage of reporting.money, or None: no debt yet."""

    day_on: dt.date
    state: str
    waited: dt.timedelta | None = None
    evidence: str = "live"
    branch: int = 0
    money: str | None = None
    annulment: str | None = None
    hour: int = 12
    live: bool = True
    ended_by: str = "service_started"
    reason: str | None = None
    amount_minor: int = 1000


@dataclasses.dataclass(frozen=True)
class Stored:
    case: Case
    ticket_id: uuid.UUID
    commitment_id: uuid.UUID
    breach_id: uuid.UUID | None
    started_at: dt.datetime


class Cases:
    """Adds cases of one promise, in force for ever, to an organisation."""

    def __init__(self, uow, ground, **term_changes):
        self.uow, self.ground = uow, ground
        self.promise = publish_simple_promise(
            uow.session,
            organisation_id=ground.organisation_id,
            now=uow.now,
            valid_from=uow.now - dt.timedelta(days=3000),
            slug=f"promise-{next(_numbers)}",
            **term_changes,
        )

    def add(self, *cases):
        return [self._add(case) for case in cases]

    def _put(self, model, **columns):
        row = model(organisation_id=self.ground.organisation_id, id=new_id(), **columns)
        self.uow.session.add(row)
        self.uow.session.flush()
        return row.id

    def _add(self, case):
        branch_id = (self.ground.branch_id, self.ground.other_branch_id)[case.branch]
        started = dt.datetime.combine(case.day_on, dt.time(case.hour), dt.UTC)
        ended = None if case.waited is None else started + case.waited
        ticket_id = self._put(
            Ticket, kind="visit", state="served", source="desk", branch_id=branch_id,
            service_kind_id=self.ground.service_kind_id, day_on=case.day_on,
            number=next(_numbers), letter="A", public_code=new_token(), arrived_at=started,
            queued_at=started, service_started_at=ended,
        )  # fmt: skip
        reasons = {"kept": "in_time", "broken": "too_late" if ended else "deadline_passed",
                   "excluded": "no_show", "open": None}  # fmt: skip
        common = {
            "promise_id": self.promise.promise_id, "version_id": self.promise.version_id,
            "ticket_id": ticket_id, "branch_id": branch_id, "day_on": case.day_on,
        }  # fmt: skip
        commitment_id = self._put(
            Commitment, **common, started_at=started, due_at=started + TOO_LATE, state=case.state,
            reason=case.reason or reasons[case.state], evidence=case.evidence,
            decided_at=None if case.state == "open" else started + TOO_LATE,
            ended_at=ended, ended_by=ended and case.ended_by, by_duration=False,
        )  # fmt: skip
        breach_id = None
        if case.state == "broken" or case.annulment == "confirmed":
            breach_id = self._put(
                Breach, commitment_id=commitment_id, **common, breached_at=started + TOO_LATE,
                detected_at=started + TOO_LATE, found_by="clock", evidence=case.evidence,
            )  # fmt: skip
        if case.annulment:
            self._annul(breach_id, case.annulment)
        if case.money:
            self._pay(case, common, breach_id)
        return Stored(case, ticket_id, commitment_id, breach_id, started)

    def _annul(self, breach_id, state):
        decided = {} if state == "asked" else {"decided_by": new_id(), "decided_at": self.uow.now}
        self._put(
            Annulment, breach_id=breach_id, state=state, reason="The clock was wrong",
            asked_by=new_id(), asked_at=self.uow.now, **decided,
        )  # fmt: skip

    def _pay(self, case, common, breach_id):
        now = self.uow.now
        states = {"nothing": "nothing_owed", "refused": "refused", "cancelled": "cancelled",
                  "owed": "owed"}  # fmt: skip
        state = states.get(case.money, "released")
        amount = 0 if state == "nothing_owed" else case.amount_minor
        rest = {name: common[name] for name in common if name != "day_on"}
        compensation_id = self._put(
            Compensation, breach_id=breach_id, **rest, amount_minor=amount, currency="EUR",
            outcome="limit_reached" if amount == 0 else "full", state=state,
            holds=["approval"] if state == "owed" else [],
            closing_reason="said no" if state in ("refused", "cancelled") else "", created_at=now,
        )  # fmt: skip
        if state != "released":
            return
        payout_states = {"ready": "ready", "failed": "failed", "redeemed": "paid", "paid": "paid"}
        rail = "sepa" if case.money in ("under_way", "paid") else "voucher"
        payout_id = self._put(
            Payout, compensation_id=compensation_id, rail=rail, amount_minor=amount,
            currency="EUR", state=payout_states.get(case.money, "submitted"), key=new_token(),
            created_at=now, changed_at=now,
        )  # fmt: skip
        if case.money in ("issued", "redeemed", "expired"):
            voucher_state = "active" if case.money == "issued" else case.money
            self._put(
                Voucher, payout_id=payout_id, code_mac=new_token().encode(), last4="7K3M",
                amount_minor=amount, currency="EUR", state=voucher_state, issued_at=now,
                expires_at=now + dt.timedelta(days=900),
                redeemed_at=now if voucher_state == "redeemed" else None,
            )  # fmt: skip
