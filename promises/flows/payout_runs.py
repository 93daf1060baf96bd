"""A file of payouts: one person prepares it, a second sees the same check sum and releases it, then
it can be fetched; until somebody has it, it can be cancelled."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from promises.audit.actions import record as audit
from promises.compensation.guards import require_second_person
from promises.db.session import UnitOfWork
from promises.flows.mind_doubts import annulled_among
from promises.flows.payout_results import take_in
from promises.identity.queries import OrganisationInfo, organisation_info
from promises.kernel.errors import Forbidden, NotFound
from promises.kernel.ids import new_id
from promises.kernel.text import N_, translate
from promises.kernel.zones import local_date
from promises.payouts import runs
from promises.payouts.accounts import rail_accounts
from promises.payouts.bank_days import answer_by, bank_days_later
from promises.payouts.claiming import ClaimedPayout
from promises.payouts.rails.base import (
    Outcome,
    RailAccount,
    Rails,
    RailVerdict,
    Trouble,
)
from promises.payouts.rails.run_files import RunHead, RunItem, RunMaker
from promises.payouts.recording import record_outcomes
from promises.payouts.run_claiming import claim_for_run, had_a_hand, mark_of, payouts_in_run
from promises.payouts.run_errors import (
    FileNoLongerKept,
    NothingToPay,
    NotOwedAnyMore,
    OtherFile,
    RailNotInUse,
    RunHasMoved,
    RunTooLate,
    SecondPersonNeeded,
)
from promises.payouts.run_models import RunState
from promises.payouts.runs import Run

MOST_PAYOUTS = 5_000
SILENT_DAYS, MOST_SILENT_DAYS = 3, 30
_NOTE = N_("Compensation for a broken promise")


@dataclass(frozen=True, slots=True)
class Fetched:
    """The file of a run, ready to be saved under its name."""

    content: bytes
    name: str
    media_type: str


def prepare_run(uow: UnitOfWork, rails: Rails, *, rail: str) -> uuid.UUID:
    """Freeze a file of all payouts that are ready for this rail, oldest first; the run's id.

    Raises RailNotInUse, NothingToPay.
    """
    maker = run_maker(rails, rail)
    member_id = _member(uow)
    account = account_of(uow, rail)
    organisation = organisation_info(uow.session, organisation_id=uow.organisation_id)
    sequence = runs.lock_rail(
        uow.session, organisation_id=uow.organisation_id, rail=rail, live=account.live
    )
    claimed = _claim(uow, maker, organisation)
    if not claimed:
        raise NothingToPay(rail=rail)
    run_id = new_id()
    head = _head(uow, run_id, sequence, organisation, claimed)
    items = [_item(payout, organisation.locale) for payout in claimed]
    runs.store_run(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        by=member_id,
        new=runs.NewRun(
            id=run_id,
            rail=rail,
            live=account.live,
            head=head,
            items=items,
            numbers=[payout.number for payout in claimed],
            content=maker.write(account, head, items),
            account=maker.account_name(account),
        ),
    )
    _note(uow, "payout_run_prepared", run_id, count=len(items), amount_minor=head.amount_minor)
    return run_id


def release_run(uow: UnitOfWork, *, run_id: uuid.UUID, typed: str) -> None:
    """A second person, who had no hand in any of its payouts, has the same file before the eyes.

    Raises NotFound, OtherFile, SecondPersonNeeded, OwnEvidence, OwnMoney, RunHasMoved, RunTooLate,
    NotOwedAnyMore.
    """
    run = _run(uow, run_id)
    member_id = _member(uow)
    if run.state is not RunState.DRAFT:
        raise RunHasMoved(run_id=str(run_id))
    _refuse_late(uow, run)
    if "".join(typed.split()).upper() != run.check_sum[: runs.SHOWN]:
        raise OtherFile(run_id=str(run_id))
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    if member_id == run.prepared_by or had_a_hand(
        uow.session, run_id=run_id, member_id=member_id, **tenant
    ):
        raise SecondPersonNeeded(run_id=str(run_id))
    owed = _debts_of(uow, run)
    require_second_person(uow.session, actor=uow.actor, compensation_ids=owed, **tenant)
    _require_owed(uow, run, owed)
    released = runs.release_run(
        uow.session, now=uow.now, run_id=run_id, member_id=member_id, **tenant
    )
    if not released:
        raise RunHasMoved(run_id=str(run_id))
    _note(uow, "payout_run_released", run_id, check_sum=run.check_sum)


def fetch_run(uow: UnitOfWork, rails: Rails, *, run_id: uuid.UUID) -> Fetched:
    """The file, the same bytes each time; from the first time on the bank may have it.

    Raises NotFound, RunHasMoved, RunTooLate, NotOwedAnyMore, FileNoLongerKept.
    """
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    runs.lock_runs(uow.session, run_ids=[run_id], **tenant)
    run = _run(uow, run_id)
    if run.state in (RunState.DRAFT, RunState.CANCELLED):
        raise RunHasMoved(run_id=str(run_id))
    if run.state is RunState.RELEASED:
        _refuse_late(uow, run)
        _require_owed(uow, run, _debts_of(uow, run))
    content = runs.run_content(uow.session, run_id=run_id, **tenant)
    if content is None:
        raise FileNoLongerKept(run_id=str(run_id))
    zone = organisation_info(uow.session, **tenant).time_zone
    runs.mark_downloaded(
        uow.session,
        now=uow.now,
        run_id=run_id,
        answer_by=answer_by(uow.now, silent_days(uow, run.rail), zone),
        **tenant,
    )
    _note(uow, "payout_run_downloaded", run_id, check_sum=run.check_sum)
    maker = run_maker(rails, run.rail)
    mode = "" if run.live else "-test"
    name = f"{run.rail}{mode}-{run.sequence:05d}-{run.check_sum[: runs.SHOWN]}.{maker.ending}"
    return Fetched(content, name, maker.media_type)


def cancel_run(uow: UnitOfWork, *, run_id: uuid.UUID) -> None:
    """Nobody had the file: its payouts wait for another one.

    Raises NotFound, RunHasMoved.
    """
    run = _run(uow, run_id)
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    if not runs.cancel_run(
        uow.session, now=uow.now, run_id=run_id, member_id=_member(uow), **tenant
    ):
        raise RunHasMoved(run_id=str(run_id))
    held = payouts_in_run(uow.session, rail=run.rail, run_id=run_id, **tenant)
    runs.drop_items(uow.session, now=uow.now, run_id=run_id, **tenant)
    back = Outcome(RailVerdict.RETRY, detail="run cancelled")
    take_in(uow, record_outcomes, [(one.payout, back) for one in held], {})
    _note(uow, "payout_run_cancelled", run_id, count=run.count)


def _refuse_late(uow: UnitOfWork, run: Run) -> None:
    """Banks refuse a file whose day is over, and customers would be told that nothing arrived."""
    organisation = organisation_info(uow.session, organisation_id=uow.organisation_id)
    if run.execute_on < local_date(uow.now, organisation.time_zone):
        raise RunTooLate(run_id=str(run.id))


def silent_days(uow: UnitOfWork, rail: str) -> int:
    """After how many bank days silence is a matter for a person, as the settings say now; where
    they are gone, the usual."""
    accounts = rail_accounts(uow.session, organisation_id=uow.organisation_id, also_paused=True)
    said = accounts[rail][0].settings.get("silent_days", "") if rail in accounts else ""
    return min(max(int(said), 1), MOST_SILENT_DAYS) if said.isdecimal() else SILENT_DAYS


def run_maker(rails: Rails, rail: str) -> RunMaker:
    """Raises RailNotInUse for what is no rail of files."""
    maker = rails.get(rail)
    if maker is None or not maker.by_run or not hasattr(maker, "write"):
        raise RailNotInUse(rail=rail)
    return cast(RunMaker, maker)


def account_of(uow: UnitOfWork, rail: str, *, also_paused: bool = False) -> RailAccount:
    """Raises RailNotInUse."""
    accounts = rail_accounts(
        uow.session, organisation_id=uow.organisation_id, also_paused=also_paused
    )
    if rail not in accounts:
        raise RailNotInUse(rail=rail)
    return accounts[rail][0]


def _claim(uow: UnitOfWork, maker: RunMaker, organisation: OrganisationInfo) -> list[ClaimedPayout]:
    """What is not as it was frozen at an earlier try, or cannot be opened, goes to a person instead
    of into the file."""
    claimed = claim_for_run(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        rail=maker.name,
        currency=maker.currency or organisation.currency,
        limit=MOST_PAYOUTS,
    )
    unfit = [
        (one, Outcome(RailVerdict.MISMATCH, detail=one.unfit, trouble=Trouble.OTHER_EFFECT))
        for one in claimed
        if one.unfit is not None
    ]
    take_in(uow, record_outcomes, unfit, {})
    return [payout for payout in claimed if payout.unfit is None]


def _head(
    uow: UnitOfWork,
    run_id: uuid.UUID,
    sequence: int,
    organisation: OrganisationInfo,
    claimed: Sequence[ClaimedPayout],
) -> RunHead:
    today = local_date(uow.now, organisation.time_zone)
    return RunHead(
        message_id=mark_of(run_id),
        sequence=sequence,
        created_at=uow.now,
        execute_on=bank_days_later(today, 1),
        currency=claimed[0].request.currency,
        amount_minor=sum(payout.request.amount_minor for payout in claimed),
    )


def _debts_of(uow: UnitOfWork, run: Run) -> list[uuid.UUID]:
    held = payouts_in_run(
        uow.session, organisation_id=uow.organisation_id, rail=run.rail, run_id=run.id
    )
    return [one.payout.compensation_id for one in held if one.payout.compensation_id is not None]


def _require_owed(uow: UnitOfWork, run: Run, compensation_ids: Sequence[uuid.UUID]) -> None:
    """While nobody has the file, what is owed no more does not go to the bank. Raises
    NotOwedAnyMore."""
    if annulled_among(uow, compensation_ids):
        raise NotOwedAnyMore(run_id=str(run.id))


def _item(payout: ClaimedPayout, locale: str) -> RunItem:
    request = replace(payout.request, description=translate(locale, _NOTE))
    return RunItem(request, mark_of(request.payout_id), uuid.uuid4())


def _run(uow: UnitOfWork, run_id: uuid.UUID) -> Run:
    run = runs.run_by_id(uow.session, organisation_id=uow.organisation_id, run_id=run_id)
    if run is None:
        raise NotFound(run_id=str(run_id))
    return run


def _member(uow: UnitOfWork) -> uuid.UUID:
    """Money that people release is released by somebody with a name."""
    if uow.actor.id is None:
        raise Forbidden()
    return uow.actor.id


def _note(uow: UnitOfWork, action: str, run_id: uuid.UUID, **details: Any) -> None:
    audit(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        action=action,
        object_kind="payout_run",
        object_id=run_id,
        details=details,
    )
