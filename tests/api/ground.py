"""What tests of the API start from: organisations with keys, and a client that speaks JSON."""

import itertools
import json

from promises.catalogue.proposals import ProposalDraft
from promises.db.session import unit_of_work
from promises.flows.propose_promise import propose
from promises.flows.redeem_voucher import codes_of_ticket
from promises.identity.access import NewKey, issue_api_key
from promises.identity.models import Scope
from promises.kernel.actors import SYSTEM
from tests.factories.catalogue import publish_simple_promise, simple_terms
from tests.factories.identity import make_organisation
from tests.flows.ground import World

EVERY_SCOPE = tuple(Scope)
_numbers = itertools.count(1)


def make_key(made, *, scopes=EVERY_SCOPE, branch_id=None, expires_at=None):
    """The key's id and the key itself."""
    with unit_of_work(made.id, SYSTEM) as uow:
        return issue_api_key(
            uow.session, organisation_id=made.id, actor=SYSTEM, now=uow.now,
            request=NewKey(name="till", scopes=scopes, branch_id=branch_id, expires_at=expires_at),
        )  # fmt: skip


class Program:
    """A program with a key. Paths are below /api/v1; a POST gets a fresh Idempotency-Key."""

    def __init__(self, app, key):
        self.client = app.test_client(use_cookies=False)
        self.key = key

    def headers(self, more=None):
        own = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        return own | (more or {})

    def get(self, path, headers=None, **query):
        return self.client.get(f"/api/v1{path}", query_string=query, headers=self.headers(headers))

    def post(self, path, body, *, idempotency_key=None, headers=None):
        name = idempotency_key or f"test-{next(_numbers)}"
        return self.client.post(
            f"/api/v1{path}",
            json=body,
            headers=self.headers({"Idempotency-Key": name, **(headers or {})}),
        )


class Shop:
    """One organisation with a promise (15 minutes or 10 €), and a program with every scope."""

    def __init__(self, app, *, branches=2, promise=True, **changes):
        self.app = app
        self.made = make_organisation(branches=branches, kinds=("A", "B"), **changes)
        if promise:
            with self.made.work(None) as uow:
                self.published = publish_simple_promise(
                    uow.session, organisation_id=self.made.id, now=uow.now
                )
        self.program = self.program_with()

    def program_with(self, **changes):
        _id, key = make_key(self.made, **changes)
        return Program(self.app, key)

    def take(self, **changes):
        body = {"branch_id": str(self.made.branch_id), "service_kind_id": str(self.made.kind_id)}
        response = self.program.post("/tickets", body | changes)
        assert response.status_code == 201, response.text
        return response.json

    def rows(self, statement, **params):
        from promises.db.sql import rows

        with self.made.work(None) as uow:
            return rows(uow.session, statement, {"o": self.made.id} | params)

    def counts(self):
        """How many rows of everything that an operation could write."""
        tables = ("tickets", "service_events", "idempotent_requests", "voucher_redemptions",
                  "commitments", "customers", "ledger_entries", "audit_records")  # fmt: skip
        return {t: self.rows(f"SELECT count(*) AS n FROM {t}")[0].n for t in tables}


def problem(response, status, code):
    """The problem document of a response, checked."""
    assert response.status_code == status, response.text
    assert response.content_type == "application/problem+json"
    document = json.loads(response.data)
    assert document["status"] == status and document["code"] == code, document
    assert document["type"] == f"/api/v1/problems#{code}"
    assert document["instance"].startswith("urn:uuid:") and document["title"]
    return document


PROPOSED = ProposalDraft(
    title="Called within 9 minutes",
    terms=simple_terms(),
    way_of_working="A second counter opens.",
    problem_text="A queue.",
)


class PaidWorld(World):
    """An organisation where one promise was broken and its voucher issued; a program per need."""

    def __init__(self, app):
        super().__init__()
        self.app = app
        self.ticket = self.take()
        self.later(minutes=16).staff_act()
        self.sweep()
        self.log(self.ticket.ticket_id, "service_started")
        self.settle()
        with self.work() as uow:
            [(self.voucher, self.code)] = codes_of_ticket(uow, ticket_id=self.ticket.ticket_id)
        self.waiting = self.take()
        with self.work() as uow:
            self.proposal_id = propose(uow, draft=PROPOSED).id
        self.program = self.program_with()

    def program_with(self, **changes):
        _id, key = make_key(self.made, **changes)
        return Program(self.app, key)

    def ids(self):
        """An id of everything that an operation takes one of, by the name of the parameter."""
        commitment = self.commitment(self.ticket.ticket_id)
        [breach], [compensation] = self.breaches(), self.compensations()
        return {
            "branch_id": self.made.branch_id,
            "service_kind_id": self.made.kind_id,
            "counter_id": self.made.counter_id,
            "ticket_id": self.ticket.ticket_id,
            "corrects_id": self.ticket.event_id,
            "promise_id": self.published.promise_id,
            "proposal_id": self.proposal_id,
            "commitment_id": commitment.id,
            "breach_id": breach.id,
            "compensation_id": compensation.id,
            "payout_id": self.voucher.payout_id,
            "voucher_id": self.voucher.id,
        }

    def snapshot(self):
        """Everything that a program could change."""
        return {
            table: self.rows(f"SELECT t::text AS row FROM {table} t ORDER BY 1")
            for table in (
                "tickets", "service_events", "commitments", "breaches", "compensations", "payouts",
                "vouchers", "voucher_redemptions", "ledger_entries", "idempotent_requests",
                "customers", "branch_states", "branch_days", "audit_records",
            )
        }  # fmt: skip
