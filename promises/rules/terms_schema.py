"""The shape of a whole document of terms, of either format, as JSON Schema (draft 2020-12)."""

from typing import Any

from promises.rules.facts import TicketKind
from promises.rules.guarantee.schema import (
    DEFINITIONS,
    Schema,
    general_form,
    list_of,
    object_of,
    whole,
    words,
)
from promises.rules.terms import (
    LARGEST_AMOUNT_MINOR,
    LARGEST_BUDGET_MINOR,
    LARGEST_COUNT,
    LONGEST_LIMIT_SECONDS,
    AfterLimit,
    BeforeLimit,
    Boundary,
    Period,
)

_UUID: Schema = {
    "type": "string",
    "pattern": "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
}
_IDS = list_of(_UUID, 1, 500)
_KINDS = {**list_of(words(TicketKind)), "uniqueItems": True}
_COUNT = whole(1, LARGEST_COUNT)
_AMOUNT = whole(1, LARGEST_AMOUNT_MINOR)
_WHERE: dict[str, Schema] = {"service_kinds": _IDS, "branches": _IDS}
_LIMITS: dict[str, Schema] = {
    "caps": object_of(
        {},
        {
            "per_case_minor": _AMOUNT,
            "per_customer": object_of({"count": _COUNT, "period": words(Period)}),
            "per_device_day": _COUNT,
            "per_branch_day_anonymous": _COUNT,
        },
    ),
    "approval_threshold_minor": whole(0, LARGEST_AMOUNT_MINOR),
    "budget_month_minor": whole(1, LARGEST_BUDGET_MINOR),
}
_SHORT = object_of(
    {
        "format": {"const": 1},
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
        "scope": object_of({"ticket_kinds": _KINDS}, _WHERE),
        "measure": object_of(
            {
                "kind": {"const": "elapsed"},
                "from": {"const": "arrived"},
                "to": {"enum": ["service_started", "called"]},
            }
        ),
        "limit": object_of(
            {"seconds": whole(1, LONGEST_LIMIT_SECONDS), "boundary": words(Boundary)}
        ),
        "leavers": object_of(
            {"before_limit": words(BeforeLimit), "after_limit": words(AfterLimit)}
        ),
        "amount": object_of({"kind": {"const": "flat"}, "amount_minor": _AMOUNT}),
    },
    _LIMITS,
)
_SCOPE = object_of({}, {"ticket_kinds": _KINDS, **_WHERE})


def terms_schema(address: str) -> dict[str, Any]:
    """The schema as it is published at that address."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": address,
        "title": "Terms of a promise",
        "type": "object",
        "required": ["format"],
        "if": {"properties": {"format": {"const": 2}}},
        "then": general_form({"scope": _SCOPE, **_LIMITS}),
        "else": _SHORT,
        "$defs": DEFINITIONS,
    }
