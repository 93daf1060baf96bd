"""What a bank, or a core system, answers in a file: read, kept once, and payouts moved on by it.

Uploading the same file again changes nothing, in whatever order its messages come.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from promises.audit.actions import record as audit
from promises.compensation.goodwill import tickets_of_gifts
from promises.compensation.queries import tickets_of
from promises.db.session import UnitOfWork
from promises.desk.actions import touch_tickets
from promises.flows.bank_charges import is_less, post_charges
from promises.flows.bank_incidents import raise_foreign, raise_gap, raise_odd, raise_other_amount
from promises.flows.bank_told import ACCOUNTS, ANSWERS, Told, told_of
from promises.flows.owed_again import SAID_BY_FILE, ask_second_person
from promises.flows.payout_results import take_in
from promises.flows.payout_runs import account_of, run_maker, silent_days
from promises.identity.queries import organisation_info
from promises.kernel.errors import Forbidden
from promises.payouts import runs
from promises.payouts.bank_days import answer_by
from promises.payouts.bank_files import (
    Named,
    NewFile,
    booked_before,
    close_reviews,
    count_file,
    enter_lines,
    run_sums,
    store_file,
)
from promises.payouts.claiming import ClaimedPayout
from promises.payouts.incidents import close_incident
from promises.payouts.models import PayoutState
from promises.payouts.rail_models import IncidentKind
from promises.payouts.rails.answers import AnswerFile, FileKind, LineKind
from promises.payouts.rails.base import (
    Outcome,
    PayoutRequest,
    RailAccount,
    Rails,
    RailVerdict,
    Trouble,
)
from promises.payouts.rails.run_files import RunMaker
from promises.payouts.recording import Moved, record_outcomes
from promises.payouts.run_errors import AnswerOfOwnRun
from promises.payouts.run_hands import had_hand_in_runs
from promises.payouts.run_models import BankFileState

_SAYS_NOTHING = frozenset({LineKind.RECEIVED, LineKind.DUPLICATE, LineKind.UNCLEAR})
_ORDER = (LineKind.ACCEPTED, LineKind.REJECTED, LineKind.BOOKED, LineKind.RETURNED)
"""What one file says of one payout is applied in the order in which banks do it."""

_AT_ODDS = frozenset({LineKind.REJECTED, LineKind.BOOKED})
_CAME_TO_NOTHING = frozenset({LineKind.REJECTED, LineKind.RETURNED})

_OTHER = Outcome(RailVerdict.MISMATCH, trouble=Trouble.OTHER_EFFECT)
_BY_RULE = ""
"""What is closed so says for itself that its cause is gone."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an uploaded file. `again`: it was there before, and nothing was done. `lines`
    are about our payouts; `duplicate`: the bank says that it had the run's file before."""

    file: AnswerFile
    file_id: uuid.UUID | None
    foreign: bool = False
    lines: int = 0
    moved: int = 0
    duplicate: bool = False

    @property
    def again(self) -> bool:
        return self.file_id is None


def take_bank_file(uow: UnitOfWork, rails: Rails, *, rail: str, content: bytes) -> Taken:
    """A file that undoes payments is brought by somebody who had no hand in them; the debts then
    wait for a second person.

    Raises RailNotInUse, FileNotReadable, AnswerOfOwnRun.
    """
    if uow.actor.id is None:
        raise Forbidden()
    maker = run_maker(rails, rail)
    account = account_of(uow, rail, also_paused=True)
    file = _read(uow, maker, account, content)
    told = told_of(uow, rail, file, live=account.live)
    foreign = _is_foreign(file, told)
    runs.lock_runs(uow.session, organisation_id=uow.organisation_id, run_ids=told.run_ids)
    _refuse_own(uow, uow.actor.id, told)
    new = NewFile(
        rail=rail,
        file=file,
        content_hash=sha256(content).digest(),
        state=BankFileState.FOREIGN if foreign else BankFileState.TAKEN,
        run_id=told.run_id,
    )
    file_id = store_file(
        uow.session, organisation_id=uow.organisation_id, now=uow.now, by=uow.actor.id, new=new
    )
    if file_id is None:
        return Taken(file, None, foreign)
    if foreign:
        raise_foreign(uow, new)
        return Taken(file, file_id, foreign)
    _lock(uow, told)
    # read again: another file may have moved them before they were locked
    told = replace(told, payouts=told.payouts | told_of(uow, rail, file, live=account.live).payouts)
    fresh = enter_lines(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        file_id=file_id,
        new=new,
        named=told.named,
    )
    _look_for_odd(uow, rail, file, told, fresh)
    moved = _apply(uow, maker, told, fresh)
    _follow_runs(uow, rail, file, told)
    return _finish(
        uow, file_id, Taken(file, file_id, False, len(fresh), len(moved), told.duplicate)
    )


