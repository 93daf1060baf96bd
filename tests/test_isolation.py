"""Two organisations that both have everything: neither reaches the other, by any address, any form
or any list. The API has the same in tests/api/test_isolation.py."""

import itertools
import json
import re

import pytest

from promises.db.session import unit_of_work
from promises.db.tenancy import tenant_tables
from promises.http.permissions import ROLE_PERMISSIONS, Asks, access_of
from promises.identity.presence import presence_code
from promises.kernel.actors import SYSTEM, Role
from promises.kernel.clock import process_clock
from tests.e2e.tour import staff_stops
from tests.factories.catalogue import terms_document
from tests.factories.world import FullWorld
from tests.test_house_rules import routes
from tests.web.staff import csrf_token, sign_in

NOTED = {"staff_sessions", "throttles"}
"""When a session was last seen, and how often somebody tried: of one's own organisation only."""
SHARED = {"account_code", "rail"}
"""Names in addresses that are the same in every organisation."""

FILLED = {
    "reason": "Because it is so.", "decision": "pay", "name": "A name", "role": "clerk",
    "name_en": "A name", "limit": "9", "unit": "60", "amount": "5", "title_en": "Within 9 minutes",
    "matter": "visit", "until": "called", "boundary": "inclusive", "before_limit": "kept",
    "after_limit": "owed", "cap_period": "day", "way_of_working": "More hands.", "starts": "now",
    "step": "publish", "ends": "now", "time_zone": "Europe/Helsinki", "service_start": "tap",
    "no_show_after_s": "60", "counter": "9", "day": "2027-01-06", "country": "FI", "year": "2027",
    "text": "{}", "channel": "email", "address": "somebody@example.fi",
    "errors_most": "tell", "errors_all": "tell", "money_most": "tell", "money_all": "tell",
    "seen": "0",
}  # fmt: skip
"""Enough for the forms: what is refused is then refused for the id in the address."""

FILLED_OTHERWISE = {"incidents.review": {"decision": "paid", "evidence": "Seen at the bank."}}
"""By endpoint, where a form knows other words."""


@pytest.fixture(scope="module")
def ours(app):
    with app.app_context():
        return FullWorld(name="Our Bank")


@pytest.fixture(scope="module")
def theirs(app):
    with app.app_context():
        return FullWorld(name="Their Bank", promise_slug="their-promise")


def rows_of(app, made, but=frozenset()):
    """Every row of an organisation, as text."""
    with app.app_context(), unit_of_work(made.id, SYSTEM) as uow:
        connection = uow.session.connection()
        return {
            table: sorted(
                str(row) for row in connection.exec_driver_sql(f'SELECT * FROM "{table}"').all()
            )
            for table in tenant_tables()
            if table not in but
        }


class Unchanged:
    """Both organisations stay as they are while the block runs."""

    def __init__(self, app, ours, theirs):
        self.app, self.ours, self.theirs = app, ours, theirs

    def __enter__(self):
        self.before = self._look()

    def __exit__(self, *error):
        if error[0] is None:
            assert self._look() == self.before

    def _look(self):
        return rows_of(self.app, self.ours.made, NOTED), rows_of(self.app, self.theirs.made)


def address(app, endpoint, values):
    with app.test_request_context():
        return app.url_map.bind("localhost").build(endpoint, values)


def mixtures(names, own, foreign):
    """Every way of naming at least one thing of the other organisation."""
    for chosen in itertools.product((own, foreign), repeat=len(names)):
        if foreign in chosen:
            yield {name: ids[name] for name, ids in zip(names, chosen, strict=True)}


@pytest.mark.parametrize("role", Role)
def test_no_address_with_anothers_ids_answers(app, client, ours, theirs, role):
    own, foreign = ours.ids(app), theirs.ids(app)
    sign_in(client, ours.made, role)
    token = csrf_token(client, f"/o/{ours.made.slug}/staff/account")
    wrong, tried = [], 0
    with Unchanged(app, ours, theirs):
        for rule, method in routes(app):
            access = access_of(app, rule.endpoint, method)
            names = sorted(rule.arguments - {"slug"} - SHARED)
            if "slug" not in rule.arguments or access.asks is not Asks.MEMBER or not names:
                continue
            if access.permission not in ROLE_PERMISSIONS[role]:
                continue
            for ids in mixtures(names, own, foreign):
                path = address(app, rule.endpoint, {"slug": ours.made.slug} | ids)
                said = FILLED | FILLED_OTHERWISE.get(rule.endpoint, {})
                data = said | {"csrf_token": token} if method != "GET" else None
                answer = client.open(path, method=method, data=data)
                tried += 1
                if answer.status_code not in (403, 404):
                    wrong.append(f"{method} {rule.endpoint} {ids}: {answer.status_code}")
    assert wrong == []
    assert tried >= 3


