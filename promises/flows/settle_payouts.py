"""Payouts that are ready go out: claim, submit, record. The database is never held while a rail
is asked, and a worker that dies leaves a payout that the next one takes up where it stood."""

import datetime as dt
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import structlog

from promises.db.session import UnitOfWork, unit_of_work
from promises.flows.payout_results import take_in
from promises.kernel.actors import SYSTEM
from promises.kernel.clock import process_clock
from promises.payouts.accounts import open_rails, rail_accounts
from promises.payouts.claiming import ClaimedPayout, claim_looks, claim_payouts, claim_shut
from promises.payouts.models import PayoutState
from promises.payouts.rails.base import (
    Outcome,
    Rail,
    RailAccount,
    Rails,
    RailVerdict,
    Trouble,
)
from promises.payouts.rails.names import BY_RUN
from promises.payouts.rails.voucher import VOUCHER
from promises.payouts.recording import record_looks, record_outcomes
from promises.payouts.retries import given_up
from promises.payouts.states import NO_EFFECT

log = structlog.get_logger()

OWN_BATCH = 200
CALLED_BATCH = 16
AT_ONCE = 8
"""Calls to providers at the same time: two rounds of a batch stay well inside a lease."""

CALL_WITHIN_S = 30.0
"""No call begins later than this after its claim, so that the lease outlives it."""

_NOT_BEGUN = "not begun in time"

_MOST_KEPT = 200
_opened: dict[tuple[uuid.UUID, str, bool, dt.datetime], Rail] = {}


@dataclass(frozen=True)
class _Desk:
    """The rails of one organisation as they were at the claim, and what their keys protect.
    `unusable`: their settings cannot be opened."""

    rails: Mapping[str, Rail]
    unusable: Collection[str]
    key_lives: Mapping[str, dt.timedelta | None]
    changed_at: Mapping[str, dt.datetime]
    now: dt.datetime
    begun_s: float

    def late(self) -> bool:
        return process_clock.monotonic() - self.begun_s > CALL_WITHIN_S


def settle(organisation_id: uuid.UUID, rails: Rails) -> int:
    """Settle what is ready at this organisation, and look at what is due to be looked at; returns
    how many payouts moved on."""
    with unit_of_work(organisation_id, SYSTEM) as uow:
        known = open_rails(uow.session, organisation_id=organisation_id)
    called = [rail for rail in known if rail in rails and rail not in BY_RUN]
    return (
        settle_own(organisation_id, rails)
        + sum(_submit_all(organisation_id, rails, rail) for rail in called)
        + _leave_shut(organisation_id, rails, called)
        + _look_all(organisation_id, rails)
    )


def settle_own(organisation_id: uuid.UUID, rails: Rails) -> int:
    """Vouchers alone, for which nobody is asked: they wait for no provider."""
    return _submit_all(organisation_id, rails, VOUCHER)


def _submit_all(organisation_id: uuid.UUID, rails: Rails, rail: str) -> int:
    own = rail == VOUCHER
    limit = OWN_BATCH if own else CALLED_BATCH
    done = 0
    while True:
        with unit_of_work(organisation_id, SYSTEM) as uow:
            claimed = claim_payouts(
                uow.session,
                organisation_id=organisation_id,
                now=uow.now,
                rail=rail,
                limit=limit,
            )
            desk = _desk(uow, rails, claimed)
        if not claimed:
            return done
        outcomes = _ask(claimed, _submit, desk, own=own)
        with unit_of_work(organisation_id, SYSTEM) as uow:
            moved = take_in(uow, record_outcomes, _reviewed(outcomes, desk), desk.changed_at)
        done += sum(1 for one in moved if one.after is not PayoutState.READY)
        if not own and _is_away(outcomes):
            return done


def _leave_shut(organisation_id: uuid.UUID, rails: Rails, called: Sequence[str]) -> int:
    """What was tried by rails that are paused or not in use, and is unknown now or has been for too
    long: without asking."""
    done = 0
    while True:
        with unit_of_work(organisation_id, SYSTEM) as uow:
            claimed = claim_shut(
                uow.session,
                organisation_id=organisation_id,
                now=uow.now,
                open_rails=[*called, VOUCHER],
                limit=OWN_BATCH,
            )
            desk = _desk(uow, {}, claimed)
        if not claimed:
            return done
        outcomes = _ask(claimed, _submit, desk, own=True)
        with unit_of_work(organisation_id, SYSTEM) as uow:
            done += len(take_in(uow, record_outcomes, _reviewed(outcomes, desk), {}))


