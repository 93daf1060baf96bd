"""The generator that other tests lean on: all that it makes is valid, and it makes everything."""

from collections.abc import Mapping
from random import Random

import pytest

from promises.rules.guarantee.reading_conditions import CONDITIONS
from promises.rules.guarantee.reading_instants import INSTANTS
from promises.rules.guarantee.reading_numbers import NUMBERS
from promises.rules.guarantee.reading_terms import OPTIONAL
from promises.rules.guarantee.trial import parse_guarantee
from promises.rules.guarantee.vocabulary import At, FactType, Receipt, Remedy, Rounding, Unit
from tests.rules.guarantee.random_facts import random_facts
from tests.rules.guarantee.random_terms import STEP_KINDS, random_document, random_sample


@pytest.fixture(scope="module")
def documents():
    return [random_document(Random(seed)) for seed in range(400)]


def words(value):
    """Every key and every text of a document."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield key
            yield from words(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from words(inner)
    elif isinstance(value, str):
        yield value


def test_random_terms_are_valid(documents):
    assert len([parse_guarantee(document) for document in documents]) == 400


@pytest.mark.parametrize(
    "vocabulary",
    [NUMBERS, INSTANTS, CONDITIONS, STEP_KINDS, OPTIONAL, FactType, Unit, At, Receipt, Remedy,
     Rounding],
)  # fmt: skip
def test_random_terms_use_every_word_of_the_language(documents, vocabulary):
    used = {word for document in documents for word in words(document)}
    assert {str(word) for word in vocabulary} - used == set()


def test_random_facts_give_every_type_and_leave_some_out(documents):
    known = [set(random_facts(Random(n), one)) for n, one in enumerate(documents)]
    assert set.union(*known) >= {*documents[0]["facts"], "now", "period_start", "word_at"}
    assert set.intersection(*known) == set()


def test_same_seed_gives_the_same_sample():
    assert random_sample(Random(7)) == random_sample(Random(7))
