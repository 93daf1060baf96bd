"""Every way in which a payment fails has a sentence for each who asks, in each language."""

import dataclasses

import pytest

from promises.kernel.text import LOCALES, translate
from promises.notify.trouble_words import trouble_words
from promises.payouts.rails.base import Trouble

UNNAMED = trouble_words(None)


@pytest.mark.parametrize("trouble", [one for one in Trouble if one is not Trouble.OTHER])
def test_each_trouble_has_words_of_its_own_for_each_reader(trouble):
    words = dataclasses.astuple(trouble_words(trouble.value))
    assert set(words).isdisjoint(dataclasses.astuple(UNNAMED))
    for locale in LOCALES:
        said = [translate(locale, one) for one in words]
        assert all(said)
        assert locale == "en" or set(said).isdisjoint(words)


def test_trouble_that_nobody_named_did_not_go_through():
    assert trouble_words("other") == trouble_words("nobody knows") == UNNAMED
