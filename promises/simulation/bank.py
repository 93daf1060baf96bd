"""Kaarnalahden Säästöpankki, a savings bank that does not exist: what it is made of."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from promises.identity.models import DeviceKind
from promises.kernel.actors import Actor, ActorKind, Role
from promises.kernel.hours import Windows

SLUG = "kaarnalahti"
NAME = "Kaarnalahden Säästöpankki"
ZONE = "Europe/Helsinki"

DAILY, LOANS, EXPRESS = "A", "B", "P"

SERVICES: Mapping[str, Mapping[str, str]] = {
    DAILY: {"fi": "Päivittäisasiat", "sv": "Dagliga ärenden", "en": "Daily banking"},
    LOANS: {"fi": "Lainat", "sv": "Lån", "en": "Loans"},
    EXPRESS: {"fi": "Pikapalvelu", "sv": "Expressdisken", "en": "Express counter"},
}

_OFFICE: tuple[Windows, ...] = (*((((600, 990),),) * 5), (), ())  # 10.00-16.30, Monday to Friday
_ALWAYS: tuple[Windows, ...] = (((0, 1440),),) * 7


@dataclass(frozen=True, slots=True)
class BranchPlan:
    """`visits` a day of history; `breaks` are minutes of the day in which the last counter rests,
    and with it, where there is one counter only, the branch."""

    slug: str
    name: str
    counters: tuple[str, ...]
    staffed: int
    services: tuple[str, ...]
    weekly: tuple[Windows, ...]
    visits: int
    breaks: tuple[int, int]

    @property
    def always_open(self) -> bool:
        return self.weekly == _ALWAYS


LIVE_BRANCH = "matkakeskus"

BRANCHES = (
    BranchPlan("keskusta", "Keskusta", ("1", "2", "3"), 2, (DAILY, LOANS), _OFFICE, 20, (705, 765)),
    BranchPlan("rantakatu", "Rantakatu", ("1", "2"), 1, (DAILY, LOANS), _OFFICE, 11, (690, 720)),
    # open day and night, so that the demonstration can be watched at any hour
    BranchPlan(
        LIVE_BRANCH,
        "Matkakeskus",
        ("1", "2", "3", "4"),
        2,
        (DAILY, EXPRESS),
        _ALWAYS,
        13,
        (720, 750),
    ),
)

LIVE_EXPRESS_COUNTER, LIVE_DAILY_COUNTER = "4", "3"
"""The counters of the live branch that the simulated clerks keep to; 1 and 2 are the viewer's."""


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    email: str
    role: Role
    locale: str
    branch: str | None = None


PEOPLE = (
    Person("Annika Sjöblom", "annika.sjoblom@kaarnalahti.example", Role.ADMINISTRATOR, "sv"),
    Person("Helena Virta", "helena.virta@kaarnalahti.example", Role.MANAGER, "fi"),
    Person("Petri Laakso", "petri.laakso@kaarnalahti.example", Role.MANAGER, "fi"),
    Person("Olli Kivelä", "olli.kivela@kaarnalahti.example", Role.ACCOUNTANT, "fi"),
    Person("Sanna Salo", "sanna.salo@kaarnalahti.example", Role.CLERK, "fi", "keskusta"),
    Person("Jere Koski", "jere.koski@kaarnalahti.example", Role.CLERK, "fi", "keskusta"),
    Person("Mikael Nyman", "mikael.nyman@kaarnalahti.example", Role.CLERK, "sv", "rantakatu"),
    Person("Emma Lind", "emma.lind@kaarnalahti.example", Role.CLERK, "en", LIVE_BRANCH),
    Person("Tuula Järvi", "tuula.jarvi@kaarnalahti.example", Role.CLERK, "fi", LIVE_BRANCH),
    Person("Aapo Salmi", "aapo.salmi@kaarnalahti.example", Role.CLERK, "fi", LIVE_BRANCH),
)

KIOSK_NAME = "Aulan kioski"
KIOSK_KIND = DeviceKind.KIOSK


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch as it stands in the database. `counter_ids` by name."""

    id: uuid.UUID
    plan: BranchPlan
    counter_ids: Mapping[str, uuid.UUID]
    clerk_ids: tuple[uuid.UUID, ...]

    def clerk(self, place: int) -> Actor:
        return Actor(ActorKind.MEMBER, self.clerk_ids[place % len(self.clerk_ids)], Role.CLERK)


@dataclass(frozen=True, slots=True)
class Bank:
    """The demo organisation, found again. `service_ids` by letter, `branches` by slug, `kiosk` is
    the device through which simulated customers of the live branch take their numbers."""

    organisation_id: uuid.UUID
    service_ids: Mapping[str, uuid.UUID]
    branches: Mapping[str, Branch]
    member_ids: Mapping[str, uuid.UUID]
    kiosk_id: uuid.UUID

    def member(self, role: Role, place: int = 0) -> Actor:
        """The `place`-th member of that role."""
        people = [person for person in PEOPLE if person.role is role]
        return Actor(ActorKind.MEMBER, self.member_ids[people[place].email], role)

    @property
    def live(self) -> Branch:
        return self.branches[LIVE_BRANCH]

    @property
    def kiosk(self) -> Actor:
        return Actor(ActorKind.DEVICE, self.kiosk_id)
