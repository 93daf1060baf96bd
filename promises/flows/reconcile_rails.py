"""Every night each rail is compared with its provider, in both directions. Nothing is paid or taken
back by it: what we missed is looked at, and what cannot be explained becomes an incident.

Effects are read in pages with no transaction open; each page is taken in by one of its own.
"""

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import structlog

from promises.db.session import UnitOfWork, unit_of_work
from promises.flows.settle_payouts import settle
from promises.identity.queries import organisation_info
from promises.jobs.queue import RECONCILE_RAILS, defer
from promises.kernel.actors import SYSTEM
from promises.kernel.zones import local_clock, local_date
from promises.payouts.accounts import pause_rail, rail_accounts
from promises.payouts.inbox import look_again
from promises.payouts.incidents import Incident, open_incident
from promises.payouts.models import PayoutState
from promises.payouts.rail_models import IncidentKind
from promises.payouts.rails.base import CannotList, Listed, Rail, RailAccount, Rails, Trouble
from promises.payouts.rails.names import ALL, BY_RUN
from promises.payouts.rails.voucher import VOUCHER
from promises.payouts.reconciling import (
    PAGE,
    Found,
    Pair,
    Run,
    Totals,
    begin_run,
    close_gone,
    end_run,
    give_up_run,
    is_sent,
    pair_up,
    resume,
    run_by_id,
    sent_payouts,
    settled_by_people,
    sort_pairs,
)

log = structlog.get_logger()

DAYS = 7
NIGHT_HOUR = 2
"""Local time from which the run of a day is due: the banks' and providers' day is over."""

IN_FLIGHT = dt.timedelta(minutes=10)
"""What was sent this lately may not be in a list yet."""

OTHERS = "others"
"""What carries no payout of ours was made elsewhere with the same account: one incident for all of
a month."""

_CALLED = [rail for rail in ALL if rail not in BY_RUN and rail != VOUCHER]


@dataclass
class _Sheet:
    """What a run has come to so far."""

    run: Run
    changed_at: dt.datetime
    totals: Totals = field(default_factory=Totals)
    blind: bool = False  # the provider has no list: ours are looked at one by one
    seen: set[uuid.UUID] = field(default_factory=set)
    before: set[uuid.UUID] | None = None  # those of the span before; read where one is missing


def plan_reconciliations(uow: UnitOfWork) -> int:
    """Put off the night's runs that are due; how many. One that did not finish is due again."""
    zone = organisation_info(uow.session, organisation_id=uow.organisation_id).time_zone
    today, clock = local_clock(uow.now, zone)
    if clock.hour < NIGHT_HOUR:
        return 0
    begun = 0
    for rail in _rails(uow):
        run_id = begin_run(
            uow.session,
            organisation_id=uow.organisation_id,
            now=uow.now,
            rail=rail,
            days=DAYS,
            run_on=today,
        )
        if run_id is not None:
            begun += 1
            defer(
                uow.session,
                RECONCILE_RAILS,
                organisation_id=uow.organisation_id,
                run_id=str(run_id),
            )
    return begun


def reconcile_now(organisation_id: uuid.UUID, rails: Rails, *, days: int = DAYS) -> list[Run]:
    """Compare every rail in use now, and settle what was found; what each run came to."""
    with unit_of_work(organisation_id, SYSTEM) as uow:
        begun = [
            begin_run(
                uow.session, organisation_id=organisation_id, now=uow.now, rail=rail, days=days
            )
            for rail in _rails(uow)
        ]
    return [
        run for run_id in begun if run_id and (run := reconcile(organisation_id, rails, run_id))
    ]


def reconcile(organisation_id: uuid.UUID, rails: Rails, run_id: uuid.UUID) -> Run | None:
    """Carry out a run that was begun, and look at once at what it found; the run as it stands.
    Safe to repeat: a run that has finished stays as it is."""
    with unit_of_work(organisation_id, SYSTEM) as uow:
        run = run_by_id(uow.session, organisation_id=organisation_id, run_id=run_id)
        accounts = rail_accounts(uow.session, organisation_id=organisation_id, also_paused=True)
    if run is None or run.finished_at is not None or run.rail not in accounts:
        return run
    account, changed_at = accounts[run.rail]
    if account.live is not run.live:
        return run
    try:
        _compare(organisation_id, _opened(rails, run.rail, account), _Sheet(run, changed_at))
    except Exception as error:  # noqa: BLE001  whatever a provider did, the run says so
        log.warning("reconciliation_failed", rail=run.rail, error=type(error).__name__)
        with unit_of_work(organisation_id, SYSTEM) as uow:
            give_up_run(
                uow.session,
                organisation_id=organisation_id,
                run_id=run_id,
                trouble=type(error).__name__,
            )
    settle(organisation_id, rails)
    with unit_of_work(organisation_id, SYSTEM) as uow:
        return run_by_id(uow.session, organisation_id=organisation_id, run_id=run_id)


