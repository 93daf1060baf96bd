"""Before a decision about money the member shows again who they are, and nothing chosen is lost.

A form that needs it is answered with a page that asks for a code or a passkey. What was sent
stands in that page, sealed, bound to the session, the address and ten minutes; the page is sent to
the same address, and once the proof is right the view sees the first form as if it had just come.
The page is a form like any other: CSRF is checked on both, and nothing leads elsewhere.
"""

import datetime as dt
import json
from typing import Any, cast

from cryptography.fernet import InvalidToken
from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import ImmutableMultiDict
from wtforms import HiddenField

from promises.flows import second_step
from promises.flows.second_step import Proof
from promises.http import context
from promises.http.context import current, signed_in, work
from promises.http.forms import Form, Line
from promises.http.site import is_demonstration, site, takes_passkeys
from promises.identity import factors, keys
from promises.identity.errors import CeremonyOver, FactorRefused, PasskeyRefused
from promises.identity.session_models import ShownBy
from promises.identity.sessions import SessionMember, with_shown
from promises.kernel.errors import DomainError, Forbidden, TooMany
from promises.kernel.text import N_

HELD = "held"
HELD_FOR = dt.timedelta(minutes=10)
LARGEST_HELD = 150_000
"""What is larger is not kept: the person shows who they are first and sends it again."""
STATUS = 403


class ProofForm(Form):
    """A code, or what a passkey answered."""

    code = Line(N_("Code from your app"), longest=20, required=False)
    recovery = Line(N_("Recovery code"), longest=40, required=False)
    answer = HiddenField()
    token = HiddenField()

    @property
    def proof(self) -> Proof:
        return Proof(
            code=self.code.data or "",
            recovery=self.recovery.data or "",
            answer=self.answer.data or "",
            token=self.token.data or "",
        )


def is_fresh(member: SessionMember) -> bool:
    """Whether the member has shown a second step in this session within five minutes. One click
    counts as one only where everything is a demonstration."""
    real = member.shown_by is not ShownBy.DEMONSTRATION
    return member.fresh and (real or is_demonstration())


def demand() -> ResponseReturnValue | None:
    """None where the request may go on; else the page that asks who it is. Called when the route's
    permission was checked."""
    held = request.form.get(HELD)
    if held is None:
        return None if is_fresh(signed_in()) else _hold()
    values = _open(held)
    if not is_fresh(signed_in()):
        form = ProofForm(prefix="proof-")
        try:
            prove(form)
        except (FactorRefused, PasskeyRefused, CeremonyOver, TooMany) as refusal:
            return page(form=form, refusal=refusal, held=held)
    cast(Any, request).form = values
    return None


def prove(form: ProofForm) -> None:
    """Check what the member shows; the rest of this request is fresh. Raises TooMany,
    FactorRefused, PasskeyRefused, CeremonyOver, Forbidden."""
    member, organisation = signed_in(), current().organisation
    if member.shown_by is ShownBy.DEMONSTRATION:
        if not is_demonstration():
            raise Forbidden()
        second_step.confirm_demonstration(organisation.id, member=member)
        shown = ShownBy.DEMONSTRATION
    else:
        shown = second_step.confirm(organisation.id, member=member, proof=form.proof, site=site())
    context.enter(organisation, member=with_shown(member, shown))


def page(
    *,
    form: ProofForm | None = None,
    refusal: DomainError | None = None,
    held: str | None = None,
    status: int = STATUS,
) -> ResponseReturnValue:
    """Asks for a code or a passkey; whoever has neither is told how to set one up."""
    member = signed_in()
    with work() as uow:
        had = factors.factors_of(
            uow.session, organisation_id=uow.organisation_id, member_id=member.member_id
        )
    one_click = member.shown_by is ShownBy.DEMONSTRATION and is_demonstration()
    if not had.any and not one_click:
        return make_response(render_template("confirm_first.html"), status)
    form = form or ProofForm(formdata=None, prefix="proof-")
    form.code.data = form.recovery.data = ""
    if refusal is not None:
        form.refuse(refusal)
    response = make_response(
        render_template(
            "confirm.html",
            form=form,
            held=held,
            action=request.full_path.rstrip("?"),
            has=had,
            one_click=one_click,
            takes_passkeys=takes_passkeys(),
        ),
        refusal.status if refusal else status,
    )
    if isinstance(refusal, TooMany):
        response.headers["Retry-After"] = str(refusal.retry_after)
    return response


def _hold() -> ResponseReturnValue:
    sent = [
        (name, value)
        for name, value in request.form.items(multi=True)
        if name not in ("csrf_token", HELD)
    ]
    if sum(len(name) + len(value) for name, value in sent) > LARGEST_HELD:
        return redirect(url_for("second_step.confirm"), 303)
    with work() as uow:
        key = keys.organisation_key(
            uow.session, organisation_id=uow.organisation_id, purpose=keys.Purpose.FACTOR
        )
        document = _bound() | {"until": (uow.now + HELD_FOR).isoformat(), "sent": sent}
    return page(held=keys.seal(key, json.dumps(document)).decode())


def _open(held: str) -> ImmutableMultiDict[str, str]:
    """What was sent. Raises CeremonyOver for what we did not seal, or not for this."""
    with work() as uow:
        key = keys.organisation_key(
            uow.session, organisation_id=uow.organisation_id, purpose=keys.Purpose.FACTOR
        )
        now = uow.now
    try:
        document = json.loads(keys.unseal(key, held.encode()))
    except (InvalidToken, ValueError) as error:
        raise CeremonyOver() from error
    bound = _bound()
    if {name: document.get(name) for name in bound} != bound:
        raise CeremonyOver()
    if now >= dt.datetime.fromisoformat(document["until"]):
        raise CeremonyOver()
    return ImmutableMultiDict([(name, value) for name, value in document["sent"]])


def _bound() -> dict[str, str]:
    return {
        "use": "held form",
        "session": str(signed_in().session_id),
        "method": request.method,
        "address": request.full_path,
    }
