"""What gives customers less is announced in time, with a reason; what gives more holds at once."""

import datetime as dt

import pytest
from sqlalchemy.exc import IntegrityError

from promises.catalogue.errors import DraftRefused, FollowedByLess, NoticeTooShort
from promises.catalogue.notice_points import Point, worse_points
from promises.catalogue.queries import list_versions
from promises.flows.decide_proposal import publish
from promises.flows.end_promise import end_promise
from promises.kernel.actors import Role
from promises.kernel.ids import new_id
from promises.rules.terms import parse_terms
from tests.factories.catalogue import new_version, simple_terms
from tests.flows.ground import TICK, World
from tests.flows.guarantees import ANSWERED_IN_TWO_DAYS

pytestmark = pytest.mark.usefixtures("as_application")

DAY = dt.timedelta(days=1)
REASONS = {"fi": "Kassoja on yksi vähemmän.", "en": "There is one desk less."}
A, B = new_id(), new_id()
CUSTOMER = {"per_customer": {"count": 10, "period": "month"}}


def caps(**given):
    return {"caps": given}


@pytest.mark.parametrize(
    ("before", "after", "points"),
    [
        ({}, {}, []),
        ({}, {"seconds": 901}, [Point.LIMIT]),
        ({}, {"seconds": 899}, []),
        ({"boundary": "exclusive"}, {}, [Point.LIMIT]),
        ({}, {"boundary": "exclusive"}, []),
        ({}, {"amount_minor": 999}, [Point.AMOUNT]),
        ({}, {"amount_minor": 1001}, []),
        ({}, {"to": "called"}, [Point.CLOCK]),
        ({"to": "called"}, {}, []),
        ({}, {"after_limit": "not_owed"}, [Point.LEAVERS]),
        ({"after_limit": "not_owed"}, {}, []),
        ({}, {"before_limit": "kept"}, [Point.COUNTING]),
        ({}, {"branches": [A]}, [Point.BRANCHES]),
        ({"branches": [A, B]}, {"branches": [B]}, [Point.BRANCHES]),
        ({"branches": [A]}, {"branches": [A, B]}, []),
        ({"branches": [A]}, {}, []),
        ({"service_kinds": [A]}, {"service_kinds": [B]}, [Point.SERVICES]),
        ({"ticket_kinds": ["visit", "callback"]}, {}, [Point.MATTERS]),
        ({}, {"ticket_kinds": ["visit", "callback"]}, []),
        ({}, caps(per_case_minor=500), [Point.CAPS]),
        (caps(per_case_minor=500), {}, []),
        (caps(per_device_day=2), caps(per_device_day=1), [Point.CAPS]),
        (caps(per_branch_day_anonymous=2), caps(per_branch_day_anonymous=3), []),
        ({}, {"caps": CUSTOMER}, [Point.CAPS]),
        ({"caps": CUSTOMER}, caps(per_customer={"count": 10, "period": "day"}), []),
        ({"caps": CUSTOMER}, caps(per_customer={"count": 12, "period": "year"}), [Point.CAPS]),
        ({"caps": CUSTOMER}, caps(per_customer={"count": 9, "period": "month"}), [Point.CAPS]),
        ({"approval_threshold_minor": None}, {"approval_threshold_minor": 0}, []),
        ({}, {"budget_month_minor": 1}, []),
        ({}, {"seconds": 1200, "amount_minor": 500}, [Point.LIMIT, Point.AMOUNT]),
    ],
)
def test_points_in_which_a_customer_gets_less(before, after, points):
    assert list(worse_points(simple_terms(**before), simple_terms(**after))) == points


def test_general_terms_are_equal_only_where_they_are_the_same():
    same = parse_terms(ANSWERED_IN_TWO_DAYS)
    assert (
        worse_points(same, parse_terms(ANSWERED_IN_TWO_DAYS | {"budget_month_minor": 90_000})) == ()
    )
    other = parse_terms(ANSWERED_IN_TWO_DAYS | {"caps": {"per_case_minor": 100}})
    assert worse_points(same, other) == (Point.CAPS,)
    assert worse_points(other, same) == ()
    assert Point.TERMS in worse_points(same, simple_terms())
    assert Point.TERMS in worse_points(simple_terms(), same)


@pytest.fixture
def world():
    return World()


def publish_next(world, *, waits=0 * DAY, reasons=None, **terms):
    with world.work(Role.MANAGER) as uow:
        return publish(
            uow,
            version=new_version(
                uow.now,
                promise_id=world.published.promise_id,
                terms=simple_terms(**terms),
                valid_from=uow.now + waits,
                change_reasons=reasons or {},
            ),
        )


