"""A duty of the round: a cause of breaches that keeps coming back becomes a problem by itself."""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence

from promises.catalogue.raised_problems import BreachCase, raise_problem
from promises.db.session import UnitOfWork
from promises.feedback.settings import asking_of
from promises.identity.queries import organisation_row
from promises.improvement.causes_queries import list_causes
from promises.kernel.text import N_, translate
from promises.reporting.recurring_causes import TaggedBreach, last_tagged_at, tagged_breaches

LATELY = dt.timedelta(minutes=15)
_TEXT = N_("A cause of broken promises keeps coming back: %(cause)s")

Place = tuple[uuid.UUID | None, Sequence[TaggedBreach]]


def raise_problems(uow: UnitOfWork) -> int:
    """Looks when somebody named a cause lately, and in the first minutes of each hour: only a new
    name makes a cause recur. Returns how many breaches were put behind problems."""
    tagged_at = last_tagged_at(uow.session, organisation_id=uow.organisation_id)
    if tagged_at is None:
        return 0
    if uow.now - tagged_at > LATELY and uow.now.minute > 1:
        return 0
    return look_at_causes(uow)


def look_at_causes(uow: UnitOfWork) -> int:
    """One problem for each cause and branch that reached the threshold; and where no branch did,
    but all that are left together, one for everywhere. Safe to repeat."""
    asking = asking_of(uow.session, organisation_id=uow.organisation_id)
    since = uow.now - dt.timedelta(days=asking.recurring_days)
    found: dict[uuid.UUID, list[TaggedBreach]] = defaultdict(list)
    for one in tagged_breaches(uow.session, organisation_id=uow.organisation_id, since=since):
        found[one.cause_id].append(one)
    if not found:
        return 0
    language = organisation_row(uow.session, organisation_id=uow.organisation_id).locale
    causes = list_causes(uow.session, organisation_id=uow.organisation_id, retired=True)
    names = {one.cause_id: one.name(language) for one in causes}
    added = 0
    for cause_id, breaches in sorted(found.items()):
        text = translate(language, _TEXT, cause=names[cause_id])
        for branch_id, some in _places(breaches, asking.recurring_breaches):
            added += raise_problem(
                uow.session,
                organisation_id=uow.organisation_id,
                now=uow.now,
                cause_id=cause_id,
                branch_id=branch_id,
                text=text,
                cases=[
                    BreachCase(one.ticket_id, one.branch_id, one.service_kind_id, one.breached_at)
                    for one in some
                ],
            )
    return added


def _places(breaches: Sequence[TaggedBreach], threshold: int) -> Iterator[Place]:
    by_branch: dict[uuid.UUID, list[TaggedBreach]] = defaultdict(list)
    for one in breaches:
        by_branch[one.branch_id].append(one)
    rest: list[TaggedBreach] = []
    for branch_id, some in sorted(by_branch.items()):
        if len({one.ticket_id for one in some}) >= threshold:
            yield branch_id, some
        else:
            rest += some
    if len({one.ticket_id for one in rest}) >= threshold:
        yield None, rest
