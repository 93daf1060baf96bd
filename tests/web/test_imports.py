"""The pages of imports: upload, look, run, result, problems, take back, mappings."""

import io
import json
import re
import uuid

import pytest

from promises.db.session import unit_of_work
from promises.db.sql import one, rows
from promises.flows import run_import
from promises.kernel.actors import SYSTEM, Role
from tests.desk.imports.ground import SIMPLE
from tests.factories.catalogue import publish_simple_promise
from tests.factories.identity import make_organisation
from tests.web.staff import csrf_token, post, sign_in

CSV = (
    "id,arrived,started\n"
    "a,2026-03-02 10:00:00,2026-03-02 10:05:00\n"
    "b,2026-03-02 10:00:00,2026-03-02 09:59:00\n"
    "c,yesterday,2026-03-02 09:59:00\n"
)


@pytest.fixture
def made(app):
    with app.app_context():
        return make_organisation(branches=2)


@pytest.fixture
def pages(client, made):
    sign_in(client, made, Role.MANAGER)
    return Pages(client, made)


class Pages:
    def __init__(self, client, made):
        self.client, self.made = client, made
        self.at = f"/o/{made.slug}/staff/imports"

    def save(self, document=None, name="Calls", where="mappings/json"):
        text = document if isinstance(document, str) else json.dumps(document or SIMPLE)
        return post(self.client, f"{self.at}/{where}", {"name": name, "text": text})

    def upload(self, content=CSV, name="calls.csv", **changes):
        mapping_id = self.one("SELECT id FROM import_mappings LIMIT 1").id
        data = {
            "csrf_token": csrf_token(self.client, f"{self.at}/new"),
            "file": (io.BytesIO(content if isinstance(content, bytes) else content.encode()), name),
            "branch_id": str(self.made.branch_id),
            "mapping_id": str(mapping_id),
        }
        return self.client.post(
            f"{self.at}/new", data=data | changes, content_type="multipart/form-data"
        )

    def uploaded(self, content=CSV):
        self.save()
        response = self.upload(content)
        assert response.status_code == 303, response.text
        return response.location.rsplit("/", 1)[-1]

    def get(self, rest="", **words):
        return self.client.get(f"{self.at}{rest}", **words)

    def post(self, rest, data=None):
        token = csrf_token(self.client, f"{self.at}/mappings/new")
        return self.client.post(f"{self.at}{rest}", data={"csrf_token": token} | (data or {}))

    def run(self, import_id):
        with self.client.application.app_context():
            return run_import.run(self.made.id, uuid.UUID(import_id))

    def one(self, statement):
        with self.client.application.app_context(), unit_of_work(self.made.id, SYSTEM) as uow:
            return one(uow.session, statement)

    def rows(self, statement):
        with self.client.application.app_context(), unit_of_work(self.made.id, SYSTEM) as uow:
            return rows(uow.session, statement)


def test_way_from_an_empty_page_to_imported_tickets(pages):
    assert "Nothing was imported yet" in pages.get().text
    assert "First say how your file is read" in pages.get("/new").text
    import_id = pages.uploaded()

    look = pages.get(f"/{import_id}").text
    assert "Not started" in look
    assert "The wait ends before it begins." in look
    assert "This is not a time in the form iso." in look
    assert pages.rows("SELECT id FROM tickets") == []

    assert pages.post(f"/{import_id}/start").status_code == 303
    running = pages.get(f"/{import_id}").text
    assert f'data-live-url="{pages.at}/{import_id}/progress"' in running
    job = pages.one("SELECT task_name, args FROM procrastinate_jobs")
    assert (job.task_name, job.args["import_id"]) == ("desk.run_import", import_id)

    pages.run(import_id)
    result = pages.get(f"/{import_id}").text
    assert "Done" in result
    assert f"{pages.at}/{import_id}/tickets" in result
    assert f"{pages.at}/{import_id}/problems.csv" in result
    assert "calls.csv" in pages.get().text
    states = pages.rows("SELECT external_ref, state FROM tickets ORDER BY 1")
    assert [tuple(row) for row in states] == [("a", "served"), ("b", "served")]


