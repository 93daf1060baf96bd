"""The look of every minute: alerts raised once and put down, and the reactions that were chosen."""

import datetime as dt
from decimal import Decimal

import pytest

from promises.catalogue.targets import TargetStep
from promises.flows.choose_reactions import acknowledge_alert, choose_reactions, lift_reaction
from promises.flows.decide_compensation import approve
from promises.flows.decide_proposal import publish
from promises.flows.end_promise import end_promise
from promises.flows.watch_budgets import Watch, _pause, watch_budgets
from promises.identity.branch_hours import BranchHours
from promises.improvement.alerts import gravest, live_alerts
from promises.improvement.alerts_models import AlertKind, AlertLevel
from promises.improvement.errors import AlertMoved, NoSuchAlert, NoSuchReaction, ReactionMoved
from promises.improvement.reactions_models import Reaction, Trigger
from promises.kernel.actors import Role
from promises.kernel.ids import new_id
from tests.factories.catalogue import new_version, simple_terms
from tests.flows.ground import NOON, World

MINUTE = dt.timedelta(minutes=1)
TARGET = (TargetStep(NOON.date() - dt.timedelta(days=60), Decimal("0.9")),)


class Branch(World):
    """A promise with a target of 90 per cent and 100 € a month."""

    def __init__(self, **options):
        super().__init__(**options)
        self.promise_id = self.published.promise_id
        terms = simple_terms(budget_month_minor=10_000)
        with self.work(Role.MANAGER) as uow:
            version = new_version(
                uow.now, promise_id=self.promise_id, target_path=TARGET, terms=terms
            )
            self.published = publish(uow, version=version)

    def cases(self, kept, broken, evidence="live"):
        """So many cases, decided within the last minutes; with the debts of those that broke."""
        for n in range(kept + broken):
            self._case("kept" if n < kept else "broken", evidence)

    def _case(self, state, evidence):
        ids = {name: new_id() for name in ("ticket", "commitment", "breach")}
        at = self.now - dt.timedelta(minutes=30)
        self.rows(
            _TICKET, id=ids["ticket"], branch=self.made.branch_id, kind=self.made.kind_id,
            day=self.now.date(), at=at, code=str(ids["ticket"]),
        )  # fmt: skip
        self.rows(
            _COMMITMENT, id=ids["commitment"], ticket=ids["ticket"], promise=self.promise_id,
            version=self.published.version_id, branch=self.made.branch_id, day=self.now.date(),
            at=at, due=at + 15 * MINUTE, now=self.now, state=state, evidence=evidence,
        )  # fmt: skip

    def look(self):
        with self.work(None) as uow:
            return watch_budgets(uow)

    def alerts(self, **wanted):
        found = self.rows("SELECT * FROM alerts ORDER BY raised_at, kind, level")
        return [
            one for one in found
            if all(getattr(one, name) == value for name, value in wanted.items())
        ]  # fmt: skip

    def letters(self, about="burn"):
        return self.rows(
            "SELECT * FROM messages WHERE kind = 'promise_alert' AND params ->> 'alert' = %(a)s"
            " ORDER BY id", a=about,
        )  # fmt: skip

    def choose(self, seen=0, **reactions):
        chosen = {Trigger(name): Reaction(word) for name, word in reactions.items()}
        with self.work(Role.MANAGER) as uow:
            choose_reactions(uow, promise_id=self.promise_id, chosen=chosen, seen=seen)

    def runs(self):
        return self.rows("SELECT * FROM reaction_runs ORDER BY trigger")

    def break_one(self):
        """A real breach, by the clock, of a customer who is there."""
        self.staff_act()
        ticket = self.take()
        self.later(minutes=16)
        self.sweep()
        self.call()
        self.log(ticket.ticket_id, "service_started")
        return ticket


_TICKET = """
INSERT INTO tickets (organisation_id, id, kind, state, source, branch_id, service_kind_id, day_on,
    letter, public_code, arrived_at, queued_at, version, flags)
VALUES (%(organisation_id)s, %(id)s, 'visit', 'served', 'desk', %(branch)s, %(kind)s, %(day)s,
    'A', %(code)s, %(at)s, %(at)s, 1, '{}')
"""
_COMMITMENT = """
INSERT INTO commitments (organisation_id, id, promise_id, version_id, ticket_id, branch_id,
    occurrence, day_on, started_at, due_at, state, evidence, decided_at, by_duration)
VALUES (%(organisation_id)s, %(id)s, %(promise)s, %(version)s, %(ticket)s, %(branch)s, 1, %(day)s,
    %(at)s, %(due)s, %(state)s, %(evidence)s, %(now)s, false)
"""