def _read(uow: UnitOfWork, maker: RunMaker, account: RailAccount, content: bytes) -> AnswerFile:
    """Statements of every account that runs have drawn on are ours, also of one left since."""
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    known = runs.known_accounts(uow.session, rail=maker.name, live=account.live, **tenant)
    mine = maker.account_name(account)

    def is_ours(name: str) -> bool:
        return name == mine or runs.account_index(uow.session, account=name, **tenant) in known

    return maker.read(account, content, is_ours)


def _is_foreign(file: AnswerFile, told: Told) -> bool:
    """A statement of another account, or an answer to a file that nobody of us had."""
    if file.kind in ACCOUNTS:
        return not file.accounts
    if file.kind in ANSWERS:
        return told.run_id is None
    return not told.named


def _refuse_own(uow: UnitOfWork, member_id: uuid.UUID, told: Told) -> None:
    """The runs are locked: nobody fetches one of them meanwhile."""
    undone = sorted({one.run_id for one in told.named if one.line.kind in _CAME_TO_NOTHING})
    if undone and had_hand_in_runs(
        uow.session, organisation_id=uow.organisation_id, member_id=member_id, run_ids=undone
    ):
        raise AnswerOfOwnRun


def _lock(uow: UnitOfWork, told: Told) -> None:
    """Tickets, after their runs; payouts follow."""
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    named = {one.line.mark for one in told.named}
    payouts = [told.payouts[mark].payout for mark in named]
    owed = [one.compensation_id for one in payouts if one.compensation_id is not None]
    gifts = [one.gift_id for one in payouts if one.gift_id is not None]
    found = set(tickets_of(uow.session, compensation_ids=owed, **tenant))
    found |= set(tickets_of_gifts(uow.session, gift_ids=gifts, **tenant))
    touch_tickets(uow.session, ticket_ids=sorted(found), **tenant)


def _apply(uow: UnitOfWork, maker: RunMaker, told: Told, fresh: Sequence[Named]) -> list[Moved]:
    unsure = _at_odds(fresh)
    moved: list[Moved] = []
    for kind in _ORDER:
        pairs: dict[uuid.UUID, tuple[ClaimedPayout, Outcome]] = {}
        for one in fresh:
            known = pairs.get(one.payout_id)
            if one.line.kind is kind and (known is None or known[1].verdict is _OTHER.verdict):
                payout = told.payouts[one.line.mark].payout
                is_unsure = one.payout_id in unsure
                out = _OTHER if is_unsure else _outcome(uow, maker, one, payout.request)
                pairs[one.payout_id] = (payout, out)
        moved += take_in(uow, record_outcomes, list(pairs.values()), {})
    post_charges(uow, told, fresh, moved)
    _close_solved(uow, moved)
    ask_second_person(uow, moved, SAID_BY_FILE)
    return moved


def _at_odds(fresh: Sequence[Named]) -> set[uuid.UUID]:
    """Payouts of which one file says that they left and that they were refused."""
    kinds: dict[uuid.UUID, set[LineKind]] = {}
    for one in fresh:
        kinds.setdefault(one.payout_id, set()).add(one.line.kind)
    return {payout_id for payout_id, found in kinds.items() if found >= _AT_ODDS}


def _look_for_odd(
    uow: UnitOfWork, rail: str, file: AnswerFile, told: Told, fresh: Sequence[Named]
) -> None:
    """A notice and a statement tell of the same booking; two statements do not."""
    seen: set[uuid.UUID] = set()
    before: dict[uuid.UUID, set[str]] = {}
    if file.kind is FileKind.STATEMENT:
        before = booked_before(
            uow.session,
            organisation_id=uow.organisation_id,
            payout_ids=[one.payout_id for one in fresh if one.line.lasting],
        )
    for one in fresh:
        payout = told.payouts[one.line.mark].payout
        raise_odd(uow, rail, one, payout, before=before, again=one.payout_id in seen)
        if one.line.kind is LineKind.BOOKED:
            seen.add(one.payout_id)


