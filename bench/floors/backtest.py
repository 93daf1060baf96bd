"""Draft promises against history by hand: one scan a promise, glued by UNION ALL."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

# One promise: served (or gone) within the limit, from the columns of the ticket.
_ONE = """
SELECT {place} AS place,
    count(*) FILTER (WHERE served AND wait <= {limit}) AS kept,
    count(*) FILTER (WHERE wait > {limit}) AS broken,
    count(*) FILTER (WHERE NOT served AND wait <= {limit}) AS excluded,
    {amount} * count(*) FILTER (WHERE wait > {limit}) AS cents
FROM (
    SELECT service_started_at IS NOT NULL AS served,
        coalesce(service_started_at, CASE state WHEN 'no_show' THEN called_at ELSE ended_at END,
            TIMESTAMPTZ '{now}') - arrived_at AS wait
    FROM tickets
    WHERE organisation_id = '{organisation_id}' AND state <> 'withdrawn' AND kind = 'visit'
      AND day_on BETWEEN '{first_on}' AND '{last_on}' {services} {branches}
) t
"""


@dataclass(frozen=True)
class Draft:
    """None is all of them."""

    limit: dt.timedelta
    amount_minor: int
    services: Sequence[uuid.UUID] | None = None
    branches: Sequence[uuid.UUID] | None = None


def statement(
    drafts: Sequence[Draft],
    organisation_id: uuid.UUID,
    first_on: dt.date,
    last_on: dt.date,
    now: dt.datetime,
) -> str:
    return " UNION ALL ".join(
        _ONE.format(
            place=place,
            limit=f"interval '{draft.limit.total_seconds()} seconds'",
            amount=draft.amount_minor,
            now=now.isoformat(),
            organisation_id=organisation_id,
            first_on=first_on,
            last_on=last_on,
            services=_among("service_kind_id", draft.services),
            branches=_among("branch_id", draft.branches),
        )
        for place, draft in enumerate(drafts)
    )


def _among(column: str, ids: Sequence[uuid.UUID] | None) -> str:
    if ids is None:
        return ""
    return f"AND {column} = ANY('{{{','.join(str(one) for one in ids)}}}')"


def counts(connection: "psycopg.Connection[Any]", sql: str) -> list[tuple[int, ...]]:
    """kept, broken, excluded and cents of each draft."""
    found = connection.execute(sql.encode()).fetchall()
    return [tuple(int(value) for value in row[1:]) for row in sorted(found)]
