"""What was paid for a case, as programs name it."""

from typing import Any

from marshmallow import validate

from promises.api.fields import Nested, Part, Text
from promises.kernel.text import N_
from promises.payouts.rails.stripe_credit import CUSTOMER_FORM
from promises.payouts.rails.stripe_outbound import RECIPIENT_FORM
from promises.payouts.rails.stripe_refund import PAYMENT_FORM

ACCOUNT_FORM = r"[0-9A-Za-z][0-9A-Za-z./_-]{0,33}"


def _form(pattern: str, message: str) -> validate.Regexp:
    return validate.Regexp(f"^{pattern}$", error=message)


class PaymentBody(Part):
    """At least one of these names makes it possible to pay without asking the customer."""

    class Meta:
        title = "Payment"

    stripe_payment = Text(
        load_default=None,
        validate=_form(
            PAYMENT_FORM.pattern,
            N_("Give a payment's id at Stripe, which begins with pi_, ch_ or py_."),
        ),
        metadata={"description": "The PaymentIntent or charge that compensation is refunded to."},
    )
    stripe_customer = Text(
        load_default=None,
        validate=_form(
            CUSTOMER_FORM.pattern, N_("Give a customer's id at Stripe, which begins with cus_.")
        ),
        metadata={"description": "Whose balance at Stripe is credited; for the next invoice."},
    )
    stripe_recipient = Text(
        load_default=None,
        validate=_form(
            RECIPIENT_FORM.pattern, N_("Give a recipient's id at Stripe, which begins with acct_.")
        ),
        metadata={"description": "Who gets an outbound payment, by their default payout method."},
    )
    account = Text(
        load_default=None,
        validate=_form(
            ACCOUNT_FORM, N_("Give a number of 1 to 34 letters, figures and signs . / _ -")
        ),
        metadata={
            "description": "The customer's number or account with you, for your own core system. "
            "It is sealed."
        },
    )


def payment_field() -> Nested:
    """Of everything that opens a case."""
    metadata: dict[str, Any] = {
        "description": "What was paid for the case. Compensation goes there without a question, by "
        "the rail that the organisation has in use; it is never shown again."
    }
    return Nested(PaymentBody, load_default=None, metadata=metadata)