def test_progress_answers_304_until_something_changes(pages):
    import_id = pages.uploaded()
    pages.post(f"/{import_id}/start")
    first = pages.get(f"/{import_id}/progress")
    assert "Reading the file" in first.text
    page = pages.get(f"/{import_id}").text
    assert re.search(r'data-live-etag="([0-9a-f]+)"', page)[1] == first.headers["ETag"].strip('"')
    again = pages.get(f"/{import_id}/progress", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    pages.run(import_id)
    ended = pages.get(f"/{import_id}/progress", headers={"If-None-Match": first.headers["ETag"]})
    assert ended.status_code == 200
    assert "The import has ended." in ended.text


def test_lists_of_tickets_and_problems_lead_on_from_the_result(pages):
    import_id = pages.uploaded()
    pages.run(import_id)
    ticket = pages.one("SELECT id FROM tickets WHERE external_ref = 'a'").id
    everything = pages.get(f"/{import_id}/tickets").text
    assert f"/staff/tickets/{ticket}" in everything
    assert pages.client.get(f"/o/{pages.made.slug}/staff/tickets/{ticket}").status_code == 200
    odd = pages.get(f"/{import_id}/tickets?odd=1").text
    assert f"/staff/tickets/{ticket}" not in odd
    assert "The wait ends before it begins." in odd
    assert "arrived" in pages.get(f"/{import_id}/problems").text
    assert "Every row was taken" in pages.get(f"/{import_id}/problems?after=4.zz").text

    file = pages.get(f"/{import_id}/problems.csv?lang=en")
    assert file.mimetype == "text/csv"
    assert f'filename="problems-{import_id}.csv"' in file.headers["Content-Disposition"]
    assert file.text == (
        "\ufeffLine,Column,Code,What is wrong\r\n"
        "4,arrived,time_unreadable,This is not a time in the form iso.\r\n"
    )


def test_result_tells_how_the_tickets_were_judged_and_where_the_money_waits(pages, app):
    with app.app_context(), pages.made.work(Role.ADMINISTRATOR) as uow:
        publish_simple_promise(
            uow.session, organisation_id=pages.made.id, now=uow.now, actor=uow.actor,
            valid_from=uow.now.replace(year=2026, month=1), seconds=60,
        )  # fmt: skip
    import_id = pages.uploaded()
    pages.run(import_id)
    result = pages.get(f"/{import_id}").text
    assert "Judged by the promises of that time" in result
    assert f"/o/{pages.made.slug}/staff/approvals?hold=history" in result
    states = pages.rows("SELECT state, count(*)::int FROM commitments GROUP BY 1 ORDER BY 1")
    assert [tuple(row) for row in states] == [("broken", 1), ("kept", 1)]


def test_taking_back_asks_first_and_then_counts_no_more(pages):
    import_id = pages.uploaded()
    pages.run(import_id)
    assert "will count no more" in pages.get(f"/{import_id}/take-back").text
    assert pages.rows("SELECT id FROM tickets WHERE state = 'withdrawn'") == []
    assert pages.post(f"/{import_id}/take-back").status_code == 303
    assert len(pages.rows("SELECT id FROM tickets WHERE state = 'withdrawn'")) == 2
    assert "Taken back" in pages.get(f"/{import_id}").text
    assert pages.post(f"/{import_id}/take-back").status_code == 410


def test_upload_that_was_not_started_can_be_dropped(pages):
    import_id = pages.uploaded()
    dropped = pages.post(f"/{import_id}/take-back")
    assert (dropped.status_code, dropped.location) == (303, pages.at)
    assert pages.rows("SELECT import_id FROM import_files") == []
    assert pages.post(f"/{import_id}/start").status_code == 409


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        (b"id,when,started\n", 422, "This file has no column “arrived”."),
        ("id,arrived,started\nä".encode("iso-8859-1"), 422, "Line 2 cannot be read as utf-8."),
        (b"id,arrived,started\n" + b"x,2026-03-02 10:00:00,\n" * 3_000 + b"\xe4", 303, None),
        (b"", 422, "This file has no rows."),
        (b"\x1f\x8bxx", 422, "cannot be unpacked"),
        ("id,arrived,started\n".encode("utf-16"), 422, "cannot be read as utf-8"),
    ],
)
def test_file_that_does_not_fit_is_told_where_it_was_chosen(pages, content, status, said):
    pages.save()
    response = pages.upload(content)
    assert response.status_code == status
    kept = len(pages.rows("SELECT id FROM imports"))
    if said:
        assert said in response.text
        assert kept == 0
    else:
        look = pages.client.get(response.location).text
        assert "Line 3002 cannot be read as utf-8." in look
        assert "Start the import" not in look


def test_upload_without_a_file_or_for_an_unknown_branch_is_refused(pages, app):
    pages.save()
    with app.app_context():
        other = make_organisation()
    assert "Choose a file." in pages.upload(name="").text
    refused = pages.upload(branch_id=str(other.branch_id))
    assert refused.status_code == 422
    assert pages.rows("SELECT id FROM imports") == []


def test_mapping_with_problems_is_shown_with_its_places_and_not_saved(pages):
    document = dict(SIMPLE, arrived={"column": "arrived", "format": "whenever"}, colour="red")
    response = pages.save(document)
    assert response.status_code == 422
    assert "<code>/arrived/format</code>" in response.text
    assert "<code>/colour</code>" in response.text
    assert "whenever" in response.text
    assert "look at line 2" in pages.save('{"format": 1,\n nonsense}').text
    assert pages.save("[1]").status_code == 422
    assert pages.rows("SELECT id FROM import_mappings") == []


