"""Every page there is, for everybody who may open it, with the ids of a full organisation."""

import dataclasses
from collections.abc import Callable

from promises.http.permissions import ROLE_PERMISSIONS, Asks, access_of
from promises.identity.models import DeviceKind
from promises.identity.presence import presence_code
from promises.kernel.actors import Role
from promises.kernel.clock import process_clock

NOT_PAGES = {
    "causes.table", "insights.days_table", "insights.hours_table", "insights.waits_table",
    "ledger_files.balance", "ledger_files.journal", "ledger_files.workbook",
    "insights.limit_table", "insights_all.money_table", "insights_all.proposals_table",
    "decisions.following", "shadows.days",
    "proposal_talk.names", "proposals.funnel_file", "proposing.similar", "proposing.tried",
    "feedback_figures.figures_file", "feedback_files.problems_file", "problems.similar",
    "backtests.limits", "desk.live", "display.live", "imports.problems_file", "imports.progress",
    "statements.as_csv", "board.as_document", "board.as_workbook",
    "public_badges.badge", "public_data.organisation", "public_data.promise",
    "public_data.promise_csv", "public_embeds.card", "public_feeds.organisation",
    "public_feeds.promise",
    "rescue.live", "returns.figures_file", "ticket_page.live", "sign_in.demo_sign_in", "work.live",
}  # fmt: skip
"""Fragments, files, and the address that signs in."""

HALF_WAY = "half way"
"""A visitor whose password was right, before the second step."""

ORDER = (Role.CLERK, Role.MANAGER, Role.ADMINISTRATOR, Role.ACCOUNTANT)
"""A page with ids in its address is looked at as the first of these who may open it."""


@dataclasses.dataclass(frozen=True)
class Stop:
    """One page for one visitor: a role, a kind of device, or None for anybody. `again` where
    another role has shown the same page already. `first`: a page that is opened before. `code`:
    gives the end of an address that is good for a minute only."""

    visitor: Role | DeviceKind | str | None
    path: str
    status: int = 200
    again: bool = False
    first: str | None = None
    code: Callable[[], str] = str

    def address(self):
        return self.path + self.code()

    def __str__(self):
        return f"{self.visitor or 'anybody'} {self.path}"


def staff_stops(app, world):
    """From the URL map, so that no page is missed."""
    ids, base = world.ids(), f"/o/{world.made.slug}"
    found = []
    for rule in app.url_map.iter_rules():
        if "GET" not in rule.methods or "slug" not in rule.arguments:
            continue
        access = access_of(app, rule.endpoint, "GET")
        if access.asks is not Asks.MEMBER or rule.endpoint in NOT_PAGES:
            continue
        names = rule.arguments - {"slug"}
        with app.test_request_context():
            values = {"slug": world.made.slug} | {name: ids[name] for name in names}
            path = app.url_map.bind("localhost").build(rule.endpoint, values)
        roles = [role for role in ORDER if access.permission in ROLE_PERMISSIONS[role]]
        for role in roles[:1] if names else roles:
            found.append(Stop(role, path, again=role is not roles[0]))
    return found + _other_states(world, f"{base}/staff")


def _other_states(world, base):
    manager = [
        "/proposals?show=declined", "/proposals?show=published", "/promises/until-summer",
        "/promises/next-year", "/promises/loans-in-5", "/approvals?hold=approval",
        f"/imports/{world.waiting_import_id}", f"/tickets/{world.annulled.ticket_id}",
        f"/tickets/{world.disputed.ticket_id}", f"/tickets/{world.waiting.ticket_id}",
        "/breaches?stage=owed", "/cases?state=kept", "/vouchers?state=expired",
        "/vouchers?only=one_person",
    ]  # fmt: skip
    clerk = [
        f"/counter?issued={world.paper.ticket_id}", f"/tickets/{world.in_service.ticket_id}",
        f"/tickets/{world.walk_in.ticket_id}", "/proposals?show=mine",
        f"/matters/{world.answered.ticket_id}", f"/matters/{world.application.ticket_id}",
        "/work?show=late", "/work?kind=callback&whose=mine",
    ]  # fmt: skip
    manager += world.manager_pages
    clerk += world.clerk_pages
    return [
        *(Stop(Role.MANAGER, base + path) for path in manager),
        *(Stop(Role.CLERK, base + path) for path in clerk),
        Stop(Role.CLERK, f"{base}/ledger", 403),
        Stop(Role.CLERK, f"{base}/nowhere", 404),
        Stop(Role.CLERK, f"{base}/counter/next", 405),
    ]


def open_stops(world):
    """What anybody may open, and the pages of the devices."""
    base = f"/o/{world.made.slug}"
    tickets = (
        world.ticket, world.redeemed, world.approval, world.disputed, world.waiting, world.called,
        world.in_service, world.walk_in, world.matter, world.answered,
    )  # fmt: skip
    anybody = [
        "/", f"/p/{world.promise_slug}", "/p/until-summer", "/p/next-year", "/p/calls", "/sign-in",
        "/reset", f"/reset/{world.reset.token}", f"/invitation/{world.invited.token}", "/enrol",
        *(f"/t/{ticket.public_code}" for ticket in tickets),
        *world.open_pages,
    ]  # fmt: skip
    missing = [
        f"{base}/t/ABCDEFGH", f"{base}/p/no-such-promise", f"{base}/nowhere", "/o/nobody-here/",
    ]  # fmt: skip
    wrong = "A" * 22 + "." + "B" * 30
    return [
        Stop(None, "/"),
        Stop(None, "/api/v1/problems"),
        *(Stop(None, base + path) for path in anybody),
        *(Stop(None, path, 404) for path in missing),
        Stop(HALF_WAY, f"{base}/sign-in/second-step"),
        Stop(None, f"{base}/invitation/{wrong}", 410),
        Stop(None, f"{base}/kiosk", 403),
        Stop(
            None,
            f"{base}/here/{world.made.branch.slug}/",
            first=f"{base}/t/{world.waiting.public_code}",
            code=lambda: presence_code(world.made.branch.presence_token, process_clock.now()),
        ),
        Stop(None, f"{base}/here/{world.made.branch.slug}/ABCDEFGH", 410),
        Stop(DeviceKind.KIOSK, f"{base}/kiosk"),
        Stop(DeviceKind.KIOSK, f"{base}/kiosk/taken/{world.paper.public_code}"),
        Stop(DeviceKind.DISPLAY, f"{base}/display"),
    ]


def cookies_of(app, world, visitor, sessions):
    """What the visitor's browser holds. `sessions` keeps the sessions of members by role."""
    prefix = app.config["LUPAUS_COOKIES"]
    if visitor is None:
        return {}
    if visitor is HALF_WAY:
        waits = {"half_way": {"token": "of some sign-in", "next": ""}}
        signer = app.session_interface.get_signing_serializer(app)
        return {app.config["SESSION_COOKIE_NAME"]: signer.dumps(waits)}
    if visitor is DeviceKind.KIOSK:
        return {f"{prefix}-device": world.kiosk_token}
    if visitor is DeviceKind.DISPLAY:
        return {f"{prefix}-device": world.display_token}
    return {f"{prefix}-staff": sessions[visitor]}
