"""The customer says how the money is to come; what has gone out as an unused voucher changes over.

Every act locks the ticket's vouchers and then the ticket: of a till and a change of mind one wins.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from promises.audit.actions import record
from promises.compensation.models import Hold
from promises.compensation.releasing import record_decisions
from promises.db.session import UnitOfWork
from promises.desk.actions import touch_tickets
from promises.flows.compensate import hold_unsent, lift_and_let_go, send, take_back
from promises.flows.follow_ticket import contact_was_removed
from promises.flows.own_money import require_not_own
from promises.flows.tell_money import tell_confirm, tell_voucher_instead
from promises.identity.errors import LinkExpired
from promises.identity.tokens import new_secret, token_mac
from promises.kernel.actors import SYSTEM
from promises.ledger.actions import Posting, PostingKind, post
from promises.payouts import choices
from promises.payouts.actions import cancel_ready
from promises.payouts.bank_accounts import BankAccount
from promises.payouts.choices import MOST_CASES, REST, Debt, Ways
from promises.payouts.destinations import (
    NewDestination,
    confirm_destination,
    fingerprint,
    give_destination,
)
from promises.payouts.errors import BeingPaid, WayNotOffered
from promises.payouts.exchanges import Exchanged, exchange_vouchers, lock_vouchers
from promises.payouts.purging import purge_unused
from promises.payouts.rail_models import Proof
from promises.payouts.rails.names import SEPA
from promises.payouts.rails.voucher import VOUCHER

WITHOUT_CHOICE = dt.timedelta(days=7)
"""How long a debt whose money did not arrive waits for a choice before a voucher goes out."""

TYPED_BY_STAFF = "bank_details_typed_by_staff"
MANY_CASES = "account_used_for_many_cases"
CONTACT_CHANGED = "contact_changed"
"""Why details wait for a second person: the reason of the hold's decision."""

_USE = "bank"


@dataclass(frozen=True, slots=True)
class Given:
    """What happens next with bank details: `usable_at` is None while a link or a person is to
    confirm them."""

    proof: Proof
    usable_at: dt.datetime | None


def choose(uow: UnitOfWork, *, ticket_id: uuid.UUID, rail: str) -> None:
    """A way that needs no details typed. What can still go that way does at once.

    Raises WayNotOffered.
    """
    ways = _locked(uow, ticket_id)
    if rail not in ways.rails or rail == SEPA:
        raise WayNotOffered
    known = ways.of(rail)
    if rail == VOUCHER:
        _give(uow, ticket_id, VOUCHER, {}, uow.now)
    elif known is not None:
        choices.choose_known(
            uow.session,
            organisation_id=uow.organisation_id,
            ticket_id=ticket_id,
            destination_id=known.id,
        )
    _tidy(uow, ticket_id)
    carry_out(uow, ticket_id)
    _note(uow, ticket_id, "payout_way_chosen", rail)


def give_account(
    uow: UnitOfWork,
    *,
    ticket_id: uuid.UUID,
    account: BankAccount,
    page: str,
    at_desk: bool = False,
) -> Given:
    """Bank details for a transfer. They are used once the ticket's contact has confirmed them; a
    ticket without one lets them rest for a day; what staff typed, what comes after the contact was
    taken off or replaced, and an account given for many cases, waits for a second person. `page`
    is the customer's page, for the link.

    Raises WayNotOffered, BeingPaid, OwnAccount.
    """
    ways = _locked(uow, ticket_id)
    if SEPA not in ways.rails:
        raise WayNotOffered
    details = {"iban": account.iban, "name": account.holder}
    mark = fingerprint(uow.session, organisation_id=uow.organisation_id, rail=SEPA, details=details)
    if at_desk:
        require_not_own(uow, ticket_id=ticket_id, mark=mark)
    _stop_unsent(uow, ways)
    destination_id = _give(uow, ticket_id, SEPA, details, None)
    _tidy(uow, ticket_id)
    reasons = _doubts(uow, ticket_id, mark, at_desk=at_desk)
    if reasons:
        _prove(uow, destination_id, Proof.PERSON)
        _hold_for_person(uow, ways, reasons)
    _note(uow, ticket_id, "bank_details_given", SEPA)
    if reasons:
        return Given(Proof.PERSON, None)
    token = new_secret(uow.organisation_id)
    if tell_confirm(
        uow,
        ticket_id=ticket_id,
        destination_id=destination_id,
        path=f"{page}/pay/confirm/{token}",
    ):
        _prove(uow, destination_id, Proof.CONTACT, _mac(uow, token))
        return Given(Proof.CONTACT, None)
    _prove(uow, destination_id, Proof.LINK)
    usable_at = uow.now + REST
    _confirm(uow, destination_id, usable_at)
    return Given(Proof.LINK, usable_at)


