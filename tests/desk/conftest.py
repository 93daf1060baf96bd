import pytest

from tests.browser import browser  # noqa: F401 -- a fixture


@pytest.fixture
def called(desk):
    ticket = desk.take()
    desk.call()
    return ticket.ticket_id
