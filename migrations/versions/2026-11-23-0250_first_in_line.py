"""What a ceiling knows of who waits at it, and word of it to managers.

Revision ID: 0060
Revises: 0059
"""

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None

MESSAGES = (
    "turn_near", "your_turn", "promise_broken", "invitation", "reset", "factor_changed",
    "matter_received", "matter_promised", "matter_told", "matter_answered", "matter_due",
    "help_asked", "proposal_news", "promise_notice", "promise_alert", "bank_confirm",
    "money_news", "voucher_due", "voucher_ended", "money_incident", "decision_due", "action_due",
    "review_due", "follow_asked", "followed_news", "hold_overdue",
)  # fmt: skip
COLUMNS = {
    "filled_on": sa.Date(),
    "told_on": sa.Date(),
    "first_id": sa.Uuid(),
    "first_from_on": sa.Date(),
    "recall_from": sa.Uuid(),
}


def upgrade() -> None:
    for name, kind in COLUMNS.items():
        op.add_column("ceilings", sa.Column(name, kind, nullable=True))
    op.create_foreign_key(
        op.f("fk_ceilings_organisation_id_first_id"),
        "ceilings",
        "compensations",
        ["organisation_id", "first_id"],
        ["organisation_id", "id"],
        postgresql_not_valid=True,
    )
    _allow((*MESSAGES, "ceiling_full"))


def downgrade() -> None:
    _allow(MESSAGES)
    op.drop_constraint(op.f("fk_ceilings_organisation_id_first_id"), "ceilings", type_="foreignkey")
    for name in reversed(COLUMNS):
        op.drop_column("ceilings", name)


def _allow(kinds: tuple[str, ...]) -> None:
    """The rows that are there are looked at by the next revision: here it would stop writers."""
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    op.execute(
        "-- squawk-ignore ban-drop-constraint\n"  # a wider one takes its place at once
        "ALTER TABLE messages DROP CONSTRAINT ck_messages_kind_known"
    )
    op.execute(
        "ALTER TABLE messages ADD CONSTRAINT ck_messages_kind_known "
        f"CHECK (kind IN ({listed})) NOT VALID"
    )
