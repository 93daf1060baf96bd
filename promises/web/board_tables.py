"""The board report as tables in the reader's language: the page and both files show the same."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Self
from uuid import UUID

from promises.catalogue.queries import PromiseInfo
from promises.http.i18n import gettext, locale
from promises.kernel.money import Money
from promises.kernel.text import N_, format_date
from promises.kernel.zones import local_date
from promises.reporting.board import Board, ChangeKind
from promises.reporting.money import MoneyStage
from promises.reporting.rates import KeptRate
from promises.reporting.scorecard import Scorecard
from promises.web.breaches import STAGE_NAMES

Cell = str | int | Decimal | Fraction | Money | None
"""A fraction is a share, a decimal a number of hours."""


class Cases(int):
    """A number of cases, and what the list behind it is narrowed to."""

    only: Mapping[str, object]

    def __new__(cls, count: int, promise_id: UUID | None, **only: str) -> Self:
        made = super().__new__(cls, count)
        made.only = {"promise": promise_id, **only} if promise_id else dict(only)
        return made


SHOWN_STAGES = tuple(stage for stage in MoneyStage if stage is not MoneyStage.NOTHING)
CHANGES = {
    ChangeKind.PUBLISHED: N_("Version %(number)s was published"),
    ChangeKind.PAUSED: N_("A pause was announced"),
    ChangeKind.ENDING: N_("Its end was announced"),
    ChangeKind.REVIEWED: N_("It was reviewed"),
}
DEFINITIONS = (
    (
        N_("Kept"),
        N_("What was promised happened before the deadline. Each case is judged by the version "
           "that held when it began."),
    ),
    (
        N_("Broken"),
        N_("The deadline passed first. It counts from that second, also where nobody noticed."),
    ),
    (N_("Excluded"), N_("The case counts neither way, with a reason that the promise names.")),
    (
        N_("Kept, share"),
        N_("Kept of kept and broken. Below 30 cases a share says more than is known, so it is left "
           "out. The interval holds the true share with 95 per cent confidence."),
    ),
    (
        N_("Unverified and imported"),
        N_("Part of the broken cases: known from notes made too late to be sure, or from files."),
    ),
    (
        N_("Paused hours"),
        N_("Opening hours in which the promise was made to nobody new, added up over the "
           "branches."),
    ),
    (
        N_("Money"),
        N_("Of the breaches of these days, as it stands when the report is made; each sum is in "
           "one column only."),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Table:
    """The last row is the total where `has_total`."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    has_total: bool = False


def board_tables(board: Board, promises: Mapping[UUID, PromiseInfo], zone: str) -> list[Table]:
    return [
        _kept(board), _apart(board), _money(board), _changes(board, promises, zone), _definitions(),
    ]  # fmt: skip


def _kept(board: Board) -> Table:
    head = (
        N_("Promise"), N_("Kept"), N_("Broken"), N_("Kept, share"), N_("At least"), N_("At most"),
        N_("Target"),
    )  # fmt: skip

    def judged(card: Scorecard, promise_id: UUID | None) -> tuple[Cell, ...]:
        kept = Cases(card.kept, promise_id, state="kept")
        return kept, Cases(card.broken, promise_id, state="broken"), *_share(card.rate)

    rows = [
        (
            line.info.title(locale()),
            *judged(line.card, line.info.promise_id),
            None if line.target is None else Fraction(line.target),
        )
        for line in board.lines
    ]
    total = gettext("All promises"), *judged(board.total, None), None
    return Table(gettext("How promises were kept"), _said(head), (*rows, total), has_total=True)


def _apart(board: Board) -> Table:
    head = (
        N_("Promise"), N_("Excluded"), N_("Still open"), N_("Broken, unverified"),
        N_("Broken, imported"), N_("Paused hours"),
    )  # fmt: skip

    def apart(card: Scorecard, promise_id: UUID | None) -> tuple[Cell, ...]:
        return (
            Cases(card.excluded, promise_id, state="excluded"),
            Cases(card.open, promise_id, state="open"),
            Cases(card.broken_unverified, promise_id, state="broken", evidence="unverified"),
            Cases(card.broken_imported, promise_id, state="broken", evidence="imported"),
        )

    rows = [
        (
            line.info.title(locale()),
            *apart(line.card, line.info.promise_id),
            line.paused.paused_hours,
        )
        for line in board.lines
    ]
    hours = sum((line.paused.paused_hours for line in board.lines), Decimal(0))
    total = gettext("All promises"), *apart(board.total, None), hours
    return Table(gettext("Counted apart, and pauses"), _said(head), (*rows, total), has_total=True)


def _share(rate: KeptRate) -> tuple[Cell, Cell, Cell]:
    if rate.shown is None:
        return None, None, None
    return rate.shown, Fraction(rate.low), Fraction(rate.high)


def _money(board: Board) -> Table:
    head = (gettext("Promise"), *(gettext(STAGE_NAMES[stage]) for stage in SHOWN_STAGES))

    def sums(minors: Iterable[int]) -> tuple[Cell, ...]:
        return tuple(Money(minor, board.currency) for minor in minors)

    rows = [
        (
            line.info.title(locale()),
            *sums(line.money_minor.get(stage, 0) for stage in SHOWN_STAGES),
        )
        for line in board.lines
    ]
    total = (gettext("All promises"), *sums(map(board.money_minor, SHOWN_STAGES)))
    return Table(gettext("Money"), head, (*rows, total), has_total=True)


def _changes(board: Board, promises: Mapping[UUID, PromiseInfo], zone: str) -> Table:
    rows = tuple(
        (
            format_date(locale(), local_date(one.at, zone)),
            promises[one.promise_id].title(locale()),
            gettext(CHANGES[one.kind], number=str(one.number or "")),
            one.text(locale()),
        )
        for one in board.changes
        if one.promise_id in promises
    )
    return Table(
        gettext("What was changed"), _said((N_("Day"), N_("Promise"), N_("What"), N_("Why"))), rows
    )


def _definitions() -> Table:
    rows = tuple((gettext(word), gettext(meaning)) for word, meaning in DEFINITIONS)
    return Table(gettext("What the words mean"), _said((N_("Word"), N_("Meaning"))), rows)


def _said(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(gettext(word) for word in words)
