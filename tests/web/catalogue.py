"""What the pages of promises and proposals are tested with."""

import datetime as dt
import re

from promises.catalogue.proposals import ProposalDraft
from promises.flows.propose_promise import propose
from promises.kernel.actors import Role
from tests.factories.catalogue import simple_terms
from tests.web.staff import post

TITLE = "You are served within 15 minutes, or we pay you 10 €"


def day(offset, now=None):
    """A day from today in Helsinki, as a date field takes it."""
    return ((now or dt.datetime.now(dt.UTC)) + dt.timedelta(days=offset)).date().isoformat()


def proposal_answers(**changes):
    """What a clerk fills in."""
    answers = {
        "problem_id": "",
        "problem_text": "People wait half an hour on paydays.",
        "title": TITLE,
        "sentence": "served-15-minutes",
        "limit": "15",
        "unit": "60",
        "amount": "10",
        "way_of_working": "A second counter opens when five people wait.",
    }
    return {name: value for name, value in (answers | changes).items() if value is not None}


def version_answers(**changes):
    """What a manager fills in."""
    answers = {
        "title_fi": "Palvelemme 15 minuutissa",
        "title_en": "Served within 15 minutes",
        "matter": "visit",
        "until": "service_started",
        "limit": "15",
        "unit": "60",
        "amount": "10,00",
        "boundary": "inclusive",
        "before_limit": "excluded",
        "after_limit": "owed",
        "cap_period": "month",
        "way_of_working": "A second counter opens when five people wait.",
        "team_reward": "Cake for the team",
        "targets-0-from_on": "2026-06-01",
        "targets-0-share": "97,5",
        "starts": "now",
    }
    return {name: value for name, value in (answers | changes).items() if value is not None}


def send_draft(client, where, answers):
    """Fill in an open draft and ask for the whole; what the manager then sees."""
    sent = post(client, where, answers | {"revision": revision(client, where), "step": "check"})
    if sent.status_code != 303:
        return sent
    return client.get(sent.location)


def publish_draft(client, where, answers, **said):
    """The same, and publish it where it is as it should be; `said` is why customers get less."""
    shown = send_draft(client, where, answers)
    if shown.status_code != 200:
        return shown
    check = f"{where}/check"
    return post(client, check, {"revision": revision(client, check)} | said)


def revision(client, where):
    return re.search(r'name="revision" value="(\d+)"', client.get(where).text)[1]


def make_proposal(app, made, *, branch_id=None, **changes):
    parts = {
        "title": TITLE,
        "terms": simple_terms(),
        "way_of_working": "A second counter opens when five people wait.",
        "problem_text": "People wait half an hour on paydays.",
        "branch_id": branch_id,
    }
    with app.app_context(), made.work(Role.CLERK) as uow:
        return propose(uow, draft=ProposalDraft(**(parts | changes))).id
