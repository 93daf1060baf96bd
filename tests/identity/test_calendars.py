"""Opening hours are versions that stay; what is prepared follows the newest."""

import datetime as dt
import threading

import pytest

from promises.identity import branches, calendars, queries
from promises.identity.branches import BranchSettings
from promises.kernel.errors import NotFound, Refused
from promises.kernel.hours import CalendarSpec
from tests.factories.identity import make_organisation

NOON = dt.datetime(2026, 5, 4, 9, 0, tzinfo=dt.UTC)  # a Monday, noon in Helsinki


@pytest.fixture
def made(as_application):
    return make_organisation()


def set_hours(made, spec, **more):
    with made.work() as uow:
        return calendars.set_opening_hours(
            uow.session, organisation_id=made.id, actor=uow.actor, now=uow.now,
            calendar_id=made.branch.calendar_id, spec=spec, **more,
        )  # fmt: skip


def prepared(made, now=None):
    with made.work() as uow:
        return calendars.prepared_calendar(
            uow.session, organisation_id=made.id, calendar_id=made.branch.calendar_id, now=now
        )


def spec(*windows, zone="Europe/Helsinki", exceptions=None):
    return CalendarSpec((windows,) * 7, zone, exceptions or {})


def test_each_change_is_a_version_and_the_same_hours_add_none(made):
    first = set_hours(made, spec((540, 720)))
    assert set_hours(made, spec((540, 720))) == first
    assert set_hours(made, spec((540, 720), (780, 990))) == first + 1
    with made.work() as uow:
        numbers = uow.session.connection().exec_driver_sql(
            "SELECT number FROM calendar_versions ORDER BY number"
        ).scalars().all()  # fmt: skip
    assert numbers == list(range(1, first + 2))


def test_prepared_hours_follow_a_new_version_at_once(made):
    set_hours(made, spec((540, 720)))
    assert not prepared(made, NOON).is_open(NOON + dt.timedelta(hours=2))
    set_hours(made, spec((540, 900)))
    assert prepared(made, NOON).is_open(NOON + dt.timedelta(hours=2))
    assert prepared(made, NOON) is prepared(made, NOON)


def test_prepared_hours_lie_around_the_given_time(made):
    long_ago = dt.datetime(1999, 3, 11, 9, 0, tzinfo=dt.UTC)
    assert prepared(made, long_ago).is_open(long_ago)
    assert prepared(made, NOON).is_open(NOON)


def test_a_new_branch_is_closed_on_the_holidays_of_its_country(made):
    with made.work() as uow:
        common = {"organisation_id": made.id, "actor": uow.actor}
        now = dt.datetime(2026, 5, 4, 9, 0, tzinfo=dt.UTC)
        branch = branches.add_branch(
            uow.session, **common, now=now,
            settings=BranchSettings(name="Göteborg", time_zone="Europe/Stockholm"),
        )  # fmt: skip
        hours = calendars.stored_hours(
            uow.session, organisation_id=made.id, calendar_id=branch.calendar_id
        )
    assert branch.slug == "goteborg"
    assert hours.spec.exceptions[dt.date(2026, 6, 6)] == ()
    assert hours.notes["2026-06-06"] == "Nationaldagen"
    assert dt.date(2028, 12, 25) in hours.spec.exceptions
    assert dt.date(2029, 12, 25) not in hours.spec.exceptions


def test_a_moved_branch_keeps_its_hours_on_other_clocks(made):
    set_hours(made, spec((540, 720)))
    with made.work() as uow:
        branches.change_branch(
            uow.session, organisation_id=made.id, actor=uow.actor, now=uow.now,
            branch_id=made.branch_id,
            settings=BranchSettings(name="Branch 1", time_zone="Europe/Lisbon"),
        )  # fmt: skip
    calendar = prepared(made, NOON)
    assert calendar.spec.zone == "Europe/Lisbon"
    assert calendar.is_open(dt.datetime(2026, 5, 4, 8, 0, tzinfo=dt.UTC))
    assert not calendar.is_open(dt.datetime(2026, 5, 4, 7, 59, tzinfo=dt.UTC))


def test_holidays_of_an_unknown_country_are_refused(made):
    with made.work() as uow, pytest.raises(Refused):
        calendars.seed_holidays(
            uow.session, organisation_id=made.id, actor=uow.actor, now=uow.now,
            calendar_id=made.branch.calendar_id, country="XX", years=[2026],
        )  # fmt: skip


def test_a_calendar_of_another_organisation_does_not_exist(made):
    other = make_organisation()
    foreign = other.branch.calendar_id
    with made.work() as uow:
        for call in (calendars.prepared_calendar, calendars.stored_hours):
            with pytest.raises(NotFound):
                call(uow.session, organisation_id=made.id, calendar_id=foreign)
        with pytest.raises(NotFound):
            calendars.set_opening_hours(
                uow.session, organisation_id=made.id, actor=uow.actor, now=uow.now,
                calendar_id=foreign, spec=spec((0, 60)),
            )  # fmt: skip


def test_two_changes_at_once_are_two_versions(made, as_application):
    before = prepared(made)
    errors = []

    def work(minute):
        try:
            with as_application.app_context():
                set_hours(made, spec((540, 720 + minute)))
        except Exception as error:  # noqa: BLE001 -- shown by the test
            errors.append(error)

    threads = [threading.Thread(target=work, args=(minute,)) for minute in range(1, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with made.work() as uow:
        count = uow.session.connection().exec_driver_sql(
            "SELECT count(*) FROM calendar_versions"
        ).scalar_one()  # fmt: skip
    assert count == 2 + 5
    assert prepared(made) is not before


def test_services_of_a_branch_are_set_as_a_whole(made):
    with made.work() as uow:
        common = {"organisation_id": made.id, "actor": uow.actor, "now": uow.now}
        extra = branches.add_service_kind(
            uow.session, **common, letter="ZZ", names={"fi": "Lainat"}
        )
        branches.set_branch_services(
            uow.session, **common, branch_id=made.branch_id, service_kind_ids=[extra.id]
        )
        found = queries.service_kinds_of_branch(
            uow.session, organisation_id=made.id, branch_id=made.branch_id
        )
        assert [kind.id for kind in found] == [extra.id]
        assert queries.service_name(extra, "sv") == "Lainat"
        branches.change_service_kind(
            uow.session, **common, service_kind_id=extra.id, names={"fi": "Lainat"}, closed=True
        )
        assert (
            queries.service_kinds_of_branch(
                uow.session, organisation_id=made.id, branch_id=made.branch_id
            )
            == []
        )
