"""How much goes out at most, where, and in which period."""

import uuid
from collections.abc import Iterable

from wtforms import HiddenField, RadioField, SelectField
from wtforms.validators import InputRequired, Optional

from promises.compensation.control_models import CeilingPeriod, CeilingReaction
from promises.http.forms import Form, options
from promises.http.i18n import gettext
from promises.kernel.text import N_
from promises.web.forms.terms import Amount

PERIODS = {
    CeilingPeriod.DAY: N_("A day"),
    CeilingPeriod.WEEK: N_("A week"),
    CeilingPeriod.MONTH: N_("A month"),
}
REACTIONS = {
    CeilingReaction.WAIT: N_("It waits for the next period, or for a higher ceiling"),
    CeilingReaction.APPROVE: N_("A manager approves it"),
}
BRANCH, PROMISE = "branch", "promise"


class CeilingForm(Form):
    """An empty sum lifts the ceiling."""

    limit = Amount(N_("Goes out at most"), [Optional()])
    reaction = RadioField(
        N_("What happens with what is above it"),
        coerce=CeilingReaction,
        default=CeilingReaction.WAIT,
        validators=[InputRequired()],
    )
    version = HiddenField()

    def offer(self, currency: str) -> None:
        self.limit.currency = currency
        self.reaction.choices = options((one.value, gettext(w)) for one, w in REACTIONS.items())


class NewCeilingForm(CeilingForm):
    limit = Amount(N_("Goes out at most"), [InputRequired()])
    place = SelectField(N_("Where"), default="")
    period = SelectField(
        N_("In"), coerce=CeilingPeriod, default=CeilingPeriod.DAY, validators=[InputRequired()]
    )

    def offer_places(
        self, branches: Iterable[tuple[uuid.UUID, str]], promises: Iterable[tuple[uuid.UUID, str]]
    ) -> None:
        self.period.choices = options((one.value, gettext(w)) for one, w in PERIODS.items())
        places = [("", gettext("The whole organisation"))]
        places += [(f"{BRANCH}:{one}", name) for one, name in branches]
        places += [
            (f"{PROMISE}:{one}", gettext("Promise: %(title)s", title=title))
            for one, title in promises
        ]
        self.place.choices = options(places)

    def chosen(self) -> dict[str, uuid.UUID | None]:
        """The branch or the promise, as far as one was chosen."""
        kind, _, one = (self.place.data or "").partition(":")
        return {
            "branch_id": uuid.UUID(one) if kind == BRANCH else None,
            "promise_id": uuid.UUID(one) if kind == PROMISE else None,
        }
