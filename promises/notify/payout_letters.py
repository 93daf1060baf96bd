"""Letters about the customer's money. No code, no account and no amount of anybody else."""

import datetime as dt
from collections.abc import Callable, Mapping

from promises.kernel.money import Money
from promises.kernel.text import N_, format_date, format_money
from promises.notify.letter_parts import Facts, Letter, say
from promises.notify.models import CONTACT_REMOVED, MessageKind
from promises.notify.trouble_words import trouble_words

_WHERE = {
    "stripe_refund": N_("It goes back to the card that you paid with. Banks show it in 5–10 days."),
    "stripe_credit": N_("It is taken off your next invoice."),
    "account_call": N_("It goes to your account with us."),
    "account_file": N_("It goes to your account with us, within two banking days."),
    "sepa": N_("It goes to the bank account that you gave, within two banking days."),
}
_YOURS = N_("The money is still yours. On your page you can choose another way to get it.")
_SOON = N_("If you choose nothing within 7 days, we give you a voucher by ourselves.")
_PAGE = N_("Your page:")


def _confirm(facts: Facts) -> Letter:
    return Letter(
        say(facts, N_("Confirm where your money goes")),
        (
            say(
                facts,
                N_("Somebody, probably you, gave a bank account for the money that we owe you."),
            ),
            say(facts, N_("If it was not you, do nothing: nothing is paid to that account.")),
            say(facts, N_("If it was you, confirm it here:")),
        ),
    )


def _news(facts: Facts) -> Letter:
    return _NEWS[facts.params["what"]](facts)


def _sent(facts: Facts) -> Letter:
    where = _WHERE.get(facts.params["rail"])
    return Letter(
        say(facts, N_("%(amount)s is on its way to you"), amount=_amount(facts)),
        (*([say(facts, where)] if where else []), say(facts, _PAGE)),
    )


def _arrived(facts: Facts) -> Letter:
    return Letter(
        say(facts, N_("%(amount)s has been paid to you"), amount=_amount(facts)),
        (say(facts, N_("Your page shows when and how:")),),
    )


def _failed(facts: Facts) -> Letter:
    subject = say(facts, N_("We could not pay you %(amount)s yet"), amount=_amount(facts))
    return _not_there(facts, subject)


def _came_back(facts: Facts) -> Letter:
    subject = say(facts, N_("Your %(amount)s came back to us"), amount=_amount(facts))
    return _not_there(facts, subject)


def _not_there(facts: Facts, subject: str) -> Letter:
    why = trouble_words(facts.params["trouble"]).customer
    return Letter(subject, (say(facts, why), say(facts, _YOURS), say(facts, _SOON)))


def _voucher(facts: Facts) -> Letter:
    return Letter(
        say(facts, N_("You have a voucher of %(amount)s"), amount=_amount(facts)),
        (
            say(facts, N_("We could not pay you another way, so you get a voucher.")),
            say(facts, N_("Until you use it, you can still choose another way on your page:")),
        ),
    )


def _late(facts: Facts) -> Letter:
    return Letter(
        say(facts, N_("We paid you too late: %(amount)s more is yours"), amount=_amount(facts)),
        (
            say(facts, N_("We are sorry. You do not have to do anything for it.")),
            say(facts, N_("Your page shows when and how:")),
        ),
    )


def _contact_removed(facts: Facts) -> Letter:
    paragraphs = [
        say(
            facts,
            N_(
                "Somebody, probably you, took this contact off your page with us, or put another "
                "one in its place. Money of yours is still open there. This is our last message "
                "here about it."
            ),
        ),
        say(facts, N_("If it was you, you need not do anything.")),
        say(
            facts,
            N_(
                "If it was not you, tell the staff at %(branch)s. A bank account that is given "
                "on the page from now on is used only after a member of staff has checked it."
            ),
            branch=facts.branch,
        ),
    ]
    if facts.link:
        paragraphs.append(say(facts, _PAGE))
    return Letter(
        say(facts, N_("Your contact was taken off, and money is still open")), tuple(paragraphs)
    )


def _due(facts: Facts) -> Letter:
    return Letter(
        say(facts, N_("Your voucher of %(amount)s is still unused"), amount=_amount(facts)),
        (
            say(facts, N_("Use it by %(day)s. After that it is worth nothing."), day=_day(facts)),
            say(facts, N_("Your page shows the voucher:")),
        ),
    )


def _ended(facts: Facts) -> Letter:
    return Letter(
        say(facts, N_("Your voucher of %(amount)s has expired"), amount=_amount(facts)),
        (
            say(facts, N_("It was valid until %(day)s and was not used."), day=_day(facts)),
            say(facts, N_("If you think this is wrong, tell us on your page:")),
        ),
    )


def _amount(facts: Facts) -> str:
    money = Money(int(facts.params["amount_minor"]), str(facts.params["currency"]))
    return format_money(facts.locale, money, trim=True)


def _day(facts: Facts) -> str:
    at = dt.datetime.fromisoformat(str(facts.params["expires_at"]))
    return format_date(facts.locale, at, facts.zone)


_NEWS: Mapping[str, Callable[[Facts], Letter]] = {
    "sent": _sent,
    "arrived": _arrived,
    "failed": _failed,
    "came_back": _came_back,
    "voucher": _voucher,
    "late": _late,
    CONTACT_REMOVED: _contact_removed,
}

PAYOUT_LETTERS: Mapping[MessageKind, Callable[[Facts], Letter]] = {
    MessageKind.BANK_CONFIRM: _confirm,
    MessageKind.MONEY_NEWS: _news,
    MessageKind.VOUCHER_DUE: _due,
    MessageKind.VOUCHER_ENDED: _ended,
}
