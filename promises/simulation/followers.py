"""People who follow the bank's promises by e-mail; one has not used the link yet, so that whoever
watches the demonstration can."""

import datetime as dt

from promises.db import sql
from promises.db.session import UnitOfWork
from promises.flows import subscribe
from promises.identity import keys
from promises.simulation.acts import ANYBODY, Acts
from promises.simulation.bank import Bank
from promises.simulation.promises import EXPRESS_SLUG, MAIN_SLUG

FOLLOWERS: tuple[tuple[str, str, str | None], ...] = (
    ("irma.rantala@posti.example", "fi", None),
    ("gustav.holm@brev.example", "sv", MAIN_SLUG),
    ("news@chronicle.example", "en", EXPRESS_SLUG),
)
UNDECIDED = ("teemu.aho@posti.example", "fi", MAIN_SLUG)

_STANDS = """
SELECT EXISTS (
    SELECT FROM subscriptions WHERE organisation_id = %(organisation_id)s
) AS found
"""

_LETTER = """
SELECT secret_sealed FROM messages
WHERE organisation_id = %(organisation_id)s AND kind = 'follow_asked'
ORDER BY id DESC LIMIT 1
"""


def tell_of_followers(acts: Acts, bank: Bank, now: dt.datetime) -> None:
    """In one transaction, by the clock of now: their letters are for the mail of today."""
    with acts.work(ANYBODY) as uow:
        stands = sql.one(uow.session, _STANDS, {"organisation_id": uow.organisation_id})
        if stands.found:
            return
        for address, locale, slug in FOLLOWERS:
            subscribe.ask(uow, address=address, locale=locale, promise_slug=slug)
            subscribe.confirm(uow, token=_token(uow))
        address, locale, slug = UNDECIDED
        subscribe.ask(uow, address=address, locale=locale, promise_slug=slug)


def _token(uow: UnitOfWork) -> str:
    """Out of the letter that was just written, as its reader would."""
    row = sql.one(uow.session, _LETTER, {"organisation_id": uow.organisation_id})
    key = keys.organisation_key(
        uow.session, organisation_id=uow.organisation_id, purpose=keys.Purpose.CONTACT
    )
    path = keys.unseal(key, bytes(row.secret_sealed))
    return path.partition("?")[0].rpartition("/")[2]
