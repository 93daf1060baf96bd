"""Proposals: their way to a decision and its deadline, support, comments, followers, news.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from promises.db.tenancy import policy_statements

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
STATES = ("open", "asked", "shadow", "published", "declined", "merged")
NEWS = (
    "commented", "mentioned", "asked", "answered", "tried", "trial_ended", "published", "declined",
    "merged", "due_soon", "overdue",
)  # fmt: skip
BEFORE = {
    ("proposals", "state"): ("open", "published", "declined"),
    ("decisions", "outcome"): ("published", "declined"),
    ("messages", "kind"): (
        "turn_near", "your_turn", "promise_broken", "invitation", "reset", "matter_received",
        "matter_promised", "matter_told", "matter_answered", "matter_due",
    ),
}  # fmt: skip
ADDED = {
    ("proposals", "state"): ("asked", "shadow", "merged"),
    ("decisions", "outcome"): ("merged",),
    ("messages", "kind"): ("proposal_news", "decision_due"),
}
NEW_RULES = (
    ("organisations", "ck_organisations_decide_within_days_sane",
     "CHECK (decide_within_days BETWEEN 1 AND 60)"),
    ("proposals", "ck_proposals_merged_names_other",
     "CHECK ((state = 'merged') = (merged_into IS NOT NULL))"),
    ("proposals", "ck_proposals_merged_into_another", "CHECK (merged_into <> id)"),
    ("proposals", "ck_proposals_asked_names_time",
     "CHECK ((state = 'asked') = (asked_at IS NOT NULL))"),
    ("proposals", "fk_proposals_organisation_id_merged_into",
     "FOREIGN KEY (organisation_id, merged_into) REFERENCES proposals (organisation_id, id)"),
)  # fmt: skip
COLUMNS = {
    "organisations": (
        sa.Column("decide_within_days", sa.Integer(), nullable=False, server_default="10"),
        sa.Column("decision_calendar", sa.Text(), nullable=True),
    ),
    "proposals": (
        sa.Column("needs", sa.Text(), nullable=False, server_default=""),
        sa.Column("credit", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("reason", sa.Text(), nullable=False, server_default=""),
        sa.Column("merged_into", sa.Uuid(), nullable=True),
        sa.Column("changed_at", INSTANT, nullable=True),
        sa.Column("decide_before", INSTANT, nullable=True),
        sa.Column("asked_at", INSTANT, nullable=True),
        sa.Column("decided_at", INSTANT, nullable=True),
        sa.Column("remind_at", INSTANT, nullable=True),
    ),
}
TABLES = (
    "proposal_problems", "proposal_supports", "proposal_comments", "proposal_follows",
    "proposal_news", "proposal_changes",
)  # fmt: skip


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    for table, columns in COLUMNS.items():
        for column in columns:
            op.add_column(table, column)
    for (table, column), words in ADDED.items():
        _allow(table, column, (*BEFORE[table, column], *words))
    for table, name, rule in NEW_RULES:
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {rule} NOT VALID")
    _make_tables()
    for table in TABLES:
        for statement in policy_statements(table):
            op.execute(statement)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    for table, name, _rule in NEW_RULES:
        op.drop_constraint(name, table)
    for (table, column), words in BEFORE.items():
        _allow(table, column, words)
    for table, columns in COLUMNS.items():
        for column in columns:
            op.drop_column(table, column.name)


def _allow(table: str, column: str, words: tuple[str, ...]) -> None:
    """The rows that are there are looked at by the next revision."""
    name = f"ck_{table}_{column}_known"
    op.execute(
        "-- squawk-ignore ban-drop-constraint\n"  # a wider one takes its place at once
        f"ALTER TABLE {table} DROP CONSTRAINT {name}"
    )
    op.execute(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({_listed(column, words)}) NOT VALID"
    )


def _listed(column: str, words: tuple[str, ...]) -> str:
    listed = ", ".join(f"'{word}'" for word in words)
    return f"{column} IN ({listed})"


def _table(name: str, references: dict[str, str], *parts: object) -> None:
    """A tenant table, with references to others by the name of their column."""
    op.create_table(
        name,
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        *parts,
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f(f"pk_{name}")),
        *(
            sa.ForeignKeyConstraint(
                ["organisation_id", column],
                [f"{table}.organisation_id", f"{table}.id"],
                name=op.f(f"fk_{name}_organisation_id_{column}"),
            )
            for column, table in ({"proposal_id": "proposals"} | references).items()
        ),
    )


def _once(table: str, *columns: str) -> sa.UniqueConstraint:
    name = op.f("_".join(("uq", table, "organisation_id", *columns)))
    return sa.UniqueConstraint("organisation_id", *columns, name=name)


def _known(table: str, column: str, words: tuple[str, ...]) -> sa.CheckConstraint:
    return sa.CheckConstraint(_listed(column, words), name=op.f(f"ck_{table}_{column}_known"))


def _make_tables() -> None:
    _table(
        "proposal_problems",
        {"problem_id": "problems"},
        sa.Column("problem_id", sa.Uuid(), nullable=False),
        _once("proposal_problems", "proposal_id", "problem_id"),
    )
    op.create_index(
        "ix_proposal_problems_problem", "proposal_problems", ["organisation_id", "problem_id"]
    )
    _table(
        "proposal_supports",
        {"member_id": "members"},
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        _once("proposal_supports", "proposal_id", "member_id"),
    )
    _make_comments()
    _table(
        "proposal_follows",
        {"member_id": "members"},
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        _once("proposal_follows", "proposal_id", "member_id"),
    )
    _make_news()
    _make_changes()


def _make_comments() -> None:
    _table(
        "proposal_comments",
        {"author_id": "members", "corrects_id": "proposal_comments"},
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("corrects_id", sa.Uuid(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("mentions", postgresql.ARRAY(sa.Uuid()), nullable=False, server_default="{}"),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.CheckConstraint("text <> ''", name=op.f("ck_proposal_comments_says_something")),
    )
    op.create_index(
        "ix_proposal_comments_proposal",
        "proposal_comments",
        ["organisation_id", "proposal_id", "id"],
    )
    op.create_index(
        "ix_proposal_comments_corrects",
        "proposal_comments",
        ["organisation_id", "corrects_id", "id"],
        postgresql_where=sa.text("corrects_id IS NOT NULL"),
    )


def _make_news() -> None:
    _table(
        "proposal_news",
        {"member_id": "members"},
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("read_at", INSTANT, nullable=True),
        _known("proposal_news", "kind", NEWS),
        _once("proposal_news", "member_id", "source_id"),
    )
    op.create_index(
        "ix_proposal_news_unread",
        "proposal_news",
        ["organisation_id", "member_id", "id"],
        postgresql_where=sa.text("read_at IS NULL"),
    )


def _make_changes() -> None:
    _table(
        "proposal_changes",
        {},
        sa.Column("from_state", sa.Text(), nullable=False),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("decide_before", INSTANT, nullable=True),
        sa.Column("in_time", sa.Boolean(), nullable=True),
        _known("proposal_changes", "from_state", STATES),
        _known("proposal_changes", "to_state", STATES),
    )
    op.create_index(
        "ix_proposal_changes_proposal",
        "proposal_changes",
        ["organisation_id", "proposal_id", "id"],
    )
    op.create_index(
        "ix_proposal_changes_settled",
        "proposal_changes",
        ["organisation_id", "changed_at"],
        postgresql_where=sa.text("in_time IS NOT NULL"),
    )
