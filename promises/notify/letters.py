"""What our messages say: plain text, in the reader's language, with one link at most.

No code and no payment detail ever stands in a message; the customer's own page shows those.
"""

from collections.abc import Callable, Mapping

from promises.kernel.money import Money
from promises.kernel.text import N_, format_money, ntranslate, translate
from promises.notify.action_letters import ACTION_LETTERS
from promises.notify.alert_letters import promise_alert
from promises.notify.factor_letters import FACTOR_LETTERS
from promises.notify.follow_letters import FOLLOW_LETTERS, why_followed
from promises.notify.letter_parts import Facts, Letter, say
from promises.notify.matter_letters import MATTER_LETTERS
from promises.notify.models import MessageKind
from promises.notify.money_letters import MONEY_LETTERS
from promises.notify.notice_letters import NOTICE_LETTERS
from promises.notify.payout_letters import PAYOUT_LETTERS
from promises.notify.proposal_letters import PROPOSAL_LETTERS
from promises.notify.rescue_letters import RESCUE_LETTERS
from promises.notify.review_letters import REVIEW_LETTERS


def compose_email(facts: Facts) -> tuple[str, str]:
    """Subject and body."""
    letter = _LETTERS[facts.kind](facts)
    paragraphs = list(letter.paragraphs)
    if facts.link:
        paragraphs.append(facts.link)
    paragraphs.append(facts.organisation)
    paragraphs.append(_why(facts))
    return letter.subject, "\n\n".join(paragraphs) + "\n"


def compose_text(facts: Facts) -> str:
    """A text message: who writes, what happened, the link."""
    letter = _LETTERS[facts.kind](facts)
    said = f"{facts.organisation}: {letter.subject}."
    return " ".join((said, facts.link)) if facts.link else said


def _turn_near(facts: Facts) -> Letter:
    ahead = int(facts.params.get("ahead", 0))
    if ahead == 0:
        how_near = say(facts, N_("You are next at %(branch)s."), branch=facts.branch)
    else:
        how_near = ntranslate(
            facts.locale,
            "%(n)s customer is ahead of you at %(branch)s.",
            "%(n)s customers are ahead of you at %(branch)s.",
            ahead,
            branch=facts.branch,
        )
    return Letter(
        say(facts, N_("Your turn is near: %(label)s"), label=facts.label),
        (how_near, say(facts, N_("Follow your number here:"))),
    )


def _your_turn(facts: Facts) -> Letter:
    counter = facts.params.get("counter")
    if counter:
        where = say(
            facts,
            N_("Number %(label)s: come to counter %(counter)s at %(branch)s."),
            label=facts.label,
            counter=str(counter),
            branch=facts.branch,
        )
    else:
        where = say(
            facts,
            N_("Number %(label)s: come to the desk at %(branch)s."),
            label=facts.label,
            branch=facts.branch,
        )
    return Letter(say(facts, N_("It is your turn: %(label)s"), label=facts.label), (where,))


def _promise_broken(facts: Facts) -> Letter:
    titles: Mapping[str, str] = facts.params.get("titles") or {}
    title = titles.get(facts.locale) or next(iter(titles.values()), "")
    opening = say(facts, N_("We promised: %(title)s. We did not keep our word."), title=title)
    sorry = _sorry(facts)
    amount_minor = int(facts.params.get("amount_minor") or 0)
    if amount_minor <= 0:
        rest = say(facts, N_("Your page shows what the promise says about this case:"))
        return Letter(say(facts, N_("We broke our promise")), (opening, sorry, rest))
    amount = format_money(
        facts.locale, Money(amount_minor, str(facts.params["currency"])), trim=True
    )
    rest = say(
        facts,
        N_("%(amount)s is yours. You need not ask for it; your page shows how you get it:"),
        amount=amount,
    )
    subject = say(facts, N_("We broke our promise: %(amount)s is yours"), amount=amount)
    return Letter(subject, (opening, sorry, rest))


def _sorry(facts: Facts) -> str:
    if facts.matter != "visit":
        return say(facts, N_("We are sorry that you had to wait."))
    return say(facts, N_("We are sorry that you had to wait, number %(label)s."), label=facts.label)


def _invitation(facts: Facts) -> Letter:
    return Letter(
        say(facts, N_("%(organisation)s invites you to Lupaus"), organisation=facts.organisation),
        (
            say(facts, N_("Hello %(name)s,"), name=facts.name),
            say(
                facts,
                N_(
                    "%(organisation)s keeps its promises to customers with Lupaus. You are invited "
                    "to take part."
                ),
                organisation=facts.organisation,
            ),  # fmt: skip
            *_until(facts),
            say(facts, N_("Choose your password here:")),
        ),
    )


def _reset(facts: Facts) -> Letter:
    return Letter(
        say(facts, N_("Choose a new password")),
        (
            say(facts, N_("Hello %(name)s,"), name=facts.name),
            say(
                facts,
                N_(
                    "Somebody asked for a new password for you. If it was not you, do nothing: "
                    "your password stays as it is."
                ),
            ),  # fmt: skip
            *_until(facts),
            say(facts, N_("Choose your password here:")),
        ),
    )


def _until(facts: Facts) -> tuple[str, ...]:
    if facts.expires_at is None:
        return ()
    works = N_("The link works once, until %(until)s.")
    return (say(facts, works, until=facts.expires_at),)


def _why(facts: Facts) -> str:
    """Why this person gets the letter."""
    if facts.kind in FOLLOW_LETTERS:
        return why_followed(facts)
    if facts.kind in PROPOSAL_LETTERS or facts.kind in (
        MessageKind.INVITATION,
        MessageKind.RESET,
        MessageKind.FACTOR_CHANGED,
        MessageKind.MATTER_DUE,
        MessageKind.ACTION_DUE,
        MessageKind.REVIEW_DUE,
        MessageKind.HELP_ASKED,
        MessageKind.PROMISE_ALERT,
        MessageKind.PROMISE_NOTICE,
        MessageKind.MONEY_INCIDENT,
        MessageKind.HOLD_OVERDUE,
        MessageKind.CEILING_FULL,
    ):
        return translate(facts.locale, N_("This address belongs to your account."))
    if facts.matter != "visit":
        return translate(
            facts.locale,
            N_("You get this message because you gave us this address with your matter."),
        )
    return translate(
        facts.locale, N_("You get this message because you gave us this address with your number.")
    )


_LETTERS: Mapping[MessageKind, Callable[[Facts], Letter]] = {
    MessageKind.TURN_NEAR: _turn_near,
    MessageKind.YOUR_TURN: _your_turn,
    MessageKind.PROMISE_BROKEN: _promise_broken,
    MessageKind.INVITATION: _invitation,
    MessageKind.RESET: _reset,
    MessageKind.PROMISE_ALERT: promise_alert,
    **FACTOR_LETTERS,
    **MATTER_LETTERS,
    **PAYOUT_LETTERS,
    **FOLLOW_LETTERS,
    **PROPOSAL_LETTERS,
    **ACTION_LETTERS,
    **RESCUE_LETTERS,
    **REVIEW_LETTERS,
    **NOTICE_LETTERS,
    **MONEY_LETTERS,
}
