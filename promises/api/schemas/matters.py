"""Matters that take no number."""

from marshmallow import fields, validate

from promises.api.fields import Choice, Day, Flag, Id, Instant, Part, Text, length
from promises.api.schemas.pages import EXAMPLE_ID, OTHER_ID
from promises.api.schemas.payments import payment_field
from promises.api.schemas.tickets import FACTS, WHEN, Facts
from promises.desk.models import TicketKind
from promises.desk.opening import LONGEST_SUBJECT
from promises.identity.customers import LONGEST_REFERENCE
from promises.kernel.text import LOCALES, N_

MATTERS = frozenset(TicketKind) - {TicketKind.VISIT}
_ONE_OF_THESE = N_("This is none of the values that are possible here.")


class NewMatterBody(Part):
    branch_id = Id(required=True)
    service_kind_id = Id(required=True, metadata={"description": "What it is about."})
    kind = Choice(TicketKind, of=MATTERS, required=True)
    subject = Text(
        load_default=None,
        validate=length(1, LONGEST_SUBJECT, N_("Give a text of 1 to 200 characters.")),
        metadata={"description": "For the staff; it can be erased."},
    )
    occurred_at = Instant(load_default=None, metadata={"description": WHEN})
    promised_at = Instant(
        load_default=None, metadata={"description": "A date that the customer was given."}
    )
    reference = Text(
        load_default=None,
        validate=length(1, LONGEST_REFERENCE, N_("Give a reference of 1 to 200 characters.")),
        metadata={"description": "Its name in your system; once a branch."},
    )
    customer_reference = Text(
        load_default=None,
        validate=length(1, LONGEST_REFERENCE, N_("Give a reference of 1 to 200 characters.")),
        metadata={"description": "Your reference of a known customer; only its hash is kept."},
    )
    locale = fields.String(
        load_default=None,
        validate=validate.OneOf(LOCALES, error=_ONE_OF_THESE),
        error_messages={"invalid": _ONE_OF_THESE},
        metadata={"description": "The customer's language."},
    )
    attributes = Facts(load_default=dict, metadata={"description": FACTS})
    payment = payment_field()


class OpenedSchema(Part):
    """A matter that was just opened. The code is given here and never again."""

    id = Id(required=True)
    public_code = Text(
        required=True, metadata={"description": "Whoever has it has the matter: keep it secret."}
    )
    url = Text(required=True, metadata={"description": "The customer's own page of the matter."})
    kind = Choice(TicketKind, of=MATTERS, required=True)
    branch_id = Id(required=True)
    service_kind_id = Id(required=True)
    day_on = Day(required=True)
    arrived_at = Instant(required=True)
    promised_at = Instant(required=True, allow_none=True)
    verified = Flag(required=True, metadata={"description": "Whether we vouch for the arrival."})


OPENED = {
    "id": EXAMPLE_ID,
    "public_code": "q3Zr8mV0cJk1xUuT5yB7Wg",
    "url": "https://promises.example/o/saastopankki/t/q3Zr8mV0cJk1xUuT5yB7Wg",
    "kind": "complaint",
    "branch_id": OTHER_ID,
    "service_kind_id": EXAMPLE_ID,
    "day_on": "2026-03-02",
    "arrived_at": "2026-03-02T10:00:00+00:00",
    "promised_at": None,
    "verified": True,
}
