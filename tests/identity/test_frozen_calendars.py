"""Calendars for judging: by the name that terms use, as they were when the case began."""

import datetime as dt

import pytest

from promises.identity import calendars, new_calendars
from promises.identity.errors import CalendarUnknown, HoursChanged, NameTaken
from promises.kernel.actors import Role
from promises.kernel.errors import Refused
from promises.kernel.hours import CalendarSpec
from tests.factories.identity import make_organisation

WEEKDAYS = (*((((0, 1440),),) * 5), (), ())
DAY = dt.timedelta(days=1)


@pytest.fixture
def made(as_application):
    return make_organisation(branches=2)


def create(made, name="Business days", zone="Europe/Helsinki"):
    with made.work(Role.ADMINISTRATOR) as uow:
        return new_calendars.create_calendar(
            uow.session, organisation_id=made.id, actor=uow.actor, now=uow.now, name=name,
            time_zone=zone, weekly=WEEKDAYS,
        )  # fmt: skip


def change(made, calendar_id, *, now, closed=(), expected=None):
    with made.work(Role.ADMINISTRATOR) as uow:
        spec = CalendarSpec(WEEKDAYS, "Europe/Helsinki", dict.fromkeys(closed, ()))
        return calendars.set_opening_hours(
            uow.session, organisation_id=made.id, actor=uow.actor, now=now,
            calendar_id=calendar_id, spec=spec, expected=expected,
        )  # fmt: skip


def wanted(made, *names, at, now=None, branch_id=None):
    with made.work() as uow:
        return calendars.calendars_for(
            uow.session, organisation_id=made.id, names=names, branch_id=branch_id, at=at,
            now=now or at,
        )  # fmt: skip


def test_a_later_edit_moves_no_old_deadline(made):
    made_at = create(made).created_at
    day = (made_at + 40 * DAY).date()
    with made.work() as uow:
        calendar = calendars.calendar_names(uow.session, made.id)[0]
    assert (calendar.slug, calendar.name, calendar.of_branch) == (
        "business-days", "Business days", False
    )  # fmt: skip
    edited_at = made_at + 10 * DAY
    change(made, calendar.id, now=edited_at, closed=[day + n * DAY for n in range(5)])
    before = wanted(made, "business-days", at=edited_at - dt.timedelta(microseconds=1))
    same = wanted(made, "business-days", at=edited_at)
    assert before["business-days"].open_days_between(day - DAY, day + 4 * DAY) > 0
    assert same["business-days"].open_days_between(day - DAY, day + 4 * DAY) == 0
    long_ago = wanted(made, "business-days", at=made_at - 400 * DAY)
    assert long_ago["business-days"].spec == before["business-days"].spec


def test_branch_is_the_calendar_of_the_branch_and_the_same_by_slug(made):
    with made.work() as uow:
        now = uow.now
        slugs = {one.id: one.slug for one in calendars.calendar_names(uow.session, made.id)}
    second = made.branches[1]
    slug = slugs[second.calendar_id]
    found = wanted(made, "branch", slug, at=now, branch_id=second.id)
    assert found["branch"] is found[slug]
    assert wanted(made, at=now) == {}


def test_frozen_calendars_are_worked_out_once_and_reach_to_the_present(made):
    at = create(made).created_at
    first = wanted(made, "business-days", at=at)["business-days"]
    assert wanted(made, "business-days", at=at + dt.timedelta(minutes=1))["business-days"] is first
    assert (first.from_date, first.to_date) == (
        dt.date(at.year - 2, 1, 1), dt.date(at.year + 6, 12, 31)
    )  # fmt: skip
    late = wanted(made, "business-days", at=at, now=at + 4000 * DAY)["business-days"]
    assert late.to_date.year == (at + 4000 * DAY).year + 1
    very_late = wanted(made, "business-days", at=at, now=at + 40000 * DAY)["business-days"]
    assert very_late.to_date.year == at.year + 36


@pytest.mark.parametrize("name", ["holidays", "branch", "BUSINESS-DAYS"])
def test_a_name_that_nothing_has_is_refused_by_name(made, name):
    at = create(made).created_at
    with pytest.raises(CalendarUnknown) as refusal:
        wanted(made, "business-days", name, at=at)
    assert refusal.value.params == {"name": name}


def test_calendars_of_another_organisation_are_unknown(made):
    at = create(made).created_at
    other = make_organisation()
    with pytest.raises(CalendarUnknown):
        wanted(other, "business-days", at=at)
    with pytest.raises(CalendarUnknown):
        wanted(other, "branch", at=at, branch_id=made.branch_id)


def test_slugs_keep_apart_and_leave_the_reserved_name_free(made):
    slugs = [create(made, name).slug for name in ("Päivät", "paivat", "Paivat!", "Branch", "全")]
    assert slugs == ["paivat", "paivat-2", "paivat-3", "opening-hours", "opening-hours-2"]


def test_a_second_calendar_of_the_name_and_an_unknown_zone_are_refused(made):
    create(made)
    with pytest.raises(NameTaken):
        create(made, " Business days ")
    with pytest.raises(Refused):
        create(made, "Other", zone="Europe/Nowhere")
    with pytest.raises(Refused):
        create(made, "  ")
    with made.work() as uow:
        assert len(calendars.calendar_names(uow.session, made.id)) == 3


def test_the_second_of_two_edits_on_one_version_is_refused_and_changes_nothing(made):
    calendar = create(made)
    at = calendar.created_at
    first, second = dt.date(at.year + 1, 5, 4), dt.date(at.year + 1, 5, 5)
    assert change(made, calendar.id, now=at, closed=[first], expected=1) == 2
    with pytest.raises(HoursChanged) as refusal:
        change(made, calendar.id, now=at, closed=[second], expected=1)
    assert refusal.value.params == {"expected": 1, "found": 2}
    with made.work() as uow:
        hours = calendars.stored_hours(
            uow.session, organisation_id=made.id, calendar_id=calendar.id
        )
    assert (hours.number, list(hours.spec.exceptions)) == (2, [first])
