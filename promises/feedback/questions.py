"""The questions, their scales, and what the answers come to."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from promises.feedback.models import Question
from promises.kernel.text import N_

SCALES = {
    Question.EFFORT: (1, 5),
    Question.RECOMMENDATION: (0, 10),
    Question.SATISFACTION: (1, 5),
    Question.EMOTION: (1, 5),
}
HIGHEST = 10
LEAST_FOR_RATE = 30
"""Below this many answers counts are shown, not a figure made of shares."""

ASKABLE = (Question.EFFORT, Question.RECOMMENDATION, Question.EMOTION, Question.WORDS)
"""What may be asked after a case, one question a case."""

QUESTION_NAMES = {
    Question.EFFORT: N_("Effort"),
    Question.RECOMMENDATION: N_("Recommendation"),
    Question.SATISFACTION: N_("Satisfaction"),
    Question.EMOTION: N_("Feeling"),
    Question.WORDS: N_("In their own words"),
}
QUESTION_TEXTS = {
    Question.EFFORT: N_("How easy was it to get this done with us?"),
    Question.RECOMMENDATION: N_("How gladly would you recommend us to a friend?"),
    Question.EMOTION: N_("How do you feel now?"),
    Question.WORDS: N_("What could we have done better?"),
}
SCORE_WORDS = {
    Question.EFFORT: {
        1: N_("Very hard"), 2: N_("Hard"), 3: N_("Neither"), 4: N_("Easy"), 5: N_("Very easy"),
    },
    Question.EMOTION: {
        1: N_("Angry"), 2: N_("Disappointed"), 3: N_("Calm"), 4: N_("Pleased"), 5: N_("Delighted"),
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tally:
    """How many gave each score from 0 to 10. `answers` may be more: words have no score."""

    answers: int
    counts: tuple[int, ...]

    @property
    def scored(self) -> int:
        return sum(self.counts)

    @property
    def mean(self) -> Fraction | None:
        if not self.scored:
            return None
        return Fraction(sum(score * n for score, n in enumerate(self.counts)), self.scored)

    @property
    def promoters(self) -> int:
        """Of the question of recommendation: 9 and 10."""
        return sum(self.counts[9:])

    @property
    def passives(self) -> int:
        return sum(self.counts[7:9])

    @property
    def detractors(self) -> int:
        return sum(self.counts[:7])

    @property
    def net(self) -> int | None:
        """Promoters less detractors of a hundred, rounded half away from zero; None below 30."""
        if self.scored < LEAST_FOR_RATE:
            return None
        share = Fraction(100 * (self.promoters - self.detractors), self.scored)
        whole = int(abs(share) + Fraction(1, 2))
        return whole if share >= 0 else -whole


def tally(rows: Sequence[tuple[int, Sequence[int]]]) -> Tally:
    """The sum of (answers, counts)."""
    counts = [0] * (HIGHEST + 1)
    for _, some in rows:
        for score, n in enumerate(some):
            counts[score] += n
    return Tally(sum(answers for answers, _ in rows), tuple(counts))


def question_of(ticket_id: uuid.UUID, questions: Sequence[Question]) -> Question | None:
    """Which question this ticket is asked: they take turns by the ticket's id, so that one page
    asks the same whenever it is opened."""
    return questions[ticket_id.int % len(questions)] if questions else None


def on_scale(question: Question, score: int) -> bool:
    lowest, highest = SCALES[question]
    return lowest <= score <= highest
