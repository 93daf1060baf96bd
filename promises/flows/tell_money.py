"""What customers are told of their money: sent, arrived, what went wrong, a voucher still unused.

Only those whose ticket has a contact, in their language; each piece of news once.
"""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from promises.db import sql
from promises.db.session import UnitOfWork
from promises.identity.customers import OpenContact
from promises.notify.actions import NewMessage, enqueue
from promises.notify.models import CONTACT_REMOVED, Channel, MessageKind
from promises.payouts.choices import CONFIRM_WITHIN
from promises.payouts.models import PayoutState
from promises.payouts.rails.voucher import VOUCHER
from promises.payouts.recording import Moved

NEWS_LASTS = dt.timedelta(days=7)

AFTER_A_YEAR = dt.timedelta(days=365)
BEFORE_THE_END = dt.timedelta(days=30)
"""When an unused voucher is reminded of: these two times, never more."""

_LATE_BY = dt.timedelta(days=7)
"""A reminder that is later than this is not sent any more."""

_NEWS = {
    PayoutState.SUBMITTED: "sent",
    PayoutState.PAID: "arrived",
    PayoutState.FAILED: "failed",
    PayoutState.RETURNED: "came_back",
}

_CONTACT = """
SELECT t.id AS ticket_id, c.id AS contact_id, c.channel, c.locale
FROM tickets t
JOIN contacts c ON c.organisation_id = t.organisation_id AND c.id = t.contact_id
    AND c.erased_at IS NULL
WHERE t.organisation_id = %(organisation_id)s AND t.id = %(ticket_id)s
"""

# Owed, on its way, or a voucher that is still unused.
_OPEN_MONEY = """
SELECT min(m.since) AS since, bool_or(c.created_at < m.since) AS told_before
FROM contacts c
JOIN (
    SELECT k.created_at AS since FROM compensations k
    LEFT JOIN payouts y ON y.organisation_id = k.organisation_id AND y.compensation_id = k.id
        AND y.state NOT IN ('failed', 'cancelled', 'returned')
    LEFT JOIN vouchers v ON v.organisation_id = y.organisation_id AND v.payout_id = y.id
    WHERE k.organisation_id = %(organisation_id)s AND k.ticket_id = %(ticket_id)s
      AND (k.state = 'owed' OR k.state = 'released' AND y.state <> 'paid'
          AND coalesce(v.state, 'active') = 'active')
    UNION ALL
    SELECT g.given_at FROM goodwill_gifts g
    JOIN payouts y ON y.organisation_id = g.organisation_id AND y.gift_id = g.id
    JOIN vouchers v ON v.organisation_id = y.organisation_id AND v.payout_id = y.id
        AND v.state = 'active'
    WHERE g.organisation_id = %(organisation_id)s AND g.ticket_id = %(ticket_id)s
) m ON true
WHERE c.organisation_id = %(organisation_id)s AND c.id = %(contact_id)s
"""

_OF_DEBTS = """
SELECT k.id, k.amount_minor, k.currency, t.id AS ticket_id, c.id AS contact_id, c.channel, c.locale
FROM compensations k
JOIN tickets t ON t.organisation_id = k.organisation_id AND t.id = k.ticket_id
JOIN contacts c ON c.organisation_id = t.organisation_id AND c.id = t.contact_id
    AND c.erased_at IS NULL
WHERE k.organisation_id = %(organisation_id)s AND k.id = ANY(%(compensation_ids)s)
  AND k.state IN ('owed', 'released')
ORDER BY k.id
"""

