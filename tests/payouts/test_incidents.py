"""Incidents about money: one open row a matter, closed once with a note."""

import uuid

import pytest

from promises.payouts.incidents import Incident, close_incident, open_incident
from promises.payouts.rail_models import IncidentKind
from tests.flows.ground import World

pytestmark = pytest.mark.usefixtures("as_application")


def test_matter_is_open_once_and_may_come_again_after_it_was_closed():
    world = World()
    incident = Incident(IncidentKind.UNKNOWN_EFFECT, "stripe_refund", "re_1", details={"n": 1})
    person = uuid.uuid4()

    def opens():
        with world.work(None) as uow:
            return open_incident(
                uow.session, organisation_id=world.made.id, now=uow.now, incident=incident
            )

    def closes():
        with world.work(None) as uow:
            return close_incident(
                uow.session,
                organisation_id=world.made.id,
                now=uow.now,
                kind=IncidentKind.UNKNOWN_EFFECT,
                ref="re_1",
                closed_by=person,
                note="Paid by hand",
            )

    assert (opens(), opens()) == (True, False)
    assert (closes(), closes()) == (True, False)
    assert opens()
    found = world.rows("SELECT * FROM money_incidents ORDER BY closed_at")
    assert [(row.closing_note, row.closed_by) for row in found] == [
        ("Paid by hand", person),
        (None, None),
    ]
    assert found[0].details == {"n": 1}
