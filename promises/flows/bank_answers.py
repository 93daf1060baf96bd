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
from promises.compensation.models import Hold
from promises.compensation.queries import tickets_of
from promises.compensation.releasing import place_hold, record_decisions
from promises.db.session import UnitOfWork
from promises.desk.actions import touch_tickets
from promises.flows.payout_results import take_in
from promises.flows.payout_runs import account_of, run_maker
from promises.kernel.actors import SYSTEM
from promises.kernel.errors import Forbidden
from promises.payouts import runs
from promises.payouts.bank_files import (
    Named,
    NewFile,
    close_reviews,
    count_file,
    enter_lines,
    run_sums,
    store_file,
)
from promises.payouts.claiming import ClaimedPayout
from promises.payouts.incidents import Incident, close_incident, open_incident
from promises.payouts.models import PayoutState
from promises.payouts.rail_models import IncidentKind
from promises.payouts.rails.answers import AnswerFile, FileKind, Line, LineKind
from promises.payouts.rails.base import Outcome, RailAccount, Rails, RailVerdict, Trouble
from promises.payouts.rails.run_files import RunMaker
from promises.payouts.recording import Moved, record_outcomes
from promises.payouts.run_claiming import InRun, payouts_by_mark, payouts_in_run
from promises.payouts.run_errors import AnswerOfOwnRun
from promises.payouts.run_hands import had_hand_in_runs
from promises.payouts.run_models import BankFileState

_SAYS_NOTHING = frozenset({LineKind.RECEIVED, LineKind.DUPLICATE})
_ORDER = (LineKind.ACCEPTED, LineKind.REJECTED, LineKind.BOOKED, LineKind.RETURNED)
"""What one file says of one payout is applied in the order in which banks do it."""

_CAME_TO_NOTHING = frozenset({LineKind.REJECTED, LineKind.RETURNED})
_OWED_AGAIN = frozenset({PayoutState.FAILED, PayoutState.RETURNED})
SAID_BY_FILE = "bank_file_says_not_paid"
"""Why a debt waits for a second person: the reason of the hold's decision."""

_ANSWERS = frozenset({FileKind.STATUS, FileKind.RESULTS})
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
    told = _told(uow, rail, file)
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
        _raise_foreign(uow, new)
        return Taken(file, file_id, foreign)
    _lock(uow, told)
    # read again: another file may have moved them before they were locked
    told = replace(told, payouts=told.payouts | _told(uow, rail, file).payouts)
    fresh = enter_lines(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        file_id=file_id,
        new=new,
        named=told.named,
    )
    moved = _apply(uow, maker, told, fresh)
    _follow_runs(uow, rail, file, told)
    return _finish(
        uow, file_id, Taken(file, file_id, False, len(fresh), len(moved), told.duplicate)
    )


@dataclass(frozen=True, slots=True)
class _Told:
    """The file's lines that name our payouts, with those payouts by their marks. `run_id`: the run
    that the file answers."""

    run_id: uuid.UUID | None
    named: tuple[Named, ...]
    payouts: dict[str, InRun]

    @property
    def run_ids(self) -> list[uuid.UUID]:
        return sorted({one.run_id for one in self.named})

    @property
    def duplicate(self) -> bool:
        return any(one.line.kind is LineKind.DUPLICATE for one in self.named)


def _read(uow: UnitOfWork, maker: RunMaker, account: RailAccount, content: bytes) -> AnswerFile:
    """Statements of every account that runs have drawn on are ours, also of one left since."""
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    known = runs.known_accounts(uow.session, rail=maker.name, **tenant)
    mine = maker.account_name(account)

    def is_ours(name: str) -> bool:
        return name == mine or runs.account_index(uow.session, account=name, **tenant) in known

    return maker.read(account, content, is_ours)


