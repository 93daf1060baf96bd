"""Every minute: does a promise burn, is a budget used up, who has to know, what was chosen.

An alert is raised once and put down when it is over; a reaction is done once a month. Both stand
in the database under unique keys, so two workers at once do no more than one.
"""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from promises.audit.actions import record
from promises.catalogue.errors import AlreadyPaused, PromiseEnded
from promises.catalogue.queries import PromiseInfo, PromiseState, list_promises
from promises.catalogue.targets import target_on
from promises.db.session import UnitOfWork
from promises.flows.compensate import time_zone
from promises.flows.pause_promise import pause_promise
from promises.flows.tell_alerts import tell_alerts
from promises.identity.branch_hours import BranchHours
from promises.improvement import alerts, reactions
from promises.improvement.alerts import Alert, NewAlert
from promises.improvement.alerts_models import AlertKind, AlertLevel
from promises.improvement.reactions import Choice
from promises.improvement.reactions_models import Reaction, Trigger
from promises.kernel.text import LOCALES, N_, translate
from promises.kernel.zones import local_date, resolve_local
from promises.reporting.budgets import Month, Standing, standings
from promises.reporting.burns import NO_COUNTS, Stream, burn_counts
from promises.reporting.rates import FEWEST_FOR_SHARE
from promises.rules.budgets import marks_reached
from promises.rules.burn import Counts, Finding, Level, Window, is_calm, judge

MARKS = {80: AlertLevel.MOST, 100: AlertLevel.ALL}
TRIGGERS = {
    (AlertKind.ERRORS, AlertLevel.MOST): Trigger.ERRORS_MOST,
    (AlertKind.ERRORS, AlertLevel.ALL): Trigger.ERRORS_ALL,
    (AlertKind.MONEY, AlertLevel.MOST): Trigger.MONEY_MOST,
    (AlertKind.MONEY, AlertLevel.ALL): Trigger.MONEY_ALL,
}
PAUSED_BECAUSE = {
    Trigger.ERRORS_MOST: N_("We broke this promise too often this month. We are working on it."),
    Trigger.ERRORS_ALL: N_("We broke this promise too often this month. We are working on it."),
    Trigger.MONEY_MOST: N_("The money that we set aside for this month is nearly used up."),
    Trigger.MONEY_ALL: N_("The money that we set aside for this month is used up."),
}

Seen = Mapping[Window, Counts]


@dataclass(frozen=True, slots=True)
class Watch:
    """What one look knows. `promises`: those in force, by id."""

    uow: UnitOfWork
    today: dt.date
    hours: BranchHours
    promises: Mapping[uuid.UUID, PromiseInfo]
    live: Sequence[Alert]

    @property
    def tenant(self) -> dict[str, Any]:
        return {"organisation_id": self.uow.organisation_id, "now": self.uow.now}

    def allowed(self, promise_id: uuid.UUID) -> Fraction | None:
        """The share of cases that may break today; None without a target."""
        info = self.promises.get(promise_id)
        target = target_on(info.version.target_path, self.today) if info else None
        return None if target is None else 1 - Fraction(target)


def watch_budgets(uow: UnitOfWork) -> int:
    """One look; how many alerts were raised or put down."""
    found = list_promises(uow.session, organisation_id=uow.organisation_id, at=uow.now)
    live = alerts.live_alerts(uow.session, organisation_id=uow.organisation_id)
    in_force = {one.promise_id: one for one in found if one.state is PromiseState.IN_FORCE}
    if not in_force and not live:
        return 0
    look = Watch(
        uow,
        local_date(uow.now, time_zone(uow)),
        BranchHours(uow.session, organisation_id=uow.organisation_id, now=uow.now),
        in_force,
        live,
    )
    changed = _burns(look) + _budgets(look)
    tell_alerts(uow)
    return changed


def _burns(look: Watch) -> int:
    seen = burn_counts(
        look.uow.session,
        organisation_id=look.uow.organisation_id,
        promise_ids=list(look.promises),
        hours=look.hours,
    )
    over = [
        one.alert_id
        for one in look.live
        if one.kind is AlertKind.BURN and _is_over(look, one, seen)
    ]
    closed = alerts.close_alerts(look.uow.session, ids=over, **look.tenant)
    raised = 0
    for stream, counts in seen.items():
        allowed = look.allowed(stream.promise_id)
        if allowed is None:
            continue
        week_hours = Fraction(look.hours.week_seconds(stream.branch_id), 3600)
        for level, finding in judge(counts, allowed, week_hours).items():
            raised += _raise_burn(look, stream, level, finding)
    return closed + raised


def _is_over(look: Watch, alert: Alert, seen: Mapping[Stream, Seen]) -> bool:
    allowed = look.allowed(alert.promise_id)
    if allowed is None or alert.branch_id is None:
        return True
    counts = seen.get(Stream(alert.promise_id, alert.branch_id), NO_COUNTS)
    return is_calm(counts, allowed, Level(alert.level.value))


