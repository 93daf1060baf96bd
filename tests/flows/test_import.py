"""Importing files: what becomes of rows, and what is refused."""

import gzip
import json

import pytest

from promises.desk.imports import actions, queries
from promises.desk.imports.problems import FileEmpty, MappingNameTaken, MappingRefused
from promises.desk.models import ImportState
from promises.kernel.actors import Role
from tests.desk.imports.ground import SIMPLE, History, counts, mapping, utc
from tests.flows.importing import HEADER, ROWS, document, line

pytestmark = pytest.mark.usefixtures("as_application")


@pytest.fixture(scope="module")
def history(bare_apps):
    """For tests that need nobody else's tickets out of the way: each uses its own references."""
    with bare_apps[0].app_context():
        return History()


def test_row_becomes_a_ticket_with_its_events(history):
    row = history.bring(HEADER + "one,2026-03-02 10:00:00,2026-03-02 10:05:00\n")
    assert row.state == ImportState.DONE
    assert counts(row) == (1, 1, 0, 0, 0, 0)
    (ticket,) = [one for one in history.tickets() if one.external_ref == "one"]
    assert (ticket.state, ticket.kind, ticket.source) == ("served", "visit", "import")
    assert (ticket.number, ticket.next_due_at, ticket.flags) == (None, None, [])
    assert ticket.arrived_at == ticket.queued_at == utc("2026-03-02 08:00:00")
    assert ticket.service_started_at == utc("2026-03-02 08:05:00")
    assert str(ticket.day_on) == "2026-03-02"
    assert ticket.id.version == 7
    assert len(ticket.public_code) == 28
    events = history.events("one")
    assert [(one.kind, one.occurred_at, one.source, one.verified) for one in events] == [
        ("arrived", utc("2026-03-02 08:00:00"), "import", True),
        ("service_started", utc("2026-03-02 08:05:00"), "import", True),
    ]
    assert {one.recorded_at for one in events} == {row.finished_at}
    assert {one.actor_id for one in events} == {history.made.members[Role.MANAGER]}
    assert all(one.id.version == 7 for one in events)


def test_same_file_again_adds_nothing_and_an_overlapping_one_only_what_is_new():
    history = History()
    assert counts(history.bring(HEADER + ROWS)) == (2, 2, 0, 0, 0, 0)
    before = history.rows("SELECT * FROM service_events ORDER BY id")
    assert counts(history.bring(HEADER + ROWS)) == (2, 0, 2, 0, 0, 0)
    more = HEADER + ROWS + line("c", "2026-03-02 10:02:00", "2026-03-02 10:03:00")
    assert counts(history.bring(gzip.compress(more.encode()))) == (3, 1, 2, 0, 0, 0)
    assert [one.external_ref for one in history.tickets()] == ["a", "b", "c"]
    after = history.rows("SELECT * FROM service_events ORDER BY id")
    assert after[: len(before)] == before
    assert len(after) == len(before) + 2


def test_known_row_with_other_content_is_a_conflict_and_changes_nothing():
    history = History()
    history.bring(HEADER + ROWS)
    before = history.tickets()
    row = history.bring(HEADER + ROWS.replace("10:20:00", "10:02:00"))
    assert counts(row) == (2, 0, 1, 1, 0, 0)
    assert history.problems(row.id) == [(3, "conflict", None)]
    assert history.tickets() == before


def test_reference_that_a_file_repeats_counts_once():
    history = History()
    first = line("a", "2026-03-02 10:00:00", "2026-03-02 10:05:00")
    other = line("a", "2026-03-02 10:00:00", "2026-03-02 10:06:00")
    row = history.bring(HEADER + first + first + other)
    assert counts(row) == (3, 1, 1, 1, 0, 0)
    (problem,) = history.rows("SELECT * FROM import_problems WHERE import_id = %(i)s", i=row.id)
    assert (problem.line, problem.code, problem.params) == (4, "repeated", {"first_line": 2})
    (ticket,) = history.tickets()
    assert ticket.service_started_at == utc("2026-03-02 08:05:00")