_OF_VOUCHERS = """
SELECT v.id, v.amount_minor, v.currency, v.expires_at, t.id AS ticket_id, c.id AS contact_id,
    c.channel, c.locale
FROM vouchers v
JOIN payouts p ON p.organisation_id = v.organisation_id AND p.id = v.payout_id
LEFT JOIN compensations k ON k.organisation_id = p.organisation_id AND k.id = p.compensation_id
LEFT JOIN goodwill_gifts g ON g.organisation_id = p.organisation_id AND g.id = p.gift_id
JOIN tickets t ON t.organisation_id = v.organisation_id
    AND t.id = coalesce(k.ticket_id, g.ticket_id)
JOIN contacts c ON c.organisation_id = t.organisation_id AND c.id = t.contact_id
    AND c.erased_at IS NULL
WHERE v.organisation_id = %(organisation_id)s AND
"""

_ENDED = f"{_OF_VOUCHERS} v.id = ANY(%(voucher_ids)s) ORDER BY v.id"

_UNTOLD = """ NOT EXISTS (SELECT 1 FROM messages m
    WHERE m.organisation_id = v.organisation_id AND m.dedupe_key = %(prefix)s || v.id)
ORDER BY v.id LIMIT %(limit)s
"""

_YEAR_OLD = f"""{_OF_VOUCHERS} v.state = 'active'
  AND v.issued_at > %(after)s AND v.issued_at <= %(by)s AND v.expires_at > %(late)s
  AND {_UNTOLD}"""

_ENDING = f"""{_OF_VOUCHERS} v.state = 'active'
  AND v.expires_at > %(after)s AND v.expires_at <= %(by)s AND v.expires_at > %(late)s
  AND {_UNTOLD}"""


def tell_moved(uow: UnitOfWork, moved: Sequence[Moved]) -> int:
    """Call it for payouts that moved, after what follows from it was written. Vouchers speak for
    themselves: their debts were told of at the breach. Returns how many are told."""
    news = {
        one.compensation_id: one
        for one in moved
        if one.rail != VOUCHER and one.compensation_id is not None and one.after in _NEWS
    }
    if not news:
        return 0
    messages = []
    for row in _of_debts(uow, sorted(news)):
        one = news[row.id]
        params = {"what": _NEWS[one.after], "rail": one.rail, "trouble": one.trouble}
        messages.append(
            _message(uow, row, MessageKind.MONEY_NEWS, f"{one.after.value}:{one.payout_id}", params)
        )
    return _put(uow, messages)


def tell_confirm(
    uow: UnitOfWork, *, ticket_id: uuid.UUID, destination_id: uuid.UUID, path: str
) -> bool:
    """Send the link that confirms bank details; False where the ticket has no contact."""
    params = {"organisation_id": uow.organisation_id, "ticket_id": ticket_id}
    row = sql.one_or_none(uow.session, _CONTACT, params)
    if row is None:
        return False
    message = NewMessage(
        kind=MessageKind.BANK_CONFIRM,
        channel=Channel(row.channel),
        locale=row.locale,
        contact_id=row.contact_id,
        ticket_id=row.ticket_id,
        secret=path,
        dedupe_key=f"bank_confirm:{destination_id}",
        expires_at=uow.now + CONFIRM_WITHIN,
    )
    _put(uow, [message])
    return True


def tell_contact_removed(uow: UnitOfWork, *, ticket_id: uuid.UUID, contact: OpenContact) -> bool:
    """Write to an address once more, before it is erased, where money of its ticket is open. The
    message carries the address, sealed, and loses it when it has ended. The link to the page goes
    only where the news of the money went already: an address that was mistyped must not get it.
    Whether it is told."""
    params = {
        "organisation_id": uow.organisation_id,
        "ticket_id": ticket_id,
        "contact_id": contact.id,
    }
    found = sql.one(uow.session, _OPEN_MONEY, params)
    if found.since is None:
        return False
    message = NewMessage(
        kind=MessageKind.MONEY_NEWS,
        channel=Channel(contact.channel),
        locale=contact.locale,
        contact_id=contact.id,
        ticket_id=ticket_id,
        params={"what": CONTACT_REMOVED, "linked": found.told_before},
        secret=contact.address,
        dedupe_key=f"{MessageKind.MONEY_NEWS.value}:{CONTACT_REMOVED}:{ticket_id}:{contact.id}",
        expires_at=uow.now + NEWS_LASTS,
    )
    return _put(uow, [message]) == 1


