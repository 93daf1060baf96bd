"""Matters that take no number: complaints, callbacks, requests, applications, and partners.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from promises.db.tenancy import policy_statements

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TENANT_TABLES = ("partners", "matter_texts", "matters")

KINDS = ("visit", "complaint", "callback", "request")
STATES = ("waiting", "called", "in_service", "served", "left", "no_show", "closed", "withdrawn")
EVENTS = (
    "arrived", "called", "recalled", "service_started", "served", "left", "no_show", "closed",
    "transferred", "undone", "disputed", "dispute_resolved", "presence_shown",
)  # fmt: skip
MESSAGES = ("turn_near", "your_turn", "promise_broken", "invitation", "reset")

ADDED = {
    ("tickets", "kind"): (KINDS, ("application",)),
    ("tickets", "state"): (STATES, ("open", "handed_over", "answered")),
    ("service_events", "kind"): (
        EVENTS,
        ("promised", "told", "answered", "called_back", "handed_over", "handed_back", "reopened"),
    ),
    ("messages", "kind"): (
        MESSAGES,
        ("matter_received", "matter_promised", "matter_told", "matter_answered", "matter_due"),
    ),
}
CHECKS = {
    "promise_names_time": "(kind = 'promised') = (promised_at IS NOT NULL)",
    "leg_names_partner": "(kind = 'handed_over') = (partner_id IS NOT NULL)",
}
REFERENCES = {"partner_id": "partners", "text_id": "matter_texts"}
WORK_INDEXES = {
    "ix_matters_work": ["organisation_id", "branch_id", "work_at", "ticket_id"],
    "ix_matters_all_work": ["organisation_id", "work_at", "ticket_id"],
    "ix_matters_own_work": ["organisation_id", "owner_id", "work_at", "ticket_id"],
}


def upgrade() -> None:
    _make_partners()
    _make_texts()
    _make_matters()
    for table in TENANT_TABLES:
        for statement in policy_statements(table):
            op.execute(statement)
    for (table, column), (before, new) in ADDED.items():
        _allow(table, column, before + new)
    op.add_column(
        "tickets", sa.Column("attributes", postgresql.JSONB(astext_type=sa.Text()), nullable=True)
    )
    _widen_events()


def downgrade() -> None:
    for name in CHECKS:
        op.drop_constraint(f"ck_service_events_{name}", "service_events")
    for column in REFERENCES:
        op.drop_constraint(f"fk_service_events_organisation_id_{column}", "service_events")
    for column in ("promised_at", "partner_id", "text_id", "attributes"):
        op.drop_column("service_events", column)
    op.drop_column("tickets", "attributes")
    for (table, column), (before, _new) in ADDED.items():
        _allow(table, column, before)
    for table in reversed(TENANT_TABLES):
        op.drop_table(table)


def _allow(table: str, column: str, values: tuple[str, ...]) -> None:
    """The values that the column may hold. The rows that are there are looked at by the next
    revision: in this transaction it would stop the writers."""
    name = f"ck_{table}_{column}_known"
    listed = ", ".join(f"'{value}'" for value in values)
    op.execute(
        "-- squawk-ignore ban-drop-constraint\n"  # a wider one takes its place at once
        f"ALTER TABLE {table} DROP CONSTRAINT {name}"
    )
    op.execute(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({column} IN ({listed})) NOT VALID"
    )


def _make_partners() -> None:
    op.create_table(
        "partners",
        *_key(),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'", name=op.f("ck_partners_slug_form")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_partners_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_partners")),
        sa.UniqueConstraint(
            "organisation_id", "slug", name=op.f("uq_partners_organisation_id_slug")
        ),
    )


def _make_texts() -> None:
    op.create_table(
        "matter_texts",
        *_key(),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(body IS NULL) = (erased_at IS NOT NULL)", name=op.f("ck_matter_texts_erased_whole")
        ),
        _reference("matter_texts", "ticket_id", "tickets"),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_matter_texts")),
    )
    op.create_index("ix_matter_texts_ticket", "matter_texts", ["organisation_id", "ticket_id"])


def _make_matters() -> None:
    references = {
        "ticket_id": "tickets",
        "branch_id": "branches",
        "owner_id": "members",
        "partner_id": "partners",
        "subject_id": "matter_texts",
    }
    times = ("promised_at", "next_due_at", "late_since", "ended_at", "remind_at")
    op.create_table(
        "matters",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        *(
            sa.Column(name, sa.Uuid(), nullable=True)
            for name in ("owner_id", "partner_id", "subject_id")
        ),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.DateTime(timezone=True), nullable=True) for name in times),
        sa.Column(
            "work_at",
            sa.DateTime(timezone=True),
            sa.Computed(
                "coalesce(least(late_since, next_due_at, promised_at), '9999-12-31 00:00:00+00')",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.CheckConstraint("kind <> 'visit'", name=op.f("ck_matters_no_visit")),
        sa.CheckConstraint(
            "kind IN ('visit', 'complaint', 'callback', 'request', 'application')",
            name=op.f("ck_matters_kind_known"),
        ),
        *(_reference("matters", column, table) for column, table in references.items()),
        sa.PrimaryKeyConstraint("organisation_id", "ticket_id", name=op.f("pk_matters")),
    )
    for name, columns in WORK_INDEXES.items():
        op.create_index(name, "matters", columns, postgresql_where=sa.text("ended_at IS NULL"))
    op.create_index(
        "ix_matters_remind",
        "matters",
        ["remind_at"],
        postgresql_where=sa.text("ended_at IS NULL AND remind_at IS NOT NULL"),
    )


def _widen_events() -> None:
    for column, kind in (
        ("promised_at", sa.DateTime(timezone=True)),
        ("partner_id", sa.Uuid()),
        ("text_id", sa.Uuid()),
        ("attributes", postgresql.JSONB(astext_type=sa.Text())),
    ):
        op.add_column("service_events", sa.Column(column, kind, nullable=True))
    for name, condition in CHECKS.items():
        whole = f"ck_service_events_{name}"
        op.execute(
            f"ALTER TABLE service_events ADD CONSTRAINT {whole} CHECK ({condition}) NOT VALID"
        )
    for column, table in REFERENCES.items():
        whole = f"fk_service_events_organisation_id_{column}"
        op.execute(
            f"ALTER TABLE service_events ADD CONSTRAINT {whole} "
            f"FOREIGN KEY (organisation_id, {column}) REFERENCES {table} (organisation_id, id) "
            "NOT VALID"
        )


def _key() -> tuple[sa.Column, sa.Column]:
    return (
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
    )


def _reference(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organisation_id", column],
        [f"{target}.organisation_id", f"{target}.id"],
        name=op.f(f"fk_{table}_organisation_id_{column}"),
    )
