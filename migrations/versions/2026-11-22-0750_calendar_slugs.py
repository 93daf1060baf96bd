"""Calendars get a name that terms can use: a slug, unique in the organisation.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Until the new programs run, the old ones add calendars without a slug; those get one by chance.
UNNAMED = "'calendar-' || substr(replace(gen_random_uuid()::text, '-', ''), 1, 12)"

# Policies are forced on the owner too, so each organisation is entered in turn.
FILL = r"""
DO $$
DECLARE
    one uuid;
    expected bigint;
    filled bigint;
BEGIN
    FOR one IN SELECT organisation_id FROM organisation_directory LOOP
        PERFORM set_config('app.organisation_id', one::text, true);
        SELECT count(*) INTO expected FROM calendars;
        WITH plain AS (
            SELECT id, created_at, trim(BOTH '-' FROM left(regexp_replace(
                regexp_replace(normalize(lower(name), NFKD), '[\u0300-\u036f]', '', 'g'),
                '[^a-z0-9]+', '-', 'g'), 50)) AS slug
            FROM calendars
        ), usable AS (
            SELECT id, created_at,
                CASE WHEN slug IN ('', 'branch') THEN 'opening-hours' ELSE slug END AS slug
            FROM plain
        ), counted AS (
            SELECT id, slug, row_number() OVER (PARTITION BY slug ORDER BY created_at, id) AS nth
            FROM usable
        )
        UPDATE calendars AS c
        SET slug = CASE
            WHEN counted.nth > 1
                THEN counted.slug || '-' || substr(replace(c.id::text, '-', ''), 21)
            ELSE counted.slug
        END
        FROM counted WHERE counted.id = c.id;
        GET DIAGNOSTICS filled = ROW_COUNT;
        IF filled <> expected THEN
            RAISE EXCEPTION 'organisation %: % of % calendars got a slug', one, filled, expected;
        END IF;
    END LOOP;
    PERFORM set_config('app.organisation_id', '', true);
END $$
"""


# A few rows an organisation: each of these is done in a blink, and in one transaction the whole is
# there or not at all. An index made concurrently would wait for ever beside a second migration
# that waits for this one's lock.
CONSTRAINTS = (
    "-- squawk-ignore adding-not-nullable-field\nALTER TABLE calendars ALTER COLUMN slug SET NOT NULL",
    "-- squawk-ignore constraint-missing-not-valid\n"
    "ALTER TABLE calendars ADD CONSTRAINT ck_calendars_slug_form "
    "CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$' AND slug <> 'branch')",
    "-- squawk-ignore require-concurrent-index-creation\n"
    "CREATE UNIQUE INDEX uq_calendars_organisation_id_slug ON calendars (organisation_id, slug)",
    "ALTER TABLE calendars ADD CONSTRAINT uq_calendars_organisation_id_slug "
    "UNIQUE USING INDEX uq_calendars_organisation_id_slug",
)


def upgrade() -> None:
    op.add_column("calendars", sa.Column("slug", sa.Text(), nullable=True))
    op.execute(f"ALTER TABLE calendars ALTER COLUMN slug SET DEFAULT {UNNAMED}")
    op.execute(FILL)
    for statement in CONSTRAINTS:
        op.execute(statement)


def downgrade() -> None:
    op.drop_column("calendars", "slug")