def test_mapping_is_changed_on_its_page_and_its_name_taken_only_once(pages):
    assert pages.save().status_code == 303
    other = dict(SIMPLE, time_zone="UTC")
    assert pages.save(other).status_code == 409 or "is here already" in pages.save(other).text
    mapping_id = pages.one("SELECT id FROM import_mappings").id
    assert "&#34;arrived&#34;" in pages.get(f"/mappings/{mapping_id}").text
    assert pages.save(other, where=f"mappings/{mapping_id}").status_code == 303
    assert pages.one("SELECT document FROM import_mappings").document == other


def test_small_form_makes_a_mapping_that_reads_a_file(pages):
    filled = {
        "name": "Queue system",
        "delimiter": ";",
        "file": "windows-1252",
        "time_zone": "Europe/Helsinki",
        "reference": "Päivä, Numero",
        "service_kind": "A",
        "arrived": "Tuli",
        "arrived_format": "dd.mm.yyyy h:mm",
        "service_started": "Alkoi",
        "waited": "Odotus",
        "waited_format": "mm:ss",
        "outcome": "Tila",
        "served_values": "OK",
        "left_values": "POIS, LÄHTI",
    }
    assert post(pages.client, f"{pages.at}/mappings/new", filled).status_code == 303
    content = (
        "Päivä;Numero;Tuli;Alkoi;Odotus;Tila\r\n"
        "2.3.;7;2.3.2026 10:00;2.3.2026 10:05;05:10;OK\r\n"
        "2.3.;8;2.3.2026 10:00;;12:00;LÄHTI\r\n"
        "2.3.;9;2.3.2026 10:00;;;TESTI\r\n"
    )
    response = pages.upload(content.encode("windows-1252"))
    pages.run(response.location.rsplit("/", 1)[-1])
    found = pages.rows("SELECT external_ref, state, waited_us FROM tickets ORDER BY 1")
    assert [tuple(row) for row in found] == [
        ("2.3.-7", "served", 310_000_000), ("2.3.-8", "left", 720_000_000)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("arrived_format", "whenever", "This form is not known."),
        ("time_zone", "Mars/Base", "There is no time zone of this name"),
        ("service_started", "", "needs the moment that ended the wait"),
        ("name", "", "This is missing."),
    ],
)
def test_small_form_says_at_the_field_what_is_wrong(pages, field, value, said):
    filled = {
        "name": "Queue", "delimiter": "auto", "file": "utf-8", "time_zone": "UTC",
        "reference": "id", "service_kind": "A", "arrived": "a", "arrived_format": "iso",
        "service_started": "s", "waited_format": "seconds",
    }  # fmt: skip
    response = post(pages.client, f"{pages.at}/mappings/new", filled | {field: value})
    assert response.status_code == 422
    assert said in response.text
    assert pages.rows("SELECT id FROM import_mappings") == []


def test_manager_of_another_branch_sees_nothing_of_an_import(pages, app):
    from tests.factories.identity import add_member

    import_id = pages.uploaded()
    with app.app_context(), unit_of_work(pages.made.id, SYSTEM) as uow:
        elsewhere = add_member(uow, role=Role.MANAGER, branch_id=pages.made.branches[1].id)
    client = app.test_client()
    sign_in(client, pages.made, member_id=elsewhere)
    other = Pages(client, pages.made)
    assert "calls.csv" not in other.get().text
    for rest in ("", "/progress", "/problems", "/problems.csv", "/tickets", "/take-back"):
        assert other.get(f"/{import_id}{rest}").status_code == 404
    for rest in ("/start", "/take-back"):
        assert other.post(f"/{import_id}{rest}").status_code == 404
    assert other.upload().status_code == 422
    assert pages.one("SELECT state FROM imports").state == "uploaded"


@pytest.mark.parametrize("role", [Role.CLERK, Role.ACCOUNTANT])
def test_others_may_not_import(client, made, role):
    sign_in(client, made, role)
    pages = Pages(client, made)
    for rest in ("", "/new", "/mappings", "/mappings/new", "/mappings/json"):
        assert pages.get(rest).status_code == 403


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_pages_are_sound_in_every_language(pages, language):
    import_id = pages.uploaded()
    mapping_id = pages.one("SELECT id FROM import_mappings").id
    before = [f"/{import_id}", f"/{import_id}/progress"]
    pages_then = [
        "", "/new", "/mappings", "/mappings/new", "/mappings/json", f"/mappings/{mapping_id}",
        f"/{import_id}", f"/{import_id}/problems", f"/{import_id}/tickets",
        f"/{import_id}/take-back",
    ]  # fmt: skip
    for rest in before:
        assert pages.get(f"{rest}?lang={language}").status_code == 200
    pages.run(import_id)
    for rest in pages_then:
        assert pages.get(f"{rest}?lang={language}").status_code == 200
