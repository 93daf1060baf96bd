"""How many examples property tests try: `TEST_PROFILE=nightly` (make nightly) tries eleven times as
many as the ordinary run."""

import os

from hypothesis import settings

FACTORS = {"ordinary": 1, "nightly": 11}
PROFILE = os.environ.get("TEST_PROFILE", "ordinary")

for _name, _factor in FACTORS.items():
    settings.register_profile(_name, deadline=None, max_examples=100 * _factor)
settings.load_profile(PROFILE)


def examples(ordinary):
    """Settings for a property test: `ordinary` examples, more in the nightly profile."""
    return settings(max_examples=ordinary * FACTORS[PROFILE], deadline=None)
