"""A bank's year of visits, in bulk: branches, services, days and hours, most served, some gone."""

import datetime as dt

from bench.ground import Ground

FIRST_ON = dt.date(2025, 1, 1)
DAYS = 365
LAST_ON = FIRST_ON + dt.timedelta(days=DAYS - 1)
NOW = dt.datetime(2026, 1, 2, 12, 0, tzinfo=dt.UTC)
BRANCHES = 40
KINDS = tuple("ABCDE")

# Ids and all choices follow from the number of the visit, so that every run has the same ones.
_SEED = """
INSERT INTO tickets (organisation_id, id, kind, state, source, branch_id, service_kind_id,
    day_on, letter, public_code, arrived_at, queued_at, called_at, service_started_at, ended_at,
    version, flags)
SELECT %(organisation_id)s, md5('visit' || n)::uuid, 'visit', o.state, 'desk',
    (%(branch_ids)s::uuid[])[1 + n %% %(branches)s],
    (%(kind_ids)s::uuid[])[1 + (n / 7) %% %(kinds)s],
    d.day_on, (%(letters)s::text[])[1 + (n / 7) %% %(kinds)s], 'v' || n,
    a.arrived_at, a.arrived_at, c.called_at,
    CASE WHEN o.state = 'served' THEN c.called_at + interval '20 seconds' END,
    CASE o.state WHEN 'served' THEN c.called_at + interval '5 minutes'
                 WHEN 'waiting' THEN NULL ELSE a.arrived_at + w.wait END,
    1, '{}'
FROM generate_series(0, %(count)s - 1) AS n
CROSS JOIN LATERAL (SELECT
    (hashint8(n)::bigint + 2147483648) / 4294967296.0::float8 AS u,
    (hashint8(n + 10000000)::bigint + 2147483648) / 4294967296.0::float8 AS v,
    (hashint8(n + 20000000)::bigint + 2147483648) / 4294967296.0::float8 AS x
) h
CROSS JOIN LATERAL (SELECT %(first_on)s::date
    + (n::bigint * %(days)s / %(count)s)::int AS day_on) d
CROSS JOIN LATERAL (SELECT d.day_on::timestamp AT TIME ZONE 'UTC'
    + interval '6 hours' + h.u * interval '9 hours' AS arrived_at) a
CROSS JOIN LATERAL (SELECT -ln(1 - h.v * 0.999999) * interval '7 minutes' AS wait) w
CROSS JOIN LATERAL (SELECT CASE WHEN h.x < 0.90 THEN 'served' WHEN h.x < 0.96 THEN 'left'
    WHEN h.x < 0.98 THEN 'no_show' WHEN h.x < 0.9999 THEN 'closed' ELSE 'waiting' END AS state) o
CROSS JOIN LATERAL (SELECT CASE WHEN o.state = 'served' THEN a.arrived_at + w.wait
    WHEN o.state = 'no_show' THEN a.arrived_at + w.wait / 2 END AS called_at) c
"""


def seed_visits(on: Ground, count: int) -> None:
    """Visits over a year's days in their order; about 1 in 10,000 still waits."""
    on.admin.execute(
        _SEED,
        {
            "organisation_id": on.made.id,
            "branch_ids": [branch.id for branch in on.made.branches],
            "branches": len(on.made.branches),
            "kind_ids": list(on.made.kind_ids),
            "kinds": len(on.made.kind_ids),
            "letters": [chr(65 + place) for place in range(len(on.made.kind_ids))],
            "count": count,
            "first_on": FIRST_ON,
            "days": DAYS,
        },
    )
    on.admin.execute("VACUUM ANALYZE tickets")
