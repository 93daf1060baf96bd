"""The ways of paying that an organisation uses: its keys, whether they work, and in which mode its
money moves."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from promises.flows import set_rails
from promises.http.context import current, work
from promises.http.i18n import gettext, say
from promises.http.permissions import Permission, staff
from promises.http.urls import absolute
from promises.http.wiring import wiring
from promises.identity.models import MoneyMode
from promises.kernel.errors import DomainError, NotFound
from promises.notify.trouble_words import trouble_words
from promises.payouts.accounts import NewRail, RailState, is_live, rail_states
from promises.payouts.rails.base import Connection, RailMaker
from promises.payouts.rails.names import ALL, STRIPE, UNASKED
from promises.payouts.rails.voucher import VOUCHER
from promises.reporting.lists import breach_total
from promises.reporting.money import MoneyStage
from promises.web.forms.rails import HINTS, ModeForm, RailForm, rail_form
from promises.web.rail_words import rail_name, rail_sentence

blueprint = Blueprint("rails", __name__)


@blueprint.get("/staff/settings/rails", endpoint="list")
@staff(Permission.RAIL_SETTINGS)
def show() -> str:
    with work() as uow:
        states = rail_states(uow.session, organisation_id=uow.organisation_id)
        live = is_live(uow.session, organisation_id=uow.organisation_id)
    makers = wiring().rails
    return render_template(
        "rails/list.html",
        rails=[(name, states.get(name)) for name in ALL if name in makers and name != VOUCHER],
        order=[name for name in states if name in UNASKED],
        live=live,
        rail_name=rail_name,
        rail_sentence=rail_sentence,
        pause_words=_pause_words,
        is_demo=current().organisation.is_demo,
    )


@blueprint.route("/staff/settings/rails/<code:rail>", methods=["GET", "POST"])
@staff(Permission.RAIL_SETTINGS, fresh=True)
def page(rail: str) -> str | Response | tuple[str, int]:
    """Save the settings and test them, or test them without saving."""
    maker = _maker(rail)
    state, live = _state(rail)
    form = rail_form(
        maker,
        settings=state.settings if state else {},
        stored=state.hints if state and state.live is live else {},
    )
    found: Connection | None = None
    if form.validate_on_submit():
        new = NewRail(
            rail, state.enabled if state else False, live, form.settings(), form.secrets()
        )
        try:
            if request.form.get("step") == "test":
                found = _tried(maker, new)
            else:
                return _saved(maker, new)
        except DomainError as refusal:
            form.refuse(refusal)
    return _drawn(rail, maker, form, found)


@blueprint.post("/staff/settings/rails/<code:rail>/test")
@staff(Permission.RAIL_SETTINGS)
def test(rail: str) -> Response:
    """Ask the provider with what is stored."""
    maker = _maker(rail)
    found = set_rails.test_stored(current().organisation.id, current().actor, maker)
    if found is None:
        raise NotFound(rail=rail)
    _tell(found, gettext("The connection works. %(account)s"))
    return redirect(url_for("rails.page", rail=rail), 303)


@blueprint.post("/staff/settings/rails/<code:rail>/turn")
@staff(Permission.RAIL_SETTINGS, fresh=True)
def turn(rail: str) -> Response:
    """Use a rail, once its connection works, or leave it be."""
    maker = _maker(rail)
    if request.form.get("to") == "on":
        try:
            found = set_rails.turn_on(current().organisation.id, current().actor, maker)
        except DomainError as refusal:
            flash(say(refusal.text), "danger")
        else:
            _tell(found, gettext("Payouts can go this way from now on. %(account)s"))
    else:
        with work() as uow:
            set_rails.turn_off(uow, rail=rail)
        flash(
            gettext("Nothing new goes this way. What is under way is followed to its end."),
            "success",
        )
    return redirect(url_for("rails.page", rail=rail), 303)


@blueprint.post("/staff/settings/rails/<code:rail>/prefer")
@staff(Permission.RAIL_SETTINGS, fresh=True)
def prefer(rail: str) -> Response:
    """Put a rail first among those that need nothing of the customer."""
    _maker(rail)
    with work() as uow:
        states = rail_states(uow.session, organisation_id=uow.organisation_id)
        if rail not in states or rail not in UNASKED:
            raise NotFound(rail=rail)
        others = [name for name in states if name in UNASKED and name != rail]
        set_rails.prefer(uow, rails=[rail, *others])
    flash(gettext("This way is taken first from now on."), "success")
    return redirect(url_for("rails.list"), 303)


@blueprint.route("/staff/settings/money-mode", methods=["GET", "POST"])
@staff(Permission.RAIL_SETTINGS, fresh=True)
def mode() -> str | Response | tuple[str, int]:
    """From test money to real money and back, confirmed by typing the organisation's name."""
    organisation = current().organisation
    with work() as uow:
        live = is_live(uow.session, organisation_id=uow.organisation_id)
        owed = breach_total(uow.session, organisation_id=uow.organisation_id, stage=MoneyStage.OWED)
    form = ModeForm()
    if form.validate_on_submit():
        if form.typed.data != organisation.slug:
            form.typed.errors = [gettext("This is not the short name of the organisation.")]
        else:
            try:
                with work() as uow:
                    set_rails.change_mode(uow, mode=MoneyMode.TEST if live else MoneyMode.LIVE)
            except DomainError as refusal:
                form.refuse(refusal)
            else:
                flash(gettext("The mode is changed. Enter the keys of this mode now."), "success")
                return redirect(url_for("rails.list"), 303)
    page = render_template(
        "rails/mode.html",
        form=form,
        live=live,
        owed=owed,
        slug=organisation.slug,
        currency=organisation.currency,
        is_demo=organisation.is_demo,
    )
    return page, 422 if form.errors else 200


