"""A world whose promises are stated in general terms."""

import datetime as dt

from promises.desk.models import EventSource, TicketKind
from promises.desk.values import NewMatter, Said
from promises.flows.decide_proposal import publish
from promises.flows.open_matter import open_matter
from promises.identity.new_calendars import create_calendar
from promises.kernel.actors import Role
from promises.rules.terms import parse_terms
from tests.factories.catalogue import new_version
from tests.flows.ground import NOON, World

OFFICE_WEEK = (*((((540, 1020),),) * 5), (), ())


def general(**parts):
    """Terms of format 2 in Helsinki time; what is told overrides."""
    return {
        "format": 2,
        "currency": "EUR",
        "time_zone": "Europe/Helsinki",
        "scope": {"ticket_kinds": ["complaint"]},
        "amount": 1000,
    } | parts


ANSWERED_IN_TWO_DAYS = general(
    facts={"arrived_at": "instant", "answered_at": "instant"},
    deadlines={
        "answer_before": {
            "from": "arrived_at", "add": 2, "unit": "working_day", "calendar": "business-days",
        }
    },
    broken_when={"late": {"event": "answered_at", "deadline": "answer_before"}},
)  # fmt: skip

CALLED_BY_PROMISED_DATE = general(
    scope={"ticket_kinds": ["callback"]},
    facts={"promised_at": "instant", "called_back_at": "instant"},
    deadlines={
        "call_before": {
            "from": "promised_at", "add": 0, "unit": "calendar_day", "calendar": "business-days",
            "roll": "next_open_day",
        }
    },
    broken_when={"late": {"event": "called_back_at", "deadline": "call_before"}},
    amount=500,
)  # fmt: skip

TOLD_EVERY_WEEK = general(
    facts={"arrived_at": "instant", "told": "instants", "answered_at": "instant"},
    recurring={"from": "arrived_at", "word": "told", "ends": "answered_at"},
    deadlines={
        "word_before": {"from": "period_start", "add": 168, "unit": "hour", "boundary": "exclusive"}
    },
    broken_when={"late": {"event": "word_at", "deadline": "word_before"}},
    amount=300,
)

GROWING_BY_THE_DAY = general(
    facts={"arrived_at": "instant", "answered_at": "instant"},
    measures={
        "days": {
            "elapsed": {"from": "arrived_at", "to": {"or_now": "answered_at"}, "unit": "day"}
        }
    },
    broken_when={"compare": [{"measure": "days"}, ">", 2]},
    amount={
        "accrue": {
            "of": {"measure": "days"}, "after": 2, "every": 1, "count": "begun", "most": 10,
            "rates": [{"each": 500}],
        }
    },
)  # fmt: skip

GIVEN_TO_WHO_ASKS = ANSWERED_IN_TWO_DAYS | {
    "facts": ANSWERED_IN_TWO_DAYS["facts"] | {"claimed_at": "instant"},
    "deadlines": ANSWERED_IN_TWO_DAYS["deadlines"]
    | {"claim_before": {"from": "arrived_at", "add": 30, "unit": "day", "boundary": "exclusive"}},
    "claim": {"mode": "on_request", "claimed_at": "claimed_at", "until": "claim_before"},
}

MISSED_APPOINTMENT = general(
    scope={"ticket_kinds": ["request"]},
    facts={"missed": "boolean"},
    broken_when={"true": "missed"},
    amount=3000,
)


SEEN_IN_TEN_MINUTES = general(
    scope={"ticket_kinds": ["visit"]},
    facts={"arrived_at": "instant", "service_started_at": "instant"},
    deadlines={
        "seen_before": {"from": "arrived_at", "add": 10, "unit": "minute", "boundary": "exclusive"}
    },
    broken_when={"late": {"event": "service_started_at", "deadline": "seen_before"}},
)


class GeneralWorld(World):
    """Publishes these terms on a Monday; `business-days` is open Monday to Friday and closed on
    Finnish public holidays."""

    def __init__(self, *documents, start=NOON):
        super().__init__(ticket_kinds=("application",))
        self.now = start
        self.published = {}
        with self.at(NOON - dt.timedelta(hours=2)), self.made.work(Role.ADMINISTRATOR) as uow:
            create_calendar(
                uow.session, organisation_id=self.made.id, actor=uow.actor, now=uow.now,
                name="Business days", time_zone="Europe/Helsinki", weekly=OFFICE_WEEK,
            )  # fmt: skip
        for number, document in enumerate(documents):
            with self.at(NOON - dt.timedelta(hours=1)), self.made.work(Role.MANAGER) as uow:
                version = new_version(
                    uow.now, terms=parse_terms(document), title=f"General promise {number}"
                )
                self.published[number] = publish(uow, version=version)

    def open(self, kind=TicketKind.COMPLAINT, **words):
        request = {
            "branch_id": self.made.branch_id,
            "service_kind_id": self.made.kind_id,
            "kind": kind,
            "source": EventSource.DESK,
        }
        with self.work() as uow:
            return open_matter(uow, request=NewMatter(**(request | words))).ticket_id

    def say(self, ticket_id, kind, *, occurred_at=None, **said):
        return self.log(ticket_id, kind, said=Said(**said), occurred_at=occurred_at)

    def commitments(self):
        return self.rows("SELECT * FROM commitments ORDER BY started_at, occurrence")

    def sweep_all(self):
        """As the worker does it: again while there is something to do."""
        broken = 0
        while (found := self.sweep()).done:
            broken += found.breached
        return broken
