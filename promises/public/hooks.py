"""Where providers send their messages. Whoever has the address may call it; what is not signed with
the organisation's own secret is refused, and nothing of it is kept."""

import structlog
from flask import Blueprint, Response, request

from promises.flows.provider_events import receive
from promises.http.context import current, work
from promises.http.limits import guard
from promises.http.permissions import public
from promises.http.security import csrf, large_body
from promises.payouts.rails.stripe_webhook import Forged

blueprint = Blueprint("hooks", __name__)
csrf.exempt(blueprint)  # a signature speaks for the sender, not a cookie

LARGEST_MESSAGE = 256 * 1024
REFUSED_A_MINUTE = 60

_log = structlog.get_logger("hooks")


@blueprint.post("/hooks/stripe")
@public
@large_body(LARGEST_MESSAGE)
def stripe() -> Response:
    """200 once the message is stored, also where it was before: the provider then stops sending."""
    raw = request.get_data(cache=False)
    try:
        with work() as uow:
            receive(uow, raw=raw, headers=dict(request.headers.items()))
    except Forged as refusal:
        organisation_id = str(current().organisation.id)
        _log.info("message_refused", organisation_id=organisation_id, why=str(refusal))
        guard("hooks", limit=REFUSED_A_MINUTE, window_s=60)
        return Response("Not verified.\n", 400, mimetype="text/plain")
    return Response("", 200, mimetype="text/plain")