@pytest.fixture
def branch(app):
    with app.app_context():
        yield Branch()


def test_burning_promise_is_told_of_once_and_put_down(branch):
    branch.cases(kept=10, broken=14)
    assert branch.look() > 0
    (alert,) = branch.alerts(kind="burn")
    assert (alert.level, alert.state, alert.branch_id) == ("page", "open", branch.made.branch_id)
    assert alert.seen == {"window": "hour", "cases": 24, "broken": 14}
    (letter,) = branch.letters()
    assert letter.member_id == branch.made.members[Role.MANAGER]
    assert letter.params["broken"] == 14
    branch.later(minutes=1)
    assert branch.look() == 0
    assert (len(branch.alerts(kind="burn")), len(branch.letters())) == (1, 1)
    branch.later(hours=7)
    branch.cases(kept=60, broken=1)
    branch.look()
    (alert,) = branch.alerts(kind="burn")
    assert (alert.state, alert.closed_at) == ("closed", branch.now)
    branch.later(minutes=1)
    assert branch.look() == 0  # what raised it is not counted a second time
    assert len(branch.letters()) == 1


def test_small_samples_raise_no_alarm(branch):
    branch.cases(kept=0, broken=15)
    branch.look()
    assert branch.alerts(kind="burn") == []
    assert branch.letters() == []


def test_imported_history_burns_nothing(branch):
    branch.cases(kept=0, broken=40, evidence="imported")
    branch.look()
    assert branch.alerts(kind="burn") == []


def test_used_up_error_budget_is_told_at_both_marks_once_a_month(branch):
    branch.cases(kept=91, broken=9)
    branch.look()
    (most,) = branch.alerts(kind="errors")
    assert (most.level, most.month_on, most.seen) == (
        "most", dt.date(2026, 3, 1), {"broken": 9, "budget": 10},
    )  # fmt: skip
    branch.cases(kept=0, broken=2)
    branch.look()
    assert [one.level for one in branch.alerts(kind="errors", state="open")] == ["all", "most"]
    branch.later(days=30)  # April
    branch.look()
    assert {one.state for one in branch.alerts(kind="errors")} == {"closed"}
    assert len(branch.letters("errors")) == 2


def test_acknowledged_alert_is_taken_care_of_by_one(branch):
    branch.cases(kept=10, broken=14)
    branch.look()
    (alert,) = branch.alerts(kind="burn")
    with branch.work(Role.MANAGER) as uow:
        assert acknowledge_alert(uow, alert_id=alert.id) == branch.promise_id
    with pytest.raises(AlertMoved), branch.work(Role.MANAGER) as uow:
        acknowledge_alert(uow, alert_id=alert.id)
    with pytest.raises(NoSuchAlert), branch.work(Role.MANAGER) as uow:
        acknowledge_alert(uow, alert_id=new_id())
    branch.later(minutes=1)
    branch.look()
    (alert,) = branch.alerts(kind="burn")
    assert (alert.state, alert.acknowledged_by) == (
        "acknowledged", branch.made.members[Role.MANAGER],
    )  # fmt: skip


def test_approval_is_asked_for_new_debts_and_lifted(branch):
    branch.choose(errors_all="approve")
    before = branch.break_one()
    branch.cases(kept=26, broken=5)
    branch.look()
    (run,) = branch.runs()
    assert (run.trigger, run.reaction, run.outcome) == ("errors_all", "approve", "done")
    held = branch.break_one()
    free, debt = branch.compensations()
    assert (free.ticket_id, free.state) == (before.ticket_id, "released")
    assert (debt.ticket_id, debt.state, debt.holds) == (held.ticket_id, "owed", ["approval"])
    branch.look()
    assert len(branch.runs()) == 1
    with branch.work(Role.MANAGER) as uow:
        assert lift_reaction(uow, run_id=run.id) == branch.promise_id
    with pytest.raises(ReactionMoved), branch.work(Role.MANAGER) as uow:
        lift_reaction(uow, run_id=run.id)
    with pytest.raises(NoSuchReaction), branch.work(Role.MANAGER) as uow:
        lift_reaction(uow, run_id=new_id())
    branch.break_one()
    *_, after = branch.compensations()
    assert after.state == "released"
    with branch.work(Role.MANAGER) as uow:  # the debt that waited still waits, and is still owed
        assert approve(uow, compensation_ids=[debt.id]) == 1


