"""A customer's statement: every case, and sums that are those of the cases."""

import csv
import datetime as dt
import io

import pytest

from promises.identity.customers import known_customer
from promises.kernel.actors import Role
from promises.kernel.errors import NotFound
from promises.kernel.ids import new_id
from promises.kernel.zones import local_date
from promises.reporting.statements import statement
from tests.flows.ground import World
from tests.web.staff import sign_in

DAY = dt.timedelta(days=1)


@pytest.fixture
def world(app):
    """A customer with a kept and two broken promises on three days, and a stranger with one."""
    with app.app_context():
        made = World(caps={"per_customer": {"count": 1, "period": "year"}})
        with made.work() as uow:
            tenant = {"organisation_id": made.made.id, "now": uow.now}
            made.customer_id = known_customer(uow.session, **tenant, reference="c-77")
        for waited in (5, 20, 25):
            ticket = made.take(customer_id=made.customer_id)
            made.later(minutes=min(waited, 15), seconds=1).staff_act()
            made.sweep()
            made.later(minutes=max(waited - 15, 0)).call()
            made.log(ticket.ticket_id, "service_started")
            made.log(ticket.ticket_id, "served")
            made.settle()
            made.later(days=1)
        made.take()
        made.later(minutes=16).staff_act()
        made.sweep()
        yield made


def read(world, days, customer_id=None):
    with world.work(Role.MANAGER) as uow:
        last = local_date(world.now, "Europe/Helsinki")
        return statement(
            uow.session,
            organisation_id=world.made.id,
            customer_id=customer_id or world.customer_id,
            days=(last - days * DAY, last),
            currency="EUR",
        )


def test_statement_lists_every_case_and_adds_up(world):
    found = read(world, 9)
    assert [line.state for line in found.lines] == ["kept", "broken", "broken"]
    assert (found.days, found.undisturbed_days, found.count("broken")) == (10, 8, 2)
    told = {stage.value: sum.amount_minor for stage, sum in found.by_stage.items()}
    assert told == {"issued": 1000, "nothing": 0}
    assert found.given.amount_minor == 1000
    assert sum(line.amount.amount_minor for line in found.lines if line.amount) == 1000


def test_statement_of_fewer_days_leaves_out_the_others(world):
    found = read(world, 1)
    assert [line.state for line in found.lines] == ["broken"]
    assert (found.days, found.undisturbed_days) == (2, 1)


def test_statement_of_nobody_is_not_there(world):
    with pytest.raises(NotFound):
        read(world, 9, customer_id=new_id())


def test_page_and_file_say_the_same(client, world):
    sign_in(client, world.made, Role.ACCOUNTANT)
    page = f"/o/{world.made.slug}/staff/customers/{world.customer_id}/statement"
    days = "?from_on=2026-03-01&to_on=2026-03-10"
    text = client.get(page + days).text
    assert "8 undisturbed days, 2 breaches" in text
    assert text.count('href="/o/' + world.made.slug + "/staff/tickets/") == 3
    answer = client.get(f"{page}.csv{days}")
    assert answer.mimetype == "text/csv"
    head, *lines = csv.reader(io.StringIO(answer.text.lstrip("\ufeff")))
    assert [line[head.index("State")] for line in lines] == ["Kept", "Broken", "Broken"]
    assert [line[head.index("Amount")] for line in lines] == ["", "10.00", "0.00"]
    sign_in(client, world.made, Role.CLERK)
    assert client.get(page + days).status_code == 403
