"""One purse for a module of tests that plan what their provider answers."""

import pytest

from tests.payouts.bank import Payer
from tests.payouts.ground import Purse


@pytest.fixture(scope="module")
def shared(bare_apps):
    with bare_apps[0].app_context():
        return Purse()


@pytest.fixture
def purse(shared):
    """The world of this module with nothing left to do."""
    shared.execute(
        "UPDATE payouts SET state = 'cancelled', look_at = NULL WHERE state IN"
        " ('ready', 'submitting', 'unknown', 'submitted', 'paid') AND id <> ALL(%(ids)s)",
        [],
    )
    shared.maker.broken = False
    shared.works_again()
    return shared


@pytest.fixture(scope="module")
def payer(bare_apps):
    """An organisation that sends files to its bank."""
    with bare_apps[0].app_context():
        return Payer()