def _naming(branch_id):
    """A document of terms for a branch."""
    return json.dumps(terms_document(branches=[branch_id]))


def forms(own, foreign, theirs):
    """Who posts where with what of the other organisation's."""
    assert own["ticket_id"] != foreign["event_id"]
    return [
        *((Role.CLERK, *one) for one in _at_the_desk(own, foreign, theirs)),
        *((Role.MANAGER, *one) for one in _about_money(own, foreign)),
        *((Role.ADMINISTRATOR, *one) for one in _in_the_office(own, foreign)),
    ]


def _at_the_desk(own, foreign, theirs):
    counter, event = foreign["counter_id"], foreign["event_id"]
    return [
        ("counter/pick", {"counter_id": counter}),
        *(
            ("counter/mark", {"what": what, "ticket_id": foreign["ticket_id"],
                              "service_kind_id": own["service_kind_id"]})
            for what in ("started", "served", "recall", "no-show", "transfer")
        ),
        ("counter/mark", {"what": "transfer", "ticket_id": own["waiting_id"],
                          "service_kind_id": foreign["service_kind_id"]}),
        ("counter/walk-in", {"service_kind_id": foreign["service_kind_id"]}),
        ("counter/new", {"service_kind_id": foreign["service_kind_id"]}),
        ("counter/next", {"seen": foreign["ticket_id"]}),
        ("counter/undo", {"acts": str(event)}),
        ("matters/new", {"kind": "request", "branch_id": foreign["branch_id"],
                         "service_kind_id": own["service_kind_id"], "language": "en"}),
        ("matters/new", {"kind": "request", "branch_id": own["branch_id"],
                         "service_kind_id": foreign["service_kind_id"], "language": "en"}),
        ("applications/new", {"branch_id": foreign["branch_id"], "language": "en",
                              "service_kind_id": own["service_kind_id"], "lines": "A-1"}),
        ("applications", {"ticket_id": foreign["matter_id"], "reason": "No."}),
        (f"matters/{own['matter_id']}/hand-over", {"partner_id": foreign["partner_id"]}),
        (f"matters/{own['matter_id']}/owner", {"owner_id": foreign["member_id"]}),
        (f"matters/{own['matter_id']}/undo", {"event_id": event}),
        ("vouchers/redeem", {"code": theirs.code}),
        ("vouchers/redeem", {"code": theirs.code, "seen": "1"}),
    ]  # fmt: skip


def _about_money(own, foreign):
    event = foreign["event_id"]
    draft = f"editor/{own['draft_id']}"
    decision = f"proposals/{own['proposal_id']}/decision"
    answers = FILLED | {"b_limit": "3", "b_amount": "10", "matters": "complaint", "revision": "1"}
    both = [own["shown_debt"], foreign["shown_debt"]]
    return [
        ("approvals/approve", {"chosen": both[1]}),
        ("approvals/approve", {"chosen": both}),
        ("approvals/refuse", {"chosen": both, "reason": "No."}),
        (f"approvals/disputes/{own['disputed_id']}",
         {"untrue_event_id": event, "reason": "They are right."}),
        ("proposals/new", FILLED | {"problem_id": foreign["problem_id"],
                                    "title": "Within 9 minutes"}),
        (f"{decision}/merge", {"into": foreign["proposal_id"], "merge_reason": "The same."}),
        (f"{decision}/shadow", {"shadow_branches": foreign["branch_id"], "ends_on": "2099-01-01"}),
        (f"{decision}/publish", answers | {"title_en": "Ours", "branches": foreign["branch_id"]}),
        (draft, answers | {"b_calendar": "branch", "branches": foreign["branch_id"]}),
        (draft, answers | {"b_calendar": "branch", "services": foreign["service_kind_id"]}),
        (f"{draft}/document", {"revision": "1", "terms": _naming(foreign["branch_id"])}),
        ("imports/new", {"branch_id": foreign["branch_id"], "mapping_id": own["mapping_id"]}),
        ("imports/new", {"branch_id": own["branch_id"], "mapping_id": foreign["mapping_id"]}),
    ]  # fmt: skip


def _in_the_office(own, foreign):
    people = {"name": "Ann", "email": "ann@example.fi", "role": "clerk", "locale": "en"}
    return [
        ("people/invite", people | {"branch_id": foreign["branch_id"]}),
        (f"people/{own['member_id']}", people | {"branch_id": foreign["branch_id"]}),
        (f"branches/{own['branch_id']}/services", {"kinds": foreign["service_kind_id"]}),
        ("devices/new", {"kind": "kiosk", "name": "Door", "branch_id": foreign["branch_id"]}),
        ("keys/new", {"name": "Till", "scopes": "desk:read", "branch_id": foreign["branch_id"]}),
    ]


