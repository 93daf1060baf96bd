"""One question to a customer after the case: one tap, once a ticket, of nobody."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from promises.breaches.models import CommitmentState
from promises.db.session import UnitOfWork
from promises.desk.models import TicketState
from promises.desk.views import TicketView
from promises.feedback.answers import CaseAnswer, Given, give_answer, given_answer
from promises.feedback.errors import NotAsked
from promises.feedback.models import Outcome, Question
from promises.feedback.questions import QUESTION_TEXTS, SCALES, SCORE_WORDS, question_of
from promises.feedback.settings import asking_of
from promises.kernel.zones import local_date
from promises.reporting.money import MoneyStage
from promises.reporting.ticket_panels import TicketPanel, ticket_panels

ASKED_FOR = dt.timedelta(days=14)
"""How long after the end of a case it is asked about."""
_OVER = frozenset({TicketState.SERVED, TicketState.LEFT, TicketState.CLOSED, TicketState.ANSWERED})
_IN_HAND = frozenset({MoneyStage.ISSUED, MoneyStage.REDEEMED, MoneyStage.PAID})


@dataclass(frozen=True, slots=True)
class AfterCase:
    """The question to show; `given` is what was answered already."""

    question: Question
    given: Given | None

    @property
    def text(self) -> str:
        return QUESTION_TEXTS[self.question]

    @property
    def scores(self) -> range:
        """Empty for a question that is answered in words."""
        lowest, highest = SCALES.get(self.question, (0, -1))
        return range(lowest, highest + 1)

    @property
    def words(self) -> Mapping[int, str]:
        """The names of the scores, where they have names."""
        return SCORE_WORDS.get(self.question, {})


def after_case(uow: UnitOfWork, ticket: TicketView) -> AfterCase | None:
    """What to ask about a ticket whose case is over; None where nothing is."""
    if not _is_over(ticket, uow.now):
        return None
    given = given_answer(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        ticket_id=ticket.ticket_id,
    )
    if given is not None:
        return AfterCase(given.question, given)
    asking = asking_of(uow.session, organisation_id=uow.organisation_id)
    question = question_of(ticket.ticket_id, asking.questions)
    return None if question is None else AfterCase(question, None)


def answer(uow: UnitOfWork, ticket: TicketView, *, score: int | None, body: str) -> None:
    """Raises NotAsked, AnswerSettled, Refused."""
    asked = after_case(uow, ticket)
    if asked is None:
        raise NotAsked()
    panels = ticket_panels(
        uow.session, organisation_id=uow.organisation_id, ticket_id=ticket.ticket_id
    )
    give_answer(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        answer=CaseAnswer(
            ticket_id=ticket.ticket_id,
            question=asked.question,
            score=score,
            body=body,
            month_on=local_date(uow.now, ticket.time_zone).replace(day=1),
            branch_id=ticket.branch_id,
            service_kind_id=ticket.service_kind_id,
            outcome=outcome_of(panels),
        ),
    )


def outcome_of(panels: Sequence[TicketPanel]) -> Outcome:
    """What had become of the promises when the customer spoke: made good only where all that was
    broken was."""
    broken = [one for one in panels if one.state is CommitmentState.BROKEN]
    if broken:
        good = all(one.compensation and one.compensation.stage in _IN_HAND for one in broken)
        return Outcome.MADE_GOOD if good else Outcome.BROKEN
    if any(one.state is CommitmentState.KEPT for one in panels):
        return Outcome.KEPT
    return Outcome.NOTHING


def _is_over(ticket: TicketView, now: dt.datetime) -> bool:
    ended = ticket.ended_at
    return ticket.state in _OVER and ended is not None and now < ended + ASKED_FOR
