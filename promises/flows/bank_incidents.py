"""What a bank's file says that is for a person: other money than asked for, or more of it."""

import uuid
from collections.abc import Mapping
from typing import Any

from promises.db.session import UnitOfWork
from promises.flows.bank_told import ACCOUNTS
from promises.payouts.bank_files import Named, NewFile, line_key
from promises.payouts.claiming import ClaimedPayout
from promises.payouts.incidents import Incident, open_incident
from promises.payouts.models import PayoutState
from promises.payouts.rail_models import IncidentKind
from promises.payouts.rails.answers import LineKind


def raise_foreign(uow: UnitOfWork, new: NewFile) -> None:
    """It is not about us."""
    is_statement = new.file.kind in ACCOUNTS
    kind = IncidentKind.FOREIGN_STATEMENT if is_statement else IncidentKind.UNKNOWN_EVENT
    details = {"kind": new.file.kind.value, "answers_to": new.file.answers_to}
    _open(uow, Incident(kind, new.rail, new.file.message_id, details=details))


def raise_odd(
    uow: UnitOfWork,
    rail: str,
    named: Named,
    payout: ClaimedPayout,
    *,
    before: Mapping[uuid.UUID, set[str]],
    again: bool,
) -> None:
    """Money that left twice, or after the bank had refused it, or that moved in a way that no
    payment does; and a refusal of what had left. `before`: the bookings that other statements
    told."""
    kind = named.line.kind
    same = {line_key(named.line), named.line.ref}  # the second stands alone in older rows
    elsewhere = before.get(named.payout_id, set()) - same
    twice = again or (named.line.lasting and bool(elsewhere))
    if kind is LineKind.UNCLEAR or (
        kind is LineKind.BOOKED and (twice or payout.state is PayoutState.FAILED)
    ):
        _raise_about(uow, IncidentKind.UNKNOWN_EFFECT, rail, named, f"/{named.line.ref}")
    elif kind is LineKind.REJECTED and payout.state is PayoutState.PAID:
        _raise_about(uow, IncidentKind.MISSING_EFFECT, rail, named, "")


def raise_other_amount(uow: UnitOfWork, rail: str, named: Named) -> None:
    _raise_about(uow, IncidentKind.OTHER_AMOUNT, rail, named, "")


def raise_gap(uow: UnitOfWork, rail: str, ref: str, gap: int, currency: str | None) -> None:
    """A run and a statement, or a statement and its balances, do not agree."""
    _open(uow, Incident(IncidentKind.STATEMENT_GAP, rail, ref, None, gap, currency))


def _raise_about(uow: UnitOfWork, kind: IncidentKind, rail: str, named: Named, more: str) -> None:
    line, payout_id = named.line, named.payout_id
    details: dict[str, Any] = {"provider_ref": line.ref, "kind": line.kind.value}
    sums = (line.amount_minor, line.currency)
    _open(uow, Incident(kind, rail, f"{payout_id}{more}", payout_id, *sums, details))


def _open(uow: UnitOfWork, incident: Incident) -> None:
    open_incident(uow.session, organisation_id=uow.organisation_id, now=uow.now, incident=incident)
