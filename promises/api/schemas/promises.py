"""Promises, their versions and their terms."""

from marshmallow import fields

from promises.api.fields import Choice, Day, Flag, Id, Instant, Many, Nested, Part, Text, Whole
from promises.api.schemas.pages import EXAMPLE_ID, OTHER_ID, page_of
from promises.catalogue.pause_queries import PauseState
from promises.catalogue.queries import PromiseState

TargetStepSchema = Part.from_dict(
    {
        "from": Day(required=True),
        "share": Text(required=True, metadata={"description": "A decimal, such as 0.97."}),
    },
    name="TargetStepSchema",
)


class VersionSchema(Part):
    """A version of a promise. It never changes; tickets are judged by the one of their arrival."""

    id = Id(required=True)
    number = Whole(required=True)
    sentence = Text(required=True, metadata={"description": "The promise in words."})
    terms = fields.Dict(
        required=True,
        metadata={
            "description": "What the engine judges by, whole. Amounts are minor units of "
            "`currency`. Format 1 limits a wait; format 2 states any guarantee. Both formats are "
            "described in the documentation of terms."
        },
    )
    way_of_working = Text(required=True)
    team_reward = Text(required=True)
    target_path = Many(Nested(TargetStepSchema), required=True)
    valid_from = Instant(required=True)
    valid_to = Instant(required=True, allow_none=True, metadata={"description": "Exclusive."})
    applied_to_history = Flag(required=True)
    published_at = Instant(required=True)


class PauseSchema(Part):
    """A span in which the promise is made to nobody who comes. Who came before keeps it."""

    id = Id(required=True)
    branch_id = Id(required=True, allow_none=True, metadata={"description": "Null: everywhere."})
    state = Choice(PauseState, required=True)
    starts_at = Instant(required=True)
    ends_at = Instant(
        required=True,
        allow_none=True,
        metadata={"description": "Exclusive. Null until somebody ends it."},
    )
    reasons = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata={"description": "The public reason by language."},
    )
    announced_at = Instant(required=True)


class PromiseRowSchema(Part):
    """A lasting promise."""

    id = Id(required=True)
    slug = Text(required=True)
    titles = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata={"description": "The title by language."},
    )
    state = Choice(PromiseState, required=True)
    ends_at = Instant(required=True, allow_none=True)
    current_version_id = Id(
        required=True,
        allow_none=True,
        metadata={
            "description": "The version in force; the first to come, or the last, where none is. "
            "Null where it does not cover the branch that the key is bound to."
        },
    )


class PromiseSchema(PromiseRowSchema):
    """A promise with all its versions and pauses, the newest first."""

    versions = Many(Nested(VersionSchema), required=True)
    pauses = Many(Nested(PauseSchema), required=True)


PromisePage = page_of(PromiseRowSchema)

ROW = {
    "id": EXAMPLE_ID,
    "slug": "served-within-15-minutes",
    "titles": {"en": "You are served within 15 minutes"},
    "state": "in_force",
    "ends_at": None,
    "current_version_id": OTHER_ID,
}
PROMISE = ROW | {
    "pauses": [
        {
            "id": EXAMPLE_ID,
            "branch_id": None,
            "state": "over",
            "starts_at": "2026-05-04T07:00:00+00:00",
            "ends_at": "2026-05-04T09:00:00+00:00",
            "reasons": {"en": "The till system is changed."},
            "announced_at": "2026-05-01T12:00:00+00:00",
        }
    ],
    "versions": [
        {
            "id": OTHER_ID,
            "number": 1,
            "sentence": "Your service begins within 15 min, or we pay you €10.",
            "terms": {
                "format": 1,
                "currency": "EUR",
                "scope": {"ticket_kinds": ["visit"], "service_kinds": None, "branches": None},
                "measure": {"kind": "elapsed", "from": "arrived", "to": "service_started"},
                "limit": {"seconds": 900, "boundary": "inclusive"},
                "leavers": {"before_limit": "excluded", "after_limit": "owed"},
                "amount": {"kind": "flat", "amount_minor": 1000},
                "caps": {
                    "per_case_minor": None,
                    "per_customer": {"count": 2, "period": "day"},
                    "per_device_day": None,
                    "per_branch_day_anonymous": None,
                },
                "approval_threshold_minor": None,
                "budget_month_minor": 100000,
            },
            "way_of_working": "A second counter opens when five people wait.",
            "team_reward": "Cake on Friday.",
            "target_path": [{"from": "2026-06-01", "share": "0.97"}],
            "valid_from": "2026-03-02T06:00:00+00:00",
            "valid_to": None,
            "applied_to_history": False,
            "published_at": "2026-03-01T12:00:00+00:00",
        }
    ],
}