def test_same_reference_at_another_branch_is_another_ticket():
    history = History(branches=2)
    history.bring(HEADER + ROWS)
    row = history.bring(HEADER + ROWS, branch_id=history.made.branches[1].id)
    assert counts(row) == (2, 2, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x,2026-03-02 10:00:00", (2, "field_count", None)),
        ("x,2026-03-02 10:00:00,2026-03-02 10:05:00,more", (2, "field_count", None)),
        (",2026-03-02 10:00:00,2026-03-02 10:05:00", (2, "reference_missing", "id")),
        ("x" * 201 + ",2026-03-02 10:00:00,", (2, "reference_unreadable", "id")),
        ("x\x07y,2026-03-02 10:00:00,", (2, "reference_unreadable", "id")),
        ("x,yesterday,2026-03-02 10:05:00", (2, "time_unreadable", "arrived")),
        ("x,,2026-03-02 10:05:00", (2, "arrival_missing", None)),
        ("x,2026-03-02 10:00:00,", (2, "end_missing", None)),
        ("x,2026-03-29 03:30:00,2026-03-29 04:30:00", (2, "time_skipped", "arrived")),
        ("x,2026-03-29 02:59:00,2026-03-29 03:00:00", (2, "time_skipped", "started")),
        ("x,2126-03-02 10:00:00,2126-03-02 10:05:00", (2, "in_future", "arrived")),
        ("x,2026-03-02 10:00:00,2126-03-02 10:05:00", (2, "in_future", "service_started")),
        ("x,2026-03-02 10:00:00,\0", (2, "nul", None)),
        ('"x"y,2026-03-02 10:00:00,', (2, "quotes", None)),
    ],
)
def test_row_that_cannot_be_read_is_refused_by_line_and_the_rest_is_in(history, text, problem):
    reference = f"after {hash((text, problem))}"
    good = line(reference, "2026-03-02 10:00:00", "2026-03-02 10:05:00")
    row = history.bring(f"{HEADER}{text}\n{good}")
    assert counts(row) == (2, 1, 0, 0, 1, 0)
    assert history.problems(row.id) == [problem]
    assert [one.external_ref for one in history.tickets() if one.import_id == row.id] == [reference]


def test_times_that_contradict_are_kept_and_flagged(history):
    waited = {"column": "wait", "format": "seconds"}
    content = (
        "id,arrived,started,ended,wait\n"
        "odd-1,2026-03-02 10:00:00,2026-03-02 09:59:58,2026-03-02 10:10:00,30\n"
        "odd-2,2026-03-02 10:00:00,2026-03-02 10:30:00,2026-03-02 10:10:00,60\n"
        "odd-3,2026-03-02 10:00:00,2026-03-02 10:00:30,,-30\n"
        "odd-4,2026-10-25 03:30:00,2026-10-25 04:30:00,,\n"
    )
    served = {"column": "ended", "format": "iso"}
    row = history.bring(content, document(waited=waited, served=served))
    assert counts(row) == (4, 4, 0, 0, 0, 0)
    found = {one.external_ref: one for one in history.tickets() if one.import_id == row.id}
    assert found["odd-1"].flags == ["ends_before_arrival"]
    assert found["odd-1"].waited_us == 30_000_000
    assert found["odd-1"].service_started_at == utc("2026-03-02 07:59:58")
    assert found["odd-2"].flags == ["times_disagree", "served_before_start"]
    assert found["odd-3"].flags == ["negative_duration"]
    assert found["odd-3"].waited_us is None
    assert found["odd-4"].flags == ["ambiguous_time"]
    assert found["odd-4"].arrived_at == utc("2026-10-25 00:30:00")


def test_export_of_a_branch_with_everything_a_mapping_can_say(history):
    lines = [
        "Asiointiraportti;;",
        "Päivä;Vuoronumero;Jono;Tila;Saapui;Kutsuttu;Palvelu alkoi;Palvelu päättyi;Odotus (min);"
        "Asiakas;",
        "02.03.2026;P001;P;OK;10.00.00;10.04.00;10.04.30;10.09.00;4,5;AS-77;",
        "02.03.2026;L002;L;OK;23.58.00;0.03.00;0.03.30;0.10.00;NULL;-;",
        "02.03.2026;P003;P;EI PAIKALLA;10.10.00;10.15.00;-;-;-;AS-77;",
        "02.03.2026;P004;P;POISTUI;10.20.00;-;-;-;12,25;;",
        "02.03.2026;P005;P;TESTI;10.20.00;-;-;-;12,25;;",
        "02.03.2026;X006;X;OK;10.20.00;10.21.00;10.22.00;-;2,0;;",
        ";;;;;;;;;;",
        "02.03.2026;P007;P;OK;10.20.00;10.21.00;10.22.00;-;2.5;;",
    ]
    content = "\r\n".join(lines).encode("windows-1252")
    row = history.bring(content, mapping("branch_export"))
    assert counts(row) == (7, 4, 0, 0, 1, 2)
    assert history.problems(row.id) == [(10, "duration_unreadable", "Odotus (min)")]
    found = {one.external_ref: one for one in history.tickets() if one.import_id == row.id}
    first = found["02.03.2026 P001"]
    assert (first.waited_us, first.state) == (270_000_000, "served")
    assert first.called_at == utc("2026-03-02 08:04:00")
    assert first.ended_at == utc("2026-03-02 08:09:00")
    late = found["02.03.2026 L002"]
    assert late.service_kind_id == history.made.kind_ids[2]
    assert late.service_started_at == utc("2026-03-02 22:03:30")
    assert late.flags == []
    absent = found["02.03.2026 P003"]
    assert (absent.state, absent.called_at) == ("no_show", utc("2026-03-02 08:15:00"))
    assert [one.kind for one in history.events("02.03.2026 P003")] == [
        "arrived", "called", "no_show"
    ]  # fmt: skip
    gone = found["02.03.2026 P004"]
    assert (gone.state, gone.ended_at) == ("left", utc("2026-03-02 08:32:15"))
    assert first.customer_id is not None
    assert absent.customer_id == first.customer_id
    assert (late.customer_id, gone.customer_id) == (None, None)


