"""The tables of the first release, their policies and the queue.

Revision ID: 0001
Revises: nothing
"""

import sqlalchemy as sa
from alembic import op
from procrastinate import __version__ as queue_version
from procrastinate.schema import SchemaManager
from sqlalchemy.dialects import postgresql

from promises.db.tenancy import policy_statements

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TENANT_TABLES = (
    "annulments",
    "api_keys",
    "audit_heads",
    "audit_records",
    "branch_days",
    "branch_services",
    "branch_states",
    "branches",
    "breaches",
    "budgets",
    "calendar_versions",
    "calendars",
    "cap_usages",
    "commitments",
    "compensation_decisions",
    "compensations",
    "contacts",
    "counters",
    "customers",
    "decisions",
    "deliveries",
    "devices",
    "hold_windows",
    "idempotent_requests",
    "import_files",
    "import_mappings",
    "import_problems",
    "imports",
    "ledger_accounts",
    "ledger_entries",
    "ledger_transactions",
    "members",
    "messages",
    "one_time_tokens",
    "organisation_keys",
    "organisations",
    "payout_attempts",
    "payouts",
    "problems",
    "promise_versions",
    "promises",
    "proposals",
    "service_events",
    "service_kinds",
    "staff_sessions",
    "throttles",
    "tickets",
    "voucher_redemptions",
    "voucher_reissues",
    "vouchers",
)


