"""The work list: its order, its filters, its pages and its badge."""

import datetime as dt

import pytest

from promises.desk import actions
from promises.desk.models import TicketKind
from promises.desk.values import Said
from promises.desk.work_list import Wanted, peek_urgent, peek_work_version, work_list
from promises.kernel.actors import Role
from tests.factories.desk import Desk
from tests.factories.identity import make_organisation

pytestmark = pytest.mark.usefixtures("as_application")

DAY = dt.timedelta(days=1)


@pytest.fixture
def desk():
    return Desk(make_organisation(branches=2, counters=1, kinds=("A",)))


def listed(desk, *, now=None, limit=50, **wanted):
    with desk.made.work() as uow:
        return work_list(
            uow.session, organisation_id=desk.made.id, now=now or uow.now,
            wanted=Wanted(**wanted), limit=limit,
        )  # fmt: skip


def ids(page):
    return [row.ticket_id for row in page.rows]


def miss(desk, ticket_id, at):
    with desk.made.work() as uow:
        actions.set_next_due(
            uow.session, organisation_id=desk.made.id,
            due={ticket_id: None}, missed={ticket_id: at},
        )  # fmt: skip


def test_late_ones_come_first_then_by_what_is_due_and_those_without_a_date_last(desk):
    now = desk.now()
    free = desk.open_matter().ticket_id
    far = desk.open_matter(promised_at=now + 5 * DAY).ticket_id
    near = desk.open_matter(promised_at=now + DAY).ticket_id
    late = desk.open_matter(promised_at=now + 9 * DAY).ticket_id
    miss(desk, late, now - DAY)
    page = listed(desk)
    assert ids(page) == [late, near, far, free]
    assert [row.is_late(now) for row in page.rows] == [True, False, False, False]


def test_answered_matters_and_visits_are_not_work(desk):
    done = desk.open_matter().ticket_id
    desk.log(done, "answered")
    desk.take()
    assert ids(listed(desk)) == []
    desk.log(done, "reopened")
    assert ids(listed(desk)) == [done]


def test_filters_narrow_the_list(desk):
    now, clerk = desk.now(), desk.made.members[Role.CLERK]
    mine = desk.open_matter(owner_id=clerk, promised_at=now + DAY).ticket_id
    call = desk.open_matter(TicketKind.CALLBACK).ticket_id
    away = desk.open_matter(branch_id=desk.made.branches[1].id).ticket_id
    assert ids(listed(desk, owner_id=clerk)) == [mine]
    assert ids(listed(desk, kind=TicketKind.CALLBACK)) == [call]
    assert ids(listed(desk, branch_id=desk.made.branches[1].id)) == [away]
    assert ids(listed(desk, overdue=True)) == []
    assert ids(listed(desk, overdue=True, now=now + 2 * DAY)) == [mine]


def test_pages_hold_every_matter_once(desk):
    now = desk.now()
    made = [desk.open_matter(promised_at=now + DAY).ticket_id for _ in range(3)]
    made += [desk.open_matter().ticket_id for _ in range(2)]
    seen, after = [], None
    for _ in range(3):
        page = listed(desk, limit=2, after=after)
        seen += ids(page)
        after = (page.rows[-1].work_at, page.rows[-1].ticket_id)
    assert (seen, page.more) == (made, False)


def test_badge_counts_what_is_late_or_due_within_a_day(desk):
    now = desk.now()
    desk.open_matter()
    desk.open_matter(promised_at=now + 3 * DAY)
    desk.open_matter(promised_at=now + DAY / 2)
    late = desk.open_matter().ticket_id
    miss(desk, late, now - DAY)
    everywhere = {"organisation_id": desk.made.id, "branch_id": None}
    assert peek_urgent(**everywhere) == 2
    assert peek_urgent(**everywhere | {"branch_id": desk.made.branches[1].id}) == 0


def test_row_names_whose_it_is_and_who_has_it(desk):
    ticket_id = desk.open_matter(
        subject="The card", owner_id=desk.made.members[Role.CLERK], external_ref="k-1"
    ).ticket_id
    desk.log(ticket_id, "handed_over", said=Said(partner_id=desk.add_partner("Debt Office")))
    (row,) = listed(desk).rows
    assert (row.subject, row.partner_name, row.state, row.external_ref) == (
        "The card", "Debt Office", "handed_over", "k-1",
    )  # fmt: skip
    assert row.owner_name
    assert peek_work_version(organisation_id=desk.made.id)[0] >= 0


def test_list_is_read_from_its_index(desk):
    """Not from all tickets, however many there are."""
    with desk.made.work() as uow:
        connection = uow.session.connection()
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        plan = connection.exec_driver_sql(
            "EXPLAIN SELECT * FROM matters WHERE organisation_id = %s AND branch_id = %s"
            " AND ended_at IS NULL ORDER BY work_at, ticket_id LIMIT 51",
            (desk.made.id, desk.made.branch_id),
        ).scalars().all()  # fmt: skip
    text = "\n".join(plan)
    assert "using ix_matters_" in text
    assert "Sort" not in text
