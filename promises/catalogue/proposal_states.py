"""The life of a proposal as a pure table: what may follow what, and nothing else."""

from collections.abc import Mapping

from promises.catalogue.models import ProposalState as S

ALLOWED: Mapping[S, frozenset[S]] = {
    S.OPEN: frozenset({S.ASKED, S.SHADOW, S.PUBLISHED, S.DECLINED, S.MERGED}),
    S.ASKED: frozenset({S.OPEN, S.SHADOW, S.PUBLISHED, S.DECLINED, S.MERGED}),
    S.SHADOW: frozenset({S.OPEN, S.PUBLISHED, S.DECLINED}),
    S.PUBLISHED: frozenset(),
    S.DECLINED: frozenset(),
    S.MERGED: frozenset(),
}

UNDECIDED = frozenset({S.OPEN, S.ASKED, S.SHADOW})
"""Still to be published, declined or merged."""

WAITING = frozenset({S.OPEN, S.ASKED})
"""Without an answer of management: the deadline of the decision stands, or rests."""


def may_become(before: S, after: S) -> bool:
    return after in ALLOWED[before]


def answers(before: S, after: S) -> bool:
    """Whether the step is management's answer, which the deadline of the decision asks for."""
    return before in WAITING and after not in WAITING
