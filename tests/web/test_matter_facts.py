"""What a promise asks for, noted by a clerk on the page of the matter."""

import datetime as dt
import json
import re
from html import unescape
from pathlib import Path

import pytest

import promises.catalogue.templates
from promises.desk.models import TicketKind
from promises.kernel.actors import Role
from tests.flows.guarantees import ANSWERED_IN_TWO_DAYS, GeneralWorld, general
from tests.parts import check_page
from tests.web.staff import sign_in

pytestmark = pytest.mark.usefixtures("as_application")

LIBRARY = Path(promises.catalogue.templates.__file__).parent / "library"
HOUR = dt.timedelta(hours=1)


def repair():
    """The template of the house: repaired by the end of the second working day."""
    terms = json.loads((LIBRARY / "repair-second-working-day.json").read_text("utf-8"))["terms"]
    terms["deadlines"]["repair_before"]["calendar"] = "business-days"
    return terms


MANY_KINDS = general(
    scope={"ticket_kinds": ["request"]},
    facts={
        "arrived_at": "instant", "cause": "text", "note": "text", "price_minor": "number",
        "distance_km": "number", "promised_on": "date", "missed": "boolean",
        "waits": "intervals", "month": "period",
    },
    measures={
        "spent": {
            "elapsed": {
                "from": "arrived_at", "to": "now", "unit": "hour",
                "pauses": {"in": "waits", "reasons": ["customer"]},
            }
        }
    },
    broken_when={"all": [{"true": "missed"}, {"compare": [{"measure": "spent"}, ">", 900]}]},
    exclusions=[{"code": "storm", "when": {"one_of": {"fact": "cause", "values": ["storm"]}}}],
)  # fmt: skip


@pytest.fixture
def world():
    return GeneralWorld(repair())


def clerk(client, world):
    with world.at(world.now):
        sign_in(client, world.made, Role.CLERK)
    return client


def path(world, ticket_id, rest=""):
    return f"/o/{world.made.slug}/staff/matters/{ticket_id}{rest}"


def page(client, world, ticket_id):
    with world.at(world.now):
        answer = client.get(path(world, ticket_id), follow_redirects=True)
    assert answer.status_code == 200
    return unescape(answer.text)


def hidden(text, name):
    return re.search(rf'name="{name}" value="([^"]*)"', text)[1]


def note(client, world, ticket_id, facts, text=None):
    """The form of facts as it stands on the page, with some fields typed anew."""
    text = text or page(client, world, ticket_id)
    version_id = hidden(text, "version_id")
    prefix = f"p{version_id.replace('-', '')[-12:]}-"
    form = {
        "csrf_token": hidden(text, "csrf_token"),
        "version_id": version_id,
        "seen": hidden(text, "seen"),
    }
    typed = {prefix + name: value for name, value in facts.items()}
    with world.at(world.now):
        return client.post(
            path(world, ticket_id, "/facts"), data=form | typed, follow_redirects=True
        )


def noted(world):
    return [
        row.attributes
        for row in world.rows(
            "SELECT attributes FROM service_events WHERE kind = 'noted' ORDER BY ticket_version"
        )
    ]


def test_missed_repair_grows_until_the_clerk_notes_that_it_was_done(client, world):
    ticket_id = world.open(TicketKind.REQUEST)
    clerk(client, world)
    answer = note(client, world, ticket_id, {"customer_paused_days": "0"})
    assert "The promise is still open" in answer.text
    assert noted(world) == [{"customer_paused_days": 0}]
    world.later(days=3, hours=2).staff_act()
    assert world.sweep_all() == 1
    assert world.rows("SELECT 1 FROM compensations") == []
    clerk(client, world)
    at = {"restored_at.day": "2026-03-05", "restored_at.time": "09:30"}
    done = unescape(note(client, world, ticket_id, at).text)
    assert "The promise was broken: General promise 0. It comes to €10.00." in done
    assert noted(world)[-1] == {"restored_at": "2026-03-05T07:30:00+00:00"}
    (breach,) = world.rows("SELECT * FROM breaches")
    (debt,) = world.rows("SELECT * FROM compensations")
    assert (debt.breach_id, debt.amount_minor) == (breach.id, 1000)
    assert 'value="2026-03-05"' in done
    assert 'value="09:30"' in done
    assert "Facts were noted" in done


def test_late_word_that_it_was_in_time_takes_no_breach_back(client, world):
    ticket_id = world.open(TicketKind.REQUEST)
    world.later(days=3, hours=2).staff_act()
    world.sweep_all()
    clerk(client, world)
    at = {"restored_at.day": "2026-03-03", "restored_at.time": "09:30"}
    text = note(client, world, ticket_id, at).text
    assert "The promise was broken" in text
    (row,) = world.commitments()
    assert row.state == "broken"
    assert not world.one("SELECT verified FROM service_events WHERE kind = 'noted'").verified


