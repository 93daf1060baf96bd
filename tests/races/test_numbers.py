"""Sixteen clients take numbers at the same time."""

import itertools

import pytest

from promises.desk.actions import issue_ticket
from promises.desk.models import EventSource
from promises.desk.values import NewTicket
from tests.factories.desk import Desk
from tests.factories.identity import make_organisation
from tests.races.crowd import crowd

pytestmark = pytest.mark.no_cover

CLIENTS = 16
TICKETS = 2000


def test_sixteen_clients_get_one_to_two_thousand_and_none_twice(database):
    with crowd(database.app_url, CLIENTS) as clients:
        made = make_organisation(kinds=("A", "B"))
        desk = Desk(made)
        kinds = itertools.cycle(made.kind_ids)
        turns = [next(kinds) for _ in range(TICKETS)]

        def take_many(client):
            mine = turns[client::CLIENTS]
            return [desk.take(kind_id=kind_id) for kind_id in mine]

        taken = [ticket for many in clients.at_once(take_many) for ticket in many]
    numbers = sorted(ticket.number for ticket in taken)
    assert numbers == list(range(1, TICKETS + 1))
    assert len({ticket.public_code for ticket in taken}) == TICKETS
    assert len({ticket.label for ticket in taken}) == TICKETS


def test_number_of_a_failed_ticket_goes_to_the_next(database):
    with crowd(database.app_url, 4) as clients:
        made = make_organisation()
        desk = Desk(made)
        request = NewTicket(
            branch_id=made.branch_id, service_kind_id=made.kind_id, source=EventSource.KIOSK
        )

        def take_or_fail(client):
            if client % 2:
                return desk.take()
            with made.work(None) as uow:
                issue_ticket(
                    uow.session, organisation_id=made.id, actor=uow.actor, now=uow.now,
                    request=request,
                )  # fmt: skip
                raise RuntimeError("the kiosk lost its power")

        results = [one for _ in range(10) for one in clients.at_once(take_or_fail)]
    taken = [one for one in results if not isinstance(one, RuntimeError)]
    assert sorted(ticket.number for ticket in taken) == list(range(1, 21))
