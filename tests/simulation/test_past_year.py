"""The year before, as files of the old machines: the same each time, with its seasons, and judged
without a payment."""

import csv
import datetime as dt
import io
from collections import Counter

import pytest

from config import load_config
from promises.db import sql
from promises.identity import keys
from promises.kernel.actors import SYSTEM
from promises.payouts.rails.voucher import VOUCHER, VoucherRail
from promises.simulation.acts import Acts
from promises.simulation.bank import BRANCHES, Branch
from promises.simulation.past_year import Span, bring_in, file_of
from promises.simulation.seed import Seeded, seed_demo
from promises.simulation.setup import find_bank
from tests.conftest import bare_app, dispose, make_database

RAILS = {VOUCHER: VoucherRail()}
YEAR = Span(dt.date(2025, 3, 1), dt.date(2026, 3, 1))

FIGURES = """
SELECT count(*) FILTER (WHERE t.import_id IS NOT NULL)::int AS imported,
    count(*) FILTER (WHERE t.import_id IS NOT NULL AND v.applied_to_history)::int AS judged,
    count(*) FILTER (WHERE t.import_id IS NULL AND v.applied_to_history)::int AS mixed
FROM tickets t
LEFT JOIN commitments c ON c.organisation_id = t.organisation_id AND c.ticket_id = t.id
LEFT JOIN promise_versions v ON v.organisation_id = c.organisation_id AND v.id = c.version_id
WHERE t.organisation_id = %(organisation_id)s AND t.kind = 'visit'
"""

MONEY = """
SELECT k.state, count(*)::int AS n
FROM compensations k
JOIN tickets t ON t.organisation_id = k.organisation_id AND t.id = k.ticket_id
WHERE k.organisation_id = %(organisation_id)s AND t.import_id IS NOT NULL
GROUP BY 1
"""


def rows_of(place=0):
    branch = Branch(None, BRANCHES[place], {}, ())
    return list(csv.DictReader(io.StringIO(file_of(branch, YEAR, 1)), delimiter=";"))


def late_share(rows):
    waits = [
        dt.datetime.fromisoformat(row["started"]) - dt.datetime.fromisoformat(row["arrived"])
        for row in rows
        if row["started"]
    ]
    return sum(wait > dt.timedelta(minutes=15) for wait in waits) / len(waits)


def test_file_of_a_year_is_the_same_each_time_and_has_its_seasons():
    rows = rows_of()
    assert rows == rows_of()
    months = Counter(row["arrived"][:7] for row in rows)
    assert months["2025-07"] < months["2025-12"] * 0.75
    paydays = [row for row in rows if row["arrived"][8:10] in ("15", "30")]
    assert late_share(paydays) > late_share(rows) * 1.2
    better = [row for row in rows if row["arrived"] >= "2026-01"]
    assert late_share(better) < late_share(rows) / 2


@pytest.fixture(scope="module")
def seeded(server):
    keys.configure(load_config().secret_key)
    database = make_database(server)
    app = bare_app(database.app_url)
    with app.app_context():
        yield seed_demo(RAILS, days=1, months=1)
    dispose(app)
    server.drop_database(database.name)


def test_past_is_imported_judged_and_never_paid(seeded):
    bank = find_bank()
    acts = Acts(bank.organisation_id, RAILS)
    with acts.work(SYSTEM) as uow:
        tenant = {"organisation_id": uow.organisation_id}
        figures = sql.one(uow.session, FIGURES, tenant)
        money = {row.state: row.n for row in sql.rows(uow.session, MONEY, tenant)}
    assert seeded.imported == figures.imported == figures.judged > 500
    assert figures.mixed == 0
    assert set(money) <= {"refused", "nothing_owed"} and money["refused"] > 5
    assert seed_demo(RAILS, days=1, months=1) == Seeded(0, 0)
    span = Span(dt.date(2025, 3, 1), dt.date(2025, 3, 3))
    assert bring_in(acts, bank, span, 1) == 0
