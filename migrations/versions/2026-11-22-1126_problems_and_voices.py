"""Problems with evidence; what customers and staff say of us.

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from promises.db.tenancy import policy_statements

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
TABLES = (
    "feedback_blocks",
    "feedback_imports",
    "feedback_keys",
    "feedback_settings",
    "staff_surveys",
    "feedback_files",
    "feedback_row_problems",
    "staff_survey_texts",
    "feedback_answers",
    "staff_survey_counts",
    "staff_survey_receipts",
    "feedback_receipts",
    "problem_evidence",
)
COLUMNS = (
    sa.Column("state", sa.Text(), server_default="open", nullable=False),
    sa.Column("source", sa.Text(), server_default="staff", nullable=False),
    sa.Column("service_kind_id", sa.Uuid(), nullable=True),
    sa.Column("segment", sa.Text(), nullable=True),
    sa.Column("merged_into", sa.Uuid(), nullable=True),
    sa.Column("cause_id", sa.Uuid(), nullable=True),
    sa.Column("reason", sa.Text(), server_default="", nullable=False),
    sa.Column("changed_by", sa.Uuid(), nullable=True),
    sa.Column("changed_at", INSTANT, nullable=True),
)
RULES = {
    "ck_problems_state_known": "CHECK (state IN ('open', 'merged', 'closed'))",
    "ck_problems_source_known": "CHECK (source IN ('staff', 'ticket', 'feedback', 'breaches'))",
    "ck_problems_merged_names_other": "CHECK ((state = 'merged') = (merged_into IS NOT NULL))",
    "ck_problems_merged_into_another": "CHECK (merged_into <> id)",
    "ck_problems_closed_has_reason": "CHECK (state <> 'closed' OR reason <> '')",
    "ck_problems_raised_by_cause": "CHECK ((source = 'breaches') = (cause_id IS NOT NULL))",
    "fk_problems_organisation_id_merged_into": "FOREIGN KEY (organisation_id, merged_into) "
    "REFERENCES problems (organisation_id, id)",
    "fk_problems_organisation_id_service_kind_id": "FOREIGN KEY (organisation_id, "
    "service_kind_id) REFERENCES service_kinds (organisation_id, id)",
    "fk_problems_organisation_id_cause_id": "FOREIGN KEY (organisation_id, cause_id) "
    "REFERENCES causes (organisation_id, id)",
}


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    for column in COLUMNS:
        op.add_column("problems", column)
    for name, rule in RULES.items():
        op.execute(f"ALTER TABLE problems ADD CONSTRAINT {name} {rule} NOT VALID")
    _feedback_blocks()
    _feedback_imports()
    _feedback_keys()
    _feedback_settings()
    _staff_surveys()
    _feedback_files()
    _feedback_row_problems()
    _staff_survey_texts()
    _feedback_answers()
    _staff_survey_counts()
    _staff_survey_receipts()
    _feedback_receipts()
    _problem_evidence()
    for table in TABLES:
        for statement in policy_statements(table):
            op.execute(statement)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    for name in RULES:
        op.drop_constraint(name, "problems")
    for column in COLUMNS:
        op.drop_column("problems", column.name)


def _feedback_blocks() -> None:
    op.create_table(
        "feedback_blocks",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("shared", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=True),
        sa.Column("service_kind_id", sa.Uuid(), nullable=True),
        sa.Column("segment", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.Column("counts", sa.ARRAY(sa.Integer()), nullable=False),
        sa.CheckConstraint(
            "question IN ('effort', 'recommendation', 'satisfaction', 'emotion', 'words')",
            name=op.f("ck_feedback_blocks_question_known"),
        ),
        sa.CheckConstraint("answers >= 5", name=op.f("ck_feedback_blocks_five_or_more")),
        sa.CheckConstraint("first_on <= last_on", name=op.f("ck_feedback_blocks_months_in_order")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_feedback_blocks_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_feedback_blocks")),
    )
    op.create_index(
        "ix_feedback_blocks_months", "feedback_blocks", ["organisation_id", "question", "last_on"]
    )


def _feedback_imports() -> None:
    op.create_table(
        "feedback_imports",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("mapping", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("rows_read", sa.Integer(), nullable=False),
        sa.Column("rows_added", sa.Integer(), nullable=False),
        sa.Column("rows_known", sa.Integer(), nullable=False),
        sa.Column("rows_refused", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("finished_at", INSTANT, nullable=True),
        sa.CheckConstraint(
            "state IN ('uploaded', 'done', 'dropped')", name=op.f("ck_feedback_imports_state_known")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_feedback_imports_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_feedback_imports")),
    )
    op.create_index(
        "ix_feedback_imports_created", "feedback_imports", ["organisation_id", "created_at"]
    )


def _feedback_keys() -> None:
    op.create_table(
        "feedback_keys",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_feedback_keys_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "key", name=op.f("pk_feedback_keys")),
    )


def _feedback_settings() -> None:
    op.create_table(
        "feedback_settings",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("questions", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("survey_days", sa.Integer(), nullable=False),
        sa.Column("recurring_breaches", sa.Integer(), nullable=False),
        sa.Column("recurring_days", sa.Integer(), nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "recurring_breaches BETWEEN 2 AND 1000",
            name=op.f("ck_feedback_settings_recurring_breaches_sane"),
        ),
        sa.CheckConstraint(
            "recurring_days BETWEEN 1 AND 366",
            name=op.f("ck_feedback_settings_recurring_days_sane"),
        ),
        sa.CheckConstraint(
            "survey_days BETWEEN 0 AND 60", name=op.f("ck_feedback_settings_survey_days_sane")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_feedback_settings_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_feedback_settings")),
    )


def _staff_surveys() -> None:
    op.create_table(
        "staff_surveys",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("quarter", sa.Text(), nullable=False),
        sa.Column("opens_at", INSTANT, nullable=False),
        sa.Column("closes_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "quarter ~ '^[0-9]{4}Q[1-4]$'", name=op.f("ck_staff_surveys_quarter_form")
        ),
        sa.CheckConstraint(
            "closes_at > opens_at", name=op.f("ck_staff_surveys_closes_after_opening")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_staff_surveys_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_staff_surveys")),
        sa.UniqueConstraint(
            "organisation_id", "quarter", name=op.f("uq_staff_surveys_organisation_id_quarter")
        ),
    )


def _feedback_files() -> None:
    op.create_table(
        "feedback_files",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "import_id"],
            ["feedback_imports.organisation_id", "feedback_imports.id"],
            name=op.f("fk_feedback_files_organisation_id_import_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "import_id", name=op.f("pk_feedback_files")),
    )


def _feedback_row_problems() -> None:
    op.create_table(
        "feedback_row_problems",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("column_name", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id", "import_id"],
            ["feedback_imports.organisation_id", "feedback_imports.id"],
            name=op.f("fk_feedback_row_problems_organisation_id_import_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "import_id", "line", name=op.f("pk_feedback_row_problems")
        ),
    )


def _staff_survey_texts() -> None:
    op.create_table(
        "staff_survey_texts",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("survey_id", sa.Uuid(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "survey_id"],
            ["staff_surveys.organisation_id", "staff_surveys.id"],
            name=op.f("fk_staff_survey_texts_organisation_id_survey_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_staff_survey_texts")),
    )
    op.create_index(
        "ix_staff_survey_texts_survey", "staff_survey_texts", ["organisation_id", "survey_id"]
    )


def _feedback_answers() -> None:
    op.create_table(
        "feedback_answers",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("month_on", sa.Date(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=True),
        sa.Column("service_kind_id", sa.Uuid(), nullable=True),
        sa.Column("segment", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("settles_at", INSTANT, nullable=True),
        sa.Column("block_id", sa.Uuid(), nullable=True),
        sa.Column("text_state", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(question = 'words') = (score IS NULL)",
            name=op.f("ck_feedback_answers_score_of_question"),
        ),
        sa.CheckConstraint(
            "outcome IN ('kept', 'made_good', 'broken', 'nothing', 'unknown')",
            name=op.f("ck_feedback_answers_outcome_known"),
        ),
        sa.CheckConstraint(
            "question IN ('effort', 'recommendation', 'satisfaction', 'emotion', 'words')",
            name=op.f("ck_feedback_answers_question_known"),
        ),
        sa.CheckConstraint(
            "source IN ('case', 'import', 'api')", name=op.f("ck_feedback_answers_source_known")
        ),
        sa.CheckConstraint(
            "(body IS NULL) = (text_state IS NULL)", name=op.f("ck_feedback_answers_text_whole")
        ),
        sa.CheckConstraint(
            "block_id IS NULL OR settles_at IS NULL",
            name=op.f("ck_feedback_answers_settled_when_shown"),
        ),
        sa.CheckConstraint(
            "extract(day FROM month_on) = 1", name=op.f("ck_feedback_answers_month_begins")
        ),
        sa.CheckConstraint("score BETWEEN 0 AND 10", name=op.f("ck_feedback_answers_score_sane")),
        sa.CheckConstraint(
            "score IS NOT NULL OR body IS NOT NULL", name=op.f("ck_feedback_answers_says_something")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "block_id"],
            ["feedback_blocks.organisation_id", "feedback_blocks.id"],
            name=op.f("fk_feedback_answers_organisation_id_block_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "branch_id"],
            ["branches.organisation_id", "branches.id"],
            name=op.f("fk_feedback_answers_organisation_id_branch_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "import_id"],
            ["feedback_imports.organisation_id", "feedback_imports.id"],
            name=op.f("fk_feedback_answers_organisation_id_import_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "service_kind_id"],
            ["service_kinds.organisation_id", "service_kinds.id"],
            name=op.f("fk_feedback_answers_organisation_id_service_kind_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_feedback_answers")),
    )
    op.create_index(
        "ix_feedback_answers_settling",
        "feedback_answers",
        ["organisation_id", "settles_at"],
        postgresql_where=sa.text("settles_at IS NOT NULL"),
    )
    op.create_index(
        "ix_feedback_answers_texts",
        "feedback_answers",
        ["organisation_id", "text_state", "month_on", "id"],
        postgresql_where=sa.text("body IS NOT NULL AND block_id IS NOT NULL"),
    )
    op.create_index(
        "ix_feedback_answers_waiting",
        "feedback_answers",
        ["organisation_id", "question", "month_on"],
        postgresql_where=sa.text("block_id IS NULL AND settles_at IS NULL"),
    )


def _staff_survey_counts() -> None:
    op.create_table(
        "staff_survey_counts",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("survey_id", sa.Uuid(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=True),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "answers >= 0", name=op.f("ck_staff_survey_counts_answers_not_negative")
        ),
        sa.CheckConstraint(
            "score BETWEEN 0 AND 10", name=op.f("ck_staff_survey_counts_score_sane")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "branch_id"],
            ["branches.organisation_id", "branches.id"],
            name=op.f("fk_staff_survey_counts_organisation_id_branch_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "survey_id"],
            ["staff_surveys.organisation_id", "staff_surveys.id"],
            name=op.f("fk_staff_survey_counts_organisation_id_survey_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_staff_survey_counts")),
    )
    op.create_index(
        "uq_staff_survey_counts_cell",
        "staff_survey_counts",
        ["organisation_id", "survey_id", "branch_id", "score"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )


def _staff_survey_receipts() -> None:
    op.create_table(
        "staff_survey_receipts",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("survey_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "member_id"],
            ["members.organisation_id", "members.id"],
            name=op.f("fk_staff_survey_receipts_organisation_id_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "survey_id"],
            ["staff_surveys.organisation_id", "staff_surveys.id"],
            name=op.f("fk_staff_survey_receipts_organisation_id_survey_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "survey_id", "member_id", name=op.f("pk_staff_survey_receipts")
        ),
    )


def _feedback_receipts() -> None:
    op.create_table(
        "feedback_receipts",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("answered_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "question IN ('effort', 'recommendation', 'satisfaction', 'emotion', 'words')",
            name=op.f("ck_feedback_receipts_question_known"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "ticket_id"],
            ["tickets.organisation_id", "tickets.id"],
            name=op.f("fk_feedback_receipts_organisation_id_ticket_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "ticket_id", name=op.f("pk_feedback_receipts")),
    )


def _problem_evidence() -> None:
    op.create_table(
        "problem_evidence",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("problem_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=True),
        sa.Column("answer_id", sa.Uuid(), nullable=True),
        sa.Column("branch_id", sa.Uuid(), nullable=True),
        sa.Column("service_kind_id", sa.Uuid(), nullable=True),
        sa.Column("segment", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("happened_at", INSTANT, nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("taken_back_at", INSTANT, nullable=True),
        sa.Column("taken_back_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(kind = 'feedback') = (answer_id IS NOT NULL)",
            name=op.f("ck_problem_evidence_feedback_whole"),
        ),
        sa.CheckConstraint(
            "kind IN ('told', 'feedback') OR ticket_id IS NOT NULL",
            name=op.f("ck_problem_evidence_names_ticket"),
        ),
        sa.CheckConstraint(
            "kind IN ('told', 'ticket', 'complaint', 'dispute', 'feedback', 'breach')",
            name=op.f("ck_problem_evidence_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "answer_id"],
            ["feedback_answers.organisation_id", "feedback_answers.id"],
            name=op.f("fk_problem_evidence_organisation_id_answer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "branch_id"],
            ["branches.organisation_id", "branches.id"],
            name=op.f("fk_problem_evidence_organisation_id_branch_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "problem_id"],
            ["problems.organisation_id", "problems.id"],
            name=op.f("fk_problem_evidence_organisation_id_problem_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "service_kind_id"],
            ["service_kinds.organisation_id", "service_kinds.id"],
            name=op.f("fk_problem_evidence_organisation_id_service_kind_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "ticket_id"],
            ["tickets.organisation_id", "tickets.id"],
            name=op.f("fk_problem_evidence_organisation_id_ticket_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_problem_evidence")),
    )
    op.create_index(
        "ix_problem_evidence_of_ticket",
        "problem_evidence",
        ["organisation_id", "ticket_id"],
        postgresql_where=sa.text("ticket_id IS NOT NULL"),
    )
    op.create_index(
        "ix_problem_evidence_problem",
        "problem_evidence",
        ["organisation_id", "problem_id", "happened_at"],
    )
    op.create_index(
        "uq_problem_evidence_answer",
        "problem_evidence",
        ["organisation_id", "answer_id"],
        unique=True,
        postgresql_where=sa.text("answer_id IS NOT NULL AND taken_back_at IS NULL"),
    )
    op.create_index(
        "uq_problem_evidence_ticket",
        "problem_evidence",
        ["organisation_id", "problem_id", "ticket_id"],
        unique=True,
        postgresql_where=sa.text("ticket_id IS NOT NULL AND taken_back_at IS NULL"),
    )