def _told(uow: UnitOfWork, rail: str, file: AnswerFile) -> _Told:
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    if file.kind not in _ANSWERS:
        marks = [line.mark for line in file.lines]
        payouts = payouts_by_mark(uow.session, rail=rail, marks=marks, **tenant)
        return _Told(None, _named(file.lines, payouts), payouts)
    run = runs.run_by_message(uow.session, rail=rail, message_id=file.answers_to or "", **tenant)
    if run is None:
        return _Told(None, (), {})
    held = payouts_in_run(uow.session, rail=rail, run_id=run.id, **tenant)
    payouts = {one.mark: one for one in held}
    lines = list(file.lines)
    if file.whole is not None:
        spoken_of = {line.mark for line in lines}
        lines += [
            Line(file.whole, f"all/{one.mark}", one.mark, reason=file.whole_reason)
            for one in held
            if one.mark not in spoken_of
        ]
    return _Told(run.id, _named(lines, payouts), payouts)


def _named(lines: Sequence[Line], payouts: dict[str, InRun]) -> tuple[Named, ...]:
    return tuple(
        Named(line, payouts[line.mark].run_id, payouts[line.mark].payout.request.payout_id)
        for line in lines
        if line.mark in payouts
    )


def _is_foreign(file: AnswerFile, told: _Told) -> bool:
    """A statement of another account, or an answer to a file that nobody of us had."""
    if file.kind in (FileKind.STATEMENT, FileKind.NOTICE):
        return not file.accounts
    if file.kind in _ANSWERS:
        return told.run_id is None
    return not told.named


def _raise_foreign(uow: UnitOfWork, new: NewFile) -> None:
    is_statement = new.file.kind in (FileKind.STATEMENT, FileKind.NOTICE)
    open_incident(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        incident=Incident(
            IncidentKind.FOREIGN_STATEMENT if is_statement else IncidentKind.UNKNOWN_EVENT,
            new.rail,
            new.file.message_id,
            details={"kind": new.file.kind.value, "answers_to": new.file.answers_to},
        ),
    )


def _refuse_own(uow: UnitOfWork, member_id: uuid.UUID, told: _Told) -> None:
    """The runs are locked: nobody fetches one of them meanwhile."""
    undone = sorted({one.run_id for one in told.named if one.line.kind in _CAME_TO_NOTHING})
    if undone and had_hand_in_runs(
        uow.session, organisation_id=uow.organisation_id, member_id=member_id, run_ids=undone
    ):
        raise AnswerOfOwnRun


def _lock(uow: UnitOfWork, told: _Told) -> None:
    """Tickets, after their runs; payouts follow."""
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    named = {one.line.mark for one in told.named}
    payouts = [told.payouts[mark].payout for mark in named]
    owed = [one.compensation_id for one in payouts if one.compensation_id is not None]
    gifts = [one.gift_id for one in payouts if one.gift_id is not None]
    found = set(tickets_of(uow.session, compensation_ids=owed, **tenant))
    found |= set(tickets_of_gifts(uow.session, gift_ids=gifts, **tenant))
    touch_tickets(uow.session, ticket_ids=sorted(found), **tenant)


def _apply(uow: UnitOfWork, maker: RunMaker, told: _Told, fresh: Sequence[Named]) -> list[Moved]:
    moved: list[Moved] = []
    for kind in _ORDER:
        pairs: dict[uuid.UUID, tuple[ClaimedPayout, Outcome]] = {}
        for one in fresh:
            if one.line.kind is kind:
                payout = told.payouts[one.line.mark].payout
                _raise_extra(uow, maker.name, one, payout, again=one.payout_id in pairs)
                pairs[one.payout_id] = (payout, _outcome(uow, maker, one, payout.request))
        moved += take_in(uow, record_outcomes, list(pairs.values()), {})
    close_reviews(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        payout_ids=[one.payout_id for one in moved if one.before is PayoutState.NEEDS_REVIEW],
        note=_BY_RULE,
    )
    _ask_second_person(uow, moved)
    return moved


