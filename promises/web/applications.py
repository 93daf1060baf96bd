"""Applications in bulk: opened from lines, answered many at once with a reason each."""

import uuid

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from promises.db.session import UnitOfWork
from promises.desk.applications import ApplicationLine, LineProblem, read_lines
from promises.desk.matters import applications_of
from promises.desk.models import EventKind, EventSource, TicketKind
from promises.desk.values import EventClaim, LoggedEvent, NewMatter, Said
from promises.desk.work_list import Wanted, WorkPage, work_list
from promises.flows.open_matter import open_many
from promises.flows.record_event import record_events
from promises.http.context import current, own_branch, signed_in, work
from promises.http.i18n import gettext, locale, ngettext
from promises.http.permissions import Permission, staff
from promises.http.security import large_body
from promises.identity.actions import add_contact
from promises.identity.models import Branch, ContactChannel
from promises.identity.queries import list_branches, list_service_kinds
from promises.kernel.errors import DomainError, NotFound, Refused
from promises.kernel.text import N_, Message
from promises.web.cursors import read_cursor, write_cursor
from promises.web.forms.applications import LARGEST_FILE, BulkForm, text_of
from promises.web.forms.matters import LONGEST_REASON

blueprint = Blueprint("applications", __name__)

_NO_ADDRESS = N_("This is neither an e-mail address nor a phone number with its country code.")


@blueprint.route("/staff/applications/new", methods=["GET", "POST"])
@staff(Permission.DESK)
@large_body(LARGEST_FILE)
def new() -> Response | str | tuple[str, int]:
    """Lines that are pasted or uploaded; all of them or none, so that nothing is half in."""
    form = BulkForm()
    with work() as uow:
        branches = _branches(uow)
        kinds = list_service_kinds(uow.session, organisation_id=uow.organisation_id)
    form.offer(branches, kinds, locale())
    if form.branch_id.data is None:
        form.branch_id.data = signed_in().branch_id
    problems: list[LineProblem] = []
    if form.validate_on_submit():
        try:
            with work() as uow:
                problems, opened, known = _open(uow, form, branches)
        except DomainError as refusal:
            if isinstance(refusal, NotFound):
                raise
            form.refuse(refusal)
        else:
            if not problems:
                _say_opened(opened, known)
                return redirect(url_for("applications.answer"), 303)
    page = render_template("matters/applications_new.html", form=form, problems=problems)
    return (page, 422) if form.errors or problems else page


def _say_opened(opened: int, known: int) -> None:
    words = ngettext("%(n)s application is opened.", "%(n)s applications are opened.", opened)
    flash(words, "success")
    if known:
        flash(
            ngettext("%(n)s was known already.", "%(n)s were known already.", known), "info"
        )  # fmt: skip


def _open(
    uow: UnitOfWork, form: BulkForm, branches: list[Branch]
) -> tuple[list[LineProblem], int, int]:
    """What is wrong, how many are new, how many were known. Nothing is written where something is
    wrong."""
    branch = next(one for one in branches if one.id == form.branch_id.data)
    lines, problems = read_lines(text_of(form), branch.time_zone, uow.now)
    if not lines and not problems:
        problems = [LineProblem(1, Message(N_("There is no line here."), {}))]
    if problems:
        return problems, 0, 0
    requests = []
    for line in lines:
        try:
            requests.append(_request(uow, form, line))
        except Refused:
            problems.append(LineProblem(line.line, Message(_NO_ADDRESS, {})))
    if problems:
        uow.session.rollback()
        return problems, 0, 0
    opened = open_many(uow, requests=requests)
    new_ones = sum(one is not None for one in opened)
    return [], new_ones, len(opened) - new_ones


def _request(uow: UnitOfWork, form: BulkForm, line: ApplicationLine) -> NewMatter:
    contact_id = None
    if line.address:
        contact_id = add_contact(
            uow.session,
            organisation_id=uow.organisation_id,
            now=uow.now,
            channel=ContactChannel.EMAIL if "@" in line.address else ContactChannel.SMS,
            address=line.address,
            locale=form.language.data,
        )
    return NewMatter(
        branch_id=form.branch_id.data,
        service_kind_id=form.service_kind_id.data,
        kind=TicketKind.APPLICATION,
        source=EventSource.DESK,
        contact_id=contact_id,
        locale=form.language.data,
        occurred_at=line.received_at,
        external_ref=line.reference,
    )


@blueprint.get("/staff/applications")
@staff(Permission.DESK)
def answer() -> str:
    """Open applications, what is due next first, each with room for its reason."""
    with work() as uow:
        page = _open_applications(uow)
        now = uow.now
    following = None
    if page.more:
        last = page.rows[-1]
        after = write_cursor(last.work_at, last.ticket_id)
        following = url_for("applications.answer", after=after)
    return render_template(
        "matters/applications.html", page=page, now=now, following=following,
        longest=LONGEST_REASON,
    )  # fmt: skip


def _open_applications(uow: UnitOfWork) -> WorkPage:
    return work_list(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        wanted=Wanted(
            branch_id=current().branch_id,
            kind=TicketKind.APPLICATION,
            after=read_cursor(request.args.get("after")),
        ),
    )


@blueprint.post("/staff/applications")
@staff(Permission.DESK)
def answer_all() -> Response:
    """Every ticked application gets its own reason, or the common one. Without a reason it stays
    open: every applicant hears why."""
    common = request.form.get("reason", "").strip()[:LONGEST_REASON]
    chosen = [_id(text) for text in request.form.getlist("ticket_id")]
    claims, silent = [], 0
    for ticket_id in chosen:
        own = request.form.get(f"reason-{ticket_id}", "").strip()[:LONGEST_REASON]
        if own or common:
            claims.append(_claim(ticket_id, own or common))
        else:
            silent += 1
    with work() as uow:
        answers = record_events(uow, claims=_own(uow, claims)) if claims else []
    done = sum(isinstance(one, LoggedEvent) for one in answers)
    if done:
        flash(ngettext("%(n)s applicant hears.", "%(n)s applicants hear.", done), "success")
    left = silent + len(answers) - done
    if left or not chosen:
        flash(gettext("Tick the applications, and give each a reason."), "warning")
    return redirect(url_for("applications.answer"), 303)


def _claim(ticket_id: uuid.UUID, reason: str) -> EventClaim:
    return EventClaim(
        ticket_id=ticket_id,
        kind=EventKind.ANSWERED,
        source=EventSource.DESK,
        said=Said(text=reason),
    )


def _own(uow: UnitOfWork, claims: list[EventClaim]) -> list[EventClaim]:
    """All of them, if every one is an application of the member's branches. Raises NotFound."""
    from_branch = applications_of(
        uow.session,
        organisation_id=uow.organisation_id,
        ticket_ids=[claim.ticket_id for claim in claims],
    )
    for claim in claims:
        if claim.ticket_id not in from_branch:
            raise NotFound(ticket_id=str(claim.ticket_id))
        own_branch(from_branch[claim.ticket_id])
    return claims


def _id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise NotFound from error


def _branches(uow: UnitOfWork) -> list[Branch]:
    bound = current().branch_id
    found = list_branches(uow.session, organisation_id=uow.organisation_id)
    return [branch for branch in found if bound in (None, branch.id)]
