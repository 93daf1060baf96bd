"""Which promise, branch and days a page of figures is about, read from its address."""

import datetime as dt
import uuid
from dataclasses import dataclass

from flask import request
from werkzeug.datastructures import MultiDict

from promises.catalogue.queries import PromiseInfo, list_promises
from promises.db.session import UnitOfWork
from promises.http.context import current
from promises.identity.models import Branch
from promises.identity.queries import list_branches
from promises.kernel.zones import local_date
from promises.reporting.overview import last_days
from promises.reporting.scorecard import Selection
from promises.web.forms.catalogue import PeriodForm
from promises.web.words import title_of

SPAN_DAYS = 90


@dataclass(frozen=True, slots=True)
class Chosen:
    """`form` shows what is chosen; somebody bound to a branch sees that branch only."""

    form: PeriodForm
    selection: Selection
    today: dt.date
    promises: dict[uuid.UUID, PromiseInfo]
    branches: dict[uuid.UUID, Branch]

    def address(self, **changes: object) -> dict[str, object]:
        """The arguments of an address that chooses the same."""
        chosen = self.selection
        kept = {
            "promise": chosen.promise_id,
            "branch": chosen.branch_id,
            "from_on": chosen.from_on,
            "to_on": chosen.to_on,
        }
        return {name: value for name, value in (kept | changes).items() if value is not None}


def choose(uow: UnitOfWork, *, days: int | None = None) -> Chosen:
    """`days`: how far back to look where the address does not say; None: all the time."""
    found = current()
    today = local_date(uow.now, found.organisation.time_zone)
    promises = list_promises(uow.session, organisation_id=uow.organisation_id, at=uow.now)
    branches = list_branches(uow.session, organisation_id=uow.organisation_id, closed=True)
    mine = [one for one in branches if found.branch_id in (None, one.id)]
    form = PeriodForm(formdata=MultiDict(request.args))
    form.offer(
        [(one.promise_id, title_of(one)) for one in promises],
        [(one.id, one.name) for one in mine],
    )
    fine = form.validate()
    default = last_days(today, days) if days and not _asked_for_days() else Selection()
    selection = Selection(
        form.promise.data if fine else None,
        found.branch_id or (form.branch.data if fine else None),
        (form.from_on.data if fine else None) or default.from_on,
        (form.to_on.data if fine else None) or default.to_on,
    )
    return Chosen(
        form,
        selection,
        today,
        {one.promise_id: one for one in promises},
        {one.id: one for one in branches},
    )


def _asked_for_days() -> bool:
    return bool(request.args.get("from_on") or request.args.get("to_on"))
