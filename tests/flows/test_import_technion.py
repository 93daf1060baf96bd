"""A call centre's real days, imported and judged: every count as the independent answers say."""

import collections
import json

import pytest

from promises.compensation.errors import OwnEvidence
from promises.flows import decide_compensation, judge_import
from promises.flows.settle_payouts import settle
from promises.kernel.actors import Role
from promises.ledger.queries import unbalanced_transactions
from promises.payouts.rails.voucher import VOUCHER, VoucherRail
from tests.desk.imports.ground import (
    TECHNION,
    History,
    counts,
    mapping,
    needs_technion,
    technion,
    utc,
)
from tests.factories.catalogue import publish_simple_promise

pytestmark = [pytest.mark.usefixtures("as_application"), needs_technion, pytest.mark.no_cover]

FILES = {
    "sample_1999-03-11": ("sample_1999-03-11.csv", "technion_sample", 2254),
    "feb": ("raw_february.txt.gz", "technion_raw", 33344),
    "jul": ("raw_july.txt.gz", "technion_raw", 39022),
}
BROKEN_LINES = {"jul": [9144, 9238, 12080, 15212, 15390]}
RAILS = {VOUCHER: VoucherRail()}
LONG_AGO = utc("1999-01-01 00:00:00")


def expected(key):
    return json.loads((TECHNION / "expected.json").read_text())[key]


def promise(history, seconds, slug, **terms):
    """One more promise, in force since before the first call."""
    with history.made.work(Role.ADMINISTRATOR) as uow:
        return publish_simple_promise(
            uow.session, organisation_id=history.made.id, now=uow.now, actor=uow.actor,
            valid_from=LONG_AGO, slug=slug, seconds=seconds, **terms,
        )  # fmt: skip


def figures(history, promise_id):
    found = history.rows(
        "SELECT state, reason, count(*)::int AS n FROM commitments"
        " WHERE promise_id = %(promise_id)s GROUP BY state, reason",
        promise_id=promise_id,
    )
    by_reason = collections.Counter({(row.state, row.reason): row.n for row in found})
    return {
        "kept": by_reason.pop(("kept", "in_time"), 0),
        "broken_served_late": by_reason.pop(("broken", "too_late"), 0),
        "broken_left_after_limit": by_reason.pop(("broken", "left_after_limit"), 0),
        "left_before_limit_undecided": by_reason.pop(("excluded", "left_before_limit"), 0),
    }, dict(by_reason)


@pytest.mark.parametrize(
    "key",
    [
        "sample_1999-03-11",
        pytest.param("feb", marks=pytest.mark.slow),
        pytest.param("jul", marks=pytest.mark.slow),
    ],
)
def test_real_calls_are_judged_exactly_at_seven_limits(key):
    name, form, lines = FILES[key]
    answers = expected(key)
    history = History(time_zone="Asia/Jerusalem")
    limits = {
        int(seconds): promise(history, int(seconds), f"within-{seconds}")
        for seconds in answers["promise_served_within_seconds"]
    }
    row = history.bring(technion(name), mapping(form), name=name)

    asked, broken = answers["asked_for_agent"], BROKEN_LINES.get(key, [])
    assert counts(row) == (lines, asked, 0, 0, len(broken), lines - asked - len(broken))
    assert history.problems(row.id) == [(line, "field_count", None) for line in broken]
    outcomes = dict(history.rows("SELECT state, count(*)::int FROM tickets GROUP BY state"))
    assert outcomes == {
        "served": answers["outcome"]["served"],
        "left": answers["outcome"]["abandoned_queue"],
    }
    waits = history.one(
        "SELECT min(waited_us) / 1000000 AS least, max(waited_us) / 1000000 AS most,"
        " round(avg(waited_us) / 1000000, 3)::float AS mean FROM tickets"
    )
    asking = answers["hold_s_all_asking"]
    assert (waits.least, waits.most) == (asking["min"], asking["max"])
    assert waits.mean == pytest.approx(asking["mean"], abs=0.001)

    assert len(limits) == 7
    for seconds, published in limits.items():
        found, others = figures(history, published.promise_id)
        answer = answers["promise_served_within_seconds"][str(seconds)]
        assert found == {name: answer[name] for name in found}
        assert others == {}

    before = history.one("SELECT count(*)::int AS n FROM breaches").n
    again = history.bring(technion(name), mapping(form), name=name)
    assert counts(again) == (lines, 0, asked, 0, len(broken), lines - asked - len(broken))
    assert history.one("SELECT count(*)::int AS n FROM tickets").n == asked
    assert history.one("SELECT count(*)::int AS n FROM breaches").n == before