def test_note_of_the_past_before_the_clock_looked_breaks_the_promise_too(client, world):
    ticket_id = world.open(TicketKind.REQUEST)
    world.later(days=3, hours=2)
    clerk(client, world)
    at = {"restored_at.day": "2026-03-03", "restored_at.time": "09:30"}
    assert "The promise was broken" in note(client, world, ticket_id, at).text


def test_repair_noted_as_it_is_done_keeps_the_promise(client, world):
    ticket_id = world.open(TicketKind.REQUEST)
    world.later(hours=3)
    clerk(client, world)
    text = page(client, world, ticket_id)
    assert "Restoration" in text
    assert "Fault in the customer’s own equipment" in text
    assert "Not known: counts as no" in text
    clock = world.now.astimezone(dt.UTC) + 2 * HOUR
    at = {"restored_at.day": clock.date().isoformat(), "restored_at.time": f"{clock:%H:%M}"}
    assert "The promise was kept" in note(client, world, ticket_id, at).text
    assert world.commitments()[0].state == "kept"
    settled = page(client, world, ticket_id)
    assert "Correct what was noted" in settled
    again = note(client, world, ticket_id, {"customer_equipment": "yes"}, settled)
    assert "The promise" in again.text
    assert noted(world)[-1] == {"customer_equipment": True}


def test_undo_and_a_new_note_correct_what_was_said(client, world):
    ticket_id = world.open(TicketKind.REQUEST)
    clerk(client, world)
    first = note(client, world, ticket_id, {"customer_paused_days": "3"})
    event = hidden(first.text, "event_id")
    with world.at(world.now):
        client.post(
            path(world, ticket_id, "/undo"),
            data={"csrf_token": hidden(first.text, "csrf_token"), "event_id": event},
        )
    text = page(client, world, ticket_id)
    assert 'value="3"' not in text
    note(client, world, ticket_id, {"customer_paused_days": "2"})
    assert 'value="2"' in note(client, world, ticket_id, {"customer_equipment": "no"}).text
    cleared = note(client, world, ticket_id, {"customer_paused_days": ""})
    assert 'value="2"' not in cleared.text
    assert noted(world)[-1] == {"customer_paused_days": None}


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"restored_at.day": "2026-03-29", "restored_at.time": "03:30"}, "The clocks skip this"),
        ({"restored_at.day": "2026-10-25", "restored_at.time": "03:30"}, "this time twice"),
        ({"restored_at.day": "2026-03-29"}, "Give the time of day as well."),
        ({"restored_at.time": "03:30"}, "Give the day as well."),
        ({"restored_at.day": "yesterday", "restored_at.time": "03:30"}, "Give a date."),
        ({"restored_at.day": "0026-03-29", "restored_at.time": "03:30"}, "Check the year."),
        ({"customer_paused_days": "two"}, "Give a number, such as 12 or 12,5."),
        ({"customer_equipment": "perhaps"}, "Choose one of these."),
    ],
)
def test_wrong_value_gets_its_words_and_changes_nothing(client, world, facts, words):
    ticket_id = world.open(TicketKind.REQUEST)
    clerk(client, world)
    before = world.rows("SELECT * FROM service_events")
    answer = note(client, world, ticket_id, facts)
    assert answer.status_code == 422
    assert words in unescape(answer.text)
    check_page(answer)
    assert world.rows("SELECT * FROM service_events") == before


@pytest.mark.parametrize(("which", "at"), [("first", "00:30"), ("second", "01:30")])
def test_repeated_hour_is_the_one_that_was_chosen(client, world, which, at):
    ticket_id = world.open(TicketKind.REQUEST)
    clerk(client, world)
    moment = {
        "restored_at.day": "2026-10-25", "restored_at.time": "03:30", "restored_at.which": which,
    }  # fmt: skip
    note(client, world, ticket_id, moment)
    assert noted(world) == [{"restored_at": f"2026-10-25T{at}:00+00:00"}]
    again = note(client, world, ticket_id, moment)
    assert "Nothing new was given" in again.text
    assert len(noted(world)) == 1


def test_somebody_else_was_first(client, world):
    ticket_id = world.open(TicketKind.REQUEST)
    clerk(client, world)
    old = page(client, world, ticket_id)
    world.say(ticket_id, "told")
    answer = note(client, world, ticket_id, {"customer_paused_days": "1"}, old)
    assert "Something happened to this matter meanwhile." in answer.text
    assert noted(world) == []


