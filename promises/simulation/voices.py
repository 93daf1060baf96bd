"""What the bank's customers and staff say: a survey that came as a file, answers after visits, the
problems that staff made of them, and a round of the question to staff.

Each chapter looks first whether it was told.
"""

import datetime as dt
import uuid
from collections.abc import Sequence

from promises.catalogue.problem_models import EvidenceKind
from promises.catalogue.problems import NewCase, NewProblem
from promises.db import sql
from promises.desk.imports.mapping import Encoding
from promises.desk.queries import ticket_by_id
from promises.feedback.models import Question, TextState
from promises.feedback.settings import Asking, change_asking
from promises.feedback.surveys import answer_survey, open_survey
from promises.feedback.texts import list_texts
from promises.flows import import_feedback, merge_problems, report_problem, sort_feedback
from promises.flows.answer_feedback import answer
from promises.flows.settle_feedback import settle_feedback
from promises.improvement.reviews import quarter_of
from promises.kernel.actors import SYSTEM, Actor, ActorKind, Role
from promises.kernel.zones import local_date, resolve_local
from promises.simulation.acts import ANYBODY, Acts
from promises.simulation.bank import BRANCHES, DAILY, LOANS, PEOPLE, ZONE, Bank
from promises.simulation.voice_words import (
    AFTER_VISIT,
    CLOSED_PROBLEM,
    CLOSED_REASON,
    FILE_NAME,
    LINKED_TO,
    MAIN_PROBLEM,
    SAME_PROBLEM,
    SMALL_PROBLEMS,
    STAFF_ANSWERS,
    SURVEY_ROWS,
)

ANSWERED = 45
"""Visits of the last days that the customer said something about."""
_WHICH = 7
_DAY = dt.timedelta(days=1)
_MEETINGS = ((38, 1, 1), (33, 0, 0), (12, 2, 2), (6, 0, 0), (2, 1, 1))
"""When colleagues met the main problem too, in days before now; who, and where."""

_TOLD = """
SELECT EXISTS (SELECT FROM feedback_imports WHERE organisation_id = %(organisation_id)s) AS file,
    EXISTS (SELECT FROM feedback_receipts WHERE organisation_id = %(organisation_id)s) AS answers,
    EXISTS (SELECT FROM problem_evidence WHERE organisation_id = %(organisation_id)s
        AND kind = 'feedback') AS problems,
    EXISTS (SELECT FROM staff_survey_receipts WHERE organisation_id = %(organisation_id)s) AS staff
"""

_KNOWN = """
SELECT id FROM problems WHERE organisation_id = %(organisation_id)s AND text = %(text)s
ORDER BY id LIMIT 1
"""

_OPEN = """
SELECT id FROM problems WHERE organisation_id = %(organisation_id)s AND state = 'open'
"""

_MET = """
SELECT count(*) AS n FROM problem_evidence
WHERE organisation_id = %(organisation_id)s AND problem_id = %(problem_id)s AND kind = 'told'
"""

_VISITS = """
SELECT id, ended_at FROM tickets
WHERE organisation_id = %(organisation_id)s AND kind = 'visit' AND state IN ('served', 'left')
  AND ended_at > %(since)s
ORDER BY ended_at DESC LIMIT %(limit)s
"""

_LATE = """
SELECT DISTINCT t.id, t.ended_at FROM breaches b
JOIN tickets t ON t.organisation_id = b.organisation_id AND t.id = b.ticket_id
WHERE b.organisation_id = %(organisation_id)s AND t.kind = 'visit' AND t.ended_at > %(since)s
  AND t.state IN ('served', 'left')
ORDER BY t.ended_at DESC LIMIT %(limit)s
"""


def tell_of_voices(acts: Acts, bank: Bank, now: dt.datetime) -> None:
    with acts.work(SYSTEM) as uow:
        told = sql.one(uow.session, _TOLD, {"organisation_id": uow.organisation_id})
    if not told.file:
        _import_survey(acts, bank, now)
    if not told.answers:
        _answer_visits(acts, now)
    if not told.problems:
        _make_problems(acts, bank, now)
    if not told.staff:
        _ask_staff(acts, bank, now)