def _rails(uow: UnitOfWork) -> list[str]:
    known = rail_accounts(uow.session, organisation_id=uow.organisation_id, also_paused=True)
    return [rail for rail in _CALLED if rail in known]


def _opened(rails: Rails, name: str, account: RailAccount) -> Rail:
    return rails[name].open(account)


def _compare(organisation_id: uuid.UUID, rail: Rail, sheet: _Sheet) -> None:
    try:
        for effects in _pages(rail.listed(sheet.run.since, sheet.run.until)):
            with unit_of_work(organisation_id, SYSTEM) as uow:
                _take_page(uow, sheet, effects)
    except CannotList:
        sheet.blind = True
    after: tuple[dt.datetime, uuid.UUID] | None = None
    while True:
        with unit_of_work(organisation_id, SYSTEM) as uow:
            page = _page_of_ours(uow, sheet, after)
        if not sheet.blind and any(row.id not in sheet.seen for row in page):
            _read_before(organisation_id, rail, sheet)
        with unit_of_work(organisation_id, SYSTEM) as uow:
            _take_missing(uow, sheet, page)
            after = (page[-1].key_used_at, page[-1].id) if len(page) == PAGE else None
            if after is None:
                end_run(
                    uow.session,
                    organisation_id=organisation_id,
                    now=uow.now,
                    run_id=sheet.run.id,
                    totals=sheet.totals,
                )
                return


def _pages(effects: Iterator[Listed]) -> Iterator[list[Listed]]:
    while page := list(islice(effects, PAGE)):
        yield page


def _take_page(uow: UnitOfWork, sheet: _Sheet, effects: Sequence[Listed]) -> None:
    """Their effects against our payouts."""
    rail = sheet.run.rail
    pairs = pair_up(uow.session, organisation_id=uow.organisation_id, rail=rail, effects=effects)
    found = sort_pairs(pairs)
    sheet.seen.update(pair.payout_id for pair in pairs if pair.payout_id and not pair.second)
    _add_up(sheet, pairs)
    resume(uow.session, organisation_id=uow.organisation_id, now=uow.now, payout_ids=found.resume)
    look_again(uow.session, organisation_id=uow.organisation_id, now=uow.now, payout_ids=found.look)
    _raise(uow, sheet, found)
    _close(uow, rail, found)


def _add_up(sheet: _Sheet, pairs: Sequence[Pair]) -> None:
    totals, currency = sheet.totals, sheet.run.currency
    for pair in pairs:
        if not pair.standing or (pair.payout_id is None and pair.effect.payout_id is None):
            continue
        if pair.effect.currency.upper() == currency:
            totals.theirs += 1
            totals.theirs_minor += pair.effect.amount_minor
        if pair.second or pair.currency != currency:
            continue
        if is_sent(pair.state) or _about_to_be(pair):
            totals.ours += 1
            totals.ours_minor += pair.amount_minor or 0


def _about_to_be(pair: Pair) -> bool:
    """The look that this run starts takes it into our books."""
    return pair.same_amount and pair.state in (
        PayoutState.READY, PayoutState.UNKNOWN, PayoutState.SUBMITTING,
    )  # fmt: skip


def _raise(uow: UnitOfWork, sheet: _Sheet, found: Found) -> None:
    facts = [
        (IncidentKind.UNKNOWN_EFFECT, pair, pair.effect.provider_ref) for pair in found.unknown
    ]
    facts += [
        (IncidentKind.OTHER_AMOUNT, pair, pair.effect.provider_ref) for pair in found.other_amount
    ]
    facts += [
        (IncidentKind.UNKNOWN_EFFECT, pair, ref)
        for ref, pair in _by_month(uow, sheet, found.foreign).items()
    ]
    if not facts:
        return
    settled = settled_by_people(
        uow.session, organisation_id=uow.organisation_id, refs=[ref for *_, ref in facts]
    )
    lost = False
    for kind, pair, ref in facts:
        if (kind.value, ref) in settled:
            continue
        new = _open(uow, sheet, kind, ref, pair)
        lost = lost or (new and pair.payout_id is None and pair.effect.payout_id is not None)
    if lost:
        _pause(uow, sheet)


