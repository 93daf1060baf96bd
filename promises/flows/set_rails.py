"""How an organisation pays: its rails set up, tested, turned on and off, and the mode of its money.

Nothing here calls a provider while a transaction is open.
"""

import uuid
from collections.abc import Sequence

from promises.audit.actions import record as audit
from promises.db.session import UnitOfWork, unit_of_work
from promises.identity.models import MoneyMode
from promises.identity.organisations import change_money_mode
from promises.kernel.actors import Actor
from promises.payouts.accounts import (
    NewRail,
    RailState,
    draft_account,
    is_live,
    leave_mode,
    note_test,
    prefer_rails,
    rail_states,
    save_rail,
    turn_rail,
)
from promises.payouts.errors import RailNotReady, WrongModeKey
from promises.payouts.incidents import close_incident
from promises.payouts.rail_models import IncidentKind
from promises.payouts.rails.base import Connection, RailAccount, RailMaker

_MARKS = {"_test_": False, "_live_": True}
"""What keys of Stripe say of themselves, right after their first letters."""


def save(uow: UnitOfWork, *, new: NewRail) -> None:
    """Keep the settings. Audited are the names of what changed, never a value.

    Raises OtherMode, WrongModeKey.
    """
    check_keys(new)
    before = rail_states(uow.session, organisation_id=uow.organisation_id).get(new.rail)
    save_rail(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        changed_by=uow.actor.id,
        new=new,
    )
    _end_pause(uow, new.rail)
    _note(uow, "rail_changed", new.rail, changed=_changed(before, new))


def check_keys(new: NewRail) -> None:
    """Raises WrongModeKey where a key says itself that it is of the other mode."""
    for secret in (new.secrets or {}).values():
        if says_live(secret) not in (None, new.live):
            raise WrongModeKey


def says_live(secret: str) -> bool | None:
    """Of which mode a key is, where it says so itself."""
    for mark, live in _MARKS.items():
        if mark in secret[:12]:
            return live
    return None


def test_stored(organisation_id: uuid.UUID, actor: Actor, maker: RailMaker) -> Connection | None:
    """Ask the provider with the settings that are stored, and keep what came of it; None where
    there are none. One that works ends a pause."""
    with unit_of_work(organisation_id, actor) as uow:
        state = rail_states(uow.session, organisation_id=organisation_id).get(maker.name)
        if state is None:
            return None
        account = _account(uow, state)
    found = maker.open(account).test()
    with unit_of_work(organisation_id, actor) as uow:
        now_there = rail_states(uow.session, organisation_id=organisation_id)[maker.name]
        if now_there.changed_at == state.changed_at:
            note_test(
                uow.session,
                organisation_id=organisation_id,
                now=uow.now,
                rail=maker.name,
                works=found.works,
                detail=found.account if found.works else found.detail,
            )
            if found.works:
                _end_pause(uow, maker.name)
    return found


def test_draft(
    organisation_id: uuid.UUID, actor: Actor, maker: RailMaker, new: NewRail
) -> Connection:
    """Ask the provider with settings that are not saved; nothing is kept of it."""
    with unit_of_work(organisation_id, actor) as uow:
        account = draft_account(uow.session, organisation_id=organisation_id, new=new)
    return maker.open(account).test()


def turn_on(organisation_id: uuid.UUID, actor: Actor, maker: RailMaker) -> Connection:
    """Use a rail whose connection works; one that has nothing to set up is made here. What the test
    found, so that a refusal can be told.

    Raises OtherMode, RailNotReady.
    """
    with unit_of_work(organisation_id, actor) as uow:
        known = rail_states(uow.session, organisation_id=organisation_id)
        if maker.name not in known:
            if any(one.required for one in maker.fields):
                raise RailNotReady
            live = is_live(uow.session, organisation_id=organisation_id)
            save(uow, new=NewRail(maker.name, enabled=False, live=live, settings={}))
    found = test_stored(organisation_id, actor, maker)
    if found is None or not found.works:
        return found or Connection(works=False)
    with unit_of_work(organisation_id, actor) as uow:
        _turn(uow, maker.name, enabled=True)
    return found


def turn_off(uow: UnitOfWork, *, rail: str) -> None:
    _turn(uow, rail, enabled=False)


def prefer(uow: UnitOfWork, *, rails: Sequence[str]) -> None:
    """The order in which rails are taken that need nothing of the customer."""
    if prefer_rails(uow.session, organisation_id=uow.organisation_id, rails=rails):
        _note(uow, "rails_ordered", None, rails=list(rails))


def change_mode(uow: UnitOfWork, *, mode: MoneyMode) -> bool:
    """From test money to real money, or back; whether it is new. Rails of the other mode are not
    used from then on, and wait for keys of this one.

    Raises DemoMovesNoMoney, MoneyUnderWay, MoneyWaiting.
    """
    live = mode is MoneyMode.LIVE
    if not leave_mode(uow.session, organisation_id=uow.organisation_id, live=live):
        return False
    change_money_mode(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        mode=mode,
    )
    return True


def _turn(uow: UnitOfWork, rail: str, *, enabled: bool) -> None:
    turned = turn_rail(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        changed_by=uow.actor.id,
        rail=rail,
        enabled=enabled,
    )
    if turned:
        _note(uow, "rail_turned_on" if enabled else "rail_turned_off", rail)


def _account(uow: UnitOfWork, state: RailState) -> RailAccount:
    same = NewRail(state.rail, enabled=state.enabled, live=state.live, settings=state.settings)
    return draft_account(uow.session, organisation_id=uow.organisation_id, new=same)


def _changed(before: RailState | None, new: NewRail) -> list[str]:
    known = {} if before is None else before.settings
    plain = {name for name, value in new.settings.items() if known.get(name, "") != value}
    return sorted(plain | set(new.secrets or {}))


def _end_pause(uow: UnitOfWork, rail: str) -> None:
    close_incident(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        kind=IncidentKind.RAIL_PAUSED,
        ref=rail,
        closed_by=uow.actor.id,
        note="",
    )


def _note(uow: UnitOfWork, action: str, rail: str | None, **details: object) -> None:
    named = {} if rail is None else {"rail": rail}
    audit(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        action=action,
        object_kind="rail",
        object_id=None,
        details=named | details,
    )
