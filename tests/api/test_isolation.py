"""Nobody reaches what is not theirs: other organisations, other branches, missing scopes."""

import uuid

import pytest

from promises.api.operations import ALL
from promises.flows.pause_promise import pause_promise
from promises.identity import access
from promises.identity.access import revoke_api_key
from promises.identity.actions import BranchSettings, add_branch, set_branch_services
from promises.identity.models import Scope
from promises.kernel.actors import SYSTEM, Role
from promises.kernel.clock import process_clock
from tests.api.ground import PaidWorld, Program, Shop, make_key, problem
from tests.factories.catalogue import publish_simple_promise

OWN_CODES = {"not_found", "no_such_voucher", "no_such_promise", "no_such_proposal"}


@pytest.fixture
def strangers(in_app):
    """Two organisations alike, each with everything."""
    return PaidWorld(in_app), PaidWorld(in_app)


def test_every_operation_with_anothers_ids_is_404_and_changes_nothing(strangers, contract):
    mine, theirs = strangers
    before = mine.snapshot(), theirs.snapshot()
    foreign = {name: str(value) for name, value in theirs.ids().items()}
    tried = 0
    for method, path, _operation in contract.operations():
        if method != "get":
            continue
        if "{" in path:
            answer = mine.program.get(path.removeprefix("/api/v1").format(**foreign))
            assert answer.status_code == 404, path
            assert answer.json["code"] in OWN_CODES
            tried += 1
        else:
            tried += _lists_show_nothing_of(mine, path, foreign)
    assert tried >= 20
    assert (mine.snapshot(), theirs.snapshot()) == before


def _lists_show_nothing_of(mine, path, foreign):
    """Every filter by an id, with the other organisation's."""
    operation = next(one for one in ALL.values() if path.endswith(_rule(one)) and not one.body)
    given = {"day_on": mine.ticket.day_on.isoformat()} if operation.name == "listTickets" else {}
    names = [name for name in operation.query().fields if name in foreign]
    for name in names:
        answer = mine.program.get(path.removeprefix("/api/v1"), **given, **{name: foreign[name]})
        assert answer.status_code == 200 and answer.json["data"] == [], (path, name)
    everything = mine.program.get(
        path.removeprefix("/api/v1"),
        **given, **({"branch_id": str(mine.made.branch_id)} if given else {}),
    )  # fmt: skip
    assert everything.json["data"]
    assert not set(foreign.values()) & {row["id"] for row in everything.json["data"]}
    return len(names) + 1


def _rule(operation):
    return {
        "listBranches": "/branches", "listPromises": "/promises", "listTickets": "/tickets",
        "listCommitments": "/commitments", "listBreaches": "/breaches",
        "listCompensations": "/compensations", "listPayouts": "/payouts",
        "listVouchers": "/vouchers", "listProposals": "/proposals",
    }.get(operation.name, "–")  # fmt: skip


def test_every_post_with_anothers_ids_is_404_and_changes_nothing(strangers):
    mine, theirs = strangers
    before = mine.snapshot(), theirs.snapshot()
    foreign = {name: str(value) for name, value in theirs.ids().items()}
    own = {name: str(value) for name, value in mine.ids().items()}
    waiting = f"/tickets/{mine.waiting.ticket_id}/events"
    tries = [
        (
            "/tickets",
            {"branch_id": foreign["branch_id"], "service_kind_id": own["service_kind_id"]},
        ),
        (
            "/tickets",
            {"branch_id": own["branch_id"], "service_kind_id": foreign["service_kind_id"]},
        ),
        (f"/tickets/{theirs.waiting.ticket_id}/events", {"kind": "left"}),
        (waiting, {"kind": "called", "counter_id": foreign["counter_id"]}),
        (waiting, {"kind": "transferred", "service_kind_id": foreign["service_kind_id"]}),
        (waiting, {"kind": "undone", "corrects_id": foreign["corrects_id"]}),
        ("/vouchers/redeem", {"code": theirs.code}),
        ("/vouchers/redeem", {"code": mine.code, "counter_id": foreign["counter_id"]}),
    ]
    for path, body in tries:
        with mine.at(mine.now):
            answer = mine.program.post(path, body)
        assert answer.status_code == 404, (path, body, answer.text)
        assert answer.json["code"] in OWN_CODES
    assert (mine.snapshot(), theirs.snapshot()) == before


