"""Debts and gifts remember the mode of money in which they arose.

Revision ID: 0062
Revises: 0061
"""

import sqlalchemy as sa
from alembic import op

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None

TABLES = ("compensations", "goodwill_gifts")

# The mode is held until the debt is there. What is owed anew, or for paying late, is of the mode of
# what was owed for the breach before.
DEBT_MODE = """
CREATE FUNCTION compensations_take_mode() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT money_mode = 'live' INTO NEW.arose_live FROM organisations
    WHERE organisation_id = NEW.organisation_id FOR SHARE;
    IF EXISTS (
        SELECT 1 FROM compensations c
        WHERE c.organisation_id = NEW.organisation_id AND c.breach_id = NEW.breach_id
          AND NOT c.arose_live
    ) THEN
        NEW.arose_live := false;
    END IF;
    RETURN NEW;
END $$
"""

GIFT_MODE = """
CREATE FUNCTION goodwill_gifts_take_mode() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT money_mode = 'live' INTO NEW.arose_live FROM organisations
    WHERE organisation_id = NEW.organisation_id FOR SHARE;
    RETURN NEW;
END $$
"""


def upgrade() -> None:
    for table in TABLES:
        op.add_column(
            table, sa.Column("arose_live", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
    op.execute(DEBT_MODE)
    op.execute(GIFT_MODE)
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_mode BEFORE INSERT ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {table}_take_mode()"
        )


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"DROP TRIGGER {table}_mode ON {table}")
        op.execute(f"DROP FUNCTION {table}_take_mode()")
        op.drop_column(table, "arose_live")
