"""Why the bank broke its promises, what it did about it, and what that changed."""

import datetime as dt
import uuid
from typing import Any

from promises.db import sql
from promises.flows.improve import check_action, finish_action, publish_action, start_action
from promises.flows.tag_cause import tag_cause
from promises.improvement.actions import NewAction
from promises.improvement.actions_models import Outcome
from promises.improvement.annotations import NewNote, add_note
from promises.improvement.causes_start import start_id
from promises.kernel.actors import Role
from promises.kernel.errors import DomainError
from promises.kernel.zones import local_clock, local_date
from promises.simulation.acts import Acts
from promises.simulation.bank import LOANS, ZONE, Bank
from promises.simulation.promises import MAIN_SLUG

DAY = dt.timedelta(days=1)
SOON = dt.timedelta(minutes=4)
SINCE_DAYS = 6
"""So long ago lunch breaks were spread out."""

MOST_TAGS = 120
LUNCH = (dt.time(11, 15), dt.time(13, 15))

SPREAD = "Lounastauot porrastetaan puolen tunnin välein, ja tiskillä on aina kaksi"
SPREAD_PUBLIC = {
    "fi": "Porrastimme lounastauot, jotta tiskillä on aina kaksi ihmistä.",
    "sv": "Vi lade lunchpauserna i tur och ordning så att två alltid är vid disken.",
    "en": "We spread out lunch breaks so that two people are always at the desk.",
}
PAPERS = "Lainapapereista soitetaan asiakkaalle jo edellisenä päivänä"
NOTE = "Eläkepäivä, tavallista enemmän väkeä"

_BREACHES = """
SELECT b.id, b.branch_id, b.breached_at, k.letter
FROM breaches b
JOIN commitments c ON c.organisation_id = b.organisation_id AND c.id = b.commitment_id
    AND c.state = 'broken'
JOIN tickets t ON t.organisation_id = b.organisation_id AND t.id = b.ticket_id
    AND t.kind = 'visit'
JOIN service_kinds k ON k.organisation_id = t.organisation_id AND k.id = t.service_kind_id
WHERE b.organisation_id = %(organisation_id)s AND b.breached_at < %(until)s
    AND NOT EXISTS (SELECT 1 FROM breach_causes x
        WHERE x.organisation_id = b.organisation_id AND x.breach_id = b.id)
ORDER BY b.breached_at DESC LIMIT %(most)s
"""

_ACTIONS = "SELECT what FROM improvement_actions WHERE organisation_id = %(organisation_id)s"
_PROMISE = "SELECT id FROM promises WHERE organisation_id = %(organisation_id)s AND slug = %(slug)s"


def tell_of_causes(acts: Acts, bank: Bank, now: dt.datetime) -> None:
    """Breaches are tagged by whoever stood at the desk; every seventh stays unknown. One action is
    done, checked and public, another one is still to be done."""
    tenant = {"organisation_id": acts.organisation_id}
    with acts.at(now).work(bank.member(Role.MANAGER)) as uow:
        params = tenant | {"until": now - SOON, "most": MOST_TAGS}
        found = sql.rows(uow.session, _BREACHES, params)
        known = {row.what for row in sql.rows(uow.session, _ACTIONS, tenant)}
        promise = sql.one_or_none(uow.session, _PROMISE, tenant | {"slug": MAIN_SLUG})
    if promise is None or not found or SPREAD in known:
        return
    branches = {branch.id: branch for branch in bank.branches.values()}
    for number, row in enumerate(found):
        if number % 7 == 6:
            continue
        clerk = branches[row.branch_id].clerk(0)
        with acts.at(row.breached_at + SOON).work(clerk) as uow:
            tag_cause(uow, breach_id=row.id, cause_id=_cause(acts, row, number, now))
    _act(acts, bank, now, promise.id)


def _cause(acts: Acts, row: Any, number: int, now: dt.datetime) -> uuid.UUID:
    """What somebody at that desk would have said."""
    _, at = local_clock(row.breached_at, ZONE)
    if row.letter == LOANS:
        key = "hard_case" if number % 3 else "papers_missing"
    elif LUNCH[0] <= at < LUNCH[1]:
        spread = row.breached_at >= now - SINCE_DAYS * DAY
        key = "rush" if spread else "planning"
    else:
        key = ("rush", "too_few", "system_down", "rush")[number % 4]
    return start_id(acts.organisation_id, key)


def _act(acts: Acts, bank: Bank, now: dt.datetime, promise_id: uuid.UUID) -> None:
    manager = bank.member(Role.MANAGER)
    owner_id = manager.id
    assert owner_id is not None  # noqa: S101 -- a member has an id
    since_on = local_date(now - SINCE_DAYS * DAY, ZONE)
    planning = start_id(acts.organisation_id, "planning")
    with acts.at(now - (SINCE_DAYS + 4) * DAY).work(manager) as uow:
        done_id = start_action(
            uow, action=NewAction(promise_id, SPREAD, owner_id, since_on, cause_id=planning)
        )
    with acts.at(now - SINCE_DAYS * DAY).work(manager) as uow:
        finish_action(uow, action_id=done_id, done_on=since_on)
        publish_action(uow, action_id=done_id, texts=SPREAD_PUBLIC)
        add_note(
            uow.session, organisation_id=uow.organisation_id, actor=uow.actor, now=uow.now,
            note=NewNote(local_date(now - 4 * DAY, ZONE), NOTE, promise_id),
        )  # fmt: skip
    with acts.at(now).work(manager) as uow:
        papers = start_id(acts.organisation_id, "papers_missing")
        start_action(
            uow,
            action=NewAction(
                promise_id, PAPERS, owner_id, local_date(now, ZONE) + 6 * DAY, cause_id=papers
            ),
        )
    try:
        with acts.at(now).work(manager) as uow:
            check_action(uow, action_id=done_id, outcome=Outcome.HELPED)
    except DomainError:
        return  # a history too short to say anything