def _look_all(organisation_id: uuid.UUID, rails: Rails) -> int:
    done = 0
    while True:
        with unit_of_work(organisation_id, SYSTEM) as uow:
            claimed = claim_looks(
                uow.session, organisation_id=organisation_id, now=uow.now, limit=CALLED_BATCH
            )
            desk = _desk(uow, rails, claimed)
        if not claimed:
            return done
        outcomes = _ask(claimed, _look, desk, own=False)
        with unit_of_work(organisation_id, SYSTEM) as uow:
            told = _reviewed(outcomes, desk)
            done += len(take_in(uow, record_looks, told, desk.changed_at))
        if _is_away(outcomes):
            return done


def _reviewed(
    outcomes: Sequence[tuple[ClaimedPayout, Outcome]], desk: _Desk
) -> list[tuple[ClaimedPayout, Outcome]]:
    """What came back, where what nobody learned in time goes to a person."""
    return [(payout, _or_given_up(payout, outcome, desk)) for payout, outcome in outcomes]


def _or_given_up(payout: ClaimedPayout, outcome: Outcome, desk: _Desk) -> Outcome:
    """A refusal pauses its rail first; what was not begun in time is asked for again."""
    again = outcome.detail == _NOT_BEGUN or outcome.trouble is Trouble.ACCESS_REFUSED
    if payout.key_used_at is None or payout.rail == VOUCHER or again:
        return outcome
    waited = desk.now - payout.key_used_at
    asked = payout.rail in desk.rails
    trouble = given_up(payout.state, outcome.verdict, waited, asked=asked)
    if trouble is None:
        return outcome
    return replace(outcome, verdict=RailVerdict.MISMATCH, trouble=trouble)


def _is_away(outcomes: Sequence[tuple[ClaimedPayout, Outcome]]) -> bool:
    """Of a whole batch nothing was done: the rest is not tried now, so that a provider that is down
    keeps nobody else waiting."""
    return all(
        out.verdict is RailVerdict.UNKNOWN or out.verdict in NO_EFFECT for _, out in outcomes
    )


def _desk(uow: UnitOfWork, rails: Rails, claimed: Sequence[ClaimedPayout]) -> _Desk:
    wanted = {one.rail for one in claimed if one.rail in rails}
    called = sorted(wanted - {VOUCHER})
    accounts = rail_accounts(uow.session, organisation_id=uow.organisation_id) if called else {}
    opened: dict[str, Rail] = {}
    unusable = set()
    if VOUCHER in wanted:
        opened[VOUCHER] = rails[VOUCHER].open(None)
    for name in called:
        if name in accounts:
            try:
                opened[name] = _open(rails, name, *accounts[name])
            except Exception as error:  # noqa: BLE001  one rail may not stop the others
                log.warning("rail_unusable", rail=name, error=type(error).__name__)
                unusable.add(name)
    return _Desk(
        opened,
        unusable,
        {name: maker.key_lives for name, maker in rails.items()},
        {name: changed_at for name, (_, changed_at) in accounts.items()},
        uow.now,
        process_clock.monotonic(),
    )


def _open(rails: Rails, name: str, account: RailAccount, changed_at: dt.datetime) -> Rail:
    """Kept while its settings stay: its connections to the provider stay open."""
    key = (account.organisation_id, name, account.live, changed_at)
    if key not in _opened:
        if len(_opened) >= _MOST_KEPT:
            _opened.clear()
        _opened[key] = rails[name].open(account)
    return _opened[key]


def _ask(
    claimed: Sequence[ClaimedPayout],
    ask: Callable[[ClaimedPayout, _Desk], Outcome],
    desk: _Desk,
    *,
    own: bool,
) -> list[tuple[ClaimedPayout, Outcome]]:
    asked = partial(_guarded, ask, desk)
    if own or len(claimed) == 1:
        return [(payout, asked(payout)) for payout in claimed]
    with ThreadPoolExecutor(min(AT_ONCE, len(claimed))) as pool:
        return list(zip(claimed, pool.map(asked, claimed), strict=True))