def _by_month(uow: UnitOfWork, sheet: _Sheet, foreign: Sequence[Pair]) -> dict[str, Pair]:
    """One for each local month in which they were made, so that a month that somebody has looked
    into keeps no later one quiet."""
    if not foreign:
        return {}
    zone = organisation_info(uow.session, organisation_id=uow.organisation_id).time_zone
    found: dict[str, Pair] = {}
    for pair in foreign:
        month = local_date(pair.effect.created_at, zone).isoformat()[:7]
        found.setdefault(f"{sheet.run.rail}:{OTHERS}:{month}", pair)
    return found


def _open(uow: UnitOfWork, sheet: _Sheet, kind: IncidentKind, ref: str, pair: Pair) -> bool:
    """Whether it is new. It counts as a difference of this run either way."""
    details = {
        "ours_minor": pair.amount_minor,
        "payout": pair.effect.payout_id and str(pair.effect.payout_id),
        "provider_ref": pair.effect.provider_ref,
    }
    sheet.totals.differences += 1
    return open_incident(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        incident=Incident(
            kind,
            sheet.run.rail,
            ref,
            pair.payout_id,
            pair.effect.amount_minor,
            pair.effect.currency.upper(),
            details,
        ),
    )


def _pause(uow: UnitOfWork, sheet: _Sheet) -> None:
    """A payment names a payout that we do not have: the database has lost rows, such as after an
    older backup was restored. Nothing more goes out until somebody has looked."""
    rail = sheet.run.rail
    paused = pause_rail(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        rail=rail,
        trouble=Trouble.OTHER_EFFECT,
        changed_at=sheet.changed_at,
    )
    if paused:
        open_incident(
            uow.session,
            organisation_id=uow.organisation_id,
            now=uow.now,
            incident=Incident(IncidentKind.RAIL_PAUSED, rail, rail, details={"lost": True}),
        )


def _close(uow: UnitOfWork, rail: str, found: Found) -> None:
    refs = [pair.effect.provider_ref for pair in found.fine]
    refs += [str(pair.payout_id) for pair in found.fine if pair.standing]
    close_gone(uow.session, organisation_id=uow.organisation_id, now=uow.now, rail=rail, refs=refs)


def _read_before(organisation_id: uuid.UUID, rail: Rail, sheet: _Sheet) -> None:
    """What the provider did in the span before: our books may have it as later, such as what was
    only taken in after a backup, or where the two clocks differ at the edge."""
    if sheet.before is not None:
        return
    run = sheet.run
    sheet.before = set()
    for effects in _pages(rail.listed(run.since - (run.until - run.since), run.since)):
        with unit_of_work(organisation_id, SYSTEM) as uow:
            pairs = pair_up(
                uow.session, organisation_id=organisation_id, rail=run.rail, effects=effects
            )
        sheet.before.update(pair.payout_id for pair in pairs if pair.payout_id and not pair.second)


def _page_of_ours(
    uow: UnitOfWork, sheet: _Sheet, after: tuple[dt.datetime, uuid.UUID] | None
) -> list[Any]:
    run = sheet.run
    return sent_payouts(
        uow.session,
        organisation_id=uow.organisation_id,
        rail=run.rail,
        since=run.since,
        until=run.until - IN_FLIGHT,
        after=after,
    )


def _take_missing(uow: UnitOfWork, sheet: _Sheet, page: Sequence[Any]) -> None:
    """Our payouts that have no effect there."""
    run, there = sheet.run, sheet.seen | (sheet.before or set())
    missing = [row for row in page if row.id not in there]
    look_again(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        payout_ids=[row.id for row in missing],
    )
    sent = [row for row in missing if is_sent(PayoutState(row.state))]
    settled = settled_by_people(
        uow.session, organisation_id=uow.organisation_id, refs=[str(row.id) for row in sent]
    )
    for row in sent:
        if row.currency == run.currency:
            sheet.totals.ours += 1
            sheet.totals.ours_minor += row.amount_minor
        if not sheet.blind and (IncidentKind.MISSING_EFFECT.value, str(row.id)) not in settled:
            _open_missing(uow, sheet, row)


def _open_missing(uow: UnitOfWork, sheet: _Sheet, row: Any) -> None:
    sheet.totals.differences += 1
    open_incident(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        incident=Incident(
            IncidentKind.MISSING_EFFECT,
            sheet.run.rail,
            str(row.id),
            row.id,
            row.amount_minor,
            row.currency,
            {"provider_ref": row.provider_ref},
        ),
    )
