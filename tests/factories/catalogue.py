"""Promises for tests, published by the product's own actions."""

from promises.catalogue.actions import NewVersion, publish_version
from promises.kernel.actors import SYSTEM
from promises.rules.terms import parse_terms


def terms_document(
    *,
    seconds=900,
    boundary="inclusive",
    to="service_started",
    amount_minor=1000,
    currency="EUR",
    branches=None,
    service_kinds=None,
    ticket_kinds=("visit",),
    before_limit="excluded",
    after_limit="owed",
    caps=None,
    approval_threshold_minor=None,
    budget_month_minor=None,
):
    """Served within 15 minutes or 10 €, unless told otherwise; no caps, no budget."""
    return {
        "format": 1,
        "currency": currency,
        "scope": {
            "ticket_kinds": list(ticket_kinds),
            "service_kinds": None if service_kinds is None else [str(one) for one in service_kinds],
            "branches": None if branches is None else [str(one) for one in branches],
        },
        "measure": {"kind": "elapsed", "from": "arrived", "to": to},
        "limit": {"seconds": seconds, "boundary": boundary},
        "leavers": {"before_limit": before_limit, "after_limit": after_limit},
        "amount": {"kind": "flat", "amount_minor": amount_minor},
        "caps": caps or {},
        "approval_threshold_minor": approval_threshold_minor,
        "budget_month_minor": budget_month_minor,
    }


def simple_terms(**changes):
    return parse_terms(terms_document(**changes))


def new_version(now, *, terms=None, valid_from=None, title=None, **changes):
    """What `publish_version` takes; names of NewVersion override its parts."""
    parts = {
        "terms": terms or simple_terms(),
        "valid_from": valid_from or now,
        "titles": {
            "en": title or "You are served within 15 minutes",
            "fi": "Palvelu 15 minuutissa",
        },
        "way_of_working": "A second counter opens when five people wait.",
    }
    return NewVersion(**(parts | changes))


def publish_simple_promise(
    session, *, organisation_id, now, actor=SYSTEM, valid_from=None, slug=None, **term_changes
):
    """Served within 15 minutes or 10 €, in force from `valid_from` (default: now).

    `term_changes` are arguments of `terms_document`. Returns the PublishedVersion.
    """
    version = new_version(now, terms=simple_terms(**term_changes), valid_from=valid_from, slug=slug)
    return publish_version(
        session, organisation_id=organisation_id, actor=actor, now=now, version=version
    )
