"""One fake Stripe and one shop for the rows of a module."""

import pytest

from tests.fakes.stripe_server import FakeStripe
from tests.payouts.matrix.ground import Shop


@pytest.fixture(scope="module")
def stripe():
    with FakeStripe() as fake:
        yield fake


@pytest.fixture(scope="module")
def shop(stripe, bare_apps):
    with bare_apps[0].app_context():
        return Shop(stripe)
