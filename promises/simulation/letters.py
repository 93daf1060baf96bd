"""What happened to the bank's complaints, callbacks, requests and applicants in the last weeks.

Working days are counted back from today, so that the same story comes out at any start. Who acts
when is told here; what comes of it, the real flows decide.
"""

from dataclasses import dataclass

from promises.desk.models import EventKind, TicketKind
from promises.simulation.bank import LIVE_BRANCH

PARTNER = "Lakitoimisto Salava & Niemi"
REGULARS = ("asiakas 7", "asiakas 12", "asiakas 31", "asiakas 44")
"""Customers who visit the branches too, and whom the desk remembers."""

CENTRE, SHORE, TERMINUS = "keskusta", "rantakatu", LIVE_BRANCH
COMPLAINT, CALLBACK = TicketKind.COMPLAINT, TicketKind.CALLBACK
REQUEST, APPLICATION = TicketKind.REQUEST, TicketKind.APPLICATION
TOLD, ANSWERED, CALLED = EventKind.TOLD, EventKind.ANSWERED, EventKind.CALLED_BACK
HANDED_OVER, HANDED_BACK = EventKind.HANDED_OVER, EventKind.HANDED_BACK


@dataclass(frozen=True, slots=True)
class When:
    """So many working days before today (negative: after it), at a time of day. Without a time, so
    many hours before the start."""

    days: float
    clock: str | None = None


@dataclass(frozen=True, slots=True)
class Act:
    kind: EventKind
    when: When
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """One matter. `redeemed`: when the customer hands in the vouchers that came of it. `owner` is
    the place of the clerk who is responsible, in the branch."""

    name: str
    kind: TicketKind
    branch: str
    came: When
    subject: str
    acts: tuple[Act, ...] = ()
    customer: str | None = None
    promised: When | None = None
    owner: int | None = None
    redeemed: When | None = None


def _on(days: float, clock: str) -> When:
    return When(days, clock)


COMPLAINTS = (
    Story(
        "R1", COMPLAINT, CENTRE, _on(23, "10:15"), "Korttimaksu veloitettiin kahdesti",
        (Act(ANSWERED, _on(22, "13:40"), "Toinen veloitus on palautettu tilillesi."),),
        customer="asiakas 44",
    ),
    Story(
        "R2", COMPLAINT, SHORE, _on(22, "11:05"), "Automaatti ei palauttanut korttia",
        (Act(ANSWERED, _on(20, "15:10"), "Uusi kortti on postissa, maksutta."),),
    ),
    Story(
        "R3", COMPLAINT, CENTRE, _on(23, "12:30"), "Lainan lyhennysvapaa jäi kirjaamatta",
        (
            Act(TOLD, _on(20, "9:20"), "Odotamme vielä lainapalvelun vastausta."),
            Act(ANSWERED, _on(17, "14:00"), "Lyhennysvapaa on nyt voimassa, ja pyydämme anteeksi."),
        ),
        customer="asiakas 7", redeemed=_on(16, "11:15"),
    ),
    Story(
        "R4", COMPLAINT, CENTRE, _on(24, "10:40"), "Tilisiirto meni väärälle tilille",
        (
            Act(TOLD, _on(16, "10:10"), "Saajan pankki selvittää asiaa."),
            Act(ANSWERED, _on(7, "15:30"), "Rahat ovat palanneet tilillesi."),
        ),
        customer="asiakas 31", redeemed=_on(6, "12:05"),
    ),
    Story(
        "R5", COMPLAINT, SHORE, _on(15, "10:30"), "Kuolinpesän palvelumaksu",
        (
            Act(TOLD, _on(14, "13:00"), "Tarkistamme maksun perusteen."),
            Act(HANDED_OVER, _on(13, "9:45")),
            Act(HANDED_BACK, _on(10, "12:20")),
            Act(ANSWERED, _on(9, "10:05"), "Maksua ei peritä kuolinpesältä."),
        ),
        customer="asiakas 12",
    ),
    Story(
        "R6", COMPLAINT, CENTRE, _on(12, "14:30"), "Verkkopankki näytti väärän saldon",
        (Act(ANSWERED, _on(11, "10:00"), "Saldo oli näytöllä vanha; vika on korjattu."),),
    ),
    Story(
        "R7", COMPLAINT, SHORE, _on(8, "10:10"), "Tiskillä pyydettiin sama paperi kahdesti",
        (Act(ANSWERED, _on(3, "11:30"), "Olit oikeassa, ja olemme muuttaneet ohjettamme."),),
    ),
    Story(
        "R8", COMPLAINT, CENTRE, _on(5, "10:50"), "Kolikoita ei otettu vastaan",
        (Act(ANSWERED, _on(4, "12:15"), "Otamme kolikot vastaan joka päivä kello 10-12."),),
    ),
    Story(
        "R9", COMPLAINT, TERMINUS, _on(13, "10:00"), "Perukirjan tilitiedot viipyvät",
        customer="asiakas 7", owner=0,
    ),
    Story(
        "R10", COMPLAINT, TERMINUS, _on(6, "13:20"), "Luoton korko nousi ilmoittamatta",
        (Act(TOLD, _on(4, "10:05"), "Käymme läpi kirjeet, jotka sinulle on lähetetty."),),
        customer="asiakas 31", owner=1,
    ),
    Story(
        "R11", COMPLAINT, CENTRE, _on(1, "15:10"), "Tunnuslukulista katosi postissa",
        customer="asiakas 44", owner=0,
    ),
    Story("R12", COMPLAINT, TERMINUS, When(2), "Jonossa ohitettiin kahdesti", owner=0),
)  # fmt: skip

