"""Payouts whose calls come to what the test plans, and what became of them."""

import datetime as dt

from promises.payouts import claiming

SECONDS_5 = dt.timedelta(seconds=5)
OWED = "compensation_owed"


def planned(purse, *plans, sights=()):
    """One payout whose calls come to that."""
    (payout_id,) = purse.owe()
    purse.provider.plans[payout_id].extend(plans)
    purse.provider.sights[payout_id].extend(sights)
    return payout_id


def kinds(purse, payout_id):
    return [what for what, _, _ in purse.provider.calls[payout_id]]


def under_way(purse, payout_id):
    """What the books say of one payout, by account, whatever the rail."""
    found = purse.rows(
        "SELECT e.account_code AS code, sum(e.amount_minor)::bigint AS n FROM ledger_entries e"
        " JOIN ledger_transactions t ON t.id = e.transaction_id WHERE t.reference_id = %(p)s"
        " GROUP BY e.account_code",
        p=payout_id,
    )
    return {row.code.partition(":")[0]: row.n for row in found if row.n}


def spoil(purse, payout_ids):
    """As if where the money goes had been sealed with another key."""
    purse.execute(
        "UPDATE payout_destinations SET details_sealed = 'nothing' WHERE id IN"
        " (SELECT destination_id FROM payouts WHERE id = ANY(%(ids)s))",
        payout_ids,
    )


def incidents_of(purse, payout_id):
    return [one for one in purse.incidents() if one.payout_id == payout_id]


def claim(purse):
    with purse.work(None) as uow:
        return claiming.claim_payouts(
            uow.session, organisation_id=purse.made.id, now=uow.now, rail=purse.rail, limit=16
        )
