"""How money goes, in words: rails, the steps of a payout, why one failed and what comes next.

For the customer's page and for the pages of the staff alike.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from promises.http.i18n import gettext
from promises.kernel.text import N_
from promises.notify.trouble_words import trouble_words
from promises.payouts.rails import names
from promises.payouts.rails.voucher import VOUCHER
from promises.reporting.payout_steps import MoneyStory, Next, Step, StepKind

WAYS: Mapping[str, str] = {
    names.STRIPE_REFUND: N_("Back to the card you paid with"),
    names.STRIPE_CREDIT: N_("Off your next invoice"),
    names.STRIPE_OUTBOUND: N_("Payment through Stripe"),
    names.ACCOUNT_CALL: N_("To your account with us"),
    names.ACCOUNT_FILE: N_("To your account with us"),
    names.SEPA: N_("Bank transfer"),
    VOUCHER: N_("Voucher"),
}
WAYS_OF_STAFF: Mapping[str, str] = {
    names.STRIPE_REFUND: N_("Refund to the card"),
    names.STRIPE_CREDIT: N_("Credit on the next invoice"),
    names.STRIPE_OUTBOUND: N_("Payment through Stripe"),
    names.ACCOUNT_CALL: N_("The customer's own account with us"),
    names.ACCOUNT_FILE: N_("The customer's own account with us"),
    names.SEPA: N_("Bank transfer"),
    names.MANUAL: N_("Paid by hand"),
    VOUCHER: N_("Voucher"),
}
HINTS: Mapping[str, str] = {
    names.STRIPE_REFUND: N_("Your bank shows it in 5–10 days. You need not do anything more."),
    names.STRIPE_CREDIT: N_("You need not do anything more."),
    names.STRIPE_OUTBOUND: N_("You need not do anything more."),
    names.ACCOUNT_CALL: N_("It is there in a moment. You need not do anything more."),
    names.ACCOUNT_FILE: N_("It is there within two banking days. You need not do anything more."),
    VOUCHER: N_("Your page shows it at once. You use it at our desk."),
}

_TITLES: Mapping[StepKind, str] = {
    StepKind.EARNED: N_("Earned"),
    StepKind.APPROVED: N_("Approved"),
    StepKind.SENT: N_("Sent"),
    StepKind.ARRIVED: N_("Arrived"),
    StepKind.FAILED: N_("It did not go through"),
    StepKind.CAME_BACK: N_("It came back to us"),
    StepKind.VOUCHER_ISSUED: N_("Voucher made"),
    StepKind.VOUCHER_REDEEMED: N_("Voucher used"),
    StepKind.VOUCHER_EXPIRED: N_("Voucher expired unused"),
    StepKind.EXCHANGED: N_("Voucher given up for another way"),
}
_LOOKS: Mapping[StepKind, tuple[str, str]] = {
    StepKind.EARNED: ("info", "money"),
    StepKind.APPROVED: ("info", "check"),
    StepKind.SENT: ("info", "mail"),
    StepKind.ARRIVED: ("success", "kept"),
    StepKind.FAILED: ("danger", "warning"),
    StepKind.CAME_BACK: ("danger", "warning"),
    StepKind.VOUCHER_ISSUED: ("success", "ticket"),
    StepKind.VOUCHER_REDEEMED: ("success", "kept"),
    StepKind.VOUCHER_EXPIRED: ("neutral", "open"),
    StepKind.EXCHANGED: ("neutral", "transfer"),
}
_NEXT: Mapping[Next, str] = {
    Next.SOON: N_("It is sent in a moment."),
    Next.FILE: N_("It goes with the next file to the bank."),
    Next.OWN_FILE: N_("It goes to your account with us with our next file."),
    Next.BY_HAND: N_("It is paid by hand. Somebody here does it."),
    Next.DELAYED: N_("It has not gone out yet."),
    Next.ASKING: N_("We are finding out whether it went through. It is never paid twice."),
    Next.PERSON: N_("Somebody here looks at it before it goes on."),
    Next.UNDER_WAY: N_("It is on its way."),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a timeline, as `ui.timeline` takes it."""

    title: str
    detail: str | None
    at: dt.datetime
    tone: str
    icon: str


@dataclass(frozen=True, slots=True)
class ToldStory:
    """A debt's story in words: its lines, what happens next, why the last try failed."""

    lines: tuple[Line, ...]
    next: str | None
    why: str | None
    failed_at: dt.datetime | None


Words = Callable[[str | None], str]
"""Of a trouble, for one kind of reader."""


def tell_customer(story: MoneyStory) -> ToldStory:
    return _tell(story, WAYS, _customer)


def tell_staff(story: MoneyStory, *, decides: bool) -> ToldStory:
    """`decides`: for those who decide about money, with what they can do."""
    return _tell(story, WAYS_OF_STAFF, _manager if decides else _clerk)


def _tell(story: MoneyStory, ways: Mapping[str, str], words: Words) -> ToldStory:
    return ToldStory(
        tuple(_line(step, ways, words) for step in story.steps),
        _what_next(story, words),
        words(story.failure) if story.failed_at else None,
        story.failed_at,
    )


def _what_next(story: MoneyStory, words: Words) -> str | None:
    if story.next is None:
        return None
    said = gettext(_NEXT[story.next])
    if story.trouble is None or story.next is Next.ASKING:
        return said
    return f"{said} {words(story.trouble)}"


def _line(step: Step, ways: Mapping[str, str], words: Words) -> Line:
    tone, icon = _LOOKS[step.kind]
    return Line(gettext(_TITLES[step.kind]), _detail(step, ways, words), step.at, tone, icon)


def _detail(step: Step, ways: Mapping[str, str], words: Words) -> str | None:
    if step.kind in (StepKind.FAILED, StepKind.CAME_BACK):
        return words(step.trouble)
    if step.kind not in (StepKind.SENT, StepKind.ARRIVED):
        return None
    way = ways.get(step.rail or "")
    if way is None:
        return None
    where = gettext(way)
    if step.rail != names.SEPA or not step.last4:
        return where
    return f"{where}, {account_ending(step.last4)}"


def account_ending(last4: str) -> str:
    """All that is shown of an account once it was given."""
    return gettext("account ending in %(last4)s", last4=last4)


def _customer(trouble: str | None) -> str:
    return gettext(trouble_words(trouble).customer)


def _clerk(trouble: str | None) -> str:
    return gettext(trouble_words(trouble).clerk)


def _manager(trouble: str | None) -> str:
    return gettext(trouble_words(trouble).manager)
