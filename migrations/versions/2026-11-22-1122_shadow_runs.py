"""Shadow runs with their cases and results; word to staff of what was published.

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from promises.db.tenancy import policy_statements

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TABLES = ("shadow_runs", "shadow_cases", "shadow_results")
JSON = postgresql.JSONB(astext_type=sa.Text())
INSTANT = sa.DateTime(timezone=True)
MESSAGES = (
    "turn_near", "your_turn", "promise_broken", "invitation", "reset", "matter_received",
    "matter_promised", "matter_told", "matter_answered", "matter_due", "proposal_news",
    "decision_due", "help_asked",
)  # fmt: skip


def upgrade() -> None:
    _allow((*MESSAGES, "promise_notice"))
    runs()
    cases()
    results()
    for table in TABLES:
        for statement in policy_statements(table):
            op.execute(statement)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    _allow(MESSAGES)


def _allow(words: tuple[str, ...]) -> None:
    """The rows that are there are looked at by the next revision."""
    listed = ", ".join(f"'{word}'" for word in words)
    op.execute(
        "-- squawk-ignore ban-drop-constraint\n"  # a wider one takes its place at once
        "ALTER TABLE messages DROP CONSTRAINT ck_messages_kind_known"
    )
    op.execute(
        "ALTER TABLE messages ADD CONSTRAINT ck_messages_kind_known "
        f"CHECK (kind IN ({listed})) NOT VALID"
    )


def _keys() -> list[sa.Column]:
    return [
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
    ]


def _to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organisation_id", column],
        [f"{target}.organisation_id", f"{target}.id"],
        name=op.f(f"fk_{table}_organisation_id_{column}"),
    )


def _ends(table: str, **checks: str) -> list[sa.Constraint]:
    return [
        *(
            sa.CheckConstraint(text, name=op.f(f"ck_{table}_{name}"))
            for name, text in checks.items()
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f(f"pk_{table}")),
    ]


def runs() -> None:
    op.create_table(
        "shadow_runs",
        *_keys(),
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("terms", JSON, nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("started_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.Column("judged_to", INSTANT, nullable=True),
        sa.Column("mark", sa.Uuid(), nullable=True),
        _to("shadow_runs", "proposal_id", "proposals"),
        *_ends(
            "shadow_runs",
            state_known="state IN ('running', 'ended', 'stopped')",
            ends_after_start="ends_at > starts_at",
            ended_when_not_running="(state = 'running') = (ended_at IS NULL)",
        ),
    )
    op.create_index(
        "ix_shadow_runs_proposal", "shadow_runs", ["organisation_id", "proposal_id", "id"]
    )
    op.create_index(
        "uq_shadow_runs_running",
        "shadow_runs",
        ["organisation_id", "proposal_id"],
        unique=True,
        postgresql_where=sa.text("state = 'running'"),
    )


def cases() -> None:
    op.create_table(
        "shadow_cases",
        *_keys(),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_version", sa.BigInteger(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("day_on", sa.Date(), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("decided_at", INSTANT, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("by_duration", sa.Boolean(), nullable=False),
        sa.Column("by_engine", sa.Boolean(), nullable=False),
        sa.Column("next_change_at", INSTANT, nullable=True),
        sa.Column("detail", JSON, nullable=True),
        sa.Column("breached_at", INSTANT, nullable=True),
        sa.Column("noticed_at", INSTANT, nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        _to("shadow_cases", "run_id", "shadow_runs"),
        _to("shadow_cases", "ticket_id", "tickets"),
        sa.UniqueConstraint(
            "organisation_id",
            "run_id",
            "ticket_id",
            "occurrence",
            name=op.f("uq_shadow_cases_organisation_id_run_id_ticket_id_occurrence"),
        ),
        *_ends(
            "shadow_cases",
            state_known="state IN ('open', 'kept', 'broken', 'excluded')",
            decided_when_closed="(state = 'open') = (decided_at IS NULL)",
            broken_has_time="(state = 'broken') = (breached_at IS NOT NULL)",
            amount_not_negative="amount_minor >= 0",
            only_broken_costs="amount_minor IS NULL OR state = 'broken'",
        ),
    )
    op.create_index(
        "ix_shadow_cases_figures",
        "shadow_cases",
        ["organisation_id", "run_id", "day_on", "state"],
    )
    op.create_index(
        "ix_shadow_cases_due",
        "shadow_cases",
        ["organisation_id", "run_id", "due_at"],
        postgresql_where=sa.text("state = 'open' AND NOT by_engine"),
    )
    op.create_index(
        "ix_shadow_cases_change",
        "shadow_cases",
        ["organisation_id", "run_id", "next_change_at"],
        postgresql_where=sa.text("next_change_at IS NOT NULL"),
    )


def results() -> None:
    op.create_table(
        "shadow_results",
        *_keys(),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("kept", "broken", "excluded", "open", "unverified")
        ),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("ended_at", INSTANT, nullable=False),
        _to("shadow_results", "run_id", "shadow_runs"),
        sa.UniqueConstraint(
            "organisation_id", "run_id", name=op.f("uq_shadow_results_organisation_id_run_id")
        ),
        *_ends("shadow_results"),
    )
