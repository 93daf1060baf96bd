"""The form on which management chooses what happens when a budget is used up."""

from wtforms import IntegerField, SelectField
from wtforms.validators import InputRequired

from promises.http.forms import Form, options
from promises.http.i18n import gettext
from promises.improvement.reactions import Choice
from promises.improvement.reactions_models import Reaction, Trigger
from promises.kernel.text import N_

TRIGGER_NAMES = {
    Trigger.ERRORS_MOST: N_("80 per cent of the breaches that the target allows are used"),
    Trigger.ERRORS_ALL: N_("All breaches that the target allows are used"),
    Trigger.MONEY_MOST: N_("80 per cent of the month's money is used"),
    Trigger.MONEY_ALL: N_("All of the month's money is used"),
}
REACTION_NAMES = {
    Reaction.TELL: N_("Tell the managers, and no more"),
    Reaction.APPROVE: N_("A manager approves each new debt until the month ends"),
    Reaction.PAUSE: N_("Pause the promise publicly until the month ends"),
    Reaction.SUGGEST: N_("Suggest a higher budget to the managers"),
}


class ReactionsForm(Form):
    """`seen` is the number of the choice that the page showed."""

    errors_most = SelectField(TRIGGER_NAMES[Trigger.ERRORS_MOST])
    errors_all = SelectField(TRIGGER_NAMES[Trigger.ERRORS_ALL])
    money_most = SelectField(TRIGGER_NAMES[Trigger.MONEY_MOST])
    money_all = SelectField(TRIGGER_NAMES[Trigger.MONEY_ALL])
    seen = IntegerField(N_("Choice"), [InputRequired()])

    def offer(self) -> None:
        for trigger in Trigger:
            self[trigger.value].choices = options(
                (one.value, gettext(words)) for one, words in REACTION_NAMES.items()
            )

    @property
    def chosen(self) -> dict[Trigger, Reaction]:
        return {trigger: Reaction(self[trigger.value].data) for trigger in Trigger}


def reaction_rows(choice: Choice) -> list[tuple[str, str]]:
    """(when, what) in words."""
    return [
        (gettext(TRIGGER_NAMES[trigger]), gettext(REACTION_NAMES[choice.of(trigger)]))
        for trigger in Trigger
    ]