def numbers(world):
    with world.work() as uow:
        found = list_versions(
            uow.session, organisation_id=world.made.id, promise_id=world.published.promise_id
        )
    return [one.number for one in found]


def test_version_that_gives_more_holds_at_once_and_needs_no_reason(world):
    publish_next(world, seconds=600)
    assert numbers(world) == [2, 1]
    assert [row.worse for row in world.rows("SELECT worse FROM promise_changes")] == [[]]


@pytest.mark.parametrize(
    ("waits", "reasons", "refused"),
    [
        (0 * DAY, REASONS, NoticeTooShort),
        (DAY - TICK, REASONS, NoticeTooShort),
        (DAY, {}, DraftRefused),
        (DAY, {"fi": " "}, DraftRefused),
    ],
)
def test_version_that_gives_less_without_notice_or_reason_is_refused(
    world, waits, reasons, refused
):
    with pytest.raises(refused):
        publish_next(world, waits=waits, reasons=reasons, seconds=1200)
    assert numbers(world) == [1]
    assert world.rows("SELECT 1 FROM promise_changes") == []


def test_announced_version_says_what_is_less_and_why(world):
    made = publish_next(world, waits=DAY, reasons=REASONS, seconds=1200)
    row = world.one("SELECT * FROM promise_changes")
    assert (row.version_id, row.worse, row.reasons) == (made.version_id, ["limit"], REASONS)
    assert (row.announced_at, row.holds_from) == (world.now, world.now + DAY)


def test_organisation_may_ask_for_a_longer_notice_and_never_for_a_shorter_one(world):
    with world.work(None) as uow:
        uow.session.connection().exec_driver_sql("UPDATE organisations SET notice_hours = 72")
    with pytest.raises(NoticeTooShort) as refused:
        publish_next(world, waits=2 * DAY, reasons=REASONS, seconds=1200)
    assert refused.value.params["earliest"] == world.now + 3 * DAY
    publish_next(world, waits=3 * DAY, reasons=REASONS, seconds=1200)
    with pytest.raises(IntegrityError), world.work(None) as uow:
        uow.session.connection().exec_driver_sql("UPDATE organisations SET notice_hours = 23")


def test_database_itself_refuses_less_without_a_day(world):
    made = publish_next(world, seconds=600)
    with pytest.raises(IntegrityError, match="worse_is_announced"), world.work(None) as uow:
        uow.session.connection().exec_driver_sql(
            "INSERT INTO promise_changes (organisation_id, id, promise_id, version_id, worse,"
            " reasons, announced_at, holds_from) SELECT organisation_id, gen_random_uuid(),"
            " promise_id, version_id, '{limit}', '{\"fi\": \"x\"}', announced_at,"
            " announced_at + interval '23 hours 59 minutes' FROM promise_changes"
            f" WHERE version_id = '{made.version_id}'"
        )


def test_two_steps_that_each_look_fine_cannot_hide_a_step_down(world):
    publish_next(world, waits=3 * DAY, seconds=900)
    with pytest.raises(FollowedByLess):
        publish_next(world, seconds=600)
    assert numbers(world) == [2, 1]
    publish_next(world, waits=2 * DAY, reasons=REASONS, seconds=1200)
    assert numbers(world) == [2, 3, 1]


def test_debt_of_the_old_version_is_paid_when_less_holds(world):
    publish_next(world, waits=DAY, reasons=REASONS, seconds=3600, amount_minor=100)
    world.later(days=1, minutes=-20)
    before = world.take()
    world.later(minutes=21)
    world.staff_act()
    after = world.take()
    world.sweep()
    assert world.commitment(before.ticket_id).state == "broken"
    assert world.commitment(after.ticket_id).state == "open"
    assert [row.amount_minor for row in world.compensations()] == [1000]


def test_debt_is_paid_after_the_promise_has_ended(world):
    with world.work(Role.MANAGER) as uow:
        ends_at = end_promise(
            uow, promise_id=world.published.promise_id, ends_at=uow.now + DAY, reasons=REASONS
        )
    world.later(days=1, microseconds=-1)
    before = world.take()
    world.later(microseconds=1)
    assert world.now == ends_at
    world.take()
    world.later(minutes=16)
    world.staff_act()
    world.sweep()
    assert [row.ticket_id for row in world.rows("SELECT ticket_id FROM commitments")] == [
        before.ticket_id
    ]
    assert [row.amount_minor for row in world.compensations()] == [1000]
    row = world.one("SELECT * FROM promise_ends")
    assert (row.reasons, row.ends_at) == (REASONS, ends_at)
    assert row.announced_by == world.made.members[Role.MANAGER]