def upgrade() -> None:
    op.create_table(
        "organisation_directory",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'",
            name=op.f("ck_organisation_directory_slug_form"),
        ),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_organisation_directory")),
        sa.UniqueConstraint(
            "organisation_id", name=op.f("uq_organisation_directory_organisation_id")
        ),
    )
    op.create_table(
        "organisations",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("voucher_use", sa.Text(), nullable=False),
        sa.Column("voucher_valid_years", sa.Integer(), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_organisations_currency_form")),
        sa.CheckConstraint(
            "voucher_use IN ('cash', 'fee', 'goods')",
            name=op.f("ck_organisations_voucher_use_known"),
        ),
        sa.CheckConstraint(
            "voucher_valid_years BETWEEN 1 AND 10",
            name=op.f("ck_organisations_voucher_valid_years_sane"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_organisations")),
        sa.UniqueConstraint("slug", name=op.f("uq_organisations_slug")),
    )
    op.create_table(
        "audit_heads",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_audit_heads_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_audit_heads")),
    )
    op.create_table(
        "audit_records",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("object_kind", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=True),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_audit_records_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "number", name=op.f("pk_audit_records")),
    )
    op.create_index(
        "ix_audit_records_object",
        "audit_records",
        ["organisation_id", "object_kind", "object_id"],
        unique=False,
    )
    op.create_table(
        "calendars",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_calendars_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_calendars")),
        sa.UniqueConstraint(
            "organisation_id", "name", name=op.f("uq_calendars_organisation_id_name")
        ),
    )
    op.create_table(
        "customers",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference_index", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_customers_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_customers")),
        sa.UniqueConstraint(
            "organisation_id",
            "reference_index",
            name=op.f("uq_customers_organisation_id_reference_index"),
        ),
    )
    op.create_table(
        "idempotent_requests",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("api_key_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(status IS NULL) = (body IS NULL)", name=op.f("ck_idempotent_requests_answered_whole")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_idempotent_requests_organisation_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "api_key_id", "key", name=op.f("pk_idempotent_requests")
        ),
    )
    op.create_index(
        "ix_idempotent_requests_expiry",
        "idempotent_requests",
        ["organisation_id", "expires_at"],
        unique=False,
    )
    op.create_table(
        "import_mappings",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_import_mappings_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_import_mappings")),
        sa.UniqueConstraint(
            "organisation_id", "name", name=op.f("uq_import_mappings_organisation_id_name")
        ),
    )
    op.create_table(
        "ledger_accounts",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('asset', 'liability', 'income', 'expense')",
            name=op.f("ck_ledger_accounts_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_ledger_accounts_organisation_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "code", "currency", name=op.f("pk_ledger_accounts")
        ),
    )
    op.create_table(
        "ledger_transactions",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reference_id", sa.Uuid(), nullable=False),
        sa.Column("reverses_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "reverses_id"],
            ["ledger_transactions.organisation_id", "ledger_transactions.id"],
            name=op.f("fk_ledger_transactions_organisation_id_reverses_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_ledger_transactions_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_ledger_transactions")),
        sa.UniqueConstraint(
            "organisation_id", "key", name=op.f("uq_ledger_transactions_organisation_id_key")
        ),
    )
    op.create_index(
        "ix_ledger_transactions_recorded",
        "ledger_transactions",
        ["organisation_id", "recorded_at"],
        unique=False,
    )
    op.create_table(
        "organisation_keys",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_organisation_keys_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "purpose", name=op.f("pk_organisation_keys")),
    )
    op.create_table(
        "promises",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("titles", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_promises_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_promises")),
        sa.UniqueConstraint(
            "organisation_id", "slug", name=op.f("uq_promises_organisation_id_slug")
        ),
    )
    op.create_table(
        "service_kinds",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("letter", sa.Text(), nullable=False),
        sa.Column("names", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("letter ~ '^[A-Z]{1,2}$'", name=op.f("ck_service_kinds_letter_form")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_service_kinds_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_service_kinds")),
        sa.UniqueConstraint(
            "organisation_id", "letter", name=op.f("uq_service_kinds_organisation_id_letter")
        ),
    )
    op.create_table(
        "throttles",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("window_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_throttles_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "key", "window_at", name=op.f("pk_throttles")),
    )
    op.create_index(
        "ix_throttles_window", "throttles", ["organisation_id", "window_at"], unique=False
    )
    op.create_table(
        "branches",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("calendar_id", sa.Uuid(), nullable=False),
        sa.Column("service_start", sa.Text(), nullable=False),
        sa.Column("no_show_after_s", sa.Integer(), nullable=False),
        sa.Column("presence_token", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "service_start IN ('tap', 'call')", name=op.f("ck_branches_service_start_known")
        ),
        sa.CheckConstraint("state IN ('active', 'closed')", name=op.f("ck_branches_state_known")),
        sa.CheckConstraint(
            "no_show_after_s BETWEEN 0 AND 3600", name=op.f("ck_branches_no_show_after_sane")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "calendar_id"],
            ["calendars.organisation_id", "calendars.id"],
            name=op.f("fk_branches_organisation_id_calendar_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_branches_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_branches")),
        sa.UniqueConstraint(
            "organisation_id", "slug", name=op.f("uq_branches_organisation_id_slug")
        ),
    )
    op.create_table(
        "budgets",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("promise_id", sa.Uuid(), nullable=False),
        sa.Column("month_on", sa.Date(), nullable=False),
        sa.Column("limit_minor", sa.BigInteger(), nullable=False),
        sa.Column("reserved_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("reserved_minor >= 0", name=op.f("ck_budgets_reserved_not_negative")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "promise_id"],
            ["promises.organisation_id", "promises.id"],
            name=op.f("fk_budgets_organisation_id_promise_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "promise_id", "month_on", name=op.f("pk_budgets")
        ),
    )
    op.create_table(
        "calendar_versions",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("calendar_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("notes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id", "calendar_id"],
            ["calendars.organisation_id", "calendars.id"],
            name=op.f("fk_calendar_versions_organisation_id_calendar_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "calendar_id", "number", name=op.f("pk_calendar_versions")
        ),
    )
    op.create_table(
        "cap_usages",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("promise_id", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("used_count", sa.Integer(), nullable=False),
        sa.CheckConstraint("used_count >= 0", name=op.f("ck_cap_usages_used_not_negative")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "promise_id"],
            ["promises.organisation_id", "promises.id"],
            name=op.f("fk_cap_usages_organisation_id_promise_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "promise_id", "scope", "key", "period", name=op.f("pk_cap_usages")
        ),
    )
    op.create_table(
        "contacts",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("address_index", sa.LargeBinary(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("channel IN ('email', 'sms')", name=op.f("ck_contacts_channel_known")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "customer_id"],
            ["customers.organisation_id", "customers.id"],
            name=op.f("fk_contacts_organisation_id_customer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_contacts_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_contacts")),
    )
    op.create_index(
        "ix_contacts_address", "contacts", ["organisation_id", "address_index"], unique=False
    )
    op.create_table(
        "ledger_entries",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("account_code", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_minor <> 0", name=op.f("ck_ledger_entries_amount_not_zero")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "account_code", "currency"],
            ["ledger_accounts.organisation_id", "ledger_accounts.code", "ledger_accounts.currency"],
            name="fk_ledger_entries_account",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "transaction_id"],
            ["ledger_transactions.organisation_id", "ledger_transactions.id"],
            name=op.f("fk_ledger_entries_organisation_id_transaction_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id",
            "transaction_id",
            "account_code",
            "currency",
            name=op.f("pk_ledger_entries"),
        ),
    )
    op.create_index(
        "ix_ledger_entries_account",
        "ledger_entries",
        ["organisation_id", "account_code", "currency"],
        unique=False,
    )
    op.create_table(
        "promise_versions",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("promise_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("terms", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("ticket_kinds", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("service_kind_ids", sa.ARRAY(sa.Uuid()), nullable=True),
        sa.Column("branch_ids", sa.ARRAY(sa.Uuid()), nullable=True),
        sa.Column("limit_us", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("way_of_working", sa.Text(), nullable=False),
        sa.Column("team_reward", sa.Text(), nullable=False),
        sa.Column("target_path", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applied_to_history", sa.Boolean(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "amount_minor >= 0", name=op.f("ck_promise_versions_amount_not_negative")
        ),
        sa.CheckConstraint(
            "applied_to_history = (valid_from < published_at)",
            name=op.f("ck_promise_versions_history_is_marked"),
        ),
        sa.CheckConstraint("limit_us > 0", name=op.f("ck_promise_versions_limit_positive")),
        sa.CheckConstraint(
            "number = 1 OR valid_from >= published_at",
            name=op.f("ck_promise_versions_later_versions_go_forward"),
        ),
        sa.CheckConstraint("number > 0", name=op.f("ck_promise_versions_number_positive")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "promise_id"],
            ["promises.organisation_id", "promises.id"],
            name=op.f("fk_promise_versions_organisation_id_promise_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_promise_versions")),
        sa.UniqueConstraint(
            "organisation_id",
            "promise_id",
            "number",
            name=op.f("uq_promise_versions_organisation_id_promise_id_number"),
        ),
        sa.UniqueConstraint(
            "organisation_id",
            "promise_id",
            "valid_from",
            name=op.f("uq_promise_versions_organisation_id_promise_id_valid_from"),
        ),
    )
    op.create_table(
        "api_keys",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_mac", sa.LargeBinary(), nullable=False),
        sa.Column("last4", sa.Text(), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id", "branch_id"],
            ["branches.organisation_id", "branches.id"],
            name=op.f("fk_api_keys_organisation_id_branch_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_api_keys_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint(
            "organisation_id", "token_mac", name=op.f("uq_api_keys_organisation_id_token_mac")
        ),
    )
    op.create_table(
        "branch_days",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=False),
        sa.Column("day_on", sa.Date(), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "branch_id"],
            ["branches.organisation_id", "branches.id"],
            name=op.f("fk_branch_days_organisation_id_branch_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "branch_id", "day_on", name=op.f("pk_branch_days")
        ),
    )
    op.create_table(
        "branch_services",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=False),
        sa.Column("service_kind_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "branch_id"],
            ["branches.organisation_id", "branches.id"],
            name=op.f("fk_branch_services_organisation_id_branch_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "service_kind_id"],
            ["service_kinds.organisation_id", "service_kinds.id"],
            name=op.f("fk_branch_services_organisation_id_service_kind_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "branch_id", "service_kind_id", name=op.f("pk_branch_services")
        ),
    )
    op.create_table(
        "branch_states",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("staff_acted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id", "branch_id"],
            ["branches.organisation_id", "branches.id"],
            name=op.f("fk_branch_states_organisation_id_branch_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "branch_id", name=op.f("pk_branch_states")),
    )
    op.create_table(
        "counters",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id", "branch_id"],
            ["branches.organisation_id", "branches.id"],
            name=op.f("fk_counters_organisation_id_branch_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_counters")),
        sa.UniqueConstraint(
            "organisation_id",
            "branch_id",
            "name",
            name=op.f("uq_counters_organisation_id_branch_id_name"),
        ),
    )
    op.create_table(
        "devices",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=False),
        sa.Column("token_mac", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('kiosk', 'display')", name=op.f("ck_devices_kind_known")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "branch_id"],
            ["branches.organisation_id", "branches.id"],
            name=op.f("fk_devices_organisation_id_branch_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_devices")),
        sa.UniqueConstraint(
            "organisation_id", "token_mac", name=op.f("uq_devices_organisation_id_token_mac")
        ),
    )
    op.create_table(
        "hold_windows",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "cause IN ('late_detection', 'silent_branch')", name=op.f("ck_hold_windows_cause_known")
        ),
        sa.CheckConstraint(
            "(decided_at IS NULL) = (decision IS NULL)", name=op.f("ck_hold_windows_decided_whole")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "branch_id"],
            ["branches.organisation_id", "branches.id"],
            name=op.f("fk_hold_windows_organisation_id_branch_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_hold_windows")),
    )
    op.create_index(
        "uq_hold_windows_open",
        "hold_windows",
        ["organisation_id", "branch_id"],
        unique=True,
        postgresql_where=sa.text("decided_at IS NULL"),
    )
    op.create_table(
        "imports",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("file_hash", sa.LargeBinary(), nullable=False),
        sa.Column("mapping", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("rows_read", sa.Integer(), nullable=False),
        sa.Column("rows_added", sa.Integer(), nullable=False),
        sa.Column("rows_known", sa.Integer(), nullable=False),
        sa.Column("rows_conflicting", sa.Integer(), nullable=False),
        sa.Column("rows_refused", sa.Integer(), nullable=False),
        sa.Column("rows_filtered", sa.Integer(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taken_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taken_back_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "state IN ('uploaded', 'running', 'done', 'failed', 'taken_back')",
            name=op.f("ck_imports_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "branch_id"],
            ["branches.organisation_id", "branches.id"],
            name=op.f("fk_imports_organisation_id_branch_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_imports")),
    )
    op.create_index(
        "ix_imports_created", "imports", ["organisation_id", "created_at"], unique=False
    )
    op.create_table(
        "members",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deactivated_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "role IN ('clerk', 'manager', 'accountant', 'administrator')",
            name=op.f("ck_members_role_known"),
        ),
        sa.CheckConstraint(
            "state IN ('invited', 'active', 'deactivated')", name=op.f("ck_members_state_known")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "branch_id"],
            ["branches.organisation_id", "branches.id"],
            name=op.f("fk_members_organisation_id_branch_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_members_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_members")),
        sa.UniqueConstraint(
            "organisation_id", "email", name=op.f("uq_members_organisation_id_email")
        ),
    )
    op.create_table(
        "problems",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "branch_id"],
            ["branches.organisation_id", "branches.id"],
            name=op.f("fk_problems_organisation_id_branch_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_problems_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_problems")),
    )
    op.create_table(
        "import_files",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "import_id"],
            ["imports.organisation_id", "imports.id"],
            name=op.f("fk_import_files_organisation_id_import_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "import_id", name=op.f("pk_import_files")),
    )
    op.create_table(
        "import_problems",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("column_name", sa.Text(), nullable=True),
        sa.Column("params", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "import_id"],
            ["imports.organisation_id", "imports.id"],
            name=op.f("fk_import_problems_organisation_id_import_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "import_id", "line", "code", name=op.f("pk_import_problems")
        ),
    )
    op.create_table(
        "one_time_tokens",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("token_mac", sa.LargeBinary(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("device_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "purpose IN ('invite', 'reset', 'demo_sign_in', 'enrol_device')",
            name=op.f("ck_one_time_tokens_purpose_known"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "device_id"],
            ["devices.organisation_id", "devices.id"],
            name=op.f("fk_one_time_tokens_organisation_id_device_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "member_id"],
            ["members.organisation_id", "members.id"],
            name=op.f("fk_one_time_tokens_organisation_id_member_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_one_time_tokens")),
        sa.UniqueConstraint(
            "organisation_id",
            "token_mac",
            name=op.f("uq_one_time_tokens_organisation_id_token_mac"),
        ),
    )
    op.create_table(
        "proposals",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("problem_id", sa.Uuid(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("terms", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("way_of_working", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'published', 'declined')", name=op.f("ck_proposals_state_known")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "branch_id"],
            ["branches.organisation_id", "branches.id"],
            name=op.f("fk_proposals_organisation_id_branch_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "problem_id"],
            ["problems.organisation_id", "problems.id"],
            name=op.f("fk_proposals_organisation_id_problem_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_proposals")),
    )
    op.create_index(
        "ix_proposals_state", "proposals", ["organisation_id", "state", "created_at"], unique=False
    )
    op.create_table(
        "staff_sessions",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("token_mac", sa.LargeBinary(), nullable=False),
        sa.Column("counter_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id", "counter_id"],
            ["counters.organisation_id", "counters.id"],
            name=op.f("fk_staff_sessions_organisation_id_counter_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "member_id"],
            ["members.organisation_id", "members.id"],
            name=op.f("fk_staff_sessions_organisation_id_member_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_staff_sessions")),
        sa.UniqueConstraint(
            "organisation_id", "token_mac", name=op.f("uq_staff_sessions_organisation_id_token_mac")
        ),
    )
    op.create_index(
        "ix_staff_sessions_member", "staff_sessions", ["organisation_id", "member_id"], unique=False
    )
    op.create_table(
        "tickets",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=False),
        sa.Column("service_kind_id", sa.Uuid(), nullable=False),
        sa.Column("counter_id", sa.Uuid(), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("device_id", sa.Uuid(), nullable=True),
        sa.Column("day_on", sa.Date(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("letter", sa.Text(), nullable=True),
        sa.Column("public_code", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=True),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("service_started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waited_us", sa.BigInteger(), nullable=True),
        sa.Column("presence_shown_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disputed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("flags", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("external_ref", sa.Text(), nullable=True),
        sa.Column("content_hash", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('visit', 'complaint', 'callback', 'request')",
            name=op.f("ck_tickets_kind_known"),
        ),
        sa.CheckConstraint(
            "source IN ('desk', 'kiosk', 'customer', 'api', 'import', 'rule')",
            name=op.f("ck_tickets_source_known"),
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'called', 'in_service', 'served', 'left', 'no_show', 'closed', 'withdrawn')",
            name=op.f("ck_tickets_state_known"),
        ),
        sa.CheckConstraint(
            "(external_ref IS NULL) = (content_hash IS NULL)", name=op.f("ck_tickets_known_whole")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "branch_id"],
            ["branches.organisation_id", "branches.id"],
            name=op.f("fk_tickets_organisation_id_branch_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "contact_id"],
            ["contacts.organisation_id", "contacts.id"],
            name=op.f("fk_tickets_organisation_id_contact_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "counter_id"],
            ["counters.organisation_id", "counters.id"],
            name=op.f("fk_tickets_organisation_id_counter_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "customer_id"],
            ["customers.organisation_id", "customers.id"],
            name=op.f("fk_tickets_organisation_id_customer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "device_id"],
            ["devices.organisation_id", "devices.id"],
            name=op.f("fk_tickets_organisation_id_device_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "import_id"],
            ["imports.organisation_id", "imports.id"],
            name=op.f("fk_tickets_organisation_id_import_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "service_kind_id"],
            ["service_kinds.organisation_id", "service_kinds.id"],
            name=op.f("fk_tickets_organisation_id_service_kind_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_tickets")),
        sa.UniqueConstraint(
            "organisation_id",
            "branch_id",
            "day_on",
            "number",
            name=op.f("uq_tickets_organisation_id_branch_id_day_on_number"),
        ),
        sa.UniqueConstraint(
            "organisation_id", "public_code", name=op.f("uq_tickets_organisation_id_public_code")
        ),
    )
    op.create_index(
        "ix_tickets_day", "tickets", ["organisation_id", "branch_id", "day_on"], unique=False
    )
    op.create_index(
        "ix_tickets_disputed",
        "tickets",
        ["organisation_id", "disputed_at"],
        unique=False,
        postgresql_where=sa.text("disputed_at IS NOT NULL"),
    )
    op.create_index(
        "ix_tickets_import",
        "tickets",
        ["organisation_id", "import_id"],
        unique=False,
        postgresql_where=sa.text("import_id IS NOT NULL"),
    )
    op.create_index(
        "ix_tickets_live",
        "tickets",
        ["organisation_id", "branch_id", "queued_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('waiting', 'called', 'in_service')"),
    )
    op.create_index(
        "uq_tickets_counter_busy",
        "tickets",
        ["organisation_id", "counter_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('called', 'in_service')"),
    )
    op.create_index(
        "uq_tickets_external_ref",
        "tickets",
        ["organisation_id", "branch_id", "external_ref"],
        unique=True,
        postgresql_where=sa.text("external_ref IS NOT NULL AND state <> 'withdrawn'"),
    )
    op.create_table(
        "commitments",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("promise_id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("day_on", sa.Date(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("by_duration", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "(state = 'open') = (decided_at IS NULL)",
            name=op.f("ck_commitments_decided_when_closed"),
        ),
        sa.CheckConstraint(
            "evidence IN ('live', 'unverified', 'imported')",
            name=op.f("ck_commitments_evidence_known"),
        ),
        sa.CheckConstraint(
            "state IN ('open', 'kept', 'broken', 'excluded')",
            name=op.f("ck_commitments_state_known"),
        ),
        sa.CheckConstraint("due_at > started_at", name=op.f("ck_commitments_due_after_start")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "promise_id"],
            ["promises.organisation_id", "promises.id"],
            name=op.f("fk_commitments_organisation_id_promise_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "ticket_id"],
            ["tickets.organisation_id", "tickets.id"],
            name=op.f("fk_commitments_organisation_id_ticket_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "version_id"],
            ["promise_versions.organisation_id", "promise_versions.id"],
            name=op.f("fk_commitments_organisation_id_version_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_commitments")),
        sa.UniqueConstraint(
            "organisation_id",
            "promise_id",
            "ticket_id",
            "occurrence",
            name=op.f("uq_commitments_organisation_id_promise_id_ticket_id_occurrence"),
        ),
        postgresql_with={
            "autovacuum_vacuum_scale_factor": "0.01",
            "autovacuum_vacuum_threshold": "200",
        },
    )
    op.create_index(
        "ix_commitments_due",
        "commitments",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(
        "ix_commitments_figures",
        "commitments",
        ["organisation_id", "promise_id", "day_on", "state"],
        unique=False,
    )
    op.create_index(
        "ix_commitments_ticket", "commitments", ["organisation_id", "ticket_id"], unique=False
    )
    op.create_table(
        "decisions",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("promise_id", sa.Uuid(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "outcome <> 'declined' OR reason <> ''", name=op.f("ck_decisions_decline_has_reason")
        ),
        sa.CheckConstraint(
            "outcome IN ('published', 'declined')", name=op.f("ck_decisions_outcome_known")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "promise_id"],
            ["promises.organisation_id", "promises.id"],
            name=op.f("fk_decisions_organisation_id_promise_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "proposal_id"],
            ["proposals.organisation_id", "proposals.id"],
            name=op.f("fk_decisions_organisation_id_proposal_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_decisions")),
        sa.UniqueConstraint(
            "organisation_id", "proposal_id", name=op.f("uq_decisions_organisation_id_proposal_id")
        ),
    )
    op.create_table(
        "messages",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("ticket_id", sa.Uuid(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("params", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("dedupe_key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("channel IN ('email', 'sms')", name=op.f("ck_messages_channel_known")),
        sa.CheckConstraint(
            "kind IN ('turn_near', 'your_turn', 'promise_broken', 'invitation', 'reset')",
            name=op.f("ck_messages_kind_known"),
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'sent', 'failed', 'dropped')", name=op.f("ck_messages_state_known")
        ),
        sa.CheckConstraint(
            "(contact_id IS NULL) <> (member_id IS NULL)", name=op.f("ck_messages_one_recipient")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "contact_id"],
            ["contacts.organisation_id", "contacts.id"],
            name=op.f("fk_messages_organisation_id_contact_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "member_id"],
            ["members.organisation_id", "members.id"],
            name=op.f("fk_messages_organisation_id_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "ticket_id"],
            ["tickets.organisation_id", "tickets.id"],
            name=op.f("fk_messages_organisation_id_ticket_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_messages")),
        sa.UniqueConstraint(
            "organisation_id", "dedupe_key", name=op.f("uq_messages_organisation_id_dedupe_key")
        ),
    )
    op.create_index(
        "ix_messages_to_send",
        "messages",
        ["next_try_at"],
        unique=False,
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_table(
        "service_events",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("counter_id", sa.Uuid(), nullable=True),
        sa.Column("corrects_id", sa.Uuid(), nullable=True),
        sa.Column("service_kind_id", sa.Uuid(), nullable=True),
        sa.Column("ticket_version", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint(
            "(kind = 'undone') = (corrects_id IS NOT NULL)",
            name=op.f("ck_service_events_undo_names_event"),
        ),
        sa.CheckConstraint(
            "kind <> 'transferred' OR service_kind_id IS NOT NULL",
            name=op.f("ck_service_events_transfer_names_kind"),
        ),
        sa.CheckConstraint(
            "kind IN ('arrived', 'called', 'recalled', 'service_started', 'served', 'left', 'no_show', 'closed', 'transferred', 'undone', 'disputed', 'dispute_resolved', 'presence_shown')",
            name=op.f("ck_service_events_kind_known"),
        ),
        sa.CheckConstraint(
            "source IN ('desk', 'kiosk', 'customer', 'api', 'import', 'rule')",
            name=op.f("ck_service_events_source_known"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "corrects_id"],
            ["service_events.organisation_id", "service_events.id"],
            name=op.f("fk_service_events_organisation_id_corrects_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "counter_id"],
            ["counters.organisation_id", "counters.id"],
            name=op.f("fk_service_events_organisation_id_counter_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "service_kind_id"],
            ["service_kinds.organisation_id", "service_kinds.id"],
            name=op.f("fk_service_events_organisation_id_service_kind_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "ticket_id"],
            ["tickets.organisation_id", "tickets.id"],
            name=op.f("fk_service_events_organisation_id_ticket_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_service_events")),
    )
    op.create_index(
        "ix_service_events_ticket",
        "service_events",
        ["organisation_id", "ticket_id", "recorded_at"],
        unique=False,
    )
    op.create_index(
        "uq_service_events_corrects",
        "service_events",
        ["organisation_id", "corrects_id"],
        unique=True,
        postgresql_where=sa.text("corrects_id IS NOT NULL"),
    )
    op.create_table(
        "breaches",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("commitment_id", sa.Uuid(), nullable=False),
        sa.Column("promise_id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=False),
        sa.Column("day_on", sa.Date(), nullable=False),
        sa.Column("breached_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("detected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("found_by", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "evidence IN ('live', 'unverified', 'imported')",
            name=op.f("ck_breaches_evidence_known"),
        ),
        sa.CheckConstraint(
            "found_by IN ('event', 'clock', 'import')", name=op.f("ck_breaches_found_by_known")
        ),
        sa.CheckConstraint(
            "detected_at >= breached_at", name=op.f("ck_breaches_detected_after_breach")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "commitment_id"],
            ["commitments.organisation_id", "commitments.id"],
            name=op.f("fk_breaches_organisation_id_commitment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "promise_id"],
            ["promises.organisation_id", "promises.id"],
            name=op.f("fk_breaches_organisation_id_promise_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "ticket_id"],
            ["tickets.organisation_id", "tickets.id"],
            name=op.f("fk_breaches_organisation_id_ticket_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "version_id"],
            ["promise_versions.organisation_id", "promise_versions.id"],
            name=op.f("fk_breaches_organisation_id_version_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_breaches")),
        sa.UniqueConstraint(
            "organisation_id",
            "commitment_id",
            name=op.f("uq_breaches_organisation_id_commitment_id"),
        ),
    )
    op.create_index(
        "ix_breaches_branch",
        "breaches",
        ["organisation_id", "branch_id", "breached_at"],
        unique=False,
    )
    op.create_index(
        "ix_breaches_promise",
        "breaches",
        ["organisation_id", "promise_id", "breached_at"],
        unique=False,
    )
    op.create_table(
        "deliveries",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "message_id"],
            ["messages.organisation_id", "messages.id"],
            name=op.f("fk_deliveries_organisation_id_message_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint(
            "organisation_id",
            "message_id",
            "number",
            name=op.f("uq_deliveries_organisation_id_message_id_number"),
        ),
    )
    op.create_table(
        "annulments",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("breach_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state = 'asked') = (decided_at IS NULL)",
            name=op.f("ck_annulments_decided_when_not_asked"),
        ),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_annulments_has_reason")),
        sa.CheckConstraint(
            "state IN ('asked', 'confirmed', 'rejected')", name=op.f("ck_annulments_state_known")
        ),
        sa.CheckConstraint(
            "decided_by IS NULL OR decided_by <> asked_by", name=op.f("ck_annulments_second_person")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "breach_id"],
            ["breaches.organisation_id", "breaches.id"],
            name=op.f("fk_annulments_organisation_id_breach_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_annulments")),
    )
    op.create_index(
        "uq_annulments_live",
        "annulments",
        ["organisation_id", "breach_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('asked', 'confirmed')"),
    )
    op.create_table(
        "compensations",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("breach_id", sa.Uuid(), nullable=False),
        sa.Column("instalment", sa.Integer(), nullable=False),
        sa.Column("promise_id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("holds", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("hold_window_id", sa.Uuid(), nullable=True),
        sa.Column("closing_reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(amount_minor = 0) = (state = 'nothing_owed')",
            name=op.f("ck_compensations_nothing_is_zero"),
        ),
        sa.CheckConstraint(
            "outcome IN ('full', 'capped', 'limit_reached', 'none')",
            name=op.f("ck_compensations_outcome_known"),
        ),
        sa.CheckConstraint(
            "state <> 'owed' OR holds <> '{}'",
            name=op.f("ck_compensations_a_debt_unheld_is_released"),
        ),
        sa.CheckConstraint(
            "state = 'owed' OR holds = '{}'", name=op.f("ck_compensations_only_a_debt_is_held")
        ),
        sa.CheckConstraint(
            "state IN ('owed', 'released', 'nothing_owed', 'refused', 'cancelled')",
            name=op.f("ck_compensations_state_known"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('refused', 'cancelled') OR closing_reason <> ''",
            name=op.f("ck_compensations_closed_says_why"),
        ),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_compensations_amount_not_negative")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "breach_id"],
            ["breaches.organisation_id", "breaches.id"],
            name=op.f("fk_compensations_organisation_id_breach_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "customer_id"],
            ["customers.organisation_id", "customers.id"],
            name=op.f("fk_compensations_organisation_id_customer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "hold_window_id"],
            ["hold_windows.organisation_id", "hold_windows.id"],
            name=op.f("fk_compensations_organisation_id_hold_window_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "promise_id"],
            ["promises.organisation_id", "promises.id"],
            name=op.f("fk_compensations_organisation_id_promise_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "ticket_id"],
            ["tickets.organisation_id", "tickets.id"],
            name=op.f("fk_compensations_organisation_id_ticket_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "version_id"],
            ["promise_versions.organisation_id", "promise_versions.id"],
            name=op.f("fk_compensations_organisation_id_version_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_compensations")),
        sa.UniqueConstraint(
            "organisation_id",
            "breach_id",
            "instalment",
            name=op.f("uq_compensations_organisation_id_breach_id_instalment"),
        ),
    )
    op.create_index(
        "ix_compensations_promise",
        "compensations",
        ["organisation_id", "promise_id", "state"],
        unique=False,
    )
    op.create_index(
        "ix_compensations_ticket", "compensations", ["organisation_id", "ticket_id"], unique=False
    )
    op.create_index(
        "ix_compensations_waiting",
        "compensations",
        ["organisation_id", "created_at"],
        unique=False,
        postgresql_where=sa.text("state = 'owed'"),
    )
    op.create_table(
        "compensation_decisions",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("compensation_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("holds", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('approved', 'refused', 'held', 'lifted', 'cancelled')",
            name=op.f("ck_compensation_decisions_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "compensation_id"],
            ["compensations.organisation_id", "compensations.id"],
            name=op.f("fk_compensation_decisions_organisation_id_compensation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_compensation_decisions")),
    )
    op.create_index(
        "ix_compensation_decisions_of",
        "compensation_decisions",
        ["organisation_id", "compensation_id"],
        unique=False,
    )
    op.create_table(
        "payouts",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("compensation_id", sa.Uuid(), nullable=False),
        sa.Column("rail", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("request_hash", sa.LargeBinary(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('ready', 'submitting', 'submitted', 'paid', 'failed', 'unknown', 'returned', 'cancelled')",
            name=op.f("ck_payouts_state_known"),
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_payouts_amount_positive")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "compensation_id"],
            ["compensations.organisation_id", "compensations.id"],
            name=op.f("fk_payouts_organisation_id_compensation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_payouts")),
        sa.UniqueConstraint("organisation_id", "key", name=op.f("uq_payouts_organisation_id_key")),
    )
    op.create_index(
        "ix_payouts_to_do",
        "payouts",
        ["organisation_id", "created_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('ready', 'submitting', 'unknown')"),
    )
    op.create_index(
        "uq_payouts_live",
        "payouts",
        ["organisation_id", "compensation_id"],
        unique=True,
        postgresql_where=sa.text("state NOT IN ('failed', 'cancelled', 'returned')"),
    )
    op.create_table(
        "payout_attempts",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("payout_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("provider_ref", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "step IN ('begun', 'ended')", name=op.f("ck_payout_attempts_step_known")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "payout_id"],
            ["payouts.organisation_id", "payouts.id"],
            name=op.f("fk_payout_attempts_organisation_id_payout_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_payout_attempts")),
        sa.UniqueConstraint(
            "organisation_id",
            "payout_id",
            "number",
            "step",
            name=op.f("uq_payout_attempts_organisation_id_payout_id_number_step"),
        ),
    )
    op.create_table(
        "vouchers",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("payout_id", sa.Uuid(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("code_mac", sa.LargeBinary(), nullable=False),
        sa.Column("last4", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("redeemed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'redeemed') = (redeemed_at IS NOT NULL)",
            name=op.f("ck_vouchers_redeemed_whole"),
        ),
        sa.CheckConstraint(
            "state IN ('active', 'redeemed', 'expired', 'voided')",
            name=op.f("ck_vouchers_state_known"),
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_vouchers_amount_positive")),
        sa.CheckConstraint("expires_at > issued_at", name=op.f("ck_vouchers_expires_later")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "payout_id"],
            ["payouts.organisation_id", "payouts.id"],
            name=op.f("fk_vouchers_organisation_id_payout_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_vouchers")),
        sa.UniqueConstraint(
            "organisation_id", "code_mac", name=op.f("uq_vouchers_organisation_id_code_mac")
        ),
        sa.UniqueConstraint(
            "organisation_id", "payout_id", name=op.f("uq_vouchers_organisation_id_payout_id")
        ),
    )
    op.create_index(
        "ix_vouchers_expiry",
        "vouchers",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_index(
        "ix_vouchers_state", "vouchers", ["organisation_id", "state", "issued_at"], unique=False
    )
    op.create_table(
        "voucher_redemptions",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("voucher_id", sa.Uuid(), nullable=False),
        sa.Column("use", sa.Text(), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("counter_id", sa.Uuid(), nullable=True),
        sa.Column("redeemed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "use IN ('cash', 'fee', 'goods')", name=op.f("ck_voucher_redemptions_use_known")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "counter_id"],
            ["counters.organisation_id", "counters.id"],
            name=op.f("fk_voucher_redemptions_organisation_id_counter_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "voucher_id"],
            ["vouchers.organisation_id", "vouchers.id"],
            name=op.f("fk_voucher_redemptions_organisation_id_voucher_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_voucher_redemptions")),
        sa.UniqueConstraint(
            "organisation_id",
            "voucher_id",
            name=op.f("uq_voucher_redemptions_organisation_id_voucher_id"),
        ),
    )
    op.create_table(
        "voucher_reissues",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("voucher_id", sa.Uuid(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("reissued_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_voucher_reissues_has_reason")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "voucher_id"],
            ["vouchers.organisation_id", "vouchers.id"],
            name=op.f("fk_voucher_reissues_organisation_id_voucher_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_voucher_reissues")),
        sa.UniqueConstraint(
            "organisation_id",
            "voucher_id",
            "generation",
            name=op.f("uq_voucher_reissues_organisation_id_voucher_id_generation"),
        ),
    )
    for table in TENANT_TABLES:
        for statement in policy_statements(table):
            op.execute(statement)
    _install_queue()


def _install_queue() -> None:
    """The queue's tables, as its library ships them. A later version of the library brings its own
    steps, which then need a revision here."""
    if queue_version != "3.10.0":
        raise RuntimeError(f"no revision installs procrastinate {queue_version}")
    op.execute(sa.text(SchemaManager.get_schema().replace(":", "\\:")))


def downgrade() -> None:
    _remove_queue()
    op.drop_table("voucher_reissues")
    op.drop_table("voucher_redemptions")
    op.drop_index("ix_vouchers_state", table_name="vouchers")
    op.drop_index(
        "ix_vouchers_expiry", table_name="vouchers", postgresql_where=sa.text("state = 'active'")
    )
    op.drop_table("vouchers")
    op.drop_table("payout_attempts")
    op.drop_index(
        "uq_payouts_live",
        table_name="payouts",
        postgresql_where=sa.text("state NOT IN ('failed', 'cancelled', 'returned')"),
    )
    op.drop_index(
        "ix_payouts_to_do",
        table_name="payouts",
        postgresql_where=sa.text("state IN ('ready', 'submitting', 'unknown')"),
    )
    op.drop_table("payouts")
    op.drop_index("ix_compensation_decisions_of", table_name="compensation_decisions")
    op.drop_table("compensation_decisions")
    op.drop_index(
        "ix_compensations_waiting",
        table_name="compensations",
        postgresql_where=sa.text("state = 'owed'"),
    )
    op.drop_index("ix_compensations_ticket", table_name="compensations")
    op.drop_index("ix_compensations_promise", table_name="compensations")
    op.drop_table("compensations")
    op.drop_index(
        "uq_annulments_live",
        table_name="annulments",
        postgresql_where=sa.text("state IN ('asked', 'confirmed')"),
    )
    op.drop_table("annulments")
    op.drop_table("deliveries")
    op.drop_index("ix_breaches_promise", table_name="breaches")
    op.drop_index("ix_breaches_branch", table_name="breaches")
    op.drop_table("breaches")
    op.drop_index(
        "uq_service_events_corrects",
        table_name="service_events",
        postgresql_where=sa.text("corrects_id IS NOT NULL"),
    )
    op.drop_index("ix_service_events_ticket", table_name="service_events")
    op.drop_table("service_events")
    op.drop_index(
        "ix_messages_to_send", table_name="messages", postgresql_where=sa.text("state = 'queued'")
    )
    op.drop_table("messages")
    op.drop_table("decisions")
    op.drop_index("ix_commitments_ticket", table_name="commitments")
    op.drop_index("ix_commitments_figures", table_name="commitments")
    op.drop_index(
        "ix_commitments_due", table_name="commitments", postgresql_where=sa.text("state = 'open'")
    )
    op.drop_table("commitments")
    op.drop_index(
        "uq_tickets_external_ref",
        table_name="tickets",
        postgresql_where=sa.text("external_ref IS NOT NULL AND state <> 'withdrawn'"),
    )
    op.drop_index(
        "uq_tickets_counter_busy",
        table_name="tickets",
        postgresql_where=sa.text("state IN ('called', 'in_service')"),
    )
    op.drop_index(
        "ix_tickets_live",
        table_name="tickets",
        postgresql_where=sa.text("state IN ('waiting', 'called', 'in_service')"),
    )
    op.drop_index(
        "ix_tickets_import", table_name="tickets", postgresql_where=sa.text("import_id IS NOT NULL")
    )
    op.drop_index(
        "ix_tickets_disputed",
        table_name="tickets",
        postgresql_where=sa.text("disputed_at IS NOT NULL"),
    )
    op.drop_index("ix_tickets_day", table_name="tickets")
    op.drop_table("tickets")
    op.drop_index("ix_staff_sessions_member", table_name="staff_sessions")
    op.drop_table("staff_sessions")
    op.drop_index("ix_proposals_state", table_name="proposals")
    op.drop_table("proposals")
    op.drop_table("one_time_tokens")
    op.drop_table("import_problems")
    op.drop_table("import_files")
    op.drop_table("problems")
    op.drop_table("members")
    op.drop_index("ix_imports_created", table_name="imports")
    op.drop_table("imports")
    op.drop_index(
        "uq_hold_windows_open",
        table_name="hold_windows",
        postgresql_where=sa.text("decided_at IS NULL"),
    )
    op.drop_table("hold_windows")
    op.drop_table("devices")
    op.drop_table("counters")
    op.drop_table("branch_states")
    op.drop_table("branch_services")
    op.drop_table("branch_days")
    op.drop_table("api_keys")
    op.drop_table("promise_versions")
    op.drop_index("ix_ledger_entries_account", table_name="ledger_entries")
    op.drop_table("ledger_entries")
    op.drop_index("ix_contacts_address", table_name="contacts")
    op.drop_table("contacts")
    op.drop_table("cap_usages")
    op.drop_table("calendar_versions")
    op.drop_table("budgets")
    op.drop_table("branches")
    op.drop_index("ix_throttles_window", table_name="throttles")
    op.drop_table("throttles")
    op.drop_table("service_kinds")
    op.drop_table("promises")
    op.drop_table("organisation_keys")
    op.drop_index("ix_ledger_transactions_recorded", table_name="ledger_transactions")
    op.drop_table("ledger_transactions")
    op.drop_table("ledger_accounts")
    op.drop_table("import_mappings")
    op.drop_index("ix_idempotent_requests_expiry", table_name="idempotent_requests")
    op.drop_table("idempotent_requests")
    op.drop_table("customers")
    op.drop_table("calendars")
    op.drop_index("ix_audit_records_object", table_name="audit_records")
    op.drop_table("audit_records")
    op.drop_table("audit_heads")
    op.drop_table("organisations")
    op.drop_table("organisation_directory")


def _remove_queue() -> None:
    op.execute(
        """
        DO $$
        DECLARE found record;
        BEGIN
            FOR found IN SELECT tablename AS name FROM pg_tables
                WHERE schemaname = 'public' AND tablename LIKE 'procrastinate%' LOOP
                EXECUTE format('DROP TABLE IF EXISTS %I CASCADE', found.name);
            END LOOP;
            FOR found IN SELECT oid::regprocedure AS name FROM pg_proc
                WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'procrastinate%' LOOP
                EXECUTE format('DROP FUNCTION IF EXISTS %s CASCADE', found.name);
            END LOOP;
            FOR found IN SELECT typname AS name FROM pg_type
                WHERE typnamespace = 'public'::regnamespace AND typname LIKE 'procrastinate%'
                AND typtype IN ('e', 'c') LOOP
                EXECUTE format('DROP TYPE IF EXISTS %I CASCADE', found.name);
            END LOOP;
        END $$
        """
    )
