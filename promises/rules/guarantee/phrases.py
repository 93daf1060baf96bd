"""The phrases of a guarantee; see `phrasing`."""

from promises.rules.guarantee import phrases_of_numbers, phrases_of_time
from promises.rules.guarantee.clauses import Guarantee
from promises.rules.guarantee.phrasing import Phrases


def phrases_of(terms: Guarantee) -> Phrases:
    plain = phrases_of_numbers.PLAIN | phrases_of_time.PLAIN
    return Phrases(terms, plain, phrases_of_numbers.TYPED)