def test_worst_day_owes_3730_euros_and_pays_only_after_a_second_person():
    name, form, _ = FILES["sample_1999-03-11"]
    history = History(time_zone="Asia/Jerusalem")
    promise(history, 300, "within-300")
    history.bring(technion(name), mapping(form), name=name, role=Role.ADMINISTRATOR)

    owed = history.rows("SELECT id, state, holds, amount_minor FROM compensations")
    assert len(owed) == 373 == history.one("SELECT count(*)::int AS n FROM breaches").n
    assert sum(one.amount_minor for one in owed) == 373_000
    assert {(one.state, "history" in one.holds) for one in owed} == {("owed", True)}
    assert settle(history.made.id, RAILS) == 0
    assert vouchers(history) == (0, None)

    ids = [one.id for one in owed]
    with pytest.raises(OwnEvidence), history.made.work(Role.ADMINISTRATOR) as uow:
        decide_compensation.approve(uow, compensation_ids=ids)
    assert settle(history.made.id, RAILS) == 0
    with history.made.work(Role.MANAGER) as uow:
        assert decide_compensation.approve(uow, compensation_ids=ids) == 373
    while settle(history.made.id, RAILS):
        pass
    assert vouchers(history) == (373, 373_000)
    assert settle(history.made.id, RAILS) == 0


def vouchers(history):
    return tuple(history.one("SELECT count(*)::int, sum(amount_minor)::int FROM vouchers"))


def test_import_taken_back_owes_nothing_until_it_is_brought_again():
    name, form, _ = FILES["sample_1999-03-11"]
    history = History(time_zone="Asia/Jerusalem")
    published = promise(history, 300, "within-300")
    row = history.bring(technion(name), mapping(form), name=name, role=Role.ADMINISTRATOR)
    assert history.take_back(row.id) == 2112

    states = history.rows("SELECT DISTINCT state, reason FROM commitments")
    assert [tuple(one) for one in states] == [("excluded", "import_taken_back")]
    assert history.rows("SELECT DISTINCT state FROM compensations")[0].state == "cancelled"
    balances = history.rows(
        "SELECT account_code, sum(amount_minor)::int AS n FROM ledger_entries GROUP BY account_code"
    )
    assert {one.n for one in balances} == {0}
    with history.made.work(None) as uow:
        assert unbalanced_transactions(uow.session, organisation_id=history.made.id) == []

    again = history.bring(technion(name), mapping(form), name=name, role=Role.ADMINISTRATOR)
    assert again.rows_added == 2112
    found, others = figures(history, published.promise_id)
    assert found["kept"] == 945
    assert others == {("excluded", "import_taken_back"): 2112}
    owed = history.one(
        "SELECT count(*)::int AS n, sum(amount_minor)::int AS minor FROM compensations"
        " WHERE state = 'owed'"
    )
    assert tuple(owed) == (373, 373_000)


def test_import_with_money_on_its_way_stays():
    name, form, _ = FILES["sample_1999-03-11"]
    history = History(time_zone="Asia/Jerusalem")
    promise(history, 900, "within-900")
    row = history.bring(technion(name), mapping(form), name=name, role=Role.ADMINISTRATOR)
    owed = [one.id for one in history.rows("SELECT id FROM compensations")]
    assert len(owed) == 11
    with history.made.work(Role.MANAGER) as uow:
        decide_compensation.approve(uow, compensation_ids=owed[:1])
    before = history.rows("SELECT id, state, version FROM tickets ORDER BY id")
    with pytest.raises(judge_import.ImportPaid):
        history.take_back(row.id)
    assert history.rows("SELECT id, state, version FROM tickets ORDER BY id") == before
    assert history.one("SELECT state FROM imports").state == "done"