def test_no_form_that_names_anothers_ids_is_accepted(app, client, ours, theirs):
    own, foreign = ours.ids(app), theirs.ids(app)
    base = f"/o/{ours.made.slug}/staff"
    wrong, at_counter = [], False
    for role, path, data in forms(own, foreign, theirs):
        sign_in(client, ours.made, role)
        token = csrf_token(client, f"{base}/account")
        if role is Role.CLERK:
            seat = {"csrf_token": token, "counter_id": str(ours.made.counter_ids[1])}
            at_counter = client.post(f"{base}/counter/pick", data=seat).status_code == 303
        with Unchanged(app, ours, theirs):
            answer = client.post(f"{base}/{path}", data={"csrf_token": token} | data)
        refused = answer.status_code in (400, 403, 404, 409, 422)
        told = answer.status_code == 303 and path.startswith("counter/")
        if not refused and not told:
            wrong.append(f"{role} {path} {data}: {answer.status_code}")
    assert at_counter and wrong == []


def test_no_page_or_filter_shows_anything_of_another_organisation(app, client, ours, theirs):
    foreign = theirs.ids(app)
    secret = re.compile(
        "|".join(
            [theirs.made.slug, "Their Bank", "their-promise"]
            + [str(one) for name, one in foreign.items() if name not in SHARED]
        )
    )
    asked = "&".join(
        f"{name}={foreign[value]}"
        for name, value in (("promise", "promise_id"), ("branch", "branch_id"),
                            ("branch_id", "branch_id"), ("issued", "ticket_id"),
                            ("done", "event_id"), ("before", "proposal_id"))
    )  # fmt: skip
    with app.app_context():
        stops = [one for one in staff_stops(app, ours) if one.status == 200]
    shown = []
    with Unchanged(app, ours, theirs):
        for role in Role:
            sign_in(client, ours.made, role)
            for stop in (one for one in stops if one.visitor is role):
                for path in (stop.path, f"{stop.path}{'&' if '?' in stop.path else '?'}{asked}"):
                    answer = client.get(path, follow_redirects=True)
                    assert answer.status_code in (200, 403, 404), path
                    text = answer.text.replace(asked.replace("&", "&amp;"), "")
                    found = secret.search(re.sub(r'href="\?[^"]*"', "", text))
                    if found:
                        shown.append(f"{role} {path}: {found[0]}")
    assert shown == []


def test_customers_links_and_devices_stay_in_their_organisation(app, client, ours, theirs):
    base, other = f"/o/{ours.made.slug}", f"/o/{theirs.made.slug}"
    token = csrf_token(client, f"{base}/sign-in")
    code = theirs.waiting.public_code
    here = presence_code(theirs.made.branch.presence_token, process_clock.now())
    fields = FILLED | {"csrf_token": token, "password": "a b c d e f g h", "again": "a b c"}
    with Unchanged(app, ours, theirs):
        for path in (
            f"/t/{code}",
            f"/t/{code}/live",
            *(
                f"/p/their-promise{rest}"
                for rest in ("", ".json", ".csv", "/badge.svg", "/embed", "/feed.atom")
            ),
        ):
            assert client.get(base + path).status_code == 404, path
        for path in ("wrong", "follow", "unfollow"):
            assert client.post(f"{base}/t/{code}/{path}", data=fields).status_code == 404, path
        for path in (
            f"/invitation/{theirs.invited.token}", f"/reset/{theirs.reset.token}",
            f"/here/{theirs.made.branch.slug}/{here}", f"/follow/{theirs.follow_token}",
            f"/follow/stop/{theirs.stop_token}",
        ):  # fmt: skip
            assert client.get(base + path).status_code in (404, 410), path
            assert client.post(base + path, data=fields).status_code in (404, 410), path
        demo = theirs.demo_token.replace(other, base)
        assert client.get(demo).status_code in (404, 410)
        device = f"{app.config['LUPAUS_COOKIES']}-device"
        kind = str(theirs.made.kind_id)
        for cookie, pages in (
            (ours.kiosk_token, ("/kiosk", f"/kiosk/taken/{theirs.paper.public_code}")),
            (ours.display_token, ("/display", "/display/live")),
        ):
            client.set_cookie(device, cookie)
            for page in pages:
                assert client.get(other + page).status_code in (403, 404), page
            assert client.post(f"{other}/kiosk/take", data=fields).status_code in (403, 404)
        client.set_cookie(device, ours.kiosk_token)
        foreign_paper = f"{base}/kiosk/taken/{theirs.paper.public_code}"
        assert client.get(foreign_paper).status_code == 404
        taken = client.post(f"{base}/kiosk/take", data=fields | {"service_kind_id": kind})
        assert taken.status_code == 422