def tell_voucher_instead(uow: UnitOfWork, compensation_ids: Sequence[uuid.UUID]) -> int:
    """That a voucher went out because no other way worked and none was chosen."""
    day = uow.now.date().isoformat()
    params = {"what": "voucher", "rail": VOUCHER, "trouble": None}
    return _put(
        uow,
        [
            _message(uow, row, MessageKind.MONEY_NEWS, f"voucher:{row.id}:{day}", params)
            for row in _of_debts(uow, compensation_ids)
        ],
    )


def tell_late(uow: UnitOfWork, compensation_ids: Sequence[uuid.UUID]) -> int:
    """That we paid too late, and what is owed for it."""
    params = {"what": "late", "rail": VOUCHER, "trouble": None}
    return _put(
        uow,
        [
            _message(uow, row, MessageKind.MONEY_NEWS, f"late:{row.id}", params)
            for row in _of_debts(uow, compensation_ids)
        ],
    )


def remind_vouchers(uow: UnitOfWork) -> int:
    """Remind of vouchers that are unused after a year, and thirty days before they end. Safe to
    repeat. Returns how many are told."""
    year = {"after": uow.now - AFTER_A_YEAR - _LATE_BY, "by": uow.now - AFTER_A_YEAR}
    soon = uow.now + BEFORE_THE_END
    end = {"after": soon - _LATE_BY, "by": soon}
    # a voucher that ends within the month after its first year is told of once
    return _remind(uow, _YEAR_OLD, "year", year | {"late": soon}) + _remind(
        uow, _ENDING, "end", end | {"late": uow.now}
    )


def tell_ended(uow: UnitOfWork, voucher_ids: Sequence[uuid.UUID]) -> int:
    """That vouchers have expired."""
    if not voucher_ids:
        return 0
    params = {"organisation_id": uow.organisation_id, "voucher_ids": list(voucher_ids)}
    found = sql.rows(uow.session, _ENDED, params)
    return _put(
        uow,
        [_message(uow, row, MessageKind.VOUCHER_ENDED, str(row.id), _until(row)) for row in found],
    )


def _remind(uow: UnitOfWork, statement: str, which: str, span: Mapping[str, dt.datetime]) -> int:
    kind = MessageKind.VOUCHER_DUE
    params = {
        "organisation_id": uow.organisation_id,
        "prefix": f"{kind.value}:{which}:",
        "limit": 500,
    }
    found = sql.rows(uow.session, statement, params | dict(span))
    return _put(uow, [_message(uow, row, kind, f"{which}:{row.id}", _until(row)) for row in found])


def _until(row: Any) -> dict[str, object]:
    return {"expires_at": row.expires_at.isoformat()}


def _of_debts(uow: UnitOfWork, compensation_ids: Sequence[uuid.UUID]) -> list[Any]:
    params = {
        "organisation_id": uow.organisation_id,
        "compensation_ids": list(compensation_ids),
    }
    return sql.rows(uow.session, _OF_DEBTS, params)


def _message(
    uow: UnitOfWork, row: Any, kind: MessageKind, once: str, params: Mapping[str, object]
) -> NewMessage:
    return NewMessage(
        kind=kind,
        channel=Channel(row.channel),
        locale=row.locale,
        contact_id=row.contact_id,
        ticket_id=row.ticket_id,
        params={"amount_minor": row.amount_minor, "currency": row.currency, **params},
        dedupe_key=f"{kind.value}:{once}",
        expires_at=uow.now + NEWS_LASTS,
    )


def _put(uow: UnitOfWork, messages: Sequence[NewMessage]) -> int:
    return enqueue(uow.session, organisation_id=uow.organisation_id, now=uow.now, messages=messages)