def _guarded(
    ask: Callable[[ClaimedPayout, _Desk], Outcome], desk: _Desk, payout: ClaimedPayout
) -> Outcome:
    """A rail that raises has told nothing, and may not take its batch with it. What it raised is
    not logged whole: it could name an account."""
    try:
        return ask(payout, desk)
    except Exception as error:  # noqa: BLE001  whatever it was, it told nothing
        kind = type(error).__name__
        log.warning(
            "rail_raised", rail=payout.rail, payout_id=str(payout.request.payout_id), error=kind
        )
        return Outcome(RailVerdict.UNKNOWN, detail=f"raised {kind}", trouble=Trouble.OTHER)


def _submit(payout: ClaimedPayout, desk: _Desk) -> Outcome:
    """Look before trying again, and try only where that is safe."""
    rail = desk.rails.get(payout.rail)
    if payout.unfit is not None:
        return _unfit(payout)
    if rail is None:
        return _without_rail(payout, desk)
    if payout.tried_before or payout.aged:
        if desk.late():
            return _not_begun(payout)
        found = _found(rail, payout)
        if found is not None:
            return found
        if _too_old(payout, desk):
            return Outcome(RailVerdict.MISMATCH, detail="key too old", trouble=Trouble.TOO_OLD)
    if desk.late():
        return _not_begun(payout)
    outcome = rail.submit(payout.request)
    if outcome.verdict is RailVerdict.REJECTED and not payout.certain:
        # an earlier try that came through after the look may be why
        return _found(rail, payout) or _overtaken(payout, outcome)
    return outcome


def _overtaken(payout: ClaimedPayout, refusal: Outcome) -> Outcome:
    """A refusal that no key stands for says nothing of a try that may still be on its way: it is
    asked again after that time. Where the target is not there, the account may be another one than
    the one that was asked before, which may have paid: a person looks."""
    if refusal.http_status == 404 and not refusal.key_spent:
        return replace(refusal, verdict=RailVerdict.MISMATCH)
    if payout.overtaking and not refusal.key_spent:
        return replace(refusal, verdict=RailVerdict.UNKNOWN)
    return refusal


def _unfit(payout: ClaimedPayout) -> Outcome:
    return Outcome(RailVerdict.MISMATCH, detail=payout.unfit, trouble=Trouble.OTHER_EFFECT)


def _found(rail: Rail, payout: ClaimedPayout) -> Outcome | None:
    """A look that was refused has not seen that there is nothing."""
    found = rail.find(payout.request)
    if found is None or found.verdict not in NO_EFFECT:
        return found
    return replace(found, verdict=_nothing_new(payout, found.verdict))


def _without_rail(payout: ClaimedPayout, desk: _Desk) -> Outcome:
    unusable = payout.rail in desk.unusable
    return Outcome(
        _nothing_new(payout, RailVerdict.CONFIG),
        detail=f"{payout.rail} {'cannot be opened' if unusable else 'is not in use'}",
        trouble=Trouble.ACCESS_REFUSED if unusable else Trouble.RAIL_DOWN,
    )


def _not_begun(payout: ClaimedPayout) -> Outcome:
    return Outcome(_nothing_new(payout, RailVerdict.RETRY), detail=_NOT_BEGUN)


def _nothing_new(payout: ClaimedPayout, verdict: RailVerdict) -> RailVerdict:
    """Nothing was asked for now; what an earlier try did stays as unknown as it was."""
    return verdict if payout.certain else RailVerdict.UNKNOWN


def _too_old(payout: ClaimedPayout, desk: _Desk) -> bool:
    """Whether the provider may have forgotten the key, so that trying again could pay twice."""
    lives = desk.key_lives.get(payout.rail)
    return (
        lives is not None
        and payout.key_used_at is not None
        and desk.now - payout.key_used_at >= lives
    )


def _look(payout: ClaimedPayout, desk: _Desk) -> Outcome:
    """What is under way and cannot be followed is for a person; what arrived has arrived."""
    if payout.unopened:
        under_way = payout.state is PayoutState.SUBMITTED
        return _unfit(payout) if under_way else Outcome(RailVerdict.UNKNOWN, detail=payout.unfit)
    rail = desk.rails.get(payout.rail)
    if desk.late():
        return Outcome(RailVerdict.UNKNOWN, detail=_NOT_BEGUN)
    if rail is not None and payout.provider_ref is not None:
        return rail.look(payout.request, payout.provider_ref)
    if rail is not None and payout.state is PayoutState.NEEDS_REVIEW:
        found = rail.find(payout.request)
        return found or Outcome(RailVerdict.UNKNOWN, detail="not found")
    return Outcome(RailVerdict.UNKNOWN, detail="not looked at")
