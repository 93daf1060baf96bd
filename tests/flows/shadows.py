"""A world in which proposals run in shadow, beside a live promise of the same terms."""

import datetime as dt

from promises.catalogue.drafts import NewDraft, begin_draft
from promises.catalogue.proposals import ProposalDraft
from promises.catalogue.shadows import lock_run
from promises.flows.propose_promise import propose
from promises.flows.shadow_judge import judge_run, judge_shadows
from promises.flows.shadow_runs import start
from promises.kernel.actors import Role
from promises.worker.service import close_branches, sweep_batch
from tests.factories.catalogue import simple_terms
from tests.flows.ground import World
from tests.flows.guarantees import GeneralWorld

CASES = "SELECT * FROM shadow_cases WHERE run_id = %(run)s ORDER BY ticket_id, occurrence"
COMMITMENTS = (
    "SELECT c.*, b.breached_at, m.amount_minor FROM commitments c"
    " LEFT JOIN breaches b ON b.commitment_id = c.id"
    " LEFT JOIN compensations m ON m.breach_id = b.id AND m.state <> 'cancelled'"
    " WHERE c.promise_id = %(promise)s AND c.started_at >= %(since)s"
    " ORDER BY c.ticket_id, c.occurrence"
)
SAME = ("ticket_id", "occurrence", "state", "reason", "evidence", "started_at", "due_at",
        "ended_at", "ended_by", "by_duration", "breached_at")  # fmt: skip


class Shadows:
    """What a world of any promises needs for its shadow runs.

    `worker` is what the worker does at an instant, shadow runs left out; `round` is theirs.
    """

    def propose(self, terms=None, **changes):
        draft = ProposalDraft(
            title="You are served within 15 minutes, or we pay you 10 €",
            terms=terms or simple_terms(**changes),
            way_of_working="A second counter opens when five people wait.",
            problem_text="People wait half an hour on paydays.",
        )
        with self.work() as uow:
            return propose(uow, draft=draft).id

    def shadow(self, proposal_id, *, days=14, branch_ids=None, terms=None):
        with self.work(Role.MANAGER) as uow:
            return start(
                uow,
                proposal_id=proposal_id,
                branch_ids=branch_ids or [self.made.branch_id],
                ends_at=uow.now + dt.timedelta(days=days),
                terms=terms,
            ).id

    def begin_draft(self, uow, proposal_id):
        start = NewDraft(simple_terms(), {}, proposal_id=proposal_id)
        return begin_draft(
            uow.session, organisation_id=uow.organisation_id, actor=uow.actor, now=uow.now,
            start=start,
        ).id  # fmt: skip

    def round(self, *run_ids):
        """Of all runs, or of these only."""
        with self.work(None) as uow:
            if not run_ids:
                return judge_shadows(uow)
            tenant = {"organisation_id": self.made.id}
            return [judge_run(uow, lock_run(uow.session, run_id=one, **tenant)) for one in run_ids]

    def worker(self):
        with self.at(self.now):
            while sweep_batch(self.made.id):
                pass
            close_branches(self.made.id)

    def move_to(self, instant):
        """Time goes by; what is due on the way is noticed at its second, as the worker does."""
        due = (
            "SELECT min(at) AS at FROM (SELECT min(due_at) AS at FROM commitments"
            " WHERE state = 'open' AND NOT by_engine"
            " UNION SELECT min(next_change_at) FROM commitments) x"
        )
        while (at := self.one(due).at) is not None and at <= instant:
            self.now = max(self.now, at)
            self.worker()
        self.now = instant
        self.worker()

    def cases(self, run_id):
        return self.rows(CASES, run=run_id)

    def live(self, promise_id, since):
        return self.rows(COMMITMENTS, promise=promise_id, since=since)


class ShadowWorld(Shadows, World):
    """Served within 15 minutes, unless told otherwise."""


class GeneralShadowWorld(Shadows, GeneralWorld):
    """Promises in general terms, by number."""


def facts_of(rows):
    return [{name: getattr(row, name) for name in SAME} for row in rows]


def amounts_of(rows):
    return [row.amount_minor or 0 for row in rows]
