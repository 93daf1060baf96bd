"""Posting to the ledger: whole transactions, set-based, each business fact once for ever."""

import datetime as dt
import enum
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.db.sql import one
from promises.kernel.ids import new_ids
from promises.ledger.accounts import KINDS, Account

# Keys that are posted already are skipped whole: their entries find no transaction to belong to.
_POST = """
WITH charted AS (
    INSERT INTO ledger_accounts (organisation_id, code, currency, kind)
    VALUES (%(organisation_id)s, %(debited)s, %(currency)s, %(debited_kind)s),
        (%(organisation_id)s, %(credited)s, %(currency)s, %(credited_kind)s)
    ON CONFLICT DO NOTHING
), asked AS (
    SELECT * FROM unnest(%(ids)b::uuid[], %(references)b::uuid[], %(amounts)b::bigint[])
        AS a (id, reference_id, amount_minor)
), posted AS (
    INSERT INTO ledger_transactions
        (organisation_id, id, key, kind, reference_id, reverses_id, recorded_at)
    SELECT %(organisation_id)s, a.id, %(kind)s::text || ':' || a.reference_id, %(kind)s::text,
        a.reference_id,
        (SELECT o.id FROM ledger_transactions o
         WHERE o.organisation_id = %(organisation_id)s
           AND o.key = %(reverses)s::text || ':' || a.reference_id), %(now)s
    FROM asked a
    ON CONFLICT (organisation_id, key) DO NOTHING
    RETURNING id
), written AS (
    INSERT INTO ledger_entries
        (organisation_id, transaction_id, account_code, currency, amount_minor)
    SELECT %(organisation_id)s, a.id, side.code, %(currency)s, side.sign * a.amount_minor
    FROM asked a
    JOIN posted ON posted.id = a.id
    CROSS JOIN (VALUES (%(debited)s::text, 1), (%(credited)s::text, -1)) AS side (code, sign)
)
SELECT count(*)::int AS n FROM posted
"""


class PostingKind(enum.StrEnum):
    """The business fact behind a transaction. Each moves one amount from one account to another;
    the second name of each pair is credited."""

    OWED = "owed"
    CANCELLED = "cancelled"
    VOUCHER_ISSUED = "voucher_issued"
    VOUCHER_REDEEMED = "voucher_redeemed"
    VOUCHER_EXPIRED = "voucher_expired"
    VOUCHER_EXCHANGED = "voucher_exchanged"
    PAYOUT_SENT = "payout_sent"
    PAYOUT_ARRIVED = "payout_arrived"
    PAYOUT_FAILED = "payout_failed"
    PAYOUT_CAME_BACK = "payout_came_back"
    GIFT_OWED = "gift_owed"
    GIFT_CANCELLED = "gift_cancelled"
    GIFT_ISSUED = "gift_issued"
    GIFT_EXPIRED = "gift_expired"


_SIDES: dict[PostingKind, tuple[Account, Account]] = {
    PostingKind.OWED: (Account.COMPENSATION_EXPENSE, Account.COMPENSATION_OWED),
    PostingKind.CANCELLED: (Account.COMPENSATION_OWED, Account.COMPENSATION_EXPENSE),
    PostingKind.VOUCHER_ISSUED: (Account.COMPENSATION_OWED, Account.VOUCHERS_ISSUED),
    PostingKind.VOUCHER_REDEEMED: (Account.VOUCHERS_ISSUED, Account.DESK_SETTLEMENT),
    PostingKind.VOUCHER_EXPIRED: (Account.VOUCHERS_ISSUED, Account.COMPENSATION_EXPENSE),
    PostingKind.VOUCHER_EXCHANGED: (Account.VOUCHERS_ISSUED, Account.COMPENSATION_OWED),
    PostingKind.PAYOUT_SENT: (Account.COMPENSATION_OWED, Account.PAYOUTS_UNDER_WAY),
    PostingKind.PAYOUT_ARRIVED: (Account.PAYOUTS_UNDER_WAY, Account.MONEY_OUT),
    PostingKind.PAYOUT_FAILED: (Account.PAYOUTS_UNDER_WAY, Account.COMPENSATION_OWED),
    PostingKind.PAYOUT_CAME_BACK: (Account.MONEY_OUT, Account.COMPENSATION_OWED),
    PostingKind.GIFT_OWED: (Account.GOODWILL_EXPENSE, Account.GOODWILL_OWED),
    PostingKind.GIFT_CANCELLED: (Account.GOODWILL_OWED, Account.GOODWILL_EXPENSE),
    PostingKind.GIFT_ISSUED: (Account.GOODWILL_OWED, Account.VOUCHERS_ISSUED),
    PostingKind.GIFT_EXPIRED: (Account.VOUCHERS_ISSUED, Account.GOODWILL_EXPENSE),
}


_REVERSES = {
    PostingKind.CANCELLED: PostingKind.OWED,
    PostingKind.GIFT_CANCELLED: PostingKind.GIFT_OWED,
}
"""The fact that a correction takes back: its transaction is named by the reversal."""


@dataclass(frozen=True, slots=True)
class Posting:
    """One transaction of two entries. `reference_id` is the compensation or voucher it is about;
    with the kind it makes the key, so the same fact cannot be posted twice. `rail` is by which way
    the money of a payout goes."""

    kind: PostingKind
    reference_id: uuid.UUID
    amount_minor: int
    currency: str
    rail: str = ""

    def __post_init__(self) -> None:
        if self.amount_minor <= 0:
            raise ValueError("a posting moves an amount above zero")


def post(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    postings: Sequence[Posting],
) -> int:
    """Write the postings, one statement for each kind and currency; how many were new.

    What was posted before is skipped, so a repetition changes nothing.
    """
    groups: dict[tuple[PostingKind, str], list[Posting]] = {}
    for posting in postings:
        groups.setdefault((posting.kind, posting.currency), []).append(posting)
    new = 0
    for kind, currency in sorted(groups):
        group = groups[kind, currency]
        debited, credited = _SIDES[kind]
        reverses = _REVERSES.get(kind)
        new += one(
            session,
            _POST,
            {
                "organisation_id": organisation_id,
                "now": now,
                "kind": kind.value,
                "currency": currency,
                "reverses": reverses and reverses.value,
                "debited": debited.value,
                "debited_kind": KINDS[debited].value,
                "credited": credited.value,
                "credited_kind": KINDS[credited].value,
                "ids": new_ids(len(group)),
                "references": [posting.reference_id for posting in group],
                "amounts": [posting.amount_minor for posting in group],
            },
        ).n
    return new
