"""Compensation that the terms give to those who ask for it."""

import datetime as dt
import threading

import pytest

from promises.compensation.errors import NothingToClaim
from promises.flows.claim_compensation import claim_compensation, end_unclaimed
from promises.flows.sweep_deadlines import sweep
from promises.kernel.actors import SYSTEM
from tests.flows.guarantees import (
    ANSWERED_IN_TWO_DAYS,
    GIVEN_TO_WHO_ASKS,
    TOLD_EVERY_WEEK,
    GeneralWorld,
)
from tests.parts import form_fields

pytestmark = pytest.mark.usefixtures("as_application")

DUE = dt.datetime(2026, 3, 4, 22, tzinfo=dt.UTC)


def broken(document=GIVEN_TO_WHO_ASKS):
    world = GeneralWorld(document)
    ticket_id = world.open()
    opened, world.now = world.now, DUE
    assert world.sweep_all() == 1
    (debt,) = world.compensations()
    return world, ticket_id, debt, opened


def claim(world, ticket_id, debt):
    with world.work(None) as uow:
        claim_compensation(uow, ticket_id=ticket_id, compensation_id=debt.id)


def test_debt_waits_for_the_claim_and_goes_with_it():
    world, ticket_id, debt, opened = broken()
    assert (debt.state, debt.holds) == ("owed", ["claim"])
    assert debt.claim_before == opened + dt.timedelta(days=30)
    world.later(days=2)
    claim(world, ticket_id, debt)
    (debt,) = world.compensations()
    assert (debt.state, debt.holds, debt.claimed_at) == ("released", [], world.now)
    with pytest.raises(NothingToClaim):
        claim(world, ticket_id, debt)


def test_claim_on_the_ticket_of_somebody_else_changes_nothing():
    world, _, debt, _ = broken()
    other = world.open()
    with pytest.raises(NothingToClaim):
        claim(world, other, debt)
    (debt,) = world.compensations()
    assert (debt.state, debt.holds, debt.claimed_at) == ("owed", ["claim"], None)


def test_claim_that_comes_too_late_is_refused_and_the_debt_ends():
    world, ticket_id, debt, opened = broken()
    world.now = opened + dt.timedelta(days=30)
    with pytest.raises(NothingToClaim):
        claim(world, ticket_id, debt)
    with world.work(None) as uow:
        assert end_unclaimed(uow) == 1
    with world.work(None) as uow:
        assert end_unclaimed(uow) == 0
    (debt,) = world.compensations()
    assert (debt.state, debt.closing_reason) == ("cancelled", "not_claimed")
    assert world.balances() == {}
    world.sweep_all()
    assert len(world.compensations()) == len(world.breaches()) == 1


def test_debt_that_nobody_has_to_ask_for_cannot_be_claimed():
    world, ticket_id, debt, _ = broken(ANSWERED_IN_TWO_DAYS)
    with pytest.raises(NothingToClaim):
        claim(world, ticket_id, debt)
    assert world.compensations()[0].claimed_at is None


def test_customer_asks_on_the_page_with_one_act(client):
    world, ticket_id, debt, _ = broken()
    code = world.one("SELECT public_code FROM tickets WHERE id = %(t)s", t=ticket_id).public_code
    page = f"/o/{world.made.slug}/t/{code}"
    action = f"{page}/claim/{debt.id}"
    with world.at(world.now):
        shown = client.get(page)
        assert "as soon as you ask for it" in shown.text
        assert "Ask for it by" in shown.text
        answer = client.post(action, data=form_fields(shown.text, action))
        assert answer.status_code == 303
        assert "as soon as you ask for it" not in client.get(page).text
    assert world.compensations()[0].state == "released"


@pytest.mark.parametrize("document", [ANSWERED_IN_TWO_DAYS, TOLD_EVERY_WEEK])
def test_two_sweeps_at_once_record_each_breach_once(document, app):
    world = GeneralWorld(document)
    for _ in range(6):
        world.open()
    world.now = DUE + dt.timedelta(days=6)
    barrier, errors = threading.Barrier(2), []

    def run():
        try:
            with app.app_context(), world.at(world.now):
                barrier.wait(120)
                for _ in range(3):
                    with world.made.work(None) as uow:
                        assert uow.actor == SYSTEM
                        sweep(uow)
        except BaseException as error:  # noqa: BLE001  told by the test
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert errors == []
    world.sweep_all()
    assert len(world.breaches()) == len(world.compensations()) == 6
    assert len({one.commitment_id for one in world.breaches()}) == 6


def test_sweep_that_dies_leaves_nothing_half_done():
    world = GeneralWorld(ANSWERED_IN_TWO_DAYS)
    world.open()
    world.now = DUE
    with pytest.raises(RuntimeError), world.work(None) as uow:
        assert sweep(uow).breached == 1
        raise RuntimeError
    assert world.breaches() == world.compensations() == []
    assert world.commitments()[0].state == "open"
    assert world.sweep_all() == 1
    assert len(world.compensations()) == 1
