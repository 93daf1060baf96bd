"""Letters about a member's second step."""

from collections.abc import Callable, Mapping

from promises.kernel.text import N_
from promises.notify.letter_parts import Facts, Letter, say
from promises.notify.models import MessageKind

_WHAT = {
    "app_added": N_("An app for codes was set up for your account."),
    "app_removed": N_("The app for codes was removed from your account."),
    "passkey_added": N_("A passkey was added to your account."),
    "passkey_removed": N_("A passkey was removed from your account."),
    "codes_made": N_("New recovery codes were made for your account. The old ones no longer work."),
    "recovery_used": N_("A recovery code was used for your account. Each works once."),
    "reset": N_(
        "An administrator ended your second step and all your sign-ins, because you lost what you "
        "used for it. Sign in with your password and set up a new one."
    ),
}


def _changed(facts: Facts) -> Letter:
    return Letter(
        say(facts, N_("Your second step has changed")),
        (
            say(facts, N_("Hello %(name)s,"), name=facts.name),
            say(facts, _WHAT[str(facts.params["change"])]),
            say(
                facts,
                N_(
                    "If this was not you, tell an administrator of your organisation today. Here "
                    "is how things stand:"
                ),
            ),
        ),
    )


FACTOR_LETTERS: Mapping[MessageKind, Callable[[Facts], Letter]] = {
    MessageKind.FACTOR_CHANGED: _changed
}
