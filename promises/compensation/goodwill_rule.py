"""What an organisation lets its clerks give."""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.compensation.goodwill_errors import GiftTooLarge, GoodwillOff
from promises.compensation.goodwill_models import VatTreatment
from promises.db.sql import execute, one_or_none

USUAL_UNKNOWN_DAY = 3

_RULE = """
SELECT switched_on, purse_minor, most_gift_minor, most_customer_minor, vat_treatment,
    most_unknown_day
FROM goodwill_rules WHERE organisation_id = %(organisation_id)s
"""

_SET_RULE = """
INSERT INTO goodwill_rules AS r (organisation_id, switched_on, purse_minor, most_gift_minor,
    most_customer_minor, vat_treatment, most_unknown_day, changed_at)
VALUES (%(organisation_id)s, %(switched_on)s, %(purse_minor)s, %(most_gift_minor)s,
    %(most_customer_minor)s, %(vat_treatment)s, %(most_unknown_day)s, %(now)s)
ON CONFLICT (organisation_id) DO UPDATE SET switched_on = excluded.switched_on,
    purse_minor = excluded.purse_minor, most_gift_minor = excluded.most_gift_minor,
    most_customer_minor = excluded.most_customer_minor, vat_treatment = excluded.vat_treatment,
    most_unknown_day = excluded.most_unknown_day, changed_at = excluded.changed_at
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What clerks may give: the purse of a branch and month, one gift, one customer a month; and
    how many gifts in a day to people whom nobody knows, so that no limit by customer binds."""

    switched_on: bool
    purse_minor: int
    most_gift_minor: int
    most_customer_minor: int
    vat_treatment: VatTreatment
    most_unknown_day: int = USUAL_UNKNOWN_DAY


def rule_of(session: Session, *, organisation_id: uuid.UUID) -> Rule | None:
    """None where nothing was ever set."""
    row = one_or_none(session, _RULE, {"organisation_id": organisation_id})
    if row is None:
        return None
    return Rule(**row._asdict() | {"vat_treatment": VatTreatment(row.vat_treatment)})


def set_rule(session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, rule: Rule) -> None:
    """Raises GiftTooLarge where the limits do not fit each other."""
    if not 0 < rule.most_gift_minor <= min(rule.purse_minor, rule.most_customer_minor):
        raise GiftTooLarge
    if rule.most_unknown_day < 0:
        raise GiftTooLarge
    execute(
        session,
        _SET_RULE,
        {
            "organisation_id": organisation_id,
            "now": now,
            "switched_on": rule.switched_on,
            "purse_minor": rule.purse_minor,
            "most_gift_minor": rule.most_gift_minor,
            "most_customer_minor": rule.most_customer_minor,
            "most_unknown_day": rule.most_unknown_day,
            "vat_treatment": rule.vat_treatment.value,
        },
    )


def require_on(session: Session, organisation_id: uuid.UUID) -> Rule:
    rule = rule_of(session, organisation_id=organisation_id)
    if rule is None or not rule.switched_on:
        raise GoodwillOff
    return rule