def test_batch_with_anothers_tickets_answers_each_with_404(strangers):
    mine, theirs = strangers
    before = theirs.snapshot()
    with mine.at(mine.now):
        answer = mine.program.post(
            "/events",
            {
                "events": [
                    {"ticket_id": str(theirs.waiting.ticket_id), "kind": "left"},
                    {"ticket_id": str(mine.waiting.ticket_id), "kind": "left"},
                ]
            },
        )
    assert [result["status"] for result in answer.json["results"]] == [404, 201]
    assert theirs.snapshot() == before


def add_another_branch(world):
    with world.work(None) as uow:
        common = {"organisation_id": world.made.id, "actor": SYSTEM, "now": uow.now}
        other = add_branch(
            uow.session,
            **common,
            settings=BranchSettings(name="Other", time_zone="Europe/Helsinki"),
        )
        set_branch_services(
            uow.session, **common, branch_id=other.id, service_kind_ids=[world.made.kind_id]
        )
    return other


def test_key_of_one_branch_sees_and_touches_that_branch_only(in_app):
    world = PaidWorld(in_app)
    other = add_another_branch(world)
    bound = world.program_with(branch_id=other.id)
    ids = {name: str(value) for name, value in world.ids().items()}
    before = world.snapshot()
    for name in ("branch", "ticket", "commitment", "breach", "compensation", "payout", "voucher"):
        plural = {"branch": "branches", "breach": "breaches"}.get(name, f"{name}s")
        problem(bound.get(f"/{plural}/{ids[f'{name}_id']}"), 404, "not_found")
        assert bound.get(f"/{plural}/{ids[f'{name}_id']}").status_code == 404
        if name not in ("branch", "ticket"):
            assert bound.get(f"/{plural}").json["data"] == [], plural
    for path in ("/commitments", "/breaches", "/compensations", "/payouts", "/vouchers"):
        problem(bound.get(path, branch_id=ids["branch_id"]), 404, "not_found")
    problem(
        bound.get("/tickets", branch_id=ids["branch_id"], day_on="2026-03-02"), 404, "not_found"
    )
    assert [row["id"] for row in bound.get("/branches").json["data"]] == [str(other.id)]
    kind = ids["service_kind_id"]
    waiting = str(world.waiting.ticket_id)
    refused = [
        ("/tickets", {"branch_id": ids["branch_id"], "service_kind_id": kind}),
        (f"/tickets/{waiting}/events", {"kind": "left"}),
        ("/vouchers/redeem", {"code": world.code}),
    ]
    for path, body in refused:
        with world.at(world.now):
            assert bound.post(path, body).status_code == 404, path
    with world.at(world.now):
        batch = bound.post("/events", {"events": [{"ticket_id": waiting, "kind": "left"}]})
    assert batch.json["results"][0]["status"] == 404
    after = world.snapshot()
    assert {k: v for k, v in after.items() if k != "idempotent_requests"} == {
        k: v for k, v in before.items() if k != "idempotent_requests"
    }
    with world.at(world.now):
        taken = bound.post("/tickets", {"branch_id": str(other.id), "service_kind_id": kind})
        assert taken.status_code == 201
        logged = bound.post(f"/tickets/{taken.json['id']}/events", {"kind": "left"})
    assert logged.status_code == 201
    found = bound.get("/tickets", branch_id=str(other.id), day_on=taken.json["day_on"])
    assert [row["id"] for row in found.json["data"]] == [taken.json["id"]]


def test_promise_of_another_branch_is_not_there_for_a_bound_key(in_app):
    shop = Shop(in_app, promise=False)
    first, second = shop.made.branches
    with shop.made.work(None) as uow:
        published = publish_simple_promise(
            uow.session, organisation_id=shop.made.id, now=uow.now, branches=[first.id]
        )
    here, there = (shop.program_with(branch_id=one.id) for one in (first, second))
    path = f"/promises/{published.promise_id}"
    assert [row["id"] for row in here.get("/promises").json["data"]] == [str(published.promise_id)]
    assert len(here.get(path).json["versions"]) == 1
    assert there.get("/promises").json["data"] == []
    problem(there.get(path), 404, "not_found")


