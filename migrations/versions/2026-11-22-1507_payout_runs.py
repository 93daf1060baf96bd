"""Files of payouts that two people release, and what banks answered to them.

Revision ID: 0046
Revises: 0045
"""

import sqlalchemy as sa
from alembic import op

from promises.db.tenancy import policy_statements

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

TABLES = ("payout_runs", "payout_run_items", "bank_files", "bank_entries")


def upgrade() -> None:
    _make_payout_runs()
    _make_payout_run_items()
    _make_bank_files()
    _make_bank_entries()
    for table in TABLES:
        for statement in policy_statements(table):
            op.execute(statement)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _make_payout_runs() -> None:
    op.create_table(
        "payout_runs",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rail", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("execute_on", sa.Date(), nullable=False),
        sa.Column("content_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_index", sa.LargeBinary(), nullable=False),
        sa.Column("prepared_by", sa.Uuid(), nullable=False),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_by", sa.Uuid(), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("downloaded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_by", sa.Uuid(), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(released_at IS NULL) = (released_by IS NULL) AND (cancelled_at IS NULL) = (cancelled_by IS NULL) AND (cancelled_at IS NOT NULL) = (state = 'cancelled') AND (state IN ('draft', 'cancelled') OR released_at IS NOT NULL) AND (state IN ('draft', 'cancelled', 'released') OR downloaded_at IS NOT NULL)",
            name=op.f("ck_payout_runs_steps_in_order"),
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'released', 'downloaded', 'answered', 'settled', 'cancelled')",
            name=op.f("ck_payout_runs_state_known"),
        ),
        sa.CheckConstraint(
            "count > 0 AND amount_minor > 0", name=op.f("ck_payout_runs_pays_something")
        ),
        sa.CheckConstraint("released_by <> prepared_by", name=op.f("ck_payout_runs_second_person")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_payout_runs_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_payout_runs")),
        sa.UniqueConstraint(
            "organisation_id", "message_id", name=op.f("uq_payout_runs_organisation_id_message_id")
        ),
        sa.UniqueConstraint(
            "organisation_id",
            "rail",
            "live",
            "sequence",
            name=op.f("uq_payout_runs_organisation_id_rail_live_sequence"),
        ),
    )
    op.create_index(
        "ix_payout_runs_kept",
        "payout_runs",
        ["organisation_id", "settled_at"],
        unique=False,
        postgresql_where=sa.text("content_sealed IS NOT NULL"),
    )
    op.create_index(
        "ix_payout_runs_newest", "payout_runs", ["organisation_id", "prepared_at"], unique=False
    )
    op.create_index(
        "ix_payout_runs_waiting",
        "payout_runs",
        ["organisation_id", "answer_by"],
        unique=False,
        postgresql_where=sa.text("state = 'downloaded'"),
    )


def _make_payout_run_items() -> None:
    op.create_table(
        "payout_run_items",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("payout_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("tracking_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("dropped_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id", "payout_id"],
            ["payouts.organisation_id", "payouts.id"],
            name=op.f("fk_payout_run_items_organisation_id_payout_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "run_id"],
            ["payout_runs.organisation_id", "payout_runs.id"],
            name=op.f("fk_payout_run_items_organisation_id_run_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "run_id", "payout_id", name=op.f("pk_payout_run_items")
        ),
    )
    op.create_index(
        "uq_payout_run_items_current",
        "payout_run_items",
        ["organisation_id", "payout_id"],
        unique=True,
        postgresql_where=sa.text("dropped_at IS NULL"),
    )


def _make_bank_files() -> None:
    op.create_table(
        "bank_files",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rail", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("moved", sa.Integer(), nullable=False),
        sa.Column("uploaded_by", sa.Uuid(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('taken', 'foreign')", name=op.f("ck_bank_files_state_known")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "run_id"],
            ["payout_runs.organisation_id", "payout_runs.id"],
            name=op.f("fk_bank_files_organisation_id_run_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_bank_files")),
        sa.UniqueConstraint(
            "organisation_id",
            "rail",
            "message_id",
            "content_hash",
            name=op.f("uq_bank_files_organisation_id_rail_message_id_content_hash"),
        ),
    )
    op.create_index(
        "ix_bank_files_newest", "bank_files", ["organisation_id", "uploaded_at"], unique=False
    )


def _make_bank_entries() -> None:
    op.create_table(
        "bank_entries",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("payout_id", sa.Uuid(), nullable=False),
        sa.Column("rail", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "file_id"],
            ["bank_files.organisation_id", "bank_files.id"],
            name=op.f("fk_bank_entries_organisation_id_file_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "payout_id"],
            ["payouts.organisation_id", "payouts.id"],
            name=op.f("fk_bank_entries_organisation_id_payout_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "run_id"],
            ["payout_runs.organisation_id", "payout_runs.id"],
            name=op.f("fk_bank_entries_organisation_id_run_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_bank_entries")),
        sa.UniqueConstraint(
            "organisation_id",
            "rail",
            "message_id",
            "ref",
            name=op.f("uq_bank_entries_organisation_id_rail_message_id_ref"),
        ),
    )
    op.create_index(
        "ix_bank_entries_payout", "bank_entries", ["organisation_id", "payout_id"], unique=False
    )
    op.create_index(
        "ix_bank_entries_run",
        "bank_entries",
        ["organisation_id", "run_id", "payout_id"],
        unique=False,
    )
