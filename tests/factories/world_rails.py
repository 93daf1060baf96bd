"""A way of paying that is set up and paused, what was compared at night, and what nobody knows."""

from promises.payouts.accounts import NewRail, pause_rail, rail_states, save_rail
from promises.payouts.incidents import Incident, open_incident
from promises.payouts.rail_models import IncidentKind
from promises.payouts.rails.base import Trouble
from promises.payouts.rails.names import STRIPE_CREDIT, STRIPE_REFUND
from promises.payouts.reconciling import Totals, begin_run, end_run, give_up_run


def fill(world):
    tenant = {"organisation_id": world.made.id}
    with world.work(None) as uow:
        for rail in (STRIPE_REFUND, STRIPE_CREDIT):
            new = NewRail(rail, True, False, {}, {"key": "sk_test_of_the_world"})
            save_rail(uow.session, now=uow.now, changed_by=None, new=new, **tenant)
        state = rail_states(uow.session, **tenant)[STRIPE_CREDIT]
        pause_rail(
            uow.session, now=uow.now, rail=STRIPE_CREDIT, trouble=Trouble.ACCESS_REFUSED,
            changed_at=state.changed_at, **tenant,
        )  # fmt: skip
        incidents = [
            Incident(kind, STRIPE_REFUND, f"ref-{kind}", None, 1000, "EUR", {"payout": None})
            for kind in IncidentKind
        ]
        for one in incidents:
            open_incident(uow.session, now=uow.now, incident=one, **tenant)
        done, failed = (
            begin_run(uow.session, now=uow.now, rail=rail, days=7, **tenant)
            for rail in (STRIPE_REFUND, STRIPE_CREDIT)
        )
        end_run(uow.session, now=uow.now, run_id=done, totals=Totals(2, 2000, 1, 1000, 1), **tenant)
        give_up_run(uow.session, run_id=failed, trouble="RailUnreachable", **tenant)
    incident = world.one("SELECT id FROM money_incidents WHERE kind = 'unknown_effect'")
    world.manager_pages += ["/payouts/incidents?show=closed"]
    return {"rail": STRIPE_REFUND, "incident_id": incident.id}
