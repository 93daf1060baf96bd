"""The delivery log: what was sent to customers and staff, and what became of it."""

import re
import uuid

from flask import Blueprint, render_template, request

from promises.http.context import work
from promises.http.i18n import gettext
from promises.http.permissions import Permission, staff
from promises.kernel.text import N_
from promises.notify.channels import Outcome
from promises.notify.models import Channel, MessageKind, MessageState
from promises.notify.queries import MessageRow, list_messages

blueprint = Blueprint("messages", __name__)

PAGE = 50
_CODE = re.compile(r"SMTP \d{3}")

KIND_NAMES = {
    MessageKind.TURN_NEAR: N_("Your turn is near"),
    MessageKind.YOUR_TURN: N_("Your turn"),
    MessageKind.PROMISE_BROKEN: N_("We broke our promise"),
    MessageKind.INVITATION: N_("Invitation"),
    MessageKind.RESET: N_("New password"),
    MessageKind.FACTOR_CHANGED: N_("Change of a second step"),
    MessageKind.MATTER_RECEIVED: N_("We have your matter"),
    MessageKind.MATTER_PROMISED: N_("A promised date"),
    MessageKind.MATTER_TOLD: N_("We are still working on your matter"),
    MessageKind.MATTER_ANSWERED: N_("Your matter is answered"),
    MessageKind.MATTER_DUE: N_("Reminder to staff"),
    MessageKind.ACTION_DUE: N_("Reminder of an action"),
    MessageKind.PROPOSAL_NEWS: N_("News of a proposal"),
    MessageKind.DECISION_DUE: N_("A decision that is due"),
    MessageKind.PROMISE_NOTICE: N_("Notice of a new promise"),
    MessageKind.PROMISE_ALERT: N_("Alert to managers"),
    MessageKind.BANK_CONFIRM: N_("Link to confirm a bank account"),
    MessageKind.MONEY_NEWS: N_("News of the money"),
    MessageKind.VOUCHER_DUE: N_("Reminder of a voucher"),
    MessageKind.VOUCHER_ENDED: N_("An expired voucher"),
    MessageKind.MONEY_INCIDENT: N_("Payouts that need a person"),
    MessageKind.HOLD_OVERDUE: N_("A hold that is overdue"),
    MessageKind.CEILING_FULL: N_("A payment ceiling that is full"),
    MessageKind.HELP_ASKED: N_("A call for help"),
    MessageKind.REVIEW_DUE: N_("Reviews that are due"),
    MessageKind.FOLLOW_ASKED: N_("Link to confirm a subscription"),
    MessageKind.FOLLOWED_NEWS: N_("News of promises"),
}
CHANNEL_NAMES = {Channel.EMAIL: N_("E-mail"), Channel.SMS: N_("Text message")}
STATE_NAMES = {
    MessageState.QUEUED: N_("Waits"),
    MessageState.SENT: N_("Sent"),
    MessageState.FAILED: N_("Failed"),
    MessageState.DROPPED: N_("Not sent"),
}
LOOKS = {
    MessageState.QUEUED: ("neutral", "waiting"),
    MessageState.SENT: ("success", "check"),
    MessageState.FAILED: ("danger", "warning"),
    MessageState.DROPPED: ("warning", "info"),
}
OUTCOME_NAMES = {
    Outcome.SENT: N_("Handed over to the mail server."),
    Outcome.PUT_OFF: N_("It did not get through and is tried again."),
    Outcome.REFUSED: N_("It was refused for good."),
    Outcome.GIVEN_UP: N_("It did not get through, in many tries."),
    Outcome.NO_SERVICE: N_("No service is set up for this channel."),
    Outcome.ERASED: N_("There is no address any more."),
    Outcome.TOO_LATE: N_("Its moment had passed."),
}


@blueprint.get("/staff/messages", endpoint="list")
@staff(Permission.MESSAGE_READ)
def show() -> str:
    """Newest first. Addresses and links never show."""
    with work() as uow:
        found = list_messages(
            uow.session,
            organisation_id=uow.organisation_id,
            before=_seen(request.args.get("after")),
            limit=PAGE + 1,
        )
    shown = found[:PAGE]
    return render_template(
        "messages/list.html",
        messages=shown,
        kinds={kind: gettext(name) for kind, name in KIND_NAMES.items()},
        channels={channel: gettext(name) for channel, name in CHANNEL_NAMES.items()},
        states={state: gettext(name) for state, name in STATE_NAMES.items()},
        state_looks=LOOKS,
        outcome_of=_outcome,
        following=shown[-1].message_id if len(found) > PAGE else None,
    )


def _outcome(row: MessageRow) -> str:
    """What became of the last try; a mail server's code stands with it."""
    if row.outcome is None:
        return ""
    said = gettext(OUTCOME_NAMES[Outcome(row.outcome)])
    return f"{said} ({row.detail})" if row.detail and _CODE.fullmatch(row.detail) else said


def _seen(text: str | None) -> uuid.UUID | None:
    """None for no place in the list and for one that is no id: the list then starts anew."""
    try:
        return uuid.UUID(text or "")
    except ValueError:
        return None
