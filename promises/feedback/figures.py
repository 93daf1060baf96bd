"""Figures of feedback: sums of whole blocks, and nothing else."""

import datetime as dt
import uuid
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.db import sql
from promises.feedback.models import Question
from promises.feedback.questions import Tally, tally

PAGE = 100

_BLOCKS = """
SELECT id, question, first_on, last_on, shared, branch_id, service_kind_id, segment, outcome,
       answers, counts
FROM feedback_blocks
WHERE organisation_id = %(organisation_id)s AND question = %(question)s
  AND first_on >= %(from_on)s AND last_on <= %(to_on)s
  AND (%(branch_id)s::uuid IS NULL OR ('branch' = ANY (shared) AND branch_id = %(branch_id)s))
  AND (%(service_kind_id)s::uuid IS NULL
       OR ('service' = ANY (shared) AND service_kind_id = %(service_kind_id)s))
  AND (%(outcome)s::text IS NULL OR ('outcome' = ANY (shared) AND outcome = %(outcome)s))
ORDER BY last_on DESC, first_on DESC, id
"""

_WAITING = """
SELECT count(*) AS n FROM feedback_answers
WHERE organisation_id = %(organisation_id)s AND question = %(question)s AND block_id IS NULL
  AND settles_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class FigureFilter:
    """Months by their first days, both included."""

    question: Question
    from_on: dt.date
    to_on: dt.date
    branch_id: uuid.UUID | None = None
    service_kind_id: uuid.UUID | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """Answers that are shown together. What they do not share is None and not named in `shared`."""

    block_id: uuid.UUID
    first_on: dt.date
    last_on: dt.date
    shared: frozenset[str]
    branch_id: uuid.UUID | None
    service_kind_id: uuid.UUID | None
    segment: str | None
    outcome: str | None
    tally: Tally


@dataclass(frozen=True, slots=True)
class Group:
    """The answers that share `key`; `shared` is False for those that only count in the total."""

    key: Any
    shared: bool
    tally: Tally


@dataclass(frozen=True, slots=True)
class Figures:
    """Each breakdown sums to the total, as its last group holds what is not shown apart.
    `waiting` answers are too few to be shown at all."""

    total: Tally
    months: tuple[Group, ...]
    branches: tuple[Group, ...]
    services: tuple[Group, ...]
    segments: tuple[Group, ...]
    outcomes: tuple[Group, ...]
    waiting: int


def _shares(name: str) -> Callable[[Block], bool]:
    return lambda one: name in one.shared


DIMENSIONS: dict[str, tuple[Callable[[Block], Hashable], Callable[[Block], bool]]] = {
    "month": (lambda one: one.first_on, lambda one: one.first_on == one.last_on),
    "branch": (lambda one: one.branch_id, _shares("branch")),
    "service": (lambda one: one.service_kind_id, _shares("service")),
    "segment": (lambda one: one.segment, _shares("segment")),
    "outcome": (lambda one: one.outcome, _shares("outcome")),
}
"""The breakdowns: what a block is grouped by, and whether all of its answers share it."""


def list_blocks(session: Session, *, organisation_id: uuid.UUID, only: FigureFilter) -> list[Block]:
    """What the figures sum, the newest first."""
    return [_block(row) for row in sql.rows(session, _BLOCKS, _params(organisation_id, only))]


def feedback_figures(
    session: Session, *, organisation_id: uuid.UUID, only: FigureFilter
) -> Figures:
    blocks = list_blocks(session, organisation_id=organisation_id, only=only)
    waiting = sql.one(session, _WAITING, _params(organisation_id, only)).n
    by = {name: breakdown(blocks, name) for name in DIMENSIONS}
    return Figures(
        total=_sum(blocks),
        months=by["month"],
        branches=by["branch"],
        services=by["service"],
        segments=by["segment"],
        outcomes=by["outcome"],
        waiting=waiting,
    )


def blocks_of_group(blocks: list[Block], by: str, key: str | None) -> list[Block]:
    """Those that a group of a breakdown sums, by the text of its key; None: of small groups."""
    key_of, shares = DIMENSIONS[by]
    if key is None:
        return [one for one in blocks if not shares(one)]
    return [one for one in blocks if shares(one) and str(key_of(one) or "") == key]


def breakdown(blocks: list[Block], by: str) -> tuple[Group, ...]:
    """The groups of a breakdown, the newest first; last, together, what cannot be told apart."""
    key_of, shares = DIMENSIONS[by]
    found: dict[Hashable, list[Block]] = {}
    rest = []
    for block in blocks:
        if shares(block):
            found.setdefault(key_of(block), []).append(block)
        else:
            rest.append(block)
    groups = [Group(key, True, _sum(some)) for key, some in found.items()]
    return (*groups, *([Group(None, False, _sum(rest))] if rest else []))


def _sum(blocks: list[Block]) -> Tally:
    return tally([(one.tally.answers, one.tally.counts) for one in blocks])


def _params(organisation_id: uuid.UUID, only: FigureFilter) -> dict[str, Any]:
    return {
        "organisation_id": organisation_id,
        "question": only.question.value,
        "from_on": only.from_on,
        "to_on": only.to_on,
        "branch_id": only.branch_id,
        "service_kind_id": only.service_kind_id,
        "outcome": only.outcome,
    }


def _block(row: Any) -> Block:
    return Block(
        block_id=row.id,
        first_on=row.first_on,
        last_on=row.last_on,
        shared=frozenset(row.shared),
        branch_id=row.branch_id,
        service_kind_id=row.service_kind_id,
        segment=row.segment,
        outcome=row.outcome,
        tally=Tally(row.answers, tuple(row.counts)),
    )
