"""A call centre's February against a promise of seven limits: the independent answers, at once."""

import dataclasses
import json

import pytest

from promises.db.session import inject_clock
from promises.kernel.actors import Role
from promises.reporting.backtests import Span, backtest
from tests.desk.imports.ground import (
    TECHNION,
    History,
    mapping,
    needs_technion,
    technion,
    utc,
)
from tests.factories.catalogue import simple_terms

pytestmark = [pytest.mark.usefixtures("as_application"), needs_technion]

FILES = {
    "sample_1999-03-11": ("sample_1999-03-11.csv", "technion_sample"),
    "feb": ("raw_february.txt.gz", "technion_raw"),
}


@pytest.mark.parametrize("key", ["sample_1999-03-11", pytest.param("feb", marks=pytest.mark.slow)])
def test_seven_limits_in_one_request_give_the_independent_answers(key):
    name, form = FILES[key]
    answers = json.loads((TECHNION / "expected.json").read_text())[key]
    history = History(time_zone="Asia/Jerusalem")
    with inject_clock(lambda: utc("2026-03-01 12:00:00")):
        row = history.bring(technion(name), mapping(form), name=name)
    by_limit = answers["promise_served_within_seconds"]
    with history.made.work(Role.MANAGER) as uow:
        found = backtest(
            uow.session,
            organisation_id=history.made.id,
            now=uow.now,
            terms=simple_terms(seconds=300),
            span=Span(import_id=row.id),
            limits=[int(seconds) for seconds in by_limit],
        )
    assert found.days == answers["days"]
    assert len(found.curve) == 7
    for point in found.curve:
        answer = by_limit[str(point.limit_seconds)]
        counts = dataclasses.asdict(point.counts)
        assert counts["kept"] == answer["kept"]
        late = answer["broken_served_late"] + answer["broken_left_after_limit"]
        assert counts["broken"] == counts["owed"] == late
        assert counts["excluded"] == answer["left_before_limit_undecided"]
        assert counts["open"] == 0
        assert float(point.counts.rate.share) == pytest.approx(
            answer["kept_rate_excluding_undecided"], abs=1e-6
        )
    promised = by_limit["300"]
    assert found.leavers.before_limit == promised["left_before_limit_undecided"]
    assert found.leavers.after_limit == promised["broken_left_after_limit"]
    assert (found.interval is None) == (answers["days"] == 1)
