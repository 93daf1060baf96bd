"""Help before a breach, call backs instead of the queue, goodwill, closing gestures.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from promises.db.tenancy import policy_statements

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TABLES = (
    "help_requests", "help_tickets", "callback_offers", "version_gestures", "closing_gestures",
    "goodwill_rules", "goodwill_purses", "goodwill_gifts",
)  # fmt: skip
INSTANT = sa.DateTime(timezone=True)
JSON = postgresql.JSONB(astext_type=sa.Text())

STATES = (
    "waiting", "called", "in_service", "served", "left", "no_show", "closed", "open",
    "handed_over", "answered", "withdrawn",
)  # fmt: skip
EVENTS = (
    "arrived", "called", "recalled", "service_started", "served", "left", "no_show", "closed",
    "transferred", "undone", "disputed", "dispute_resolved", "presence_shown", "promised", "told",
    "answered", "called_back", "handed_over", "handed_back", "reopened", "noted",
)  # fmt: skip
MESSAGES = (
    "turn_near", "your_turn", "promise_broken", "invitation", "reset", "matter_received",
    "matter_promised", "matter_told", "matter_answered", "matter_due", "proposal_news",
    "decision_due",
)  # fmt: skip
ADDED = {
    ("tickets", "state"): (STATES, "booked"),
    ("service_events", "kind"): (EVENTS, "booked"),
    ("messages", "kind"): (MESSAGES, "help_asked"),
}


def upgrade() -> None:
    help_requests()
    help_tickets()
    callback_offers()
    version_gestures()
    closing_gestures()
    goodwill_rules()
    goodwill_purses()
    goodwill_gifts()
    for table in TABLES:
        for statement in policy_statements(table):
            op.execute(statement)
    for (table, column), (before, new) in ADDED.items():
        _allow(table, column, (*before, new))
    _pay_gifts()


def downgrade() -> None:
    op.execute("ALTER TABLE payouts DROP CONSTRAINT ck_payouts_pays_one_thing")
    op.execute("ALTER TABLE payouts DROP CONSTRAINT fk_payouts_organisation_id_gift_id")
    op.drop_column("payouts", "gift_id")
    op.alter_column("payouts", "compensation_id", nullable=False)
    for (table, column), (before, _new) in ADDED.items():
        _allow(table, column, before)
    for table in reversed(TABLES):
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


def _pay_gifts() -> None:
    """A payout pays a compensation or a gift."""
    op.execute(
        "-- squawk-ignore ban-drop-not-null\n"  # who reads it knows since this revision
        "ALTER TABLE payouts ALTER COLUMN compensation_id DROP NOT NULL"
    )
    op.add_column("payouts", sa.Column("gift_id", sa.Uuid(), nullable=True))
    op.execute(
        "ALTER TABLE payouts ADD CONSTRAINT fk_payouts_organisation_id_gift_id "
        "FOREIGN KEY (organisation_id, gift_id) "
        "REFERENCES goodwill_gifts (organisation_id, id) NOT VALID"
    )
    op.execute(
        "ALTER TABLE payouts ADD CONSTRAINT ck_payouts_pays_one_thing "
        "CHECK (num_nonnulls(compensation_id, gift_id) = 1) NOT VALID"
    )


def help_requests() -> None:
    op.create_table(
        "help_requests",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("counter_id", sa.Uuid(), nullable=True),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("answer_counter_id", sa.Uuid(), nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.CheckConstraint(
            "(state = 'open') = (ended_at IS NULL)", name=op.f("ck_help_requests_ended_whole")
        ),
        sa.CheckConstraint(
            "(state = 'taken') = (answered_by IS NOT NULL)",
            name=op.f("ck_help_requests_taken_by_somebody"),
        ),
        sa.CheckConstraint(
            "reason IN ('at_risk', 'queue', 'skill')", name=op.f("ck_help_requests_reason_known")
        ),
        sa.CheckConstraint(
            "state IN ('open', 'taken', 'withdrawn', 'expired')",
            name=op.f("ck_help_requests_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "answer_counter_id"],
            ["counters.organisation_id", "counters.id"],
            name=op.f("fk_help_requests_organisation_id_answer_counter_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "branch_id"],
            ["branches.organisation_id", "branches.id"],
            name=op.f("fk_help_requests_organisation_id_branch_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "counter_id"],
            ["counters.organisation_id", "counters.id"],
            name=op.f("fk_help_requests_organisation_id_counter_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_help_requests")),
    )
    op.create_index(
        "ix_help_requests_asked", "help_requests", ["organisation_id", "branch_id", "asked_at"]
    )
    op.create_index(
        "uq_help_requests_open",
        "help_requests",
        ["organisation_id", "branch_id", "reason"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )


def help_tickets() -> None:
    op.create_table(
        "help_tickets",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("help_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "help_id"],
            ["help_requests.organisation_id", "help_requests.id"],
            name=op.f("fk_help_tickets_organisation_id_help_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "ticket_id"],
            ["tickets.organisation_id", "tickets.id"],
            name=op.f("fk_help_tickets_organisation_id_ticket_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "help_id", "ticket_id", name=op.f("pk_help_tickets")
        ),
    )


def callback_offers() -> None:
    op.create_table(
        "callback_offers",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=False),
        sa.Column("slots", sa.ARRAY(INSTANT), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("offered_by", sa.Uuid(), nullable=False),
        sa.Column("offered_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("chosen_at", INSTANT, nullable=True),
        sa.Column("matter_id", sa.Uuid(), nullable=True),
        sa.Column("held_at", INSTANT, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.CheckConstraint(
            "(state = 'accepted') = (matter_id IS NOT NULL AND chosen_at IS NOT NULL AND source IS NOT NULL)",
            name=op.f("ck_callback_offers_accepted_whole"),
        ),
        sa.CheckConstraint(
            "(state = 'open') = (ended_at IS NULL)", name=op.f("ck_callback_offers_ended_whole")
        ),
        sa.CheckConstraint(
            "source IN ('desk', 'kiosk', 'customer', 'api', 'import', 'rule')",
            name=op.f("ck_callback_offers_source_known"),
        ),
        sa.CheckConstraint(
            "state IN ('open', 'accepted', 'declined', 'withdrawn', 'expired')",
            name=op.f("ck_callback_offers_state_known"),
        ),
        sa.CheckConstraint(
            "cardinality(slots) BETWEEN 1 AND 3", name=op.f("ck_callback_offers_one_to_three_slots")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "branch_id"],
            ["branches.organisation_id", "branches.id"],
            name=op.f("fk_callback_offers_organisation_id_branch_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "matter_id"],
            ["tickets.organisation_id", "tickets.id"],
            name=op.f("fk_callback_offers_organisation_id_matter_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "ticket_id"],
            ["tickets.organisation_id", "tickets.id"],
            name=op.f("fk_callback_offers_organisation_id_ticket_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_callback_offers")),
        sa.UniqueConstraint(
            "organisation_id",
            "matter_id",
            name=op.f("uq_callback_offers_organisation_id_matter_id"),
        ),
    )
    op.create_index(
        "ix_callback_offers_offered",
        "callback_offers",
        ["organisation_id", "branch_id", "offered_at"],
    )
    op.create_index(
        "uq_callback_offers_live",
        "callback_offers",
        ["organisation_id", "ticket_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('open', 'accepted')"),
    )


def version_gestures() -> None:
    op.create_table(
        "version_gestures",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("words", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "version_id"],
            ["promise_versions.organisation_id", "promise_versions.id"],
            name=op.f("fk_version_gestures_organisation_id_version_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "version_id", name=op.f("pk_version_gestures")),
    )


def closing_gestures() -> None:
    op.create_table(
        "closing_gestures",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=False),
        sa.Column("day_on", sa.Date(), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("done_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "branch_id"],
            ["branches.organisation_id", "branches.id"],
            name=op.f("fk_closing_gestures_organisation_id_branch_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "ticket_id"],
            ["tickets.organisation_id", "tickets.id"],
            name=op.f("fk_closing_gestures_organisation_id_ticket_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "version_id"],
            ["promise_versions.organisation_id", "promise_versions.id"],
            name=op.f("fk_closing_gestures_organisation_id_version_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_closing_gestures")),
        sa.UniqueConstraint(
            "organisation_id",
            "ticket_id",
            "version_id",
            name=op.f("uq_closing_gestures_organisation_id_ticket_id_version_id"),
        ),
    )
    op.create_index(
        "ix_closing_gestures_version",
        "closing_gestures",
        ["organisation_id", "version_id", "day_on"],
    )


def goodwill_rules() -> None:
    op.create_table(
        "goodwill_rules",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("switched_on", sa.Boolean(), nullable=False),
        sa.Column("purse_minor", sa.BigInteger(), nullable=False),
        sa.Column("most_gift_minor", sa.BigInteger(), nullable=False),
        sa.Column("most_customer_minor", sa.BigInteger(), nullable=False),
        sa.Column("vat_treatment", sa.Text(), nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "vat_treatment IN ('outside_scope', 'price_reduction')",
            name=op.f("ck_goodwill_rules_vat_treatment_known"),
        ),
        sa.CheckConstraint(
            "most_customer_minor >= most_gift_minor",
            name=op.f("ck_goodwill_rules_customer_gets_one"),
        ),
        sa.CheckConstraint(
            "most_gift_minor BETWEEN 1 AND purse_minor",
            name=op.f("ck_goodwill_rules_gift_fits_purse"),
        ),
        sa.CheckConstraint("purse_minor > 0", name=op.f("ck_goodwill_rules_purse_positive")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_goodwill_rules_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_goodwill_rules")),
    )


def goodwill_purses() -> None:
    op.create_table(
        "goodwill_purses",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=False),
        sa.Column("month_on", sa.Date(), nullable=False),
        sa.Column("used_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("used_minor >= 0", name=op.f("ck_goodwill_purses_used_not_negative")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "branch_id"],
            ["branches.organisation_id", "branches.id"],
            name=op.f("fk_goodwill_purses_organisation_id_branch_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "branch_id", "month_on", name=op.f("pk_goodwill_purses")
        ),
    )


def goodwill_gifts() -> None:
    op.create_table(
        "goodwill_gifts",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("vat_treatment", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("waits_for", sa.Text(), nullable=True),
        sa.Column("month_on", sa.Date(), nullable=True),
        sa.Column("given_by", sa.Uuid(), nullable=False),
        sa.Column("given_at", INSTANT, nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", INSTANT, nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(state = 'given') <= (month_on IS NOT NULL)",
            name=op.f("ck_goodwill_gifts_given_of_a_purse"),
        ),
        sa.CheckConstraint(
            "(state IN ('waiting', 'refused')) <= (waits_for IS NOT NULL)",
            name=op.f("ck_goodwill_gifts_waits_for_a_reason"),
        ),
        sa.CheckConstraint(
            "reason IN ('our_mistake', 'came_twice', 'hard_day', 'told_us', 'other')",
            name=op.f("ck_goodwill_gifts_reason_known"),
        ),
        sa.CheckConstraint(
            "state <> 'refused' OR decision_reason <> ''",
            name=op.f("ck_goodwill_gifts_refused_says_why"),
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'given', 'refused', 'taken_back')",
            name=op.f("ck_goodwill_gifts_state_known"),
        ),
        sa.CheckConstraint(
            "vat_treatment IN ('outside_scope', 'price_reduction')",
            name=op.f("ck_goodwill_gifts_vat_treatment_known"),
        ),
        sa.CheckConstraint(
            "waits_for IN ('amount', 'again', 'month')",
            name=op.f("ck_goodwill_gifts_waits_for_known"),
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_goodwill_gifts_amount_positive")),
        sa.CheckConstraint(
            "decided_by IS NULL OR decided_by <> given_by",
            name=op.f("ck_goodwill_gifts_second_person"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "branch_id"],
            ["branches.organisation_id", "branches.id"],
            name=op.f("fk_goodwill_gifts_organisation_id_branch_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "customer_id"],
            ["customers.organisation_id", "customers.id"],
            name=op.f("fk_goodwill_gifts_organisation_id_customer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "ticket_id"],
            ["tickets.organisation_id", "tickets.id"],
            name=op.f("fk_goodwill_gifts_organisation_id_ticket_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_goodwill_gifts")),
    )
    op.create_index(
        "ix_goodwill_gifts_customer",
        "goodwill_gifts",
        ["organisation_id", "customer_id", "given_at"],
        postgresql_where=sa.text("customer_id IS NOT NULL"),
    )
    op.create_index("ix_goodwill_gifts_given", "goodwill_gifts", ["organisation_id", "given_at"])
    op.create_index("ix_goodwill_gifts_ticket", "goodwill_gifts", ["organisation_id", "ticket_id"])
    op.create_index(
        "ix_goodwill_gifts_waiting",
        "goodwill_gifts",
        ["organisation_id", "given_at"],
        postgresql_where=sa.text("state = 'waiting'"),
    )
