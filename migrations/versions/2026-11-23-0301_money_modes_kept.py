"""What was there before is of its organisation's present mode; no mode is paid in the other.

Revision ID: 0063
Revises: 0062
"""

import sqlalchemy as sa
from alembic import op

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None

TABLES = ("compensations", "goodwill_gifts")

# Policies are forced on the owner too, so each organisation is entered in turn.
FILL = """
DO $$
DECLARE one uuid;
BEGIN
    FOR one IN SELECT organisation_id FROM organisation_directory LOOP
        PERFORM set_config('app.organisation_id', one::text, true);
        IF EXISTS (
            SELECT 1 FROM organisations WHERE organisation_id = one AND money_mode = 'live'
        ) THEN
            UPDATE compensations SET arose_live = true
            WHERE organisation_id = one AND NOT arose_live;
            UPDATE goodwill_gifts SET arose_live = true
            WHERE organisation_id = one AND NOT arose_live;
        END IF;
    END LOOP;
    PERFORM set_config('app.organisation_id', '', true);
END $$
"""

STAYS = """
CREATE FUNCTION money_mode_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a debt keeps the mode in which it arose' USING ERRCODE = 'check_violation';
END $$
"""

# The mode is held while the rows are looked at: whoever changes it waits for this transaction to
# end, or this one sees the mode changed.
REFUSE_OTHER_MODE = """
CREATE FUNCTION payouts_refuse_other_mode() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM organisations o
    WHERE o.organisation_id IN (SELECT organisation_id FROM written) FOR SHARE;
    IF EXISTS (
        SELECT 1 FROM written w
        JOIN organisations o ON o.organisation_id = w.organisation_id
        LEFT JOIN compensations c
            ON c.organisation_id = w.organisation_id AND c.id = w.compensation_id
        LEFT JOIN goodwill_gifts g ON g.organisation_id = w.organisation_id AND g.id = w.gift_id
        WHERE coalesce(c.arose_live, g.arose_live) <> (o.money_mode = 'live')
    ) THEN
        RAISE EXCEPTION 'a debt is paid in the mode in which it arose'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.execute(FILL)
    op.execute(STAYS)
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_mode_stays BEFORE UPDATE OF arose_live ON {table} "
            "FOR EACH ROW WHEN (OLD.arose_live <> NEW.arose_live) "
            "EXECUTE FUNCTION money_mode_stays()"
        )
    op.execute(REFUSE_OTHER_MODE)
    op.execute(
        "CREATE TRIGGER payouts_of_the_mode AFTER INSERT ON payouts REFERENCING NEW TABLE AS "
        "written FOR EACH STATEMENT EXECUTE FUNCTION payouts_refuse_other_mode()"
    )
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_compensations_only_tried",
            "compensations",
            ["organisation_id", "ticket_id"],
            postgresql_where=sa.text("state = 'owed' AND NOT arose_live"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(
            "ix_compensations_only_tried",
            table_name="compensations",
            postgresql_concurrently=True,
            if_exists=True,
        )
    op.execute("DROP TRIGGER payouts_of_the_mode ON payouts")
    op.execute("DROP FUNCTION payouts_refuse_other_mode()")
    for table in TABLES:
        op.execute(f"DROP TRIGGER {table}_mode_stays ON {table}")
    op.execute("DROP FUNCTION money_mode_stays()")