def check_link(uow: UnitOfWork, *, ticket_id: uuid.UUID, token: str) -> str:
    """The last characters of the account that the link is about. Raises LinkExpired."""
    last4: str = _waiting(uow, ticket_id, token).last4
    return last4


def confirm(uow: UnitOfWork, *, ticket_id: uuid.UUID, token: str) -> dt.datetime:
    """Whoever reads the ticket's contact says that the details are right. Returns from when on they
    are used: at once, or after a day where they replace others or the contact is newer than the
    debt. Raises LinkExpired."""
    ways = _locked(uow, ticket_id)
    found = _waiting(uow, ticket_id, token)
    owed_since = min((debt.created_at for debt in ways.debts), default=uow.now)
    rests = found.replaces or found.contact_since is None or found.contact_since > owed_since
    usable_at = uow.now + REST if rests else uow.now
    choices.choose_known(
        uow.session,
        organisation_id=uow.organisation_id,
        ticket_id=ticket_id,
        destination_id=found.id,
    )
    _confirm(uow, found.id, usable_at)
    carry_out(uow, ticket_id)
    _note(uow, ticket_id, "bank_details_confirmed", SEPA)
    return usable_at


def carry_out(uow: UnitOfWork, ticket_id: uuid.UUID) -> None:
    """Let the choice reach what is owed, what is ready and unsent, and vouchers that are unused.
    A voucher that is being issued this moment is left for the next round. The ticket and its
    vouchers are locked by the caller."""
    ways = _ways(uow, ticket_id)
    chosen = ways.chosen
    if chosen is not None and (not chosen.usable(uow.now) or chosen.failed):
        return
    other = [
        debt
        for debt in ways.debts
        if chosen is not None
        and debt.open
        and (debt.rail, debt.destination_id) != (chosen.rail, chosen.id)
    ]
    if chosen is not None and chosen.rail != VOUCHER:
        send(uow, _exchange(uow, [debt for debt in other if debt.exchangeable]))
    _redirect(uow, [debt for debt in other if debt.payout_state == "ready"])
    unpaid = [debt.compensation_id for debt in other if Hold.PAYMENT.value in debt.holds]
    lift_and_let_go(uow, unpaid, [Hold.PAYMENT])
    if not any(debt.being_issued for debt in other):
        choices.note_applied(
            uow.session, organisation_id=uow.organisation_id, now=uow.now, ticket_id=ticket_id
        )


def carry_out_due(uow: UnitOfWork) -> int:
    """Choices that had to rest, or that met a voucher being issued. Safe to repeat."""
    due = choices.due_choices(uow.session, organisation_id=uow.organisation_id, now=uow.now)
    if due:
        _lock(uow, due)
    for ticket_id in due:
        carry_out(uow, ticket_id)
    return len(due)


def pay_without_choice(uow: UnitOfWork) -> int:
    """A voucher for debts whose money did not arrive and whose customers chose nothing in time;
    they are told. Safe to repeat. Returns how many."""
    unpaid = choices.unpaid_without_choice(
        uow.session, organisation_id=uow.organisation_id, now=uow.now, waited=WITHOUT_CHOICE
    )
    if not unpaid:
        return 0
    tickets = sorted(set(unpaid.values()))
    _lock(uow, tickets)
    for ticket_id in tickets:
        _give(uow, ticket_id, VOUCHER, {}, uow.now)
        choices.note_applied(
            uow.session, organisation_id=uow.organisation_id, now=uow.now, ticket_id=ticket_id
        )
    lift_and_let_go(uow, sorted(unpaid), [Hold.PAYMENT])
    tell_voucher_instead(uow, sorted(unpaid))
    return len(unpaid)


def _locked(uow: UnitOfWork, ticket_id: uuid.UUID) -> Ways:
    _lock(uow, [ticket_id])
    return _ways(uow, ticket_id)


def _lock(uow: UnitOfWork, ticket_ids: Sequence[uuid.UUID]) -> None:
    lock_vouchers(uow.session, organisation_id=uow.organisation_id, ticket_ids=ticket_ids)
    touch_tickets(uow.session, organisation_id=uow.organisation_id, ticket_ids=ticket_ids)


def _ways(uow: UnitOfWork, ticket_id: uuid.UUID) -> Ways:
    return choices.ways_of_ticket(
        uow.session, organisation_id=uow.organisation_id, now=uow.now, ticket_id=ticket_id
    )


