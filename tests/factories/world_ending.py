"""Promises that are paused, that will give less, that were reviewed and that wait for it."""

import datetime as dt

from promises.flows.decide_proposal import publish
from promises.flows.pause_promise import pause_promise, resume_promise
from promises.flows.review_promise import review_promise
from promises.improvement.reviews_models import ReviewVerdict
from promises.kernel.actors import Role
from promises.kernel.zones import local_date
from promises.reporting.review_debt import reviews_due
from tests.factories.catalogue import new_version, simple_terms

HOUR = dt.timedelta(hours=1)
LONG_AGO = dt.timedelta(days=300)
REASONS = {
    "fi": "Tiskin remontti.",
    "sv": "Disken byggs om.",
    "en": "The desk is being rebuilt.",
}
REQUESTS = {
    "fi": "Vastaamme pyyntöihin päivässä",
    "sv": "Vi svarar på önskemål på en dag",
    "en": "Requests answered in a day",
}


def fill(world):
    _pause(world)
    _give_less(world)
    _review(world)
    world.manager_pages += ["/promises/loans-in-5/pauses", "/reviews/requests-in-a-day"]
    return {"pause_id": world.pause_id, "customer_id": world.customer_id}


def _pause(world):
    with world.work(Role.MANAGER) as uow:
        elsewhere = {"branch_id": world.made.branches[1].id, "reasons": REASONS}
        of_loans = {"promise_id": world.loans.promise_id} | elsewhere
        called_off = pause_promise(
            uow, **of_loans, starts_at=uow.now + HOUR, ends_at=uow.now + 2 * HOUR
        )
        resume_promise(uow, pause_id=called_off)
        pause_promise(uow, **of_loans, starts_at=uow.now, ends_at=None)
        world.pause_id = pause_promise(
            uow,
            promise_id=world.published.promise_id,
            starts_at=uow.now + 48 * HOUR,
            ends_at=uow.now + 50 * HOUR,
            **elsewhere,
        )


def _give_less(world):
    """A longer limit for the calls, in a month."""
    with world.work(Role.MANAGER) as uow:
        version = new_version(
            uow.now, titles={"en": "Calls answered"}, promise_id=world.calls.promise_id,
            valid_from=uow.now + 30 * 24 * HOUR, change_reasons=REASONS,
            terms=simple_terms(service_kinds=world.made.kind_ids[2:], seconds=1800),
        )  # fmt: skip
        publish(uow, version=version)


def _review(world):
    """All quarters of a promise that holds for long but the last one."""
    manager = world.made.work(Role.MANAGER)
    with world.at(world.present - LONG_AGO), manager as uow:
        version = new_version(
            uow.now, titles=REQUESTS, slug="requests-in-a-day",
            terms=simple_terms(ticket_kinds=("request",), seconds=86_400),
        )  # fmt: skip
        promise_id = publish(uow, version=version).promise_id
    with world.work(Role.MANAGER) as uow:
        due = reviews_due(
            uow.session, organisation_id=world.made.id,
            today=local_date(uow.now, "Europe/Helsinki"), zone="Europe/Helsinki",
        )  # fmt: skip
        for one in due[:-1]:
            review_promise(
                uow, promise_id=promise_id, quarter=one.quarter, verdict=ReviewVerdict.TIGHTEN,
                sentence="We answered all of them by noon.",
                public_texts={"en": "From next year we answer faster."},
            )  # fmt: skip