def _ask_second_person(uow: UnitOfWork, moved: Sequence[Moved]) -> None:
    """A file is only as true as whoever brings it: what it reopened is not paid on its word."""
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    again = [one.compensation_id for one in moved if one.after in _OWED_AGAIN]
    ids = sorted({one for one in again if one is not None})
    held = place_hold(uow.session, compensation_ids=ids, hold=Hold.APPROVAL, **tenant)
    if held:
        record_decisions(
            uow.session,
            now=uow.now,
            actor=SYSTEM,
            compensation_ids=held,
            kind="held",
            holds=[Hold.APPROVAL],
            reason=SAID_BY_FILE,
            **tenant,
        )


def _raise_extra(
    uow: UnitOfWork, rail: str, named: Named, payout: ClaimedPayout, *, again: bool
) -> None:
    """Money that left twice, or after the bank had refused it: a person gets it back."""
    if named.line.kind is not LineKind.BOOKED:
        return
    if again or payout.state is PayoutState.FAILED:
        open_incident(
            uow.session,
            organisation_id=uow.organisation_id,
            now=uow.now,
            incident=Incident(
                IncidentKind.UNKNOWN_EFFECT,
                rail,
                f"{named.payout_id}/{named.line.ref}",
                named.payout_id,
                named.line.amount_minor,
                named.line.currency,
                {"provider_ref": named.line.ref},
            ),
        )


def _outcome(uow: UnitOfWork, maker: RunMaker, named: Named, request: Any) -> Outcome:
    line = named.line
    if line.amount_minor is not None and (line.amount_minor, line.currency) != (
        request.amount_minor,
        request.currency,
    ):
        _raise_other_amount(uow, maker.name, named)
        return Outcome(RailVerdict.MISMATCH, detail=line.reason, trouble=Trouble.OTHER_EFFECT)
    if line.kind is LineKind.ACCEPTED:
        return Outcome(RailVerdict.ACCEPTED, provider_ref=line.ref, detail=line.reason)
    if line.kind is LineKind.BOOKED:
        return Outcome(RailVerdict.PAID, provider_ref=line.ref)
    rejected = line.kind is LineKind.REJECTED
    verdict = RailVerdict.REJECTED if rejected else RailVerdict.RETURNED
    return Outcome(verdict, detail=line.reason, trouble=maker.trouble(line.reason))


def _raise_other_amount(uow: UnitOfWork, rail: str, named: Named) -> None:
    open_incident(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        incident=Incident(
            IncidentKind.OTHER_AMOUNT,
            rail,
            str(named.payout_id),
            named.payout_id,
            named.line.amount_minor,
            named.line.currency,
            {"kind": named.line.kind.value},
        ),
    )


def _follow_runs(uow: UnitOfWork, rail: str, file: AnswerFile, told: _Told) -> None:
    """Runs that were spoken of are answered; a statement has to add up, beside them and by
    itself."""
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id, "now": uow.now}
    spoken_of = sorted({one.run_id for one in told.named if one.line.kind not in _SAYS_NOTHING})
    runs.note_answers(uow.session, run_ids=spoken_of, **tenant)
    for run_id in spoken_of:
        close_incident(
            uow.session,
            kind=IncidentKind.BANK_SILENT,
            ref=str(run_id),
            closed_by=None,
            note=_BY_RULE,
            **tenant,
        )
    if file.kind is FileKind.STATEMENT:
        _compare_sums(uow, rail, spoken_of)
        _compare_balances(uow, rail, file)


def _compare_sums(uow: UnitOfWork, rail: str, run_ids: Sequence[uuid.UUID]) -> None:
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    for one in run_sums(uow.session, run_ids=run_ids, **tenant):
        gap = one.due_minor - one.booked_minor
        if gap:
            _raise_gap(uow, rail, str(one.run_id), gap, one.currency)
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
            _raise_gap(uow, rail, f"{file.message_id}/{balance.ref}", balance.gap_minor, None)


def _raise_gap(uow: UnitOfWork, rail: str, ref: str, gap: int, currency: str | None) -> None:
    open_incident(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        incident=Incident(IncidentKind.STATEMENT_GAP, rail, ref, None, gap, currency),
    )


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