def test_budget_used_up_at_once_brings_one_letter(branch):
    branch.cases(kept=26, broken=5)
    branch.look()
    assert [one.level for one in branch.alerts(kind="errors")] == ["all", "most"]
    (letter,) = branch.letters("errors")
    assert letter.params["level"] == "all"
    with branch.work(None) as uow:
        shown = gravest(live_alerts(uow.session, organisation_id=branch.made.id))
    assert [one.level for one in shown if one.kind is AlertKind.ERRORS] == [AlertLevel.ALL]


def test_pause_is_public_until_the_month_ends(branch):
    branch.choose(errors_all="pause", errors_most="suggest")
    branch.cases(kept=26, broken=5)
    branch.look()
    (pause,) = branch.rows("SELECT * FROM promise_pauses")
    assert (pause.promise_id, pause.branch_id, pause.starts_at) == (
        branch.promise_id, None, branch.now,
    )  # fmt: skip
    assert pause.ends_at == dt.datetime(2026, 3, 31, 21, tzinfo=dt.UTC)  # midnight in Helsinki
    assert set(pause.reasons) == {"fi", "sv", "en"}
    assert [(run.trigger, run.outcome) for run in branch.runs()] == [
        ("errors_all", "done"), ("errors_most", "done"),
    ]  # fmt: skip
    ticket = branch.take()
    assert (
        branch.rows("SELECT 1 FROM commitments WHERE ticket_id = %(t)s", t=ticket.ticket_id) == []
    )
    branch.later(minutes=1)
    branch.look()
    assert len(branch.rows("SELECT * FROM promise_pauses")) == 1
    done = branch.rows("SELECT * FROM audit_records WHERE action = 'reaction_done'")
    assert len(done) == 2


def test_paused_promise_is_not_paused_a_second_time(branch):
    branch.choose(errors_all="pause", errors_most="pause")
    branch.cases(kept=26, broken=5)
    branch.look()
    assert len(branch.rows("SELECT * FROM promise_pauses")) == 1
    assert [run.outcome for run in branch.runs()] == ["paused_already", "done"] or [
        run.outcome for run in branch.runs()
    ] == ["done", "paused_already"]


def test_promise_that_ended_since_the_look_began_is_not_paused(branch):
    with branch.work(Role.MANAGER) as uow:
        end_promise(
            uow, promise_id=branch.promise_id, ends_at=branch.now + dt.timedelta(days=65),
            reasons={"fi": "Loppu."},
        )  # fmt: skip
    branch.later(days=65)
    with branch.work(None) as uow:
        hours = BranchHours(uow.session, organisation_id=branch.made.id, now=uow.now)
        look = Watch(uow, branch.now.date(), hours, {}, [])
        assert _pause(look, branch.promise_id, Trigger.ERRORS_ALL) == "ended_already"
    assert branch.rows("SELECT * FROM promise_pauses") == []


def test_used_up_money_is_told(branch):
    for _ in range(8):
        branch.break_one()
    branch.look()
    (alert,) = branch.alerts(kind="money")
    assert (alert.level, alert.seen) == ("most", {"spent_minor": 8_000, "budget_minor": 10_000})


def test_choice_made_on_an_old_page_is_refused(branch):
    branch.choose(errors_all="approve")
    with pytest.raises(ReactionMoved):
        branch.choose(errors_all="pause")
    branch.choose(seen=1, errors_all="tell")
    chosen = branch.rows("SELECT * FROM reaction_choices ORDER BY number")
    assert [one.reactions["errors_all"] for one in chosen] == ["approve", "tell"]


def test_letters_wait_until_the_branch_opens(app):
    with app.app_context():
        branch = Branch(weekly=(((14 * 60, 18 * 60),),) * 7)
        branch.cases(kept=10, broken=14)
        branch.look()
        assert len(branch.alerts(kind="burn")) == 1
        assert branch.letters() == []
        branch.later(hours=1, minutes=59)
        branch.look()
        assert branch.letters() == []
        branch.later(minutes=1)
        branch.look()
        assert len(branch.letters()) == 1
