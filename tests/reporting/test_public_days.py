"""The kept count of cases by day never differs from the cases."""

import datetime as dt

import pytest
from sqlalchemy import update

from promises.breaches import day_counts as kept
from promises.breaches.models import Breach, Commitment
from promises.desk.models import ServiceEvent
from promises.flows.count_days import count_days
from promises.kernel.actors import Role
from promises.kernel.ids import new_id
from promises.kernel.zones import local_date
from promises.reporting.public_counts import day_counts, earlier_days
from tests.catalogue.ground import make_ground
from tests.reporting.cases import Case, Cases

pytestmark = pytest.mark.usefixtures("as_application")

DAY = dt.timedelta(days=1)
WAIT = dt.timedelta(minutes=5)


@pytest.fixture
def bank(monkeypatch):
    """Sixty days of cases, counted; from here on only what changes is looked at."""
    ground = make_ground()
    with ground.made.work(Role.MANAGER) as uow:
        today = local_date(uow.now, "Europe/Helsinki")
        cases = Cases(uow, ground)
        stored = cases.add(
            *[Case(today - n * DAY, "kept", WAIT) for n in range(60)],
            *[Case(today - n * DAY, "broken", WAIT * 9, money="owed") for n in range(3, 60, 9)],
            Case(today - 7 * DAY, "excluded", evidence="imported"),
        )
    with ground.made.work(None) as uow:
        assert count_days(uow) == 58
    monkeypatch.setattr(kept, "SLACK", dt.timedelta(0))
    with ground.made.work(None) as uow:
        count_days(uow)
    return ground, today, stored, cases.promise


def compare(ground, today):
    """Both ways of counting, and which days were counted anew."""
    tenant = {"organisation_id": ground.organisation_id}
    before = today - DAY
    with ground.made.work(None) as uow:
        mark = kept.mark_of(uow.session, **tenant)
        changed = kept.changed_days(uow.session, **tenant, mark=mark, before=before)
        read = earlier_days(uow.session, **tenant, promise_ids=None, before=before)
        counted = day_counts(uow.session, **tenant, promise_ids=None, to_on=before - DAY)
    assert read == counted
    return changed


def test_unchanged_days_are_read_and_not_counted(bank):
    ground, today, _, _ = bank
    assert compare(ground, today) == []
    with ground.made.work(None) as uow:
        assert count_days(uow) == 0


def set_state(uow, stored, state, **more):
    uow.session.execute(
        update(Commitment)
        .where(
            Commitment.organisation_id == uow.organisation_id,
            Commitment.id == stored.commitment_id,
        )
        .values(state=state, reason=more.pop("reason", "no_show"), **more)
    )


def decided(uow, stored, cases):
    """As an annulment, an import that is taken back, the clock."""
    set_state(uow, stored, "excluded", decided_at=uow.now)


def broken_by_late_word(uow, stored, cases):
    """The first decision's time stays; the breach is new."""
    set_state(uow, stored, "broken", reason="too_late")
    common = {name: getattr(cases.promise, name) for name in ("promise_id", "version_id")}
    uow.session.add(Breach(
        organisation_id=uow.organisation_id, id=new_id(), commitment_id=stored.commitment_id,
        ticket_id=stored.ticket_id, branch_id=cases.ground.branch_id, day_on=stored.case.day_on,
        breached_at=uow.now, detected_at=uow.now, found_by="event", evidence="unverified", **common,
    ))  # fmt: skip


def left_by_late_word(uow, stored, cases):
    """The first decision's time stays; the event is new."""
    set_state(uow, stored, "excluded", reason="left_before_limit")
    uow.session.add(ServiceEvent(
        organisation_id=uow.organisation_id, id=new_id(), ticket_id=stored.ticket_id, kind="left",
        source="desk", occurred_at=stored.started_at, recorded_at=uow.now, verified=False,
        actor_kind="system", ticket_version=2,
    ))  # fmt: skip


def added(uow, stored, cases):
    """As an import of the past."""
    Cases.add(cases, Case(stored.case.day_on, "broken", WAIT * 9, evidence="imported"))


@pytest.mark.parametrize("change", [decided, broken_by_late_word, left_by_late_word, added])
def test_change_of_a_past_day_shows_at_once_and_is_counted_in_the_next_round(bank, change):
    ground, today, stored, promise = bank
    chosen = stored[20]
    with ground.made.work(Role.MANAGER) as uow:
        cases = Cases.__new__(Cases)
        cases.uow, cases.ground, cases.promise = uow, ground, promise
        change(uow, chosen, cases)
    assert compare(ground, today) == [chosen.case.day_on]
    with ground.made.work(None) as uow:
        assert count_days(uow) == 1
    assert compare(ground, today) == []


def test_day_that_has_just_become_past_is_counted_until_a_round_was_made(bank):
    ground, today, _, _ = bank
    assert compare(ground, today + DAY) == [today - DAY]
