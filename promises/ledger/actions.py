"""Posting to the ledger: whole transactions, set-based, each business fact once for ever."""

import datetime as dt
import enum
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.db.sql import rows
from promises.kernel.ids import new_id
from promises.ledger.accounts import KINDS, Account

# Keys that are posted already are skipped whole: their entries find no transaction to belong to.
_POST = """
WITH charted AS (
    INSERT INTO ledger_accounts (organisation_id, code, currency, kind)
    SELECT %(organisation_id)s, a.code, a.currency, a.kind
    FROM unnest(%(account_codes)s::text[], %(account_currencies)s::text[],
        %(account_kinds)s::text[]) AS a (code, currency, kind)
    ON CONFLICT DO NOTHING
), posted AS (
    INSERT INTO ledger_transactions
        (organisation_id, id, key, kind, reference_id, reverses_id, recorded_at)
    SELECT %(organisation_id)s, p.id, p.key, p.kind, p.reference_id, p.reverses_id, %(now)s
    FROM unnest(%(ids)s::uuid[], %(keys)s::text[], %(kinds)s::text[], %(references)s::uuid[],
        %(reverses)s::uuid[]) AS p (id, key, kind, reference_id, reverses_id)
    ON CONFLICT (organisation_id, key) DO NOTHING
    RETURNING id, key
), written AS (
    INSERT INTO ledger_entries
        (organisation_id, transaction_id, account_code, currency, amount_minor)
    SELECT %(organisation_id)s, e.transaction_id, e.account_code, e.currency, e.amount_minor
    FROM unnest(%(entry_ids)s::uuid[], %(entry_accounts)s::text[], %(entry_currencies)s::text[],
        %(entry_amounts)s::bigint[]) AS e (transaction_id, account_code, currency, amount_minor)
    JOIN posted ON posted.id = e.transaction_id
)
SELECT key FROM posted
"""


class PostingKind(enum.StrEnum):
    """The business fact behind a transaction. Each moves one amount from one account to another;
    the second name of each pair is credited."""

    OWED = "owed"
    CANCELLED = "cancelled"
    VOUCHER_ISSUED = "voucher_issued"
    VOUCHER_REDEEMED = "voucher_redeemed"
    VOUCHER_EXPIRED = "voucher_expired"


_SIDES: dict[PostingKind, tuple[Account, Account]] = {
    PostingKind.OWED: (Account.COMPENSATION_EXPENSE, Account.COMPENSATION_OWED),
    PostingKind.CANCELLED: (Account.COMPENSATION_OWED, Account.COMPENSATION_EXPENSE),
    PostingKind.VOUCHER_ISSUED: (Account.COMPENSATION_OWED, Account.VOUCHERS_ISSUED),
    PostingKind.VOUCHER_REDEEMED: (Account.VOUCHERS_ISSUED, Account.DESK_SETTLEMENT),
    PostingKind.VOUCHER_EXPIRED: (Account.VOUCHERS_ISSUED, Account.COMPENSATION_EXPENSE),
}


@dataclass(frozen=True, slots=True)
class Posting:
    """One transaction of two entries. `reference_id` is the compensation or voucher it is about;
    with the kind it makes the key, so the same fact cannot be posted twice."""

    kind: PostingKind
    reference_id: uuid.UUID
    amount_minor: int
    currency: str
    reverses_id: uuid.UUID | None = None

    def __post_init__(self) -> None:
        if self.amount_minor <= 0:
            raise ValueError("a posting moves an amount above zero")

    @property
    def key(self) -> str:
        return f"{self.kind.value}:{self.reference_id}"


def post(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    postings: Sequence[Posting],
) -> int:
    """Write the postings in one statement and return how many were new.

    What was posted before is skipped, so a repetition changes nothing.
    """
    if not postings:
        return 0
    ids = [new_id() for _ in postings]
    entries = [
        (transaction_id, account, posting.currency, sign * posting.amount_minor)
        for transaction_id, posting in zip(ids, postings, strict=True)
        for account, sign in zip(_SIDES[posting.kind], (1, -1), strict=True)
    ]
    used = sorted({(account, currency) for _, account, currency, _ in entries})
    posted = rows(
        session,
        _POST,
        {
            "organisation_id": organisation_id,
            "now": now,
            "account_codes": [account.value for account, _ in used],
            "account_currencies": [currency for _, currency in used],
            "account_kinds": [KINDS[account].value for account, _ in used],
            "ids": ids,
            "keys": [posting.key for posting in postings],
            "kinds": [posting.kind.value for posting in postings],
            "references": [posting.reference_id for posting in postings],
            "reverses": [posting.reverses_id for posting in postings],
            "entry_ids": [entry[0] for entry in entries],
            "entry_accounts": [entry[1].value for entry in entries],
            "entry_currencies": [entry[2] for entry in entries],
            "entry_amounts": [entry[3] for entry in entries],
        },
    )
    return len(posted)