def _give(
    uow: UnitOfWork,
    ticket_id: uuid.UUID,
    rail: str,
    details: dict[str, str],
    usable_at: dt.datetime | None,
) -> uuid.UUID:
    return give_destination(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        new=NewDestination(ticket_id, rail, details, chosen=True, usable_at=usable_at),
    )


def _tidy(uow: UnitOfWork, ticket_id: uuid.UUID) -> None:
    purge_unused(uow.session, organisation_id=uow.organisation_id, now=uow.now, ticket_id=ticket_id)


def _doubts(
    uow: UnitOfWork, ticket_id: uuid.UUID, mark: bytes, *, at_desk: bool
) -> dict[Hold, str]:
    """Why a second person has to look at the details, by the hold that waits for it."""
    reasons: dict[Hold, str] = {}
    if at_desk:
        reasons[Hold.APPROVAL] = TYPED_BY_STAFF
    elif contact_was_removed(uow, ticket_id):
        reasons[Hold.APPROVAL] = CONTACT_CHANGED
    cases = choices.cases_of_account(
        uow.session, organisation_id=uow.organisation_id, now=uow.now, fingerprint=mark
    )
    if cases > MOST_CASES:
        reasons[Hold.EVIDENCE] = MANY_CASES
    return reasons


def _prove(
    uow: UnitOfWork, destination_id: uuid.UUID, proof: Proof, confirm_mac: bytes | None = None
) -> None:
    choices.note_proof(
        uow.session,
        organisation_id=uow.organisation_id,
        destination_id=destination_id,
        proof=proof,
        confirm_mac=confirm_mac,
    )


def _confirm(uow: UnitOfWork, destination_id: uuid.UUID, usable_at: dt.datetime) -> None:
    confirm_destination(
        uow.session,
        organisation_id=uow.organisation_id,
        destination_id=destination_id,
        usable_at=usable_at,
    )


def _hold_for_person(uow: UnitOfWork, ways: Ways, reasons: dict[Hold, str]) -> None:
    """What is open waits until a second person approves it; an unused voucher is taken back."""
    waiting = [debt for debt in ways.debts if debt.open]
    if any(debt.being_issued for debt in waiting):
        raise BeingPaid
    first = next(iter(reasons))
    taken = _exchange(uow, [debt for debt in waiting if debt.exchangeable])
    take_back(uow, [one.compensation_id for one in taken], first)
    ids = [debt.compensation_id for debt in waiting]
    for hold, reason in reasons.items():
        hold_unsent(uow, ids, hold)
        record_decisions(
            uow.session,
            organisation_id=uow.organisation_id,
            now=uow.now,
            actor=SYSTEM,
            compensation_ids=ids,
            kind="held",
            holds=[hold],
            reason=reason,
        )


def _stop_unsent(uow: UnitOfWork, ways: Ways) -> None:
    """What is ready for another account waits until the new choice is usable. A voucher goes out:
    it can be exchanged then."""
    ready = [
        debt.compensation_id
        for debt in ways.debts
        if debt.payout_state == "ready" and debt.rail != VOUCHER
    ]
    hold_unsent(uow, ready, Hold.PAYMENT)


def _exchange(uow: UnitOfWork, debts: Sequence[Debt]) -> list[Exchanged]:
    if not debts:
        return []
    done = exchange_vouchers(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        compensation_ids=[debt.compensation_id for debt in debts],
    )
    post(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        postings=[
            Posting(
                PostingKind.VOUCHER_EXCHANGED,
                one.voucher_id,
                one.amount_minor,
                one.currency,
                debt_id=one.compensation_id,
            )
            for one in done
        ],
    )
    return done


def _redirect(uow: UnitOfWork, debts: Sequence[Debt]) -> None:
    """Stop what nobody has begun, and send it by the way that was chosen."""
    if not debts:
        return
    stopped = cancel_ready(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        compensation_ids=[debt.compensation_id for debt in debts],
    )
    send(uow, [debt for debt in debts if debt.compensation_id in stopped])


def _mac(uow: UnitOfWork, token: str) -> bytes:
    return token_mac(uow.session, organisation_id=uow.organisation_id, use=_USE, token=token)


def _waiting(uow: UnitOfWork, ticket_id: uuid.UUID, token: str) -> choices.ToConfirm:
    found = choices.to_confirm(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        ticket_id=ticket_id,
        confirm_mac=_mac(uow, token),
    )
    if found is None:
        raise LinkExpired
    return found


def _note(uow: UnitOfWork, ticket_id: uuid.UUID, action: str, rail: str) -> None:
    record(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        action=action,
        object_kind="ticket",
        object_id=ticket_id,
        details={"rail": rail},
    )
