"""How long before it holds less is announced, and reviews of promises after each quarter.

Revision ID: 0030
Revises: 0029
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from promises.db.tenancy import policy_statements

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

MESSAGES = (
    "turn_near", "your_turn", "promise_broken", "invitation", "reset", "matter_received",
    "matter_promised", "matter_told", "matter_answered", "matter_due", "help_asked",
    "proposal_news", "promise_notice", "promise_alert", "decision_due", "action_due",
    "follow_asked", "followed_news",
)  # fmt: skip
VERDICTS = "'keep', 'tighten', 'change', 'pause', 'end'"


def upgrade() -> None:
    op.add_column(
        "organisations",
        sa.Column("notice_hours", sa.Integer(), nullable=False, server_default="24"),
    )
    op.execute(
        "ALTER TABLE organisations ADD CONSTRAINT ck_organisations_notice_hours_sane "
        "CHECK (notice_hours BETWEEN 24 AND 2160) NOT VALID"
    )
    _allow((*MESSAGES, "review_due"))
    _make_reviews()
    for statement in policy_statements("promise_reviews"):
        op.execute(statement)


def _make_reviews() -> None:
    json = postgresql.JSONB(astext_type=sa.Text())
    op.create_table(
        "promise_reviews",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("promise_id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("quarter_from", sa.Date(), nullable=False),
        sa.Column("quarter_to", sa.Date(), nullable=False),
        sa.Column("figures", json, nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("public_texts", json, nullable=False),
        sa.Column("reviewed_by", sa.Uuid(), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            f"verdict IN ({VERDICTS})", name=op.f("ck_promise_reviews_verdict_known")
        ),
        sa.CheckConstraint(
            "quarter_to > quarter_from", name=op.f("ck_promise_reviews_quarter_is_a_span")
        ),
        sa.CheckConstraint("sentence <> ''", name=op.f("ck_promise_reviews_says_why")),
        *(
            sa.ForeignKeyConstraint(
                ["organisation_id", column],
                [f"{table}.organisation_id", f"{table}.id"],
                name=op.f(f"fk_promise_reviews_organisation_id_{column}"),
            )
            for column, table in (("promise_id", "promises"), ("version_id", "promise_versions"))
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_promise_reviews")),
        sa.UniqueConstraint(
            "organisation_id",
            "promise_id",
            "quarter_from",
            name=op.f("uq_promise_reviews_organisation_id_promise_id_quarter_from"),
        ),
    )


def _allow(words: tuple[str, ...]) -> None:
    """The rows that are there are looked at by the next revision: in this transaction it would stop
    the writers."""
    listed = ", ".join(f"'{word}'" for word in words)
    op.execute(
        "-- squawk-ignore ban-drop-constraint\n"  # a wider one takes its place at once
        "ALTER TABLE messages DROP CONSTRAINT ck_messages_kind_known"
    )
    op.execute(
        "ALTER TABLE messages ADD CONSTRAINT ck_messages_kind_known "
        f"CHECK (kind IN ({listed})) NOT VALID"
    )


def downgrade() -> None:
    op.drop_table("promise_reviews")
    _allow(MESSAGES)
    op.drop_constraint("ck_organisations_notice_hours_sane", "organisations")
    op.drop_column("organisations", "notice_hours")
