"""The navigation of the staff pages: what there is and what the member's role may open."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, current_app, g, url_for

from promises.desk.rescue import peek_help
from promises.desk.work_list import MOST_COUNTED, peek_urgent
from promises.http.context import current, current_or_none
from promises.http.i18n import gettext
from promises.http.permissions import Permission, may
from promises.kernel.actors import Role
from promises.kernel.text import N_

ROLE_NAMES = {
    Role.CLERK: N_("Clerk"),
    Role.MANAGER: N_("Manager"),
    Role.ACCOUNTANT: N_("Accountant"),
    Role.ADMINISTRATOR: N_("Administrator"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """One item. A page of this item sets `active` to its id. `key`: shortcut of two keys."""

    id: str
    endpoint: str
    label: str
    icon: str
    permission: Permission
    key: str | None = None


PLACES = (
    Place("home", "home.start", N_("Start"), "home", Permission.OWN_ACCOUNT, "g h"),
    Place("desk", "desk.counter", N_("Counter"), "bell", Permission.DESK, "g c"),
    Place("work", "work.list", N_("Work list"), "list", Permission.DESK, "g w"),
    Place("tickets", "tickets.list", N_("Tickets"), "search", Permission.TICKET_READ, "g t"),
    Place(
        "redeem", "vouchers.enter", N_("Redeem a voucher"), "money", Permission.VOUCHER_REDEEM,
        "g r",
    ),
    Place("proposals", "proposals.board", N_("Proposals"), "idea", Permission.PROPOSE, "g p"),
    Place("promises", "promises.list", N_("Promises"), "promise", Permission.PROMISE_READ, "g l"),
    Place(
        "approvals", "approvals.list", N_("Approvals"), "scales", Permission.COMPENSATION_READ,
        "g a",
    ),
    Place("breaches", "breaches.list", N_("Breaches"), "broken", Permission.REPORT_READ, "g b"),
    Place("challenge", "challenge.page", N_("Our figures"), "chart", Permission.TEAM_READ, "g f"),
    Place(
        "problems", "problems.board", N_("Customers' problems"), "flag", Permission.PROPOSE, "g o",
    ),
    Place("feedback", "feedback.inbox", N_("Feedback"), "mail", Permission.PROPOSE, "g k"),
    Place("rescue", "rescue.page", N_("Help and rescue"), "people", Permission.TEAM_READ),
    Place("causes", "causes.breaches", N_("Causes"), "scales", Permission.TEAM_READ, "g y"),
    Place(
        "insights", "insights_all.overview", N_("Insights"), "chart", Permission.REPORT_READ, "g s",
    ),
    Place("board", "board.page", N_("Board report"), "download", Permission.REPORT_READ),
    Place("my_day", "my_day.page", N_("My day"), "person", Permission.DESK, "g m"),
    Place("reviews", "reviews.list", N_("Reviews"), "calendar", Permission.PROMISE_PUBLISH),
    Place("team_talk", "team_talk.page", N_("Team talk"), "people", Permission.TEAM_READ),
    Place("imports", "imports.list", N_("Imports"), "upload", Permission.IMPORT, "g i"),
    Place("ledger", "ledger.page", N_("Ledger"), "list", Permission.LEDGER_READ, "g j"),
    Place("vouchers", "vouchers.list", N_("Vouchers"), "ticket", Permission.VOUCHER_READ, "g v"),
    Place(
        "payout_runs", "payout_runs.list", N_("Payout files"), "transfer", Permission.PAYOUT_READ,
    ),
    Place(
        "incidents", "incidents.list", N_("Incidents of money"), "warning", Permission.PAYOUT_READ,
    ),
    Place("people", "people.list", N_("People"), "people", Permission.PEOPLE),
    Place("branches", "branches.list", N_("Branches"), "branch", Permission.BRANCHES),
    Place("calendars", "calendars.list", N_("Calendars"), "calendar", Permission.BRANCHES),
    Place("devices", "devices.list", N_("Devices"), "screen", Permission.DEVICES),
    Place("keys", "keys.list", N_("API keys"), "key", Permission.KEYS),
    Place("messages", "messages.list", N_("Messages"), "mail", Permission.MESSAGE_READ),
    Place("settings", "settings.form", N_("Settings"), "settings", Permission.SETTINGS),
)  # fmt: skip


class Badge:
    """A number at an item, such as how many matters are late or due within a day, for whoever is
    signed in. Looked up when it is drawn, once a request: most answers draw no navigation."""

    def __init__(self, name: str, look: Callable[..., int]) -> None:
        self._name, self._look = f"lupaus_{name}", look

    def _count(self) -> int:
        known: int | None = g.get(self._name)
        if known is None:
            context = current()
            known = self._look(organisation_id=context.organisation_id, branch_id=context.branch_id)
            setattr(g, self._name, known)
        return known

    def __bool__(self) -> bool:
        return self._count() > 0

    def __str__(self) -> str:
        count = self._count()
        return f"{count}+" if count == MOST_COUNTED else str(count)

    def __html__(self) -> str:
        return str(self)


def places() -> list[dict[str, object]]:
    """What the layout of the staff pages draws."""
    return [
        {
            "id": place.id,
            "label": gettext(place.label),
            "href": url_for(place.endpoint),
            "icon": place.icon,
            "key": place.key,
        }
        | _badge(place)
        for place in PLACES
        if may(place.permission) and place.endpoint in current_app.view_functions
    ]


def _badge(place: Place) -> dict[str, object]:
    """Work that is due; and for managers, who have no counter to see them at, calls for help."""
    if place.id == "work":
        return {"badge": Badge("urgent", peek_urgent)}
    if place.id == "rescue" and may(Permission.COMPENSATION_DECIDE):
        return {"badge": Badge("help", peek_help)}
    return {}


def _context() -> dict[str, object]:
    context = current_or_none()
    if context is None:
        return {}
    given: dict[str, object] = {"organisation": context.organisation}
    if context.member is None:
        return given | {"home_href": f"/o/{context.organisation.slug}/"}
    return given | {
        "member": {
            "name": context.member.name,
            "role_name": gettext(ROLE_NAMES[context.member.role]),
        },
        "navigation": places(),
        "home_href": url_for("home.start"),
        "sign_out_href": url_for("sign_in.leave"),
    }


def init_app(app: Flask) -> None:
    app.context_processor(_context)
