"""The bank's complaints, callbacks, requests and applicants of the last weeks, played through the
real flows at the instants of their stories.

Each story is one transaction: after an interruption it is there as a whole, or not at all.
"""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Mapping, Sequence

from promises.catalogue.actions import NewVersion
from promises.catalogue.templates.library import Template, template_of
from promises.catalogue.templates.places import put
from promises.db import sql
from promises.db.session import UnitOfWork
from promises.desk.actions import add_partner
from promises.desk.models import EventKind, EventSource
from promises.desk.values import EventClaim, NewMatter, Said
from promises.flows.decide_proposal import publish
from promises.flows.open_matter import open_matter
from promises.flows.record_event import record_event
from promises.flows.sweep_deadlines import sweep
from promises.identity.actions import known_customer
from promises.identity.new_calendars import create_calendar
from promises.identity.slugs import slugify
from promises.kernel.actors import SYSTEM, Actor, Role
from promises.kernel.hours import Windows
from promises.kernel.zones import local_date, resolve_local
from promises.rules.terms import parse_terms
from promises.simulation.acts import Acts
from promises.simulation.bank import DAILY, ZONE, Bank
from promises.simulation.letters import PARTNER, STORIES, Act, Story, When

SATURDAY = 5  # as weekday() counts
WEEKS = 6
"""The oldest story came in by then; the bank promised a day earlier."""

BUSINESS_DAYS = "Pankkipäivät"
_WEEK: tuple[Windows, ...] = (*((((540, 1020),),) * 5), (), ())  # 9.00-17.00, Monday to Friday

_CREDIT = {"kind": "bill_credit"}
PROMISED: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "vastaus-2-arkipaivassa": (
        "complaint-2-business-days",
        {"/deadlines/answer_before/calendar": slugify(BUSINESS_DAYS)},
    ),
    "kuulet-meista-viikoittain": ("weekly-word", {}),
    "soitamme-luvattuna-paivana": (
        "callback-by-date",
        {"/deadlines/call_before/calendar": slugify(BUSINESS_DAYS), "/remedy": _CREDIT},
    ),
    "jokainen-hakija-kuulee": (
        "applicant-10-business-days",
        {"/deadlines/answer_before/calendar": slugify(BUSINESS_DAYS)},
    ),
}
"""By the name of the promise: its template, and what the bank changed in it."""

_PROMISES = "SELECT slug FROM promises WHERE organisation_id = %(organisation_id)s"
_TOLD = """
SELECT external_ref FROM tickets
WHERE organisation_id = %(organisation_id)s AND external_ref = ANY(%(names)s)
"""
_NEXT = """
SELECT min(next_change_at) AS at FROM commitments
WHERE organisation_id = %(organisation_id)s AND ticket_id = %(ticket_id)s
    AND next_change_at > %(after)s AND next_change_at <= %(until)s
"""


def play_matters(acts: Acts, bank: Bank, now: dt.datetime) -> int:
    """Publish what the bank promises to those who wait at home, and tell every story that is not
    told yet, up to `now`; returns how many it told."""
    promised_at = _early(now)
    _publish(acts.at(promised_at), bank)
    with acts.at(promised_at).work(bank.member(Role.ADMINISTRATOR)) as uow:
        partner_id = add_partner(
            uow.session,
            organisation_id=uow.organisation_id,
            actor=uow.actor,
            now=uow.now,
            name=PARTNER,
        )
        params = {"organisation_id": uow.organisation_id}
        told = sql.rows(uow.session, _TOLD, params | {"names": [one.name for one in STORIES]})
    known = {row.external_ref for row in told}
    missing = [story for story in STORIES if story.name not in known]
    for story in missing:
        _Teller(acts, bank, story, now, partner_id).tell()
    return len(missing)


def founded_early(now: dt.datetime) -> dt.datetime:
    """When a bank with these stories was founded."""
    return _early(now) - dt.timedelta(hours=6)


def _early(now: dt.datetime) -> dt.datetime:
    day = local_date(now, ZONE) - dt.timedelta(weeks=WEEKS, days=1)
    return resolve_local(dt.datetime.combine(day, dt.time(13)), ZONE).instant


def _publish(acts: Acts, bank: Bank) -> None:
    """All of them in one transaction, with the calendar that they count by."""
    with acts.work(bank.member(Role.MANAGER)) as uow:
        found = sql.rows(uow.session, _PROMISES, {"organisation_id": uow.organisation_id})
        if {row.slug for row in found} & set(PROMISED):
            return
        create_calendar(
            uow.session,
            organisation_id=uow.organisation_id,
            actor=uow.actor,
            now=uow.now,
            name=BUSINESS_DAYS,
            time_zone=ZONE,
            weekly=_WEEK,
        )
        for slug, (template, changes) in PROMISED.items():
            publish(uow, version=_version(uow, slug, template_of(template), changes))