def _import_survey(acts: Acts, bank: Bank, now: dt.datetime) -> None:
    """The survey of the last two months, as a program for surveys wrote it."""
    today = local_date(now, ZONE)
    names = [plan.name for plan in BRANCHES]
    lines = ["Vastausnumero;Päivä;Suositteluarvosana;Kommentti;Toimipiste;Asiakasryhmä"]
    for number, (score, branch, segment, words) in enumerate(SURVEY_ROWS):
        on = today - dt.timedelta(days=3 + number * 55 // len(SURVEY_ROWS))
        lines.append(f"{number + 1};{on:%d.%m.%Y};{score};{words};{names[branch]};{segment}")
    with acts.at(now - 2 * _DAY).work(bank.member(Role.MANAGER)) as uow:
        import_id = import_feedback.stage(
            uow, filename=FILE_NAME, content="\n".join(lines).encode(), encoding=Encoding.UTF_8,
            delimiter=None,
        )  # fmt: skip
        import_feedback.take_in(uow, import_id=import_id)


def _answer_visits(acts: Acts, now: dt.datetime) -> None:
    """Some customers tapped a score when they had been served, or had left."""
    with acts.work(SYSTEM) as uow:
        asking = Asking(questions=(Question.RECOMMENDATION,))
        change_asking(uow.session, organisation_id=uow.organisation_id, now=uow.now, asking=asking)
        params = {"organisation_id": uow.organisation_id, "since": now - 13 * _DAY}
        late = sql.rows(uow.session, _LATE, params | {"limit": 2 * ANSWERED // 3})
        others = sql.rows(uow.session, _VISITS, params | {"limit": ANSWERED * _WHICH})
    chosen = {row.id: row.ended_at for row in (*late, *others[::_WHICH])}
    told = {row.id for row in late}
    for place, (ticket_id, ended_at) in enumerate(list(chosen.items())[:ANSWERED]):
        moods = AFTER_VISIT["late" if ticket_id in told else "in_time"]
        at = min(ended_at + dt.timedelta(minutes=12), now)
        with acts.at(at).work(ANYBODY) as uow:
            ticket = ticket_by_id(
                uow.session, organisation_id=uow.organisation_id, ticket_id=ticket_id
            )
            if ticket is not None:
                answer(uow, ticket, score=moods[place % len(moods)], body="")
    with acts.at(now).work(SYSTEM) as uow:
        settle_feedback(uow)
        change_asking(
            uow.session, organisation_id=uow.organisation_id, now=uow.now, asking=Asking()
        )


def _make_problems(acts: Acts, bank: Bank, now: dt.datetime) -> None:
    """In one transaction each: what staff heard, and what they made of the survey's words."""
    clerks = [branch.clerk(0) for branch in bank.branches.values()]
    branch_ids = [branch.id for branch in bank.branches.values()]
    main_id = _write(acts, clerks[0], now - 40 * _DAY, MAIN_PROBLEM, bank.service_ids[DAILY])
    same_id = _write(acts, clerks[2], now - 20 * _DAY, SAME_PROBLEM, bank.service_ids[DAILY])
    for number, words in enumerate(SMALL_PROBLEMS):
        clerk = clerks[number % len(clerks)]
        _write(acts, clerk, now - (25 - 6 * number) * _DAY, words, bank.service_ids[LOANS])
    closed_id = _write(acts, clerks[1], now - 35 * _DAY, CLOSED_PROBLEM, None)
    with acts.work(SYSTEM) as uow:
        params = {"organisation_id": uow.organisation_id, "problem_id": main_id}
        met = sql.one(uow.session, _MET, params).n
    for days, who, where in _MEETINGS[met:]:
        at = now - days * _DAY
        with acts.at(at).work(clerks[who]) as uow:
            case = NewCase(
                kind=EvidenceKind.TOLD, happened_at=at, branch_id=branch_ids[where],
                service_kind_id=bank.service_ids[DAILY],
            )  # fmt: skip
            report_problem.heard_again(uow, problem_id=main_id, case=case)
    _link_late_visits(acts, clerks[0], now, main_id)
    with acts.at(now - _DAY).work(bank.member(Role.MANAGER)) as uow:
        rows = sql.rows(uow.session, _OPEN, {"organisation_id": uow.organisation_id})
        still_open = {row.id for row in rows}
        if same_id in still_open:
            merge_problems.merge(uow, problem_id=same_id, into_id=main_id)
        if closed_id in still_open:
            merge_problems.close(uow, problem_id=closed_id, reason=CLOSED_REASON)
    with acts.at(now - _DAY).work(clerks[0]) as uow:
        texts = list_texts(
            uow.session, organisation_id=uow.organisation_id, state=TextState.NEW, limit=200
        )
        for text in texts:
            if any(word in text.body.casefold() for word in LINKED_TO):
                sort_feedback.link_text(uow, answer_id=text.answer_id, problem_id=main_id)


def _write(
    acts: Acts, clerk: Actor, at: dt.datetime, words: str, kind_id: uuid.UUID | None
) -> uuid.UUID:
    """Unless it is there since a telling that was cut off."""
    with acts.at(at).work(clerk) as uow:
        params = {"organisation_id": uow.organisation_id, "text": words}
        known = sql.one_or_none(uow.session, _KNOWN, params)
        if known is not None:
            return uuid.UUID(str(known.id))
        problem = NewProblem(text=words, service_kind_id=kind_id)
        return report_problem.report(uow, problem=problem).id


def _link_late_visits(acts: Acts, clerk: Actor, now: dt.datetime, problem_id: uuid.UUID) -> None:
    with acts.at(now - _DAY).work(clerk) as uow:
        params = {"organisation_id": uow.organisation_id, "since": now - 13 * _DAY, "limit": 4}
        for row in sql.rows(uow.session, _LATE, params):
            report_problem.link_ticket(uow, ticket_id=row.id, problem_id=problem_id)


def _ask_staff(acts: Acts, bank: Bank, now: dt.datetime) -> None:
    """The round of the last quarter: everybody at the bank answered."""
    last = local_date(now, ZONE).replace(day=1)
    while quarter_of(last) == quarter_of(local_date(now, ZONE)):
        last -= _DAY
    opens = resolve_local(dt.datetime.combine(last - 20 * _DAY, dt.time(8)), ZONE).instant
    with acts.at(opens).work(SYSTEM) as uow:
        open_survey(
            uow.session, organisation_id=uow.organisation_id, now=uow.now,
            quarter=quarter_of(last).round, closes_at=opens + 14 * _DAY,
            branch_ids=[branch.id for branch in bank.branches.values()],
        )  # fmt: skip
        survey_id = sql.one(
            uow.session,
            "SELECT id FROM staff_surveys WHERE organisation_id = %(organisation_id)s"
            " AND quarter = %(quarter)s",
            {"organisation_id": uow.organisation_id, "quarter": quarter_of(last).round},
        ).id
    for person, (score, words) in zip(PEOPLE, _answers(len(PEOPLE)), strict=True):
        actor = Actor(ActorKind.MEMBER, bank.member_ids[person.email], person.role)
        branch = bank.branches.get(person.branch or "")
        with acts.at(opens + _DAY).work(actor) as uow:
            answer_survey(
                uow.session, organisation_id=uow.organisation_id, actor=actor, now=uow.now,
                survey_id=survey_id, branch_id=branch.id if branch else None, score=score,
                text=words,
            )  # fmt: skip


def _answers(count: int) -> Sequence[tuple[int, str]]:
    return [STAFF_ANSWERS[place % len(STAFF_ANSWERS)] for place in range(count)]
