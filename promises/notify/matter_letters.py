"""Letters about matters that take time. What somebody wrote about a matter stands in none of them:
its page shows it, and there it can be erased."""

import datetime as dt
from collections.abc import Callable, Mapping

from promises.kernel.text import N_, format_datetime
from promises.notify.letter_parts import Facts, Letter, say
from promises.notify.models import MessageKind

_RECEIVED = {
    "complaint": N_("We have your complaint"),
    "callback": N_("We call you back"),
    "request": N_("We have your request"),
    "application": N_("We have your application"),
}
_ANSWERED = {
    "complaint": N_("Your complaint is answered"),
    "callback": N_("Your call is answered"),
    "request": N_("Your request is answered"),
    "application": N_("Your application is decided"),
}
_DUE = {
    "complaint": N_("A complaint is due by %(time)s"),
    "callback": N_("A call back is due by %(time)s"),
    "request": N_("A request is due by %(time)s"),
    "application": N_("An application is due by %(time)s"),
}
_FOLLOW = N_("You can follow it here:")


def _received(facts: Facts) -> Letter:
    return Letter(
        say(facts, _RECEIVED[facts.matter]),
        (
            say(facts, N_("Thank you. It is at %(branch)s."), branch=facts.branch),
            *_by_when(facts),
            say(facts, _FOLLOW),
        ),
    )


def _promised(facts: Facts) -> Letter:
    return Letter(
        say(facts, N_("You hear from us by %(time)s"), time=_time(facts, "promised_at")),
        (
            say(facts, N_("We promised you this date. If it changes, we tell you.")),
            say(facts, _FOLLOW),
        ),
    )


def _told(facts: Facts) -> Letter:
    return Letter(
        say(facts, N_("We are still working on your matter")),
        (
            say(facts, N_("It is not forgotten. We write again when there is news.")),
            *_by_when(facts),
            say(facts, _FOLLOW),
        ),
    )


def _answered(facts: Facts) -> Letter:
    return Letter(
        say(facts, _ANSWERED[facts.matter]),
        (say(facts, N_("The answer, with its reason, is on your page:")),),
    )


def _due(facts: Facts) -> Letter:
    return Letter(
        say(facts, _DUE[facts.matter], time=_time(facts, "due_at")),
        (
            say(
                facts,
                N_(
                    "At %(branch)s a customer waits for us.",
                ),
                branch=facts.branch,
            ),
            say(facts, N_("Open the matter here:")),
        ),
    )


def _by_when(facts: Facts) -> tuple[str, ...]:
    name = "promised_at" if facts.params.get("promised_at") else "due_at"
    if not facts.params.get(name):
        return ()
    return (say(facts, N_("We promised: you hear from us by %(time)s."), time=_time(facts, name)),)


def _time(facts: Facts, name: str) -> str:
    at = dt.datetime.fromisoformat(str(facts.params[name]))
    return format_datetime(facts.locale, at, facts.zone)


MATTER_LETTERS: Mapping[MessageKind, Callable[[Facts], Letter]] = {
    MessageKind.MATTER_RECEIVED: _received,
    MessageKind.MATTER_PROMISED: _promised,
    MessageKind.MATTER_TOLD: _told,
    MessageKind.MATTER_ANSWERED: _answered,
    MessageKind.MATTER_DUE: _due,
}