def test_pause_of_another_branch_is_not_told_to_a_bound_key(in_app):
    shop = Shop(in_app, promise=False)
    first, second = shop.made.branches
    with shop.made.work(Role.MANAGER) as uow:
        tenant = {"organisation_id": shop.made.id, "now": uow.now}
        published = publish_simple_promise(uow.session, **tenant)
        pause_id = pause_promise(
            uow, promise_id=published.promise_id, branch_id=first.id, starts_at=uow.now,
            ends_at=None, reasons={"fi": "Remontti."},
        )  # fmt: skip
    path = f"/promises/{published.promise_id}"
    here, there, anywhere = (
        program.get(path).json["pauses"]
        for program in (
            shop.program_with(branch_id=first.id),
            shop.program_with(branch_id=second.id),
            shop.program_with(),
        )
    )
    assert there == []
    [told] = here
    assert anywhere == here
    assert (told["id"], told["state"], told["ends_at"]) == (str(pause_id), "running", None)
    assert told["reasons"] == {"fi": "Remontti."}


def _call(program, operation, method, path):
    address = path.removeprefix("/api/v1")
    while "{" in address:
        start, end = address.index("{"), address.index("}")
        address = f"{address[:start]}{uuid.uuid4()}{address[end + 1 :]}"
    if method == "post":
        return program.post(address, dict(operation.body_example))
    required = {"branch_id": str(uuid.uuid4()), "day_on": "2026-03-02"}
    return program.get(address, **(required if operation.name == "listTickets" else {}))


@pytest.mark.parametrize("scope", list(Scope))
def test_key_with_one_scope_opens_just_the_operations_that_ask_for_it(shop, contract, scope):
    program = shop.program_with(scopes=[scope])
    before = shop.counts()
    opened = set()
    for method, path, described in contract.operations():
        operation = ALL[described["operationId"]]
        answer = _call(program, operation, method, path)
        if answer.status_code == 403:
            document = problem(answer, 403, "scope_missing")
            assert operation.scope.value in document["detail"]
            assert f'scope="{operation.scope.value}"' in answer.headers["WWW-Authenticate"]
        else:
            opened.add(operation.name)
    assert opened == {one.name for one in ALL.values() if one.scope is scope}
    after = shop.counts()
    # a batch whose events are all refused is still an answer that is kept
    assert after | {"idempotent_requests": 0} == before | {"idempotent_requests": 0}


@pytest.mark.parametrize(
    "header",
    [None, "Bearer", "Bearer lup_nonsense", "Basic bHVwOng=", "Bearer lup_" + "A" * 22 + ".x",
     "Bearer ä", "Bearer lup_" + "A" * 500],
)  # fmt: skip
def test_without_a_key_in_force_everything_is_closed(in_app, contract, header):
    program = Program(in_app, None)
    for method, path, described in contract.operations():
        operation = ALL[described["operationId"]]
        headers = {} if header is None else {"Authorization": header}
        program.headers = lambda more=None, own=headers: own | (more or {})
        answer = _call(program, operation, method, path)
        document = problem(answer, 401, "no_key")
        assert answer.headers["WWW-Authenticate"] == "Bearer" and document["detail"]


def test_revoked_key_is_refused_at_once_and_an_expired_one_too(shop):
    key_id, key = make_key(shop.made)
    program = Program(shop.app, key)
    assert program.get("/branches").status_code == 200
    with shop.made.work(None) as uow:
        revoke_api_key(
            uow.session, organisation_id=shop.made.id, actor=SYSTEM, now=uow.now, key_id=key_id
        )
    problem(program.get("/branches"), 401, "no_key")


def test_key_revoked_by_another_process_is_refused_within_five_seconds(shop, monkeypatch):
    key_id, key = make_key(shop.made)
    program = Program(shop.app, key)
    assert program.get("/branches").status_code == 200
    shop.rows("UPDATE api_keys SET revoked_at = now() WHERE id = %(id)s RETURNING id", id=key_id)
    assert program.get("/branches").status_code == 200  # this process knew it a moment ago
    monkeypatch.setattr(access, "process_clock", _FiveSecondsOn)
    problem(program.get("/branches"), 401, "no_key")


class _FiveSecondsOn:
    @staticmethod
    def monotonic():
        return process_clock.monotonic() + 5