def test_customer_of_a_file_is_the_known_one(history):
    from promises.identity.customers import known_customer

    with history.made.work(Role.MANAGER) as uow:
        known = known_customer(
            uow.session, organisation_id=history.made.id, now=uow.now, reference="as 4711"
        )
    content = "id,arrived,started,who\nk-1,2026-03-02 10:00:00,2026-03-02 10:05:00,AS-4711\n"
    row = history.bring(content, document(customer={"column": "who"}))
    (ticket,) = [one for one in history.tickets() if one.import_id == row.id]
    assert ticket.customer_id == known


def test_references_that_look_like_markup_of_the_copy_are_taken_as_they_are(history):
    names = ["None", "A\u00a07", "\\N", "a\\nb", "\\.", "O'Brien", '"', "€ä"]
    body = "".join(
        '"' + name.replace('"', '""') + '",2026-03-02 10:00:00,2026-03-02 10:05:00\n'
        for name in names
    )
    row = history.bring(HEADER + body)
    assert counts(row)[:2] == (8, 8)
    found = {one.external_ref for one in history.tickets() if one.import_id == row.id}
    assert found == set(names)
    assert counts(history.bring(HEADER + body)) == (8, 0, 8, 0, 0, 0)


def test_day_of_a_ticket_is_the_branch_s_and_not_the_file_s(history):
    row = history.bring(
        HEADER + "tz-1,2026-03-02 23:30:00,2026-03-02 23:31:00\n", document(time_zone="UTC")
    )
    (ticket,) = [one for one in history.tickets() if one.import_id == row.id]
    assert str(ticket.day_on) == "2026-03-03"


def test_mapping_that_does_not_fit_the_file_is_refused_and_nothing_is_kept():
    history = History()
    content = "id,arrived,started,id\n"
    bad = document(
        reference={"columns": ["id", 9]},
        service_kind={"letter": "Z"},
        arrived={"column": "came", "format": "iso"},
    )
    with pytest.raises(MappingRefused) as refused:
        history.upload(content, bad)
    assert {one.field for one in refused.value.problems} == {
        "/reference/columns/0", "/reference/columns/1", "/arrived/column", "/service_kind/letter"
    }  # fmt: skip
    with pytest.raises(FileEmpty):
        history.upload(b"")
    assert history.rows("SELECT id FROM imports") == []


def test_list_of_problems_is_safe_to_open_in_a_spreadsheet():
    history = History()
    content = "=id,+arrived,started\n" + "x,never,2026-03-02 10:00:00\n"
    row = history.bring(
        content,
        document(reference={"columns": ["=id"]}, arrived={"column": "+arrived", "format": "iso"}),
    )
    with history.made.work(Role.MANAGER) as uow:
        problems = queries.all_problems(
            uow.session, organisation_id=history.made.id, import_id=row.id
        )
        lines = list(queries.problems_csv(problems, "en"))
    assert lines == [
        "Line,Column,Code,What is wrong\r\n",
        "2,'+arrived,time_unreadable,This is not a time in the form iso.\r\n",
    ]


def test_mapping_is_kept_under_its_name_and_replaced_only_when_asked():
    history = History()

    def save(document, **words):
        with history.made.work(Role.MANAGER) as uow:
            return actions.save_mapping(
                uow.session, organisation_id=history.made.id, actor=uow.actor, now=uow.now,
                name=" Calls ", document=document, **words,
            )  # fmt: skip

    first = save(SIMPLE)
    assert save(SIMPLE) == first
    other = document(service_kind={"letter": "E"})
    with pytest.raises(MappingNameTaken):
        save(other)
    with pytest.raises(MappingRefused):
        save({"format": 1})
    assert save(other, replace=True) == first
    with history.made.work(Role.MANAGER) as uow:
        found = queries.mapping_by_name(uow.session, organisation_id=history.made.id, name="Calls")
        assert found.document == json.loads(json.dumps(other))
