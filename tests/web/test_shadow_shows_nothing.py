"""A shadow run pays nothing and shows nothing: every page that the public can open, every answer of
the API and every row of every table outside the run itself, before and after."""

import datetime as dt
import re

import pytest

from promises.db.base import Base
from promises.db.sql import rows
from promises.flows.decide_proposal import publish
from promises.http.permissions import Asks, access_of
from promises.kernel.actors import Role
from tests.api.ground import make_key
from tests.factories.catalogue import new_version, simple_terms
from tests.flows.ground import QUARTER
from tests.flows.shadows import ShadowWorld

OF_THE_RUN = {
    "shadow_runs", "shadow_cases", "shadow_results",
    "proposals", "proposal_changes", "proposal_news", "proposal_follows", "audit_records",
    "audit_heads", "messages",
}  # fmt: skip
"""What a run writes: itself, its proposal's way, and word of it to staff."""

NEED_A_LETTER = {"token"}
"""Addresses with a token of a letter show the form of that letter."""

OF_PROPOSALS = re.compile("/api/v1/proposals")
"""Programs that may read proposals see, as staff do, that one is on trial."""

_VARY = re.compile(
    r'(name="csrf_token" value="|nonce="|name="csrf-token" content=")[^"]*|'
    r'data-(?:now|etag|live-etag)="[^"]*"'
)
_STATE = """
SELECT count(*)::int AS n,
    coalesce(md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))), '') AS h
FROM "{table}" t WHERE t.organisation_id = %(organisation_id)s
"""


@pytest.fixture(scope="module")
def world(app):
    """A morning with kept and broken promises, money paid for some, and people still waiting."""
    with app.app_context():
        world = ShadowWorld()
        _, world.key = make_key(world.made)
        served = world.take()
        world.later(minutes=5).call()
        late = world.take()
        world.later(minutes=10)
        for kind in ("service_started", "served"):
            world.log(served.ticket_id, kind, counter_id=world.made.counter_ids[0])
        world.take()
        world.staff_act()
        world.move_to(world.now + QUARTER)
        world.call(counter=1)
        world.log(late.ticket_id, "service_started", counter_id=world.made.counter_ids[1])
        world.settle()
        world.ticket = late
        world.take()
        return world


def ids_of(world):
    def first(table, column="id"):
        found = world.rows(f"SELECT {column} AS it FROM {table} ORDER BY 1 LIMIT 1")
        return found[0].it

    return {
        "slug": world.made.slug,
        "promise_slug": world.published.slug,
        "code": world.ticket.public_code,
        "branch": world.made.branch.slug,
        "branch_id": world.made.branch_id,
        "ticket_id": world.ticket.ticket_id,
        "promise_id": world.published.promise_id,
        "filename": "theme.css",
        "lang": "fi",
    } | {
        f"{name}_id": first(table)
        for name, table in (
            ("compensation", "compensations"), ("payout", "payouts"), ("voucher", "vouchers"),
            ("commitment", "commitments"), ("breach", "breaches"),
        )
    }  # fmt: skip


def everything_public(app, world):
    """What the public and programs get, by address: status, tag and content."""
    found = {}
    with app.app_context():
        ids = ids_of(world)
    client = app.test_client(use_cookies=False)
    for rule in app.url_map.iter_rules():
        if "GET" not in rule.methods or rule.endpoint == "static":
            continue
        if OF_PROPOSALS.match(rule.rule):
            continue
        access = access_of(app, rule.endpoint, "GET")
        if access.asks not in (Asks.ANYBODY, Asks.API_KEY) or rule.arguments & NEED_A_LETTER:
            continue
        missing = rule.arguments - ids.keys()
        assert not missing, f"{rule}: say here what {missing} may be"
        with app.test_request_context():
            values = {name: ids[name] for name in rule.arguments}
            path = app.url_map.bind("localhost").build(rule.endpoint, values)
        headers = {}
        if access.asks is Asks.API_KEY:
            headers["Authorization"] = f"Bearer {world.key}"
        query = {"branch_id": ids["branch_id"], "day_on": world.now.date().isoformat()}
        lists_tickets = rule.endpoint.endswith("listTickets")
        answer = client.get(path, headers=headers, query_string=query if lists_tickets else None)
        assert answer.status_code < 400 or access.asks is Asks.ANYBODY, f"{path}: {answer.text}"
        content = _VARY.sub("", answer.get_data(as_text=True))
        found[path] = (answer.status_code, answer.headers.get("ETag"), content)
    return found


def every_table(world):
    with world.work(None) as uow:
        return {
            table.name: rows(
                uow.session,
                _STATE.format(table=table.name),
                {"organisation_id": world.made.id},
            )[0]
            for table in Base.metadata.sorted_tables
            if table.info["tenant"] and "organisation_id" in table.columns
        }


def test_shadow_run_that_breaks_many_cases_changes_no_public_page_and_no_account(app, world):
    with app.app_context():
        proposal_id = world.propose(seconds=1, amount_minor=90_000)
    with world.at(world.now + dt.timedelta(minutes=1)):
        with app.app_context():
            tables = every_table(world)
        public = everything_public(app, world)
        with app.app_context():
            run_id = world.shadow(proposal_id)
            world.rows(
                "UPDATE shadow_runs SET starts_at = starts_at - interval '1 day' RETURNING id"
            )
            world.later(minutes=1)
            world.round()
            cases = world.cases(run_id)
            tables_after = every_table(world)
        assert len(cases) == 4
        assert {case.state for case in cases} == {"broken"}
        assert sum(case.amount_minor for case in cases) == 360_000
        assert len(public) > 30
        assert everything_public(app, world) == public
    changed = {name for name, state in tables.items() if tables_after[name] != state}
    assert changed <= OF_THE_RUN and "shadow_cases" in changed
    assert {"ledger_entries", "compensations", "payouts", "vouchers", "commitments"} <= set(tables)
    with app.app_context():
        letters = world.rows("SELECT kind, member_id FROM messages WHERE contact_id IS NULL")
        assert all(one.kind == "proposal_news" and one.member_id for one in letters)


def test_publishing_after_a_shadow_run_touches_no_ticket_that_came_before(app, world):
    with app.app_context():
        proposal_id = world.later(minutes=1).propose(seconds=30)
        run_id = world.shadow(proposal_id)
        before = world.take()
        world.later(minutes=2).round()
        assert [case.ticket_id for case in world.cases(run_id)] == [before.ticket_id]
        with world.work(Role.MANAGER) as uow:
            terms = simple_terms(seconds=30)
            made = publish(uow, version=new_version(uow.now, terms=terms), proposal_id=proposal_id)
        world.later(minutes=1)
        after = world.take()
        world.later(minutes=2).worker()
        world.round()
        live = world.rows(
            "SELECT ticket_id, state FROM commitments WHERE promise_id = %(p)s", p=made.promise_id
        )
        assert [(one.ticket_id, one.state) for one in live] == [(after.ticket_id, "broken")]
        run = world.one("SELECT * FROM shadow_runs WHERE id = %(r)s", r=run_id)
        assert run.state == "stopped"
        assert [case.ticket_id for case in world.cases(run_id)] == [before.ticket_id]
