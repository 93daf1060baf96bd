"""What arose while payments were only tried out ends once real money moves; nothing of it is paid.

Open debts are taken out of the books, and unused vouchers are void. Nothing is deleted, and the
customer's page says why.
"""

from promises.compensation.models import CompensationState, Hold
from promises.compensation.trial import ONLY_TRIED, debts_only_tried, tickets_only_tried
from promises.db.session import UnitOfWork
from promises.desk.actions import touch_tickets
from promises.flows.compensate import end_debts, take_back
from promises.ledger.actions import Posting, PostingKind, post
from promises.payouts.exchanges import lock_vouchers
from promises.payouts.trial_vouchers import TriedVoucher, void_tried


def end_tried(uow: UnitOfWork) -> int:
    """Some at a time; safe to repeat. Returns how many debts ended."""
    tickets = tickets_only_tried(uow.session, organisation_id=uow.organisation_id)
    if not tickets:
        return 0
    lock_vouchers(uow.session, organisation_id=uow.organisation_id, ticket_ids=tickets)
    touch_tickets(uow.session, organisation_id=uow.organisation_id, ticket_ids=tickets)
    voided = void_tried(
        uow.session, organisation_id=uow.organisation_id, now=uow.now, ticket_ids=tickets
    )
    post(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        postings=[_posting(one) for one in voided],
    )
    owed = [one.compensation_id for one in voided if one.compensation_id is not None]
    take_back(uow, sorted(owed), Hold.PAYMENT)
    debts = debts_only_tried(uow.session, organisation_id=uow.organisation_id, ticket_ids=tickets)
    return len(end_debts(uow, debts, state=CompensationState.CANCELLED, reason=ONLY_TRIED))


def _posting(one: TriedVoucher) -> Posting:
    of_gift = one.compensation_id is None
    kind = PostingKind.GIFT_EXPIRED if of_gift else PostingKind.VOUCHER_EXCHANGED
    debt_id = one.gift_id if of_gift else one.compensation_id
    return Posting(kind, one.voucher_id, one.amount_minor, one.currency, debt_id=debt_id)
