"""Files, mappings and runs of imports for tests."""

import datetime as dt
import json
from pathlib import Path

import pytest

from promises.db.sql import one, rows
from promises.desk.imports.actions import Upload
from promises.desk.imports.prepare import Source
from promises.flows import run_import
from promises.kernel.actors import Role
from tests.factories.identity import make_organisation

MAPPINGS = Path(__file__).parent / "mappings"
TECHNION = Path(__file__).parents[4] / "shared" / "data" / "technion"
LETTERS = ("A", "E", "I", "N", "S", "T")

needs_technion = pytest.mark.skipif(
    not TECHNION.is_dir(), reason="the call centre's files are not beside this checkout"
)

SIMPLE = {
    "format": 1,
    "reference": {"columns": ["id"]},
    "outcome": {"otherwise": "served"},
    "service_kind": {"letter": "A"},
    "arrived": {"column": "arrived", "format": "iso"},
    "service_started": {"column": "started", "format": "iso"},
}


def mapping(name):
    return json.loads((MAPPINGS / f"{name}.json").read_text())


def technion(name):
    return (TECHNION / name).read_bytes()


class History:
    """An organisation that imports."""

    def __init__(self, **words):
        self.made = make_organisation(**({"kinds": LETTERS} | words))

    def upload(
        self, content, document=None, *, role=Role.MANAGER, branch_id=None, name="calls.csv"
    ):
        content = content.encode() if isinstance(content, str) else content
        with self.made.work(role) as uow:
            upload = Upload(name, content, branch_id or self.made.branch_id)
            return run_import.stage_upload(uow, upload=upload, document=document or SIMPLE)

    def bring(self, content, document=None, **words):
        """Upload and run; the import as it ended."""
        return run_import.run(self.made.id, self.upload(content, document, **words))

    def look(self, content, document=None, *, most_rows=None):
        content = content.encode() if isinstance(content, str) else content
        with self.made.work(Role.MANAGER) as uow:
            source = Source(self.made.branch_id, document or SIMPLE, content)
            return run_import.preview(uow, source=source, most_rows=most_rows)

    def take_back(self, import_id, role=Role.MANAGER):
        with self.made.work(role) as uow:
            return run_import.take_back(uow, import_id=import_id)

    def rows(self, statement, **params):
        with self.made.work(None) as uow:
            return rows(uow.session, statement, {"organisation_id": self.made.id} | params)

    def one(self, statement, **params):
        with self.made.work(None) as uow:
            return one(uow.session, statement, {"organisation_id": self.made.id} | params)

    def tickets(self):
        return self.rows("SELECT * FROM tickets WHERE state <> 'withdrawn' ORDER BY external_ref")

    def events(self, reference):
        return self.rows(
            "SELECT e.* FROM service_events e JOIN tickets t ON t.id = e.ticket_id"
            " WHERE t.external_ref = %(reference)s ORDER BY e.id",
            reference=reference,
        )

    def problems(self, import_id):
        found = self.rows(
            "SELECT line, code, column_name, params FROM import_problems"
            " WHERE import_id = %(id)s ORDER BY line, code",
            id=import_id,
        )
        return [(row.line, row.code, row.column_name) for row in found]


def counts(row):
    return (row.rows_read, row.rows_added, row.rows_known, row.rows_conflicting, row.rows_refused,
            row.rows_filtered)  # fmt: skip


def utc(text):
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)
