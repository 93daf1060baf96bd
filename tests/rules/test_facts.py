from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from promises.rules.facts import LONGEST_WAIT, EventKind, FactEvent, Facts, TicketKind
from tests.rules.ground import START, facts


def test_fact_event_reads_plain_words_and_turns_times_to_utc():
    local = datetime(2026, 3, 29, 1, 50, tzinfo=ZoneInfo("Europe/Helsinki"))
    event = FactEvent("arrived", local)
    assert event.kind is EventKind.ARRIVED
    assert event.occurred_at == START
    assert event.occurred_at.utcoffset() == timedelta(0)


def test_fact_event_refuses_unknown_kinds_and_naive_times():
    with pytest.raises(ValueError, match="appeared"):
        FactEvent("appeared", START)
    with pytest.raises(ValueError, match="not an instant"):
        FactEvent(EventKind.ARRIVED, datetime(2026, 1, 1))  # noqa: DTZ001  refused


def test_facts_read_the_ticket_kind_from_its_word():
    assert Facts("callback", None, None, ()).ticket_kind is TicketKind.CALLBACK
    with pytest.raises(ValueError, match="chat"):
        Facts("chat", None, None, ())


@pytest.mark.parametrize("measured", [-timedelta.resolution, LONGEST_WAIT + timedelta.resolution])
def test_facts_refuse_a_measured_wait_that_nobody_can_have_had(measured):
    with pytest.raises(ValueError, match="measured wait"):
        Facts(TicketKind.VISIT, None, None, (), measured)


def test_facts_take_a_measured_wait_of_nothing_and_of_ten_years():
    assert facts(measured=0).measured_wait == timedelta(0)
    assert Facts(TicketKind.VISIT, None, None, (), LONGEST_WAIT).measured_wait == LONGEST_WAIT
