"""The form of one way of paying, built of what its rail needs."""

from collections.abc import Mapping
from typing import Any

from wtforms import PasswordField
from wtforms.validators import InputRequired, Length, Optional

from promises.http.forms import Form, Line, tidy
from promises.kernel.text import N_
from promises.payouts.rails.base import Field, RailMaker
from promises.web.forms.terms import Amount

LONGEST_SECRET = 8000
_BEFORE = "field_"
MOST = "max_minor"
"""The setting that all rails have: what is larger goes another way."""

NAMES = {
    "key": N_("Secret key"),
    "webhook_secret": N_("Signing secret of the webhook"),
    "financial_account": N_("Financial account that pays"),
    "debtor_name": N_("Account holder, as the bank knows it"),
    "iban": N_("Account that pays (IBAN)"),
    "bic": N_("BIC of your bank"),
    "bank_service_id": N_("Service code that the bank gave you"),
    "version": N_("Version of the payment file"),
    "silent_days": N_("Working days after which the bank counts as silent"),
    "url": N_("Address of your core system"),
    "signing_key": N_("Key that signs what we send"),
}
HINTS = {
    "key": N_("It begins with sk_ or rk_. A restricted key that may write refunds is enough."),
    "webhook_secret": N_("It begins with whsec_. Stripe shows it beside the address below."),
    "financial_account": N_("It begins with fa_."),
    "bic": N_("Only where your bank asks for it."),
    "bank_service_id": N_("Only where your bank gave you one."),
    "version": N_("Leave it empty for pain.001.001.09; older banks take pain.001.001.03."),
    "url": N_("It begins with https://."),
}


class Secret(PasswordField):
    """Never filled in again: what was typed is gone from the page once it was sent."""

    def __init__(self, label: str, *, required: bool, **others: Any) -> None:
        checks = [InputRequired() if required else Optional(), Length(max=LONGEST_SECRET)]
        super().__init__(label, checks, filters=[tidy], **others)


class RailForm(Form):
    """What a rail needs, by the names of its fields."""

    wanted: tuple[Field, ...] = ()
    most = Amount(N_("The most that is paid by it at once"), [Optional()])

    def rows(self, hints: Mapping[str, str]) -> list[tuple[Any, Field, str | None]]:
        """Each field with what it stands for, and the last characters of what is stored."""
        return [(self[_BEFORE + one.name], one, hints.get(one.name)) for one in self.wanted]

    def settings(self) -> dict[str, str]:
        found = {one.name: self._typed(one) for one in self.wanted if not one.secret}
        limit = {} if self.most.data is None else {MOST: str(self.most.data)}
        return found | limit

    def secrets(self) -> dict[str, str] | None:
        """What was typed anew; None where all that is stored stays."""
        typed = {one.name: self._typed(one) for one in self.wanted if one.secret}
        return {name: text for name, text in typed.items() if text} or None

    def _typed(self, one: Field) -> str:
        return self[_BEFORE + one.name].data or ""


def rail_form(
    maker: RailMaker, *, settings: Mapping[str, Any], stored: Mapping[str, str]
) -> RailForm:
    """The form of this request. A secret that is stored need not be typed again."""
    parts: dict[str, Any] = {"wanted": maker.fields}
    for one in maker.fields:
        label = NAMES.get(one.name, one.name)
        required = one.required and one.name not in stored
        parts[_BEFORE + one.name] = (
            Secret(label, required=required)
            if one.secret
            else Line(label, required=required, longest=500)
        )
    made = type("RailFields", (RailForm,), parts)
    shown = {_BEFORE + name: value for name, value in settings.items()}
    found: RailForm = made(data=shown | {"most": int(settings[MOST]) if MOST in settings else None})
    return found


class ModeForm(Form):
    """The organisation's short name, typed, confirms that money becomes real."""

    typed = Line(N_("Type the short name of the organisation"), longest=63)
