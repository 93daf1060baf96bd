"""One reason of a verdict in one language, whichever form its terms have."""

from typing import NamedTuple

from promises.kernel.text import Message, render
from promises.kernel.zones import Zone
from promises.rules.guarantee.rendering import render_step
from promises.rules.steps import Step


class GeneralReason(NamedTuple):
    """A step of the general engine's explanation; its amounts are of this currency."""

    step: Step
    currency: str


Reason = Message | GeneralReason


def say_reason(locale: str, reason: Reason, zone: Zone) -> str:
    if isinstance(reason, GeneralReason):
        return render_step(locale, reason.step, zone, reason.currency)
    return render(locale, reason, zone)
