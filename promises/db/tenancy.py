"""Row-level security and privileges, as SQL, derived from the tables' own `info`.

Each tenant table has one policy: a row exists only inside a transaction whose
`app.organisation_id` is the row's. With none set there is nothing to see and nothing to write.
The policies are forced, so they bind the owner as well. No role has BYPASSRLS: managed servers
refuse it. The worker finds organisations with something due by a select-only policy that holds
only while no organisation is set, so inside a tenant it sees no more than anyone else.
"""

from collections.abc import Iterable

from sqlalchemy import Table

from promises.db.base import Access, Base

_CURRENT = "(SELECT nullif(current_setting('app.organisation_id', true), '')::uuid)"

WORKER_LOOKS_AT = ("commitments", "matters", "messages", "payouts", "rail_settings", "tickets")
"""Tables in which the worker, outside any organisation, may look for what is due."""

_GRANTS = {
    Access.APPEND: "SELECT, INSERT",
    Access.CHANGE: "SELECT, INSERT, UPDATE",
    Access.REMOVE: "SELECT, INSERT, UPDATE, DELETE",
}


def policy_statements(table: str) -> list[str]:
    """For a migration: put a tenant table under its forced policy."""
    return [
        f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY',
        f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY',
        f'CREATE POLICY tenant ON "{table}" USING (organisation_id = {_CURRENT}) '
        f"WITH CHECK (organisation_id = {_CURRENT})",
    ]


def worker_policy_statements(table: str, worker_role: str) -> list[str]:
    """For each upgrade: let the worker look for what is due while it is in no organisation."""
    return [
        f'DROP POLICY IF EXISTS worker_looks ON "{table}"',
        f'CREATE POLICY worker_looks ON "{table}" FOR SELECT TO "{worker_role}" '
        f"USING ({_CURRENT} IS NULL)",
    ]


def job_policy_statements(app_role: str, worker_role: str) -> list[str]:
    """The queue's tables: the application may only defer for its own organisation; the worker
    runs everybody's jobs."""
    statements = [
        "ALTER TABLE procrastinate_jobs ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE procrastinate_jobs FORCE ROW LEVEL SECURITY",
        "DROP POLICY IF EXISTS tenant ON procrastinate_jobs",
        f'CREATE POLICY tenant ON procrastinate_jobs TO "{app_role}" '
        f"USING ((args ->> 'organisation_id')::uuid = {_CURRENT}) "
        f"WITH CHECK ((args ->> 'organisation_id')::uuid = {_CURRENT})",
        "DROP POLICY IF EXISTS worker_runs ON procrastinate_jobs",
        f'CREATE POLICY worker_runs ON procrastinate_jobs TO "{worker_role}" '
        "USING (true) WITH CHECK (true)",
    ]
    for table in ("procrastinate_jobs", "procrastinate_events"):
        statements.append(f'GRANT SELECT, INSERT ON {table} TO "{app_role}"')
    for table in (
        "procrastinate_jobs",
        "procrastinate_events",
        "procrastinate_periodic_defers",
        "procrastinate_workers",
    ):
        statements.append(f'GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO "{worker_role}"')
    return statements


def privilege_statements(app_role: str, worker_role: str) -> list[str]:
    """For each upgrade: exactly the privileges that the tables' `info` names, and no others."""
    both = f'"{app_role}", "{worker_role}"'
    statements = [f"GRANT USAGE ON SCHEMA public TO {both}"]
    for table in tables():
        access: Access = table.info["access"]
        statements.append(f'REVOKE ALL ON "{table.name}" FROM {both}')
        statements.append(f'GRANT {_GRANTS[access]} ON "{table.name}" TO {both}')
    for name in WORKER_LOOKS_AT:
        statements += worker_policy_statements(name, worker_role)
    statements.append(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {both}")
    statements += job_policy_statements(app_role, worker_role)
    return statements


def tables() -> Iterable[Table]:
    return Base.metadata.sorted_tables


def tenant_tables() -> list[str]:
    return [table.name for table in tables() if table.info["tenant"]]
