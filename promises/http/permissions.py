"""Who may do what. Every route declares it; a route that does not is closed to everybody.

No role can both make evidence that pays by itself (the desk) and release money.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar, cast

from flask import Flask, current_app, g, request
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, current_user

from promises.db.session import UnitOfWork, unit_of_work
from promises.http import context, i18n, proofs
from promises.http.cookies import device_cookie, session_cookie
from promises.http.security import READING
from promises.identity import access as identity_access
from promises.identity.errors import DeviceNotEnrolled
from promises.identity.models import DeviceKind, Scope
from promises.identity.queries import organisation_by_id, organisation_by_slug
from promises.identity.sessions import SessionMember, member_by_session
from promises.kernel.actors import Role
from promises.kernel.errors import Forbidden, NotFound, NotSignedIn

View = TypeVar("View", bound=Callable[..., Any])


class Permission(StrEnum):
    """What a member may do; each page of the staff asks for one."""

    OWN_ACCOUNT = "own_account"
    DESK = "desk"  # numbers, calls, events, disputes raised, in the own branch
    VOUCHER_REDEEM = "voucher_redeem"
    TICKET_READ = "ticket_read"
    TEAM_READ = "team_read"  # the branch's own figures, the challenge
    PROPOSE = "propose"
    PROMISE_READ = "promise_read"
    PROPOSAL_DECIDE = "proposal_decide"
    PROMISE_PUBLISH = "promise_publish"
    COMPENSATION_READ = "compensation_read"
    COMPENSATION_DECIDE = "compensation_decide"  # approve, refuse, hold: releases money
    BREACH_ANNUL = "breach_annul"
    DISPUTE_RESOLVE = "dispute_resolve"
    IMPORT = "import"
    REPORT_READ = "report_read"
    PAYOUT_READ = "payout_read"  # rails, payout runs, incidents of money
    PAYOUT_RELEASE = "payout_release"  # sends money out: bank files, files of own accounts
    RAIL_SETTINGS = "rail_settings"  # keys and bank details of the ways of paying
    LEDGER_READ = "ledger_read"
    LEDGER_SET = "ledger_set"  # the chart of accounts, and what VAT is in a promise's money
    LEDGER_CLOSE = "ledger_close"  # closes months for good, books fees
    VOUCHER_READ = "voucher_read"
    EXPORT = "export"
    PEOPLE = "people"
    BRANCHES = "branches"
    DEVICES = "devices"
    KEYS = "keys"
    SETTINGS = "settings"
    MESSAGE_READ = "message_read"
    AUDIT_READ = "audit_read"
    CAUSE_TAG = "cause_tag"  # say why a promise was broken
    IMPROVE = "improve"  # the list of causes, actions against them, notes on charts


_EVERYBODY = frozenset(
    {
        Permission.OWN_ACCOUNT,
        Permission.TICKET_READ,
        Permission.TEAM_READ,
        Permission.PROPOSE,
        Permission.PROMISE_READ,
    }
)

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.CLERK: _EVERYBODY | {Permission.CAUSE_TAG, Permission.DESK, Permission.VOUCHER_REDEEM},
    Role.MANAGER: _EVERYBODY
    | {
        Permission.CAUSE_TAG,
        Permission.IMPROVE,
        Permission.PROPOSAL_DECIDE,
        Permission.PROMISE_PUBLISH,
        Permission.COMPENSATION_READ,
        Permission.COMPENSATION_DECIDE,
        Permission.BREACH_ANNUL,
        Permission.DISPUTE_RESOLVE,
        Permission.IMPORT,
        Permission.PAYOUT_READ,
        Permission.PAYOUT_RELEASE,
        Permission.REPORT_READ,
        Permission.LEDGER_READ,
        Permission.VOUCHER_READ,
        Permission.EXPORT,
    },
    Role.ACCOUNTANT: _EVERYBODY
    | {
        Permission.COMPENSATION_READ,
        Permission.PAYOUT_READ,
        Permission.PAYOUT_RELEASE,
        Permission.REPORT_READ,
        Permission.LEDGER_READ,
        Permission.LEDGER_SET,
        Permission.LEDGER_CLOSE,
        Permission.VOUCHER_READ,
        Permission.EXPORT,
    },
    Role.ADMINISTRATOR: _EVERYBODY
    | {
        Permission.PEOPLE,
        Permission.BRANCHES,
        Permission.DEVICES,
        Permission.KEYS,
        Permission.SETTINGS,
        Permission.LEDGER_SET,
        Permission.RAIL_SETTINGS,
        Permission.PAYOUT_READ,
        Permission.IMPORT,
        Permission.MESSAGE_READ,
        Permission.AUDIT_READ,
    },
}


class Asks(StrEnum):
    """Whom a route is for."""

    ANYBODY = "anybody"
    MEMBER = "member"
    DEVICE = "device"
    API_KEY = "api_key"


@dataclass(frozen=True, slots=True)
class Access:
    """What a route declares. `fresh`: who sends its form has shown a second step in the last five
    minutes; reading its page needs none."""

    asks: Asks
    permission: Permission | None = None
    device: DeviceKind | None = None
    scope: Scope | None = None
    fresh: bool = False


def public(view: View) -> View:
    """For everybody who has the address. The view checks what else it needs (a code, a token)."""
    return _declare(view, Access(Asks.ANYBODY))


def staff(permission: Permission, *, fresh: bool = False) -> Callable[[View], View]:
    """For members whose role has the permission. `fresh`: for what decides about money, or about
    who may. The view runs when a second step was shown, with the form that was sent first."""
    return lambda view: _declare(view, Access(Asks.MEMBER, permission=permission, fresh=fresh))


def device(kind: DeviceKind) -> Callable[[View], View]:
    """For an enrolled kiosk or display of the organisation."""
    return lambda view: _declare(view, Access(Asks.DEVICE, device=kind))


def api_key(scope: Scope) -> Callable[[View], View]:
    """For programs whose key has the scope: `Authorization: Bearer lup_…`."""
    return lambda view: _declare(view, Access(Asks.API_KEY, scope=scope))


def _declare(view: View, wanted: Access) -> View:
    cast(Any, view).lupaus_access = wanted
    return view


def access_of(app: Flask, endpoint: str, method: str) -> Access | None:
    """What the view behind an endpoint declares for a method, also on the methods of a class."""
    view: Any = app.view_functions[endpoint]
    kind = getattr(view, "view_class", None)
    if kind is not None:
        name = "get" if method == "HEAD" else method.lower()
        view = getattr(kind, name, None) or getattr(kind, "get", None)
    found: Access | None = getattr(view, "lupaus_access", None)
    return found


def may(permission: Permission, role: Role | None = None) -> bool:
    """Whether the signed-in member (or `role`) has the permission; for links and buttons."""
    if role is None:
        found = context.current_or_none()
        if found is None or found.member is None:
            return False
        role = found.member.role
    return permission in ROLE_PERMISSIONS[role]


def work_of_visitor() -> AbstractContextManager[UnitOfWork]:
    """A unit of work at a public page by whoever asks: the organisation's member that is signed in
    with this browser, or else a customer. For acts that staff may not do as if a customer did."""
    organisation_id = context.current().organisation.id
    if not current_user.is_authenticated:
        return context.work()
    member: SessionMember = current_user.member
    own = member.organisation_id == organisation_id
    return unit_of_work(organisation_id, member.actor) if own else context.work()


class SignedIn:
    """A member as Flask-Login wants to see one."""

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def __init__(self, member: SessionMember) -> None:
        self.member = member

    def get_id(self) -> str:
        return str(self.member.member_id)


def _load_member(_request: object) -> SignedIn | None:
    token = request.cookies.get(session_cookie())
    member = member_by_session(token) if token else None
    return SignedIn(member) if member else None


def enforce() -> ResponseReturnValue | None:
    """Before every request: find out who asks, as far as the route wants to know, and refuse; or
    ask first for a second step."""
    rule = request.url_rule
    if rule is None:
        return None
    if request.method == "OPTIONS" and getattr(rule, "provide_automatic_options", False):
        return None
    wanted = access_of(current_app, rule.endpoint, request.method)
    if wanted is None:
        raise Forbidden()
    if wanted.asks is Asks.API_KEY:
        _enter_program(wanted)
    elif "slug" in g:
        organisation = organisation_by_slug(g.slug)
        # Known before anybody is let in, so that a refusal is in the organisation's language.
        context.enter(organisation)
        if wanted.asks is Asks.MEMBER:
            _enter_member(wanted)
        elif wanted.asks is Asks.DEVICE:
            _enter_device(wanted)
    elif wanted.asks is not Asks.ANYBODY:
        raise Forbidden()
    asks_again = wanted.fresh and request.method not in READING
    return proofs.demand() if asks_again else None


def _enter_member(wanted: Access) -> None:
    organisation = context.current().organisation
    if not current_user.is_authenticated:
        raise NotSignedIn()
    member: SessionMember = current_user.member
    if member.organisation_id != organisation.id:
        raise NotFound()
    i18n.prefer(member.locale)
    context.enter(organisation, member=member)
    if wanted.permission is None or wanted.permission not in ROLE_PERMISSIONS[member.role]:
        raise Forbidden()


def _enter_device(wanted: Access) -> None:
    organisation = context.current().organisation
    token = request.cookies.get(device_cookie())
    found = identity_access.device_by_token(token) if token else None
    if found is None or found.organisation_id != organisation.id:
        raise DeviceNotEnrolled()
    context.enter(organisation, device=found)
    if found.kind is not wanted.device:
        raise Forbidden()


def _enter_program(wanted: Access) -> None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    bearer = scheme.lower() == "bearer"
    found = identity_access.key_lately_by_token(token.strip()) if bearer else None
    if found is None:
        raise NotSignedIn()
    context.enter(organisation_by_id(found.organisation_id), api_key=found)
    if wanted.scope not in found.scopes:
        raise Forbidden()


def init_app(app: Flask) -> None:
    """Flask-Login only carries our own session row: no remember cookie, nothing in the form cookie
    counts, and its after-request hook is left out."""
    app.config["REMEMBER_COOKIE_NAME"] = "lupaus-never-set"
    manager = LoginManager()
    manager.session_protection = None
    manager.request_loader(_load_member)
    app.login_manager = manager  # type: ignore[attr-defined]  # where Flask-Login looks for it
    app.before_request(enforce)
    app.jinja_env.globals.update(may=may, Permission=Permission)
    public(app.view_functions["static"])
