"""What banks and core systems said: uploaded, taken in, listed."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from promises.flows.bank_answers import Taken, take_bank_file
from promises.http.context import work
from promises.http.forms import options
from promises.http.i18n import gettext, ngettext
from promises.http.permissions import Permission, staff
from promises.http.security import large_body
from promises.http.wiring import wiring
from promises.kernel.errors import DomainError
from promises.kernel.text import N_
from promises.payouts.accounts import rail_states
from promises.payouts.rails.answers import FileKind
from promises.payouts.rails.names import ACCOUNT_FILE, SEPA
from promises.payouts.rails.sepa.reading import LARGEST_BYTES
from promises.reporting.payout_runs import list_bank_files
from promises.web.cursors import read_cursor, write_cursor
from promises.web.forms.payout_runs import BankFileForm

blueprint = Blueprint("bank_files", __name__)

PAGE = 50
_BODY = LARGEST_BYTES + 1024 * 1024

SENDERS = {SEPA: N_("The bank"), ACCOUNT_FILE: N_("The core system")}
KINDS = {
    FileKind.STATUS: N_("Answer to a payment file"),
    FileKind.STATEMENT: N_("Account statement"),
    FileKind.NOTICE: N_("Notice of bookings"),
    FileKind.REPORT: N_("Bookings of the day so far"),
    FileKind.RETURN: N_("Returned payments"),
    FileKind.RESULTS: N_("Results of the core system"),
}


@blueprint.get("/staff/payouts/bank-files", endpoint="list")
@staff(Permission.PAYOUT_READ)
def show() -> str:
    return _page(BankFileForm())


@blueprint.post("/staff/payouts/bank-files")
@staff(Permission.PAYOUT_RELEASE, fresh=True)
@large_body(_BODY)
def upload() -> Response | tuple[str, int]:
    form = BankFileForm()
    form.rail.choices = _choices()
    if form.validate():
        try:
            with work() as uow:
                taken = take_bank_file(
                    uow, wiring().rails, rail=form.rail.data, content=form.file.data.read()
                )
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            _tell(taken)
            return redirect(url_for("bank_files.list"), 303)
    return _page(form), 422


def _tell(taken: Taken) -> None:
    if taken.again:
        flash(gettext("This file was here before. Nothing was done."), "info")
    elif taken.foreign:
        flash(
            gettext(
                "This file is about another account, or a file that is not ours. Nothing was done."
            ),
            "warning",
        )
    elif taken.duplicate:
        flash(
            gettext("The bank had this payment file before and pays it once. Nothing was changed."),
            "info",
        )
    else:
        flash(
            ngettext(
                "Taken in: one payout went on.", "Taken in: %(n)s payouts went on.", taken.moved
            ),
            "success",
        )


def _page(form: BankFileForm) -> str:
    form.rail.choices = _choices()
    with work() as uow:
        tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
        before = read_cursor(request.args.get("after"))
        found = list_bank_files(uow.session, before=before, limit=PAGE + 1, **tenant)
    shown = found[:PAGE]
    following = write_cursor(shown[-1].uploaded_at, shown[-1].id) if len(found) > PAGE else None
    return render_template(
        "payout_runs/bank_files.html",
        form=form,
        files=shown,
        following=following,
        kinds=KINDS,
        senders=SENDERS,
    )


def _choices() -> list[Any]:
    """Rails of files that are set up, so that a small organisation chooses nothing."""
    with work() as uow:
        states = rail_states(uow.session, organisation_id=uow.organisation_id)
    return options((rail, gettext(words)) for rail, words in SENDERS.items() if rail in states)
