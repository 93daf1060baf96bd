"""Runs of an import: cut off, twice at once, followed, looked at before and taken back."""

import threading

import pytest

from promises.desk.imports import actions, queries
from promises.desk.imports.problems import ImportNotDone, ImportStarted, ImportTakenBack
from promises.desk.models import ImportState
from promises.flows import run_import
from promises.flows.run_import import start
from promises.kernel.actors import Role
from promises.kernel.errors import NotFound
from tests.desk.imports.ground import History, counts, utc
from tests.flows.importing import HEADER, ROWS, line

pytestmark = pytest.mark.usefixtures("as_application")


def test_file_that_breaks_off_in_the_middle_adds_nothing_and_says_why():
    history = History()
    text = HEADER + "".join(
        line(n, "2026-03-02 10:00:00", "2026-03-02 10:05:00") for n in range(60_000)
    )
    row = history.bring(text.encode() + b"\xff,2026-03-02 10:00:00,2026-03-02 10:05:00\n")
    assert row.state == ImportState.FAILED
    failure = queries.failure_of(row)
    assert failure.text.params == {"line": "60002", "encoding": "utf-8"}
    assert history.tickets() == []
    assert history.rows("SELECT import_id FROM import_files") == []
    assert run_import.run(history.made.id, row.id).state == ImportState.FAILED


def test_run_that_was_cut_off_leaves_nothing_and_the_next_one_finishes(monkeypatch):
    history = History()
    import_id = history.upload(HEADER + ROWS)

    class Killed(BaseException):
        pass

    def killed(*_args, **_words):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(run_import.judge_import, "judge", killed)
        with pytest.raises(Killed):
            run_import.run(history.made.id, import_id)
    assert history.tickets() == []
    assert history.rows("SELECT line FROM import_problems") == []
    assert history.one("SELECT state FROM imports").state == "running"
    row = run_import.run(history.made.id, import_id)
    assert (row.state, counts(row)) == (ImportState.DONE, (2, 2, 0, 0, 0, 0))
    assert run_import.run(history.made.id, import_id).finished_at == row.finished_at


def test_one_import_run_twice_at_once_adds_its_rows_once(bare_apps):
    history = History()
    text = HEADER + "".join(
        line(n, "2026-03-02 10:00:00", "2026-03-02 10:05:00") for n in range(3_000)
    )
    both = [history.upload(text), history.upload(text)]
    done = []

    def run(import_id):
        with bare_apps[0].app_context():
            done.append(run_import.run(history.made.id, import_id))

    threads = [threading.Thread(target=run, args=(one,)) for one in (*both, *both)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 4
    assert {one.state for one in done} == {ImportState.DONE}
    ended = history.rows("SELECT rows_added, rows_known FROM imports ORDER BY rows_added")
    assert [tuple(one) for one in ended] == [(0, 3_000), (3_000, 0)]
    assert history.one("SELECT count(*)::int AS n FROM tickets").n == 3_000
    assert history.one("SELECT count(*)::int AS n FROM service_events").n == 6_000


def test_progress_is_seen_while_the_file_is_read(monkeypatch):
    history = History()
    seen = []
    note = actions.note_progress

    def spy(session, **words):
        note(session, **words)
        seen.append(words["rows_read"])

    monkeypatch.setattr(run_import.actions, "note_progress", spy)
    text = HEADER + "".join(
        line(n, "2026-03-02 10:00:00", "2026-03-02 10:05:00") for n in range(12_000)
    )
    history.bring(text)
    assert seen == [5_000, 10_000]


def test_start_hands_the_import_to_the_worker_once():
    history = History()
    import_id = history.upload(HEADER + ROWS)
    with history.made.work(Role.MANAGER) as uow:
        start(uow, import_id=import_id)
    with history.made.work(Role.MANAGER) as uow, pytest.raises(ImportStarted):
        start(uow, import_id=import_id)
    jobs = history.rows("SELECT task_name, args FROM procrastinate_jobs")
    assert [(job.task_name, job.args["import_id"]) for job in jobs] == [
        ("desk.run_import", str(import_id))
    ]
    assert counts(run_import.run(history.made.id, import_id))[1] == 2


def test_preview_tells_what_would_happen_and_changes_nothing():
    history = History()
    history.bring(HEADER + ROWS)
    content = (
        HEADER
        + ROWS.replace("10:20:00", "10:21:00")
        + "c,2026-03-02 11:00:00,2026-03-02 11:05:00\n"
        "d,nonsense,\n"
    )
    before = history.one("SELECT (SELECT count(*) FROM tickets) AS t, count(*) AS i FROM imports")
    found = history.look(content)
    assert found.counts == actions.Counts(4, 1, 1, 1, 1, 0)
    assert [(one.line, one.code.value) for one in found.problems] == [
        (3, "conflict"), (5, "time_unreadable")
    ]  # fmt: skip
    assert [one.reference for one in found.rows] == ["a", "b", "c"]
    assert found.rows[2].arrived_at == utc("2026-03-02 09:00:00")
    assert found.problems[1].value == "nonsense"
    assert found.complete
    part = history.look(content, most_rows=2)
    assert (part.counts.read, part.complete) == (2, False)
    after = history.one("SELECT (SELECT count(*) FROM tickets) AS t, count(*) AS i FROM imports")
    assert after == before


def test_import_taken_back_is_gone_and_can_be_brought_again():
    history = History()
    first = history.bring(HEADER + ROWS)
    assert history.take_back(first.id) == 2
    assert history.tickets() == []
    row = history.one("SELECT * FROM imports")
    assert (row.state, row.taken_back_by) == ("taken_back", history.made.members[Role.MANAGER])
    with pytest.raises(ImportTakenBack):
        history.take_back(first.id)
    assert counts(history.bring(HEADER + ROWS)) == (2, 2, 0, 0, 0, 0)
    assert len(history.tickets()) == 2


def test_upload_that_was_never_run_is_dropped():
    history = History()
    import_id = history.upload(HEADER + ROWS)
    assert history.take_back(import_id) == 0
    assert history.rows("SELECT import_id FROM import_files") == []
    assert run_import.run(history.made.id, import_id).state == ImportState.TAKEN_BACK
    assert history.tickets() == []


def test_running_import_cannot_be_taken_back():
    history = History()
    import_id = history.upload(HEADER + ROWS)
    with history.made.work(Role.MANAGER) as uow:
        start(uow, import_id=import_id)
    with pytest.raises(ImportNotDone):
        history.take_back(import_id)
    assert run_import.run(history.made.id, import_id).state == ImportState.DONE


def test_another_organisation_cannot_reach_an_import():
    history, other = History(), History()
    import_id = history.upload(HEADER + ROWS)
    with pytest.raises(NotFound):
        run_import.run(other.made.id, import_id)
    with pytest.raises(NotFound):
        other.take_back(import_id)
    row = history.bring(HEADER + ROWS)
    with pytest.raises(NotFound):
        other.take_back(row.id)
    assert len(history.tickets()) == 2
    assert other.rows("SELECT id FROM imports") == []
