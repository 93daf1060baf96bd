"""What the bank promises, and what its staff proposed."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from promises.catalogue.proposals import ProposalDraft
from promises.rules.terms import WaitTerms, parse_wait_terms
from promises.simulation.bank import DAILY, EXPRESS, LOANS, Bank

MAIN_SLUG = "palvelu-15-minuutissa"
EXPRESS_SLUG = "pikapalvelu-40-sekunnissa"

MAIN_TITLES = {
    "fi": "Palvelemme sinua 15 minuutissa tai saat 10 €",
    "sv": "Vi betjänar dig inom 15 minuter eller så får du 10 €",
    "en": "You are served within 15 minutes or we pay you 10 €",
}
EXPRESS_TITLES = {
    "fi": "Pikapalveluun pääset 40 sekunnissa tai saat 10 €",
    "sv": "Vid expressdisken betjänas du inom 40 sekunder eller så får du 10 €",
    "en": "At the express counter you are served within 40 seconds or we pay you 10 €",
}

MAIN_PROBLEM = "Asiakkaat odottavat lounasaikaan pitkään eivätkä tiedä, milloin pääsevät tiskille."
MAIN_WAY = (
    "Kun viisi odottaa, toinen kassa aukeaa. Lounaat porrastetaan niin, että yksi on aina tiskillä."
)
MAIN_REWARD = "Kuukausi ilman rikottua lupausta: konttorin yhteinen lounas."
MAIN_REASON = "Ruuhka näkyy palautteissa, ja tiimillä on keino pitää tämä. Aloitetaan heti."

EXPRESS_WAY = "Yksi kassa palvelee vain pika-asioita, ja yli minuutin asiat siirretään viereen."
EXPRESS_REWARD = "Viikko ilman rikottua lupausta: aamukahvit talon piikkiin."


def visit_terms(
    bank: Bank,
    letters: Sequence[str],
    seconds: int,
    *,
    branch_ids: Sequence[uuid.UUID] | None = None,
    budget_month_minor: int | None = None,
    caps: Mapping[str, Any] | None = None,
) -> WaitTerms:
    """To start the service of these kinds within so many seconds, or 10 €."""
    return parse_wait_terms(
        {
            "format": 1,
            "currency": "EUR",
            "scope": {
                "ticket_kinds": ["visit"],
                "service_kinds": [str(bank.service_ids[letter]) for letter in letters],
                "branches": None if branch_ids is None else [str(one) for one in branch_ids],
            },
            "measure": {"kind": "elapsed", "from": "arrived", "to": "service_started"},
            "limit": {"seconds": seconds, "boundary": "inclusive"},
            "leavers": {"before_limit": "excluded", "after_limit": "owed"},
            "amount": {"kind": "flat", "amount_minor": 1000},
            "caps": dict(caps or {}),
            "approval_threshold_minor": None,
            "budget_month_minor": budget_month_minor,
        }
    )


def main_terms(bank: Bank) -> WaitTerms:
    caps = {"per_customer": {"count": 2, "period": "month"}, "per_branch_day_anonymous": 20}
    return visit_terms(bank, (DAILY, LOANS), 900, budget_month_minor=200_000, caps=caps)


def express_terms(bank: Bank) -> WaitTerms:
    """No caps: the demonstration shows a payment at every start."""
    return visit_terms(
        bank, (EXPRESS,), 40, branch_ids=(bank.live.id,), budget_month_minor=2_000_000
    )


@dataclass(frozen=True, slots=True)
class Idea:
    """What a clerk proposes, in the clerk's language."""

    title: str
    problem: str
    way_of_working: str
    seconds: int
    letters: tuple[str, ...]

    def draft(self, bank: Bank) -> ProposalDraft:
        return ProposalDraft(
            title=self.title,
            terms=visit_terms(bank, self.letters, self.seconds),
            way_of_working=self.way_of_working,
            problem_text=self.problem,
        )


OPEN_IDEAS = (
    Idea(
        "Lainaneuvottelija ottaa vastaan viimeistään 30 minuutissa",
        "Lainaa hakeva joutuu odottamaan vuoroaan samassa jonossa laskunmaksajien kanssa.",
        "Lainaneuvottelija päivystää joka päivä kello 12-15 omalla tiskillään.",
        1800,
        (LOANS,),
    ),
    Idea(
        "Vid disken börjar betjäningen inom 10 minuter",
        "Kunder som kommer före jobbet hinner inte vänta.",
        "Två av oss öppnar disken tillsammans den första timmen.",
        600,
        (DAILY,),
    ),
)
DECLINED_IDEA = Idea(
    "Jokainen asiakas palvellaan 3 minuutissa",
    "Kukaan ei halua odottaa.",
    "Kaikki palvelevat tiskillä aina, kun joku odottaa.",
    180,
    (DAILY, LOANS),
)
DECLINED_REASON = (
    "Lounasaikaan tätä ei vielä pystytä pitämään: sama henkilökunta ei riitä. Palataan asiaan, kun "
    "15 minuutin lupaus on pitänyt kolme kuukautta."
)
