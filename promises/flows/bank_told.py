"""Of which payouts of ours a bank's file speaks, line by line or as a whole."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from promises.db.session import UnitOfWork
from promises.payouts import runs
from promises.payouts.bank_files import Named
from promises.payouts.models import PayoutState
from promises.payouts.rails.answers import AnswerFile, FileKind, Line, LineKind
from promises.payouts.run_claiming import InRun, payout_of_mark, payouts_by_mark, payouts_in_run

ANSWERS = frozenset({FileKind.STATUS, FileKind.RESULTS})
ACCOUNTS = frozenset({FileKind.STATEMENT, FileKind.NOTICE, FileKind.REPORT})
_MOVED = frozenset({LineKind.BOOKED, LineKind.RETURNED})


@dataclass(frozen=True, slots=True)
class Gap:
    """A sum of a whole run that is not what the run comes to: what is missing, or what moved the
    wrong way."""

    ref: str
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Told:
    """The file's lines that name our payouts, with those payouts by their marks. `run_id`: the run
    that the file answers."""

    run_id: uuid.UUID | None
    named: tuple[Named, ...]
    payouts: dict[str, InRun]
    gaps: tuple[Gap, ...] = ()

    @property
    def run_ids(self) -> list[uuid.UUID]:
        return sorted({one.run_id for one in self.named})

    @property
    def duplicate(self) -> bool:
        return any(one.line.kind is LineKind.DUPLICATE for one in self.named)


def told_of(uow: UnitOfWork, rail: str, file: AnswerFile, *, live: bool) -> Told:
    """`live`: the mode of money. What went out in the other one is not spoken of."""
    if file.kind not in ANSWERS:
        return _told_of_money(uow, rail, file, live)
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    message_id = file.answers_to or ""
    run = runs.run_by_message(uow.session, rail=rail, message_id=message_id, live=live, **tenant)
    if run is None:
        return Told(None, (), {})
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
    return Told(run.id, _named(lines, payouts), payouts)


def _told_of_money(uow: UnitOfWork, rail: str, file: AnswerFile, live: bool) -> Told:
    marks = [line.mark for line in file.lines]
    payouts = payouts_by_mark(
        uow.session, organisation_id=uow.organisation_id, rail=rail, marks=marks, live=live
    )
    lines, gaps = list(file.lines), []
    held_by = _runs_of(uow, rail, file, live)
    for total in file.totals:
        held = held_by.get(total.mark, [])
        if not held:
            continue
        due = [one for one in held if one.payout.state is not PayoutState.FAILED]
        short = sum(one.payout.request.amount_minor for one in due) - (total.amount_minor or 0)
        currency = held[0].payout.request.currency
        if short or total.currency != currency or total.kind not in _MOVED:
            gap = short or total.amount_minor or 0
            gaps.append(Gap(f"{held[0].run_id}/{total.ref}", gap, currency))
            continue
        payouts |= {one.mark: one for one in due}
        day = total.booked_on
        lines += [Line(total.kind, total.ref, one.mark, booked_on=day) for one in due]
    return Told(None, _named(lines, payouts), payouts, tuple(gaps))


def _runs_of(uow: UnitOfWork, rail: str, file: AnswerFile, live: bool) -> dict[str, list[InRun]]:
    """The payouts of each run whose sum the file tells; a statement tells of other files too."""
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    found: dict[str, list[InRun]] = {}
    for mark in sorted({one.mark for one in file.totals}):
        if payout_of_mark(mark) is None:  # a run is named as a payout is
            continue
        run = runs.run_by_message(uow.session, rail=rail, message_id=mark, live=live, **tenant)
        if run is not None:
            found[mark] = payouts_in_run(uow.session, rail=rail, run_id=run.id, **tenant)
    return found


def _named(lines: Sequence[Line], payouts: dict[str, InRun]) -> tuple[Named, ...]:
    return tuple(
        Named(line, payouts[line.mark].run_id, payouts[line.mark].payout.request.payout_id)
        for line in lines
        if line.mark in payouts
    )