def test_every_kind_of_fact_has_its_field(client):
    world = GeneralWorld(MANY_KINDS)
    ticket_id = world.open(TicketKind.REQUEST, attributes={"distance_km": "12.5"})
    clerk(client, world)
    text = page(client, world, ticket_id)
    assert "Other systems tell us by the API: Month." in text
    assert 'value="12,5"' in text
    assert "Known since it came in." in text
    answer = note(
        client, world, ticket_id,
        {
            "cause": "other", "note": "cable", "price_minor": "12,50", "distance_km": "-3,25",
            "promised_on": "2026-03-09", "missed": "no",
            "waits.0.start.day": "2026-03-02", "waits.0.start.time": "13:00",
            "waits.0.end.day": "2026-03-02", "waits.0.end.time": "14:00",
            "waits.0.reason": "customer",
        },
    )  # fmt: skip
    check_page(answer)
    said = {
        "cause": "other", "note": "cable", "price_minor": 1250, "distance_km": "-3.25",
        "promised_on": "2026-03-09", "missed": False,
        "waits": [["2026-03-02T11:00:00+00:00", "2026-03-02T12:00:00+00:00", "customer"]],
    }  # fmt: skip
    assert noted(world) == [said]
    shown = page(client, world, ticket_id)
    assert 'value="12,50"' in shown
    assert "At the desk" in shown
    assert "Nothing new was given" in note(client, world, ticket_id, {"price_minor": "12,50"}).text
    more = {"waits.1.start.day": "2026-03-03", "waits.1.start.time": "09:00"}
    more |= {"price_minor": "12,50"}
    note(client, world, ticket_id, more)
    assert noted(world)[-1] == {"waits": [*said["waits"], ["2026-03-03T07:00:00+00:00", None]]}


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"waits.0.end.day": "2026-03-02", "waits.0.end.time": "14:00"}, "Give the start as well."),
        (
            {
                "waits.0.start.day": "2026-03-02", "waits.0.start.time": "14:00",
                "waits.0.end.day": "2026-03-02", "waits.0.end.time": "13:00",
            },
            "The end lies before the start.",
        ),
        (
            {
                "waits.0.start.day": "2026-03-02", "waits.0.start.time": "14:00",
                "waits.none": "y",
            },
            "You gave one above.",
        ),
        ({"price_minor": "12,505"}, "Give an amount"),
    ],
)  # fmt: skip
def test_wrong_row_or_amount_is_said_at_its_field(client, facts, words):
    world = GeneralWorld(MANY_KINDS)
    ticket_id = world.open(TicketKind.REQUEST)
    clerk(client, world)
    answer = note(client, world, ticket_id, facts)
    assert answer.status_code == 422
    assert words in answer.text
    assert noted(world) == []


def test_none_of_a_list_is_a_fact_as_well(client):
    world = GeneralWorld(MANY_KINDS)
    ticket_id = world.open(TicketKind.REQUEST)
    clerk(client, world)
    note(client, world, ticket_id, {"waits.none": "y"})
    assert noted(world) == [{"waits": []}]


def test_value_of_another_type_counts_as_not_known(client):
    world = GeneralWorld(MANY_KINDS)
    ticket_id = world.open(TicketKind.REQUEST, attributes={"waits": 3, "missed": "?", "cause": "x"})
    clerk(client, world)
    assert "What this promise asks for" in page(client, world, ticket_id)


def test_promise_that_asks_for_nothing_has_no_form(client):
    world = GeneralWorld(ANSWERED_IN_TWO_DAYS)
    ticket_id = world.open()
    clerk(client, world)
    assert "What this promise asks for" not in page(client, world, ticket_id)


def test_only_the_desk_notes_facts_and_only_of_the_matter_s_promises(client, world):
    ticket_id = world.open(TicketKind.REQUEST)
    with world.at(world.now):
        sign_in(client, world.made, Role.CLERK)
    text = page(client, world, ticket_id)
    form = {"csrf_token": hidden(text, "csrf_token"), "seen": hidden(text, "seen")}
    with world.at(world.now):
        assert client.post(path(world, ticket_id, "/facts"), data=form).status_code == 400
        foreign = form | {"version_id": str(ticket_id)}
        assert client.post(path(world, ticket_id, "/facts"), data=foreign).status_code == 404
        sign_in(client, world.made, Role.ACCOUNTANT)
        refused = client.post(path(world, ticket_id, "/facts"), data=form)
    assert refused.status_code in (400, 403)
    assert noted(world) == []