def _maker(rail: str) -> RailMaker:
    found = wiring().rails.get(rail)
    if found is None or rail == VOUCHER:
        raise NotFound(rail=rail)
    return found


def _state(rail: str) -> tuple[RailState | None, bool]:
    with work() as uow:
        states = rail_states(uow.session, organisation_id=uow.organisation_id)
        return states.get(rail), is_live(uow.session, organisation_id=uow.organisation_id)


def _saved(maker: RailMaker, new: NewRail) -> Response:
    """Saved whatever the test says: a provider that is away keeps nobody from entering a key."""
    with work() as uow:
        set_rails.save(uow, new=new)
    found = set_rails.test_stored(current().organisation.id, current().actor, maker)
    if found is not None:
        _tell(found, gettext("Saved, and the connection works. %(account)s"))
    return redirect(url_for("rails.page", rail=maker.name), 303)


def _tried(maker: RailMaker, new: NewRail) -> Connection:
    set_rails.check_keys(new)
    return set_rails.test_draft(current().organisation.id, current().actor, maker, new)


def _tell(found: Connection, works: str) -> None:
    if found.works:
        flash((works % {"account": found.account}).strip(), "success")
    else:
        flash(_problem(found), "danger")


def _problem(found: Connection) -> str:
    why = gettext(trouble_words(found.trouble).manager)
    return gettext("The connection does not work.") + " " + why


def _pause_words(state: RailState) -> str:
    return gettext(trouble_words(state.pause_trouble).manager)


def _drawn(
    rail: str, maker: RailMaker, form: RailForm, found: Connection | None
) -> tuple[str, int]:
    state, live = _state(rail)
    context: dict[str, Any] = {
        "rail": rail,
        "name": rail_name(rail),
        "sentence": rail_sentence(rail),
        "state": state,
        "live": live,
        "form": form,
        "rows": form.rows(state.hints if state and state.right_mode else {}),
        "hints": {name: gettext(words) for name, words in HINTS.items()},
        "found": found,
        "problem": _problem(found) if found and not found.works else None,
        "pause": _pause_words(state) if state and state.paused_at else None,
        "hook": absolute("hooks.stripe") if rail in STRIPE else None,
    }
    return render_template("rails/page.html", **context), 422 if form.errors else 200
