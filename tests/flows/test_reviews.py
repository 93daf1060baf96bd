"""Each quarter somebody says what becomes of a promise; the figures stay as they were seen."""

import datetime as dt

import pytest
from sqlalchemy.exc import ProgrammingError

from promises.flows.end_promise import end_promise
from promises.flows.review_promise import remind_reviews, review_promise
from promises.improvement.errors import NoReviewDue
from promises.improvement.reviews import Quarter, quarter_before, quarter_named, quarter_of
from promises.improvement.reviews_models import ReviewVerdict
from promises.improvement.reviews_queries import list_reviews
from promises.kernel.actors import Role
from promises.kernel.errors import Refused
from promises.reporting.review_debt import bounds, reviews_due
from tests.flows.ground import World

pytestmark = pytest.mark.usefixtures("as_application")

FIRST = Quarter(dt.date(2026, 1, 1), dt.date(2026, 3, 31))
SECOND = Quarter(dt.date(2026, 4, 1), dt.date(2026, 6, 30))
ZONE = "Europe/Helsinki"


@pytest.fixture
def world():
    """A promise in force since the second of March 2026."""
    return World()


def review(world, quarter=FIRST, *, sentence="Kept well.", public=None):
    with world.work(Role.MANAGER) as uow:
        return review_promise(
            uow,
            promise_id=world.published.promise_id,
            quarter=quarter,
            verdict=ReviewVerdict.TIGHTEN,
            sentence=sentence,
            public_texts=public or {},
        )


def due(world, day):
    with world.work() as uow:
        found = reviews_due(uow.session, organisation_id=world.made.id, today=day, zone=ZONE)
    return [(one.quarter, one.late(day)) for one in found]


def test_quarters_are_those_of_the_calendar_year():
    assert [quarter_of(dt.date(2026, month, 28)).from_on.month for month in range(1, 13)] == [
        1, 1, 1, 4, 4, 4, 7, 7, 7, 10, 10, 10,
    ]  # fmt: skip
    assert quarter_of(dt.date(2026, 12, 31)) == Quarter(dt.date(2026, 10, 1), dt.date(2026, 12, 31))
    assert quarter_before(dt.date(2026, 1, 1)).name == "2025-4"
    assert quarter_of(dt.date(2026, 8, 31)).round == "2026Q3"
    assert quarter_named(SECOND.name) == SECOND
    assert [quarter_named(bad) for bad in ("", "2026", "2026-5", "26-1", "0000-1", "٢٠٢٦-1")] == (
        [None] * 6
    )


def test_quarter_begins_and_ends_on_the_clocks_of_the_organisation():
    assert bounds(FIRST, ZONE) == (
        dt.datetime(2025, 12, 31, 22, tzinfo=dt.UTC),
        dt.datetime(2026, 3, 31, 21, tzinfo=dt.UTC),
    )


def test_review_is_due_once_the_quarter_is_over_and_late_after_two_weeks(world):
    assert due(world, dt.date(2026, 3, 31)) == []
    assert due(world, dt.date(2026, 4, 1)) == []  # it held for 29 days of the quarter
    assert due(world, dt.date(2026, 7, 1)) == [(SECOND, False)]
    assert due(world, dt.date(2026, 7, 14)) == [(SECOND, False)]
    assert due(world, dt.date(2026, 7, 15)) == [(SECOND, True)]


def test_review_freezes_the_figures_of_its_quarter(world):
    world.later(days=40)
    world.staff_act()
    broken = world.take()
    world.later(minutes=16)
    world.sweep()
    world.later(days=90)
    review(world, SECOND, public={"fi": "Lupaamme enemmän.", "sv": " "})
    with world.work() as uow:
        (kept,) = list_reviews(uow.session, organisation_id=world.made.id)
    assert (kept.quarter, kept.verdict, kept.sentence) == (SECOND, "tighten", "Kept well.")
    assert kept.public_texts == {"fi": "Lupaamme enemmän."}
    assert (kept.figures["kept"], kept.figures["broken"]) == (0, 1)
    assert kept.figures["money_minor"]["owed"] == 1000
    assert kept.figures["open_seconds"] == 91 * 24 * 3600
    assert kept.reviewed_by == world.made.members[Role.MANAGER]
    assert due(world, dt.date(2026, 7, 20)) == []
    assert world.commitment(broken.ticket_id).state == "broken"
    with pytest.raises(ProgrammingError, match="permission denied"), world.work(None) as uow:
        uow.session.connection().exec_driver_sql("UPDATE promise_reviews SET figures = '{}'")


@pytest.mark.parametrize(
    ("quarter", "sentence", "refused"),
    [(SECOND, "   ", Refused), (SECOND, "x" * 1001, Refused), (FIRST, "Fine.", NoReviewDue)],
)
def test_review_without_a_reason_or_of_another_quarter_is_refused(
    world, quarter, sentence, refused
):
    world.later(days=130)
    with pytest.raises(refused):
        review(world, quarter, sentence=sentence)
    assert world.rows("SELECT 1 FROM promise_reviews") == []


def test_second_review_of_a_quarter_is_refused_and_the_first_stays(world):
    world.later(days=130)
    review(world, SECOND)
    with pytest.raises(NoReviewDue):
        review(world, SECOND, sentence="Something else.")
    assert [row.sentence for row in world.rows("SELECT sentence FROM promise_reviews")] == [
        "Kept well."
    ]


def test_promise_that_ended_is_reviewed_for_the_quarter_it_still_held_in(world):
    with world.work(Role.MANAGER) as uow:
        ends_at = uow.now + dt.timedelta(days=65)
        end_promise(
            uow, promise_id=world.published.promise_id, ends_at=ends_at, reasons={"fi": "Loppu."}
        )
    assert due(world, dt.date(2026, 7, 1)) == [(SECOND, False)]
    assert due(world, dt.date(2026, 10, 1)) == [(SECOND, True)]


def test_managers_are_reminded_once_that_reviews_are_due_and_once_that_they_are_late(world):
    def reminded(**later):
        world.later(**later)
        with world.work(None) as uow:
            return remind_reviews(uow)

    assert reminded(days=100) == 0
    assert reminded(days=21) == 1  # the first of July
    assert reminded(days=1) == 0
    assert reminded(days=14) == 1
    letters = world.rows("SELECT member_id, kind, params FROM messages ORDER BY created_at")
    assert {row.member_id for row in letters} == {world.made.members[Role.MANAGER]}
    assert [row.params["late"] for row in letters] == [False, True]
    review(world, SECOND)
    assert reminded(days=1) == 0