def _raise_burn(look: Watch, stream: Stream, level: Level, finding: Finding) -> bool:
    """Not where a graver one of the same stream, or the same one, is live."""
    place = alerts.GRAVEST_FIRST.index(AlertLevel(level.value))
    graver = alerts.GRAVEST_FIRST[: place + 1]
    for one in look.live:
        mine = (one.promise_id, one.branch_id) == (stream.promise_id, stream.branch_id)
        if mine and one.kind is AlertKind.BURN and one.level in graver:
            return False
    new = NewAlert(
        stream.promise_id,
        stream.branch_id,
        AlertKind.BURN,
        AlertLevel(level.value),
        None,
        {
            "window": finding.rule.window.value,
            "cases": finding.counts.cases,
            "broken": finding.counts.broken,
        },
        None if level is Level.NOTICE else look.hours.opens_at(stream.branch_id),
    )
    return alerts.raise_alert(look.uow.session, new=new, **look.tenant) is not None


def _budgets(look: Watch) -> int:
    found = standings(
        look.uow.session,
        organisation_id=look.uow.organisation_id,
        promises=list(look.promises.values()),
        today=look.today,
        hours=look.hours,
    )
    reached = {
        (promise_id, kind, level): seen
        for promise_id, one in found.items()
        for kind, level, seen in _marks(one)
    }
    month_on = Month(look.today).first
    over = [
        one.alert_id
        for one in look.live
        if one.kind is not AlertKind.BURN
        and (one.month_on != month_on or (one.promise_id, one.kind, one.level) not in reached)
    ]
    changed = alerts.close_alerts(look.uow.session, ids=over, **look.tenant)
    if not reached:
        return changed
    chosen = reactions.choices(
        look.uow.session,
        organisation_id=look.uow.organisation_id,
        promise_ids=list({promise_id for promise_id, _, _ in reached}),
    )
    tell_at = min((look.hours.opens_at(one) for one in look.hours.branches), default=look.uow.now)
    for (promise_id, kind, level), seen in reached.items():
        # where both marks come at once, one letter says it
        quiet = level is AlertLevel.MOST and (promise_id, kind, AlertLevel.ALL) in reached
        when = None if quiet else tell_at
        new = NewAlert(promise_id, None, kind, level, month_on, seen, when)
        if alerts.raise_alert(look.uow.session, new=new, **look.tenant) is not None:
            changed += 1
        _react(look, promise_id, TRIGGERS[kind, level], chosen.get(promise_id))
    return changed


def _marks(one: Standing) -> list[tuple[AlertKind, AlertLevel, dict[str, int]]]:
    """The marks that the budgets of a promise have come to, with the counts behind each. A month
    with few cases has no error budget to speak of."""
    found: list[tuple[AlertKind, AlertLevel, dict[str, int]]] = []
    if one.errors is not None and one.errors.expected_cases >= FEWEST_FOR_SHARE:
        seen = {"broken": one.errors.used, "budget": one.errors.whole}
        for mark in marks_reached(one.errors.used, one.errors.room):
            found.append((AlertKind.ERRORS, MARKS[mark], seen))
    if one.money is not None:
        seen = {"spent_minor": one.money.spent, "budget_minor": one.money.limit}
        for mark in marks_reached(one.money.spent, one.money.limit):
            found.append((AlertKind.MONEY, MARKS[mark], seen))
    return found


def _react(look: Watch, promise_id: uuid.UUID, trigger: Trigger, choice: Choice | None) -> None:
    """Do what was chosen, once a month. To tell alone needs no choice: the alert does it."""
    if choice is None or choice.of(trigger) is Reaction.TELL:
        return
    uow, month = look.uow, Month(look.today)
    run_id = reactions.begin_run(
        uow.session,
        promise_id=promise_id,
        month_on=month.first,
        trigger=trigger,
        choice=choice,
        **look.tenant,
    )
    if run_id is None:
        return
    reaction, outcome = choice.of(trigger), "done"
    if reaction is Reaction.PAUSE:
        outcome = _pause(look, promise_id, trigger)
        reactions.note_outcome(
            uow.session, organisation_id=uow.organisation_id, run_id=run_id, outcome=outcome
        )
    record(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        action="reaction_done",
        object_kind="promise",
        object_id=promise_id,
        details={"trigger": trigger.value, "reaction": reaction.value, "outcome": outcome},
    )


def _pause(look: Watch, promise_id: uuid.UUID, trigger: Trigger) -> str:
    """Until the month is over, everywhere; not where it is paused already, or ended since the look
    began."""
    following = Month(look.today).last + dt.timedelta(days=1)
    zone = time_zone(look.uow)
    try:
        pause_promise(
            look.uow,
            promise_id=promise_id,
            branch_id=None,
            starts_at=look.uow.now,
            ends_at=resolve_local(dt.datetime.combine(following, dt.time()), zone).instant,
            reasons={locale: translate(locale, PAUSED_BECAUSE[trigger]) for locale in LOCALES},
        )
    except AlreadyPaused:
        return "paused_already"
    except PromiseEnded:
        return "ended_already"
    return "done"
