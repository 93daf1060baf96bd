"""Terms and facts for the tests of the engine, made by hand or by Hypothesis."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import strategies as st

from promises.rules.facts import EventKind, FactEvent, Facts, TicketKind
from promises.rules.terms import parse_terms

START = datetime(2026, 3, 28, 23, 50, tzinfo=UTC)  # ten minutes before Helsinki skips an hour
MICROSECOND = timedelta(microseconds=1)
SECOND = 1_000_000
IDS = [f"0198d0a0-0000-7000-8000-00000000000{n}" for n in range(1, 5)]
DECIDING = ["arrived", "called", "service_started", "left", "no_show", "closed"]


def document(**changes):
    """A complete document of terms: served within 15 minutes, or 10 €."""
    made = {
        "format": 1,
        "currency": "EUR",
        "scope": {"ticket_kinds": ["visit"], "service_kinds": None, "branches": None},
        "measure": {"kind": "elapsed", "from": "arrived", "to": "service_started"},
        "limit": {"seconds": 900, "boundary": "inclusive"},
        "leavers": {"before_limit": "excluded", "after_limit": "owed"},
        "amount": {"kind": "flat", "amount_minor": 1000},
        "caps": {
            "per_case_minor": None,
            "per_customer": None,
            "per_device_day": None,
            "per_branch_day_anonymous": None,
        },
        "approval_threshold_minor": None,
        "budget_month_minor": None,
    }
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = made
        for parent in parents:
            place = place[parent]
        place[last] = value
    return made


def terms(**changes):
    return parse_terms(document(**changes))


def at(microseconds):
    return START + microseconds * MICROSECOND


def facts(*log, measured=None, kind="visit", service=None, branch=None):
    """Facts from (event, microseconds since START)."""
    return Facts(
        ticket_kind=TicketKind(kind),
        service_kind_id=service and UUID(service),
        branch_id=branch and UUID(branch),
        events=tuple(FactEvent(EventKind(event), at(us)) for event, us in log),
        measured_wait=None if measured is None else measured * MICROSECOND,
    )


def facts_of(ticket):
    return facts(
        *ticket["log"],
        measured=ticket["measured"],
        kind=ticket["kind"],
        service=ticket["service"],
        branch=ticket["branch"],
    )


def seconds(*values):
    return [value * SECOND for value in values]


def moment(random, limit):
    """Microseconds that lie on, just before and just after what matters, or anywhere."""
    edge = limit * SECOND
    if random.random() < 0.6:
        return random.choice([0, 1, -1, edge - 1, edge, edge + 1, edge + 2, edge // 2])
    return random.randrange(-5 * SECOND, 3 * edge)


def some_ids(random):
    return random.sample(IDS, random.randrange(1, 4)) if random.random() < 0.3 else None


def random_document(random):
    return document(
        scope__ticket_kinds=random.sample(
            [str(kind) for kind in TicketKind], random.choice([1, 3])
        ),
        scope__service_kinds=some_ids(random),
        scope__branches=some_ids(random),
        measure__to=random.choice(["service_started", "called"]),
        limit__seconds=random.choice([1, 2, 900, 86_400, 366 * 86_400]),
        limit__boundary=random.choice(["inclusive", "exclusive"]),
        leavers__before_limit=random.choice(["excluded", "kept"]),
        leavers__after_limit=random.choice(["owed", "not_owed"]),
    )


def random_ticket(random, document):
    limit = document["limit"]["seconds"]
    events = DECIDING + ["recalled", "served", "transferred", "presence_shown"]
    log = [(random.choice(events), moment(random, limit)) for _ in range(random.randrange(7))]
    if random.random() < 0.9:
        log.append(("arrived", random.choice([0, 0, 1, -1])))
    edge = limit * SECOND
    kinds = document["scope"]["ticket_kinds"]
    return {
        "kind": random.choice(kinds) if random.random() < 0.9 else "visit",
        "service": random.choice([None, *IDS]),
        "branch": random.choice([None, *IDS]),
        "log": log,
        "measured": random.choice([None, None, None, 0, edge - 1, edge, edge + 1]),
    }


def random_case(random):
    made = random_document(random)
    return made, random_ticket(random, made), moment(random, made["limit"]["seconds"])


@st.composite
def cases(draw):
    return random_case(draw(st.randoms(use_true_random=False)))
