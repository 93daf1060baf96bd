"""The first page after signing in: what this member does here."""

from flask import Blueprint, render_template

from promises.http.context import signed_in, work
from promises.http.navigation import places
from promises.http.permissions import Permission, may, staff
from promises.identity.queries import branch_by_id
from promises.kernel.text import N_
from promises.web.overview import overview_page

blueprint = Blueprint("home", __name__)

ABOUT = {
    "desk": N_("Call the next customer, see whom we are about to fail, hand out numbers."),
    "work": N_("Complaints, call backs, requests and applications: what is due next."),
    "redeem": N_("Look up a customer's voucher by its code and redeem it."),
    "proposals": N_(
        "Propose a promise that answers a customer problem, and see what became of it."
    ),
    "promises": N_("Every promise with its terms, its versions and how it is kept."),
    "challenge": N_("Your branch's own figures: promises kept, days without a breach."),
    "approvals": N_("Money that waits for a decision, and what was decided."),
    "breaches": N_("Promises that were broken, and why."),
    "causes": N_("Why promises break: said in one tap, counted for all."),
    "insights": N_("When and why promises break, what it costs, what helped."),
    "my_day": N_("Your own customers and promises, for your eyes only."),
    "imports": N_("Bring in visits from another system and have them judged."),
    "ledger": N_("What is owed, issued and redeemed, in balance."),
    "vouchers": N_("Every voucher: issued, redeemed, expired."),
    "people": N_("Who works here, with which role; invitations."),
    "branches": N_("Branches with their opening hours, counters and kinds of service."),
    "devices": N_("Kiosks and displays in the halls."),
    "keys": N_("Keys for programs that use the API."),
    "messages": N_("What was sent to customers and staff, and what became of it."),
    "settings": N_("Name, language and what a voucher is good for."),
}


@blueprint.get("/staff")
@staff(Permission.OWN_ACCOUNT)
def start() -> str:
    if may(Permission.REPORT_READ):
        return overview_page()
    member = signed_in()
    branch = None
    if member.branch_id is not None:
        with work() as uow:
            branch = branch_by_id(
                uow.session, organisation_id=uow.organisation_id, branch_id=member.branch_id
            ).name
    cards = [(place, ABOUT[str(place["id"])]) for place in places() if place["id"] in ABOUT]
    return render_template("home/start.html", name=member.name, branch=branch, cards=cards)