def _version(
    uow: UnitOfWork, slug: str, template: Template | None, changes: Mapping[str, object]
) -> NewVersion:
    if template is None:
        raise LookupError(slug)
    document = template.start("EUR", ZONE)
    for place, value in changes.items():
        put(document, place, value)
    return NewVersion(
        terms=parse_terms(document),
        valid_from=uow.now,
        titles=template.suggested(document),
        way_of_working=template.way_of_working["fi"],
        slug=slug,
    )


class _Teller:
    """One story, from its coming in up to now."""

    def __init__(
        self, acts: Acts, bank: Bank, story: Story, now: dt.datetime, partner_id: uuid.UUID
    ) -> None:
        self._acts, self._bank, self._story = acts, bank, story
        self._now, self._partner_id = now, partner_id
        self._branch = bank.branches[story.branch]
        self._clerk = self._branch.clerk(story.owner or 0)

    def tell(self) -> None:
        story = self._story
        came = self._instant(story.came)
        with self._acts.at(came).work(self._clerk) as uow:
            ticket_id = open_matter(uow, request=self._request(uow)).ticket_id
            broke: list[dt.datetime] = []
            before = came
            for act in story.acts:
                then = self._instant(act.when)
                broke += self._watch(uow, ticket_id, before, then)
                record_event(_as(uow, then, self._clerk), claim=self._claim(ticket_id, act))
                before = then
            broke += self._watch(uow, ticket_id, before, self._now)
        for at in broke:
            self._acts.at(at).settle()
        if story.redeemed is not None:
            counter_id = next(iter(self._branch.counter_ids.values()))
            acts = self._acts.at(self._instant(story.redeemed))
            acts.redeem(self._clerk, ticket_id, counter_id)

    def _request(self, uow: UnitOfWork) -> NewMatter:
        story = self._story
        customer_id = story.customer and known_customer(
            uow.session,
            organisation_id=uow.organisation_id,
            now=uow.now,
            reference=story.customer,
        )
        return NewMatter(
            branch_id=self._branch.id,
            service_kind_id=self._bank.service_ids[DAILY],
            kind=story.kind,
            source=EventSource.DESK,
            subject=story.subject,
            promised_at=None if story.promised is None else self._instant(story.promised),
            owner_id=None if story.owner is None else self._clerk.id,
            customer_id=customer_id or None,
            external_ref=story.name,
        )

    def _claim(self, ticket_id: uuid.UUID, act: Act) -> EventClaim:
        handed = act.kind is EventKind.HANDED_OVER
        said = Said(text=act.text, partner_id=self._partner_id if handed else None)
        return EventClaim(ticket_id=ticket_id, kind=act.kind, source=EventSource.DESK, said=said)

    def _watch(
        self, uow: UnitOfWork, ticket_id: uuid.UUID, after: dt.datetime, until: dt.datetime
    ) -> Sequence[dt.datetime]:
        """What the worker would find at each deadline on the way; returns when promises broke."""
        broke = []
        params = {"organisation_id": uow.organisation_id, "ticket_id": ticket_id, "until": until}
        while at := sql.one(uow.session, _NEXT, params | {"after": after}).at:
            if sweep(_as(uow, at, SYSTEM)).breached:
                broke.append(at)
            after = at
        return broke

    def _instant(self, when: When) -> dt.datetime:
        return instant_of(when, self._now)


def instant_of(when: When, now: dt.datetime) -> dt.datetime:
    """On the clocks of the bank; `now` is the start from which stories count back."""
    if when.clock is None:
        return now - dt.timedelta(hours=when.days)
    day = local_date(now, ZONE)
    left, step = abs(round(when.days)), dt.timedelta(days=1 if when.days < 0 else -1)
    while left:
        day += step
        left -= day.weekday() < SATURDAY
    hour, minute = when.clock.split(":")
    clock = dt.time(int(hour), int(minute))
    return resolve_local(dt.datetime.combine(day, clock), ZONE).instant


def _as(uow: UnitOfWork, now: dt.datetime, actor: Actor) -> UnitOfWork:
    """The same transaction, later and by somebody else."""
    return dataclasses.replace(uow, now=now, actor=actor)