CALLBACKS = (
    Story(
        "S1", CALLBACK, CENTRE, _on(19, "11:00"), "Asuntolainan korkokatto",
        (Act(CALLED, _on(17, "14:20")),), promised=_on(17, "16:00"),
    ),
    Story(
        "S2", CALLBACK, SHORE, _on(15, "12:10"), "Säästösopimuksen muutos",
        (Act(CALLED, _on(14, "10:30")),), promised=_on(13, "16:00"), customer="asiakas 7",
    ),
    Story(
        "S3", CALLBACK, CENTRE, _on(14, "10:30"), "Takauksen vapautus",
        (Act(CALLED, _on(9, "9:30")),), promised=_on(12, "15:00"), customer="asiakas 12",
    ),
    Story(
        "S4", CALLBACK, SHORE, _on(8, "13:45"), "Uuden yrityksen tili",
        (Act(CALLED, _on(7, "11:10")),), promised=_on(7, "14:00"),
    ),
    Story(
        "S5", CALLBACK, TERMINUS, _on(5, "12:00"), "Lainatarjouksen ehdot",
        promised=_on(3, "15:00"), customer="asiakas 44", owner=1,
    ),
    Story(
        "S6", CALLBACK, TERMINUS, _on(1, "13:00"), "Asuntosäästötilin ikäraja",
        promised=_on(-1, "15:00"), customer="asiakas 12", owner=0,
    ),
    Story(
        "S7", CALLBACK, TERMINUS, When(1), "Matkakortin käyttörajat",
        promised=When(-3), owner=1,
    ),
)  # fmt: skip

REQUESTS = (
    Story(
        "P1", REQUEST, SHORE, _on(11, "11:20"), "Saldotodistus vuodenvaihteesta",
        (Act(ANSWERED, _on(10, "14:50"), "Todistus on noudettavissa tiskiltä."),),
        promised=_on(9, "16:00"),
    ),
    Story(
        "P2", REQUEST, TERMINUS, _on(7, "10:20"), "Lainan takaisinmaksusuunnitelma",
        (
            Act(TOLD, _on(5, "9:30"), "Lakimies tarkistaa sopimuksen ehdot."),
            Act(HANDED_OVER, _on(5, "9:40")),
        ),
        promised=_on(-3, "16:00"), customer="asiakas 12", owner=0,
    ),
)  # fmt: skip

_REASON = "Kiitos hakemuksestasi. Valitsimme tällä kertaa hakijan, jolla on pankkikokemusta."
_JOB = "Palveluneuvoja, Keskusta"

APPLICANTS = (
    *(
        Story(
            f"H{number}", APPLICATION, CENTRE, _on(22, f"{9 + number}:05"), _JOB,
            (Act(ANSWERED, _on(15, "10:00"), _REASON),),
        )
        for number in (1, 2, 3)
    ),
    Story(
        "H4", APPLICATION, CENTRE, _on(19, "16:20"), _JOB,
        (Act(ANSWERED, _on(5, "9:15"), f"Vastaamme myöhässä ja pyydämme anteeksi. {_REASON}"),),
    ),
    *(
        Story(
            f"H{number}", APPLICATION, CENTRE, _on(7, f"{6 + number}:40"),
            "Lainaneuvottelija, Keskusta", owner=1,
        )
        for number in (5, 6)
    ),
)  # fmt: skip

STORIES = (*COMPLAINTS, *CALLBACKS, *REQUESTS, *APPLICANTS)
