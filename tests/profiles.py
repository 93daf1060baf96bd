"""How many examples property tests try: `TEST_PROFILE=nightly` (make nightly) tries eleven times as
many as the ordinary run, `mutation` (make mutation) a few, for each of thousands of mutants."""

import os

from hypothesis import settings

FACTORS = {"ordinary": 1, "nightly": 11, "mutation": 0.1}
PROFILE = os.environ.get("TEST_PROFILE", "ordinary")

for _name, _factor in FACTORS.items():
    settings.register_profile(_name, deadline=None, max_examples=int(100 * _factor))
settings.load_profile(PROFILE)


def examples(ordinary):
    """Settings for a property test: `ordinary` examples, more in the nightly profile."""
    return settings(max_examples=scaled(ordinary), deadline=None)


def scaled(ordinary):
    """That many in the profile of this run, but a handful at least."""
    return max(int(ordinary * FACTORS[PROFILE]), 5)
