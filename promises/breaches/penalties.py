"""What terms owe for paying late, by the engine, from the facts that their verdict was given on."""

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any, cast

from promises.breaches.general import Bench
from promises.breaches.guarantees import Given, history_of, penalty_of, plain
from promises.catalogue.queries import versions_by_id
from promises.db.sql import rows
from promises.rules.terms import GuaranteeTerms

_BROKEN = """
SELECT b.id AS breach_id, c.version_id, c.branch_id, c.detail
FROM breaches b
JOIN commitments c ON c.organisation_id = b.organisation_id AND c.id = b.commitment_id
WHERE b.organisation_id = %(organisation_id)s AND b.id = ANY(%(breach_ids)s)
  AND c.detail IS NOT NULL
"""


def late_penalties(
    bench: Bench, paid_at: Mapping[uuid.UUID, dt.datetime | None]
) -> dict[uuid.UUID, tuple[int, bool]]:
    """By breach of those given with the time at which it was paid, None where it was not: the
    amount, and whether it may still change. The short form of terms knows no penalty."""
    found = rows(bench.session, _BROKEN, {**bench.tenant, "breach_ids": list(paid_at)})
    versions = versions_by_id(
        bench.session, **bench.tenant, version_ids={row.version_id for row in found}
    )
    penalties = dict.fromkeys(paid_at, (0, False))
    for row in found:
        terms = cast(GuaranteeTerms, versions[row.version_id].terms)  # only those have a detail
        penalties[row.breach_id] = _penalty(bench, row, terms, paid_at[row.breach_id])
    return penalties


def _penalty(
    bench: Bench, row: Any, terms: GuaranteeTerms, paid_at: dt.datetime | None
) -> tuple[int, bool]:
    guarantee, detail = terms.guarantee, row.detail
    payment = guarantee.payment
    if payment is None or payment.penalty is None:
        return 0, False
    facts = dict(detail["facts"])
    if paid_at is not None and payment.paid_at is not None:
        facts[payment.paid_at] = plain(paid_at)
    began_at = dt.datetime.fromisoformat(detail["began_at"])
    given = Given(
        terms=guarantee,
        facts=facts,
        now=bench.now,
        began_at=began_at,
        calendars=bench.calendars(guarantee.calendars, row.branch_id, began_at),
        history=history_of(detail),
    )
    amount, moving = penalty_of(given, detail["occurrence"])
    return amount, moving and paid_at is None
