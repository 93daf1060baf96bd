"""What each promise's compensations are to the tax authority, as the accountant says, with its
history. What is posted keeps the split that it was posted with."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.db.sql import execute, rows
from promises.kernel.ids import new_id
from promises.ledger.errors import RateWithoutPrice, VatInThePast
from promises.ledger.vat import UNDECIDED, TaxTreatment, Vat

_CHOOSE = """
INSERT INTO vat_choices (organisation_id, id, promise_id, treatment, rate_bp, valid_from, set_at,
    set_by)
VALUES (%(organisation_id)s, %(id)s, %(promise_id)s, %(treatment)s, %(rate_bp)s, %(valid_from)s,
    %(now)s, %(set_by)s)
"""

# The newest first, so that the first that is in force on a day is the one.
_CHOICES = """
SELECT c.promise_id, c.treatment, c.rate_bp, c.valid_from, c.set_at, c.set_by, m.name AS set_by_name
FROM vat_choices c
LEFT JOIN members m ON m.organisation_id = c.organisation_id AND m.id = c.set_by
WHERE c.organisation_id = %(organisation_id)s AND c.promise_id = ANY(%(promise_ids)s)
ORDER BY c.valid_from DESC, c.set_at DESC, c.id DESC
"""


@dataclass(frozen=True, slots=True)
class VatChosen:
    vat: Vat
    valid_from: dt.date
    set_at: dt.datetime
    set_by: uuid.UUID | None
    set_by_name: str | None


@dataclass(frozen=True, slots=True)
class VatHistory:
    """All choices for some promises, each promise's newest day first."""

    chosen: dict[uuid.UUID, list[VatChosen]]

    def in_force(self, promise_id: uuid.UUID, on: dt.date) -> Vat:
        """What holds on a day; UNDECIDED where nobody has chosen for it."""
        for one in self.chosen.get(promise_id, ()):
            if one.valid_from <= on:
                return one.vat
        return UNDECIDED


def choose_vat(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    set_by: uuid.UUID | None,
    promise_id: uuid.UUID,
    vat: Vat,
    valid_from: dt.date,
    today: dt.date,
) -> None:
    """From a day on, which is today or later. Raises VatInThePast, RateWithoutPrice."""
    if valid_from < today:
        raise VatInThePast
    if vat.treatment is TaxTreatment.PRICE_REDUCTION and not vat.rate_bp:
        raise RateWithoutPrice
    params = {
        "organisation_id": organisation_id,
        "id": new_id(),
        "promise_id": promise_id,
        "treatment": vat.treatment.value,
        "rate_bp": vat.rate_bp,
        "valid_from": valid_from,
        "now": now,
        "set_by": set_by,
    }
    execute(session, _CHOOSE, params)


def vat_history(
    session: Session, *, organisation_id: uuid.UUID, promise_ids: Sequence[uuid.UUID]
) -> VatHistory:
    found: dict[uuid.UUID, list[VatChosen]] = {}
    params = {"organisation_id": organisation_id, "promise_ids": list(promise_ids)}
    for row in rows(session, _CHOICES, params):
        vat = Vat(TaxTreatment(row.treatment), row.rate_bp)
        chosen = VatChosen(vat, row.valid_from, row.set_at, row.set_by, row.set_by_name)
        found.setdefault(row.promise_id, []).append(chosen)
    return VatHistory(found)
