"""Claims of events, and acts that are refused."""

import pytest

from promises.desk.models import EventKind, EventSource
from promises.desk.values import EventClaim


def refused_without_change(desk, ticket_id, error, act):
    before = desk.snapshot(ticket_id)
    with pytest.raises(error):
        act()
    assert desk.snapshot(ticket_id) == before


def claim(ticket_id, kind, **words):
    return EventClaim(
        ticket_id=ticket_id, kind=EventKind(kind), source=EventSource.API, **words
    )  # fmt: skip
