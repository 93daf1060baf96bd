"""Payouts by voucher become vouchers, and their debts move in the books."""

import datetime as dt
import uuid
from collections.abc import Sequence

from promises.db import sql
from promises.db.session import UnitOfWork
from promises.identity.keys import Purpose, organisation_key
from promises.kernel.zones import local_date, resolve_local
from promises.ledger.actions import Posting, PostingKind, post
from promises.payouts.recording import Moved
from promises.payouts.vouchers import VoucherOrder, issue_vouchers

_ZONES = """
SELECT b.time_zone, o.voucher_valid_years, array_agg(p.id) AS payout_ids
FROM payouts p
JOIN organisations o ON o.organisation_id = p.organisation_id
LEFT JOIN compensations k ON k.organisation_id = p.organisation_id AND k.id = p.compensation_id
LEFT JOIN goodwill_gifts g ON g.organisation_id = p.organisation_id AND g.id = p.gift_id
JOIN tickets t ON t.organisation_id = p.organisation_id
    AND t.id = coalesce(k.ticket_id, g.ticket_id)
JOIN branches b ON b.organisation_id = t.organisation_id AND b.id = t.branch_id
WHERE p.organisation_id = %(organisation_id)s AND p.id = ANY(%(payout_ids)s)
GROUP BY b.time_zone, o.voucher_valid_years
ORDER BY b.time_zone
"""


def issue(uow: UnitOfWork, moved: Sequence[Moved]) -> None:
    """A voucher for each payout, good to the end of a day at its branch."""
    if not moved:
        return
    key = organisation_key(
        uow.session, organisation_id=uow.organisation_id, purpose=Purpose.VOUCHER
    )
    by_id = {one.payout_id: one for one in moved}
    params = {"organisation_id": uow.organisation_id, "payout_ids": list(by_id)}
    for row in sql.rows(uow.session, _ZONES, params):
        issue_vouchers(
            uow.session,
            organisation_id=uow.organisation_id,
            now=uow.now,
            key=key,
            expires_at=good_until(uow.now, row.time_zone, row.voucher_valid_years),
            orders=[_order(by_id[payout_id]) for payout_id in row.payout_ids],
        )
    post(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        postings=[_posting(one) for one in moved],
    )


def good_until(now: dt.datetime, zone: str, years: int) -> dt.datetime:
    """The last instant of the same day years later; from a 29 February of the 28th. People are
    told the day, so that the whole of it has to count."""
    today = local_date(now, zone)
    try:
        last = today.replace(year=today.year + years)
    except ValueError:
        last = today.replace(year=today.year + years, day=28)
    midnight = dt.datetime.combine(last + dt.timedelta(days=1), dt.time())
    return resolve_local(midnight, zone).instant - dt.timedelta.resolution


def _order(one: Moved) -> VoucherOrder:
    return VoucherOrder(one.payout_id, one.amount_minor, one.currency)


def _posting(one: Moved) -> Posting:
    kind = PostingKind.VOUCHER_ISSUED if one.gift_id is None else PostingKind.GIFT_ISSUED
    debt_id: uuid.UUID | None = one.compensation_id or one.gift_id
    return Posting(kind, one.payout_id, one.amount_minor, one.currency, one.rail, debt_id)
