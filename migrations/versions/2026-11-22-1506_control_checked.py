"""Look at the rows that were there before sums were kept, and count what went out in a year.

Revision ID: 0045
Revises: 0044
"""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

CONSTRAINTS = (
    ("compensations", "ck_compensations_lateness_known"),
    ("goodwill_rules", "ck_goodwill_rules_unknown_not_negative"),
    ("goodwill_gifts", "ck_goodwill_gifts_waits_for_known"),
)
INDEXES = (
    (
        "ix_compensations_held_until",
        "compensations",
        ["organisation_id", "held_until"],
        "held_until IS NOT NULL",
        False,
    ),
    (
        "ix_compensations_pay_before",
        "compensations",
        ["organisation_id", "pay_before"],
        "pay_before IS NOT NULL AND lateness IS NULL AND state IN ('owed', 'released')",
        False,
    ),
    (
        "uq_compensations_penalty",
        "compensations",
        ["organisation_id", "breach_id"],
        "is_penalty",
        True,
    ),
    (
        "ix_goodwill_gifts_unknown",
        "goodwill_gifts",
        ["organisation_id", "given_by", "given_at"],
        "customer_id IS NULL",
        False,
    ),
)
# Row-level security binds the owner too, so each organisation is counted as itself.
COUNT = """
DO $$
DECLARE one uuid;
BEGIN
    FOR one IN SELECT organisation_id FROM organisation_directory LOOP
        PERFORM set_config('app.organisation_id', one::text, true);
        UPDATE compensations c
        SET counted_on = (c.released_at AT TIME ZONE o.time_zone)::date,
            counted_as = array_remove(ARRAY[
                'branch:' || c.branch_id, 'device:' || t.device_id,
                'customer:' || c.customer_id, 'promise:' || c.promise_id || ':' || c.customer_id
            ], NULL)
        FROM tickets t, organisations o
        WHERE c.organisation_id = one AND t.organisation_id = one AND o.organisation_id = one
          AND t.id = c.ticket_id AND c.state = 'released' AND c.counted_as IS NULL
          AND c.released_at > now() - interval '366 days';
        INSERT INTO released_days (organisation_id, scope, key, day_on, amount_minor)
        SELECT one, split_part(k, ':', 1), substr(k, strpos(k, ':') + 1), c.counted_on,
            sum(c.amount_minor)
        FROM compensations c, unnest(c.counted_as) AS k
        WHERE c.organisation_id = one
        GROUP BY 2, 3, 4
        ON CONFLICT DO NOTHING;
    END LOOP;
    PERFORM set_config('app.organisation_id', '', true);
END $$
"""


def upgrade() -> None:
    for table, name in CONSTRAINTS:
        op.execute(
            "-- squawk-ignore prefer-robust-stmts\n"  # looking twice does no harm
            f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}"
        )
    op.execute(COUNT)
    with op.get_context().autocommit_block():
        for name, table, columns, condition, unique in INDEXES:
            op.create_index(
                name,
                table,
                columns,
                unique=unique,
                postgresql_where=sa.text(condition),
                postgresql_concurrently=True,
                if_not_exists=True,
            )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for name, table, *_ in INDEXES:
            op.drop_index(name, table_name=table, postgresql_concurrently=True, if_exists=True)