def _close_solved(uow: UnitOfWork, moved: Sequence[Moved]) -> None:
    """What a person was asked about, and the bank has settled since."""
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id, "now": uow.now}
    asked = [one.payout_id for one in moved if one.before is PayoutState.NEEDS_REVIEW]
    close_reviews(uow.session, payout_ids=asked, note=_BY_RULE, **tenant)
    for one in moved:
        if one.after is PayoutState.RETURNED:
            close_incident(
                uow.session,
                kind=IncidentKind.MISSING_EFFECT,
                ref=str(one.payout_id),
                closed_by=None,
                note=_BY_RULE,
                **tenant,
            )


def _outcome(uow: UnitOfWork, maker: RunMaker, named: Named, request: PayoutRequest) -> Outcome:
    """A return of less than was sent is one as well: the bank has kept its charges, and the
    customer nothing."""
    line = named.line
    asked = (request.amount_minor, request.currency)
    other = line.amount_minor is not None and (line.amount_minor, line.currency) != asked
    if other and not is_less(line, request):
        raise_other_amount(uow, maker.name, named)
        return replace(_OTHER, detail=line.reason)
    if line.kind is LineKind.ACCEPTED:
        return Outcome(RailVerdict.ACCEPTED, provider_ref=line.ref, detail=line.reason)
    if line.kind is LineKind.BOOKED:
        return Outcome(RailVerdict.PAID, provider_ref=line.ref, fact_on=line.booked_on)
    rejected = line.kind is LineKind.REJECTED
    verdict = RailVerdict.REJECTED if rejected else RailVerdict.RETURNED
    trouble = maker.trouble(line.reason)
    return Outcome(verdict, detail=line.reason, trouble=trouble, fact_on=line.booked_on)


def _follow_runs(uow: UnitOfWork, rail: str, file: AnswerFile, told: Told) -> None:
    """Runs that were spoken of are answered; a statement has to add up, beside them and by
    itself."""
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id, "now": uow.now}
    spoken_of = sorted({one.run_id for one in told.named if one.line.kind not in _SAYS_NOTHING})
    zone = organisation_info(uow.session, organisation_id=uow.organisation_id).time_zone
    more_by = answer_by(uow.now, silent_days(uow, rail), zone)
    runs.note_answers(uow.session, run_ids=spoken_of, answer_by=more_by, **tenant)
    for run_id in spoken_of:
        close_incident(
            uow.session,
            kind=IncidentKind.BANK_SILENT,
            ref=str(run_id),
            closed_by=None,
            note=_BY_RULE,
            **tenant,
        )
    for gap in told.gaps:
        raise_gap(uow, rail, gap.ref, gap.amount_minor, gap.currency)
    if file.kind is FileKind.STATEMENT:
        _compare_sums(uow, rail, spoken_of)
        _compare_balances(uow, rail, file)


def _compare_sums(uow: UnitOfWork, rail: str, run_ids: Sequence[uuid.UUID]) -> None:
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    for one in run_sums(uow.session, run_ids=run_ids, **tenant):
        gap = one.due_minor - one.booked_minor
        if gap:
            raise_gap(uow, rail, str(one.run_id), gap, one.currency)
        else:
            close_incident(
                uow.session,
                now=uow.now,
                kind=IncidentKind.STATEMENT_GAP,
                ref=str(one.run_id),
                closed_by=None,
                note=_BY_RULE,
                **tenant,
            )


def _compare_balances(uow: UnitOfWork, rail: str, file: AnswerFile) -> None:
    for balance in file.balances:
        if balance.gap_minor:
            raise_gap(uow, rail, f"{file.message_id}/{balance.ref}", balance.gap_minor, None)


def _finish(uow: UnitOfWork, file_id: uuid.UUID, taken: Taken) -> Taken:
    """Count and note."""
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    count_file(uow.session, file_id=file_id, lines=taken.lines, moved=taken.moved, **tenant)
    audit(
        uow.session,
        actor=uow.actor,
        now=uow.now,
        action="bank_file_taken",
        object_kind="bank_file",
        object_id=file_id,
        details={
            "kind": taken.file.kind.value,
            "message_id": taken.file.message_id,
            "lines": taken.lines,
            "moved": taken.moved,
        },
        **tenant,
    )
    return taken
