"""News for those who follow promises: found where it is public, told once, a batch at a time.

A piece of news is a row with the last subscription that was served, so a worker that dies goes on
where it was, and two workers take different rows.
"""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from promises.catalogue.queries import PromiseInfo, list_promises
from promises.db import sql
from promises.db.session import UnitOfWork
from promises.identity.queries import list_branches, organisation_info
from promises.kernel.ids import new_id
from promises.kernel.zones import local_date, resolve_local
from promises.notify import subscriptions
from promises.notify.actions import NewMessage, enqueue
from promises.notify.models import Channel, MessageKind
from promises.notify.subscriptions import Follower
from promises.reporting.public_changes import PublicChange, month_changes, public_changes
from promises.reporting.public_counts import day_counts

BACK = dt.timedelta(days=7)
"""News older than this is told to nobody: the worker was away for longer."""

MONTH_TOLD_AT = dt.time(6)
BATCH = 500
STILL_NEWS = dt.timedelta(days=7)

_KNOWN = """
SELECT key FROM public_news WHERE organisation_id = %(organisation_id)s AND key = ANY (%(keys)s)
"""

_ADD = """
INSERT INTO public_news (organisation_id, id, key, items, known_at)
VALUES (%(organisation_id)s, %(id)s, %(key)s, %(items)s, %(known_at)s)
ON CONFLICT (organisation_id, key) DO NOTHING
"""

_TAKE = """
SELECT id, key, items, known_at, told_through FROM public_news
WHERE organisation_id = %(organisation_id)s AND done_at IS NULL
ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
"""

_GO_ON = """
UPDATE public_news SET told_through = coalesce(%(told_through)s, told_through),
    done_at = CASE WHEN %(done)s THEN %(now)s::timestamptz END
WHERE organisation_id = %(organisation_id)s AND id = %(id)s
"""


@dataclass(frozen=True, slots=True)
class Told:
    """What a round did: letters put into the outbox, unconfirmed addresses forgotten."""

    letters: int
    forgotten: int


def tell_subscribers(uow: UnitOfWork) -> Told:
    """Once a minute. One statement each while nobody follows and nobody asked."""
    tenant = {"organisation_id": uow.organisation_id}
    forgotten = subscriptions.forget_unconfirmed(uow.session, **tenant, now=uow.now)
    if not subscriptions.anybody_follows(uow.session, **tenant):
        return Told(0, forgotten)
    _find(uow)
    return Told(_tell(uow), forgotten)


def _find(uow: UnitOfWork) -> None:
    """Lay down what became public and is not known as news yet."""
    changes = public_changes(
        uow.session, organisation_id=uow.organisation_id, since=uow.now - BACK, now=uow.now
    )
    known = _known(uow, [change.key for change in changes])
    fresh = [change for change in reversed(changes) if change.key not in known]
    branches = _branches(uow) if fresh else {}
    infos = _infos(uow) if fresh else {}
    for change in fresh:
        _add(uow, change.key, change.at, [change], infos, branches)
    _find_month(uow)


def _known(uow: UnitOfWork, keys: Sequence[str]) -> set[str]:
    if not keys:
        return set()
    params = {"organisation_id": uow.organisation_id, "keys": list(keys)}
    return {row.key for row in sql.rows(uow.session, _KNOWN, params)}


def _infos(uow: UnitOfWork) -> dict[uuid.UUID, PromiseInfo]:
    found = list_promises(uow.session, organisation_id=uow.organisation_id, at=uow.now)
    return {info.promise_id: info for info in found}


def _branches(uow: UnitOfWork) -> dict[uuid.UUID, str]:
    found = list_branches(uow.session, organisation_id=uow.organisation_id, closed=True)
    return {one.id: one.name for one in found}


def _find_month(uow: UnitOfWork) -> None:
    """The figures of the last whole month, in the morning of the first days after it."""
    zone = organisation_info(uow.session, organisation_id=uow.organisation_id).time_zone
    first = local_date(uow.now, zone).replace(day=1)
    told_at = resolve_local(dt.datetime.combine(first, MONTH_TOLD_AT), zone).instant
    if not told_at <= uow.now < told_at + BACK:
        return
    month_on = (first - dt.timedelta(days=1)).replace(day=1)
    key = f"month/{month_on:%Y-%m}"
    if _known(uow, [key]):
        return
    days = day_counts(
        uow.session,
        organisation_id=uow.organisation_id,
        promise_ids=None,
        from_on=month_on,
        to_on=first - dt.timedelta(days=1),
    )
    months = month_changes(days, now=uow.now, zone=zone, months=1)
    if months:
        _add(uow, key, told_at, months, _infos(uow), {})


def _add(
    uow: UnitOfWork,
    key: str,
    known_at: dt.datetime,
    changes: Sequence[PublicChange],
    infos: Mapping[uuid.UUID, PromiseInfo],
    branches: Mapping[uuid.UUID, str],
) -> None:
    items = [
        {
            "promise_id": str(one.promise_id),
            "slug": infos[one.promise_id].slug,
            "news": one.news(infos[one.promise_id].titles, branches).dump(),
        }
        for one in changes
    ]
    params = {"organisation_id": uow.organisation_id, "id": new_id(), "key": key}
    sql.execute(uow.session, _ADD, params | {"items": Jsonb(items), "known_at": known_at})


def _tell(uow: UnitOfWork) -> int:
    """At most about a batch of letters; the next round goes on."""
    slug, sent = "", 0
    while sent < BATCH:
        row = sql.one_or_none(uow.session, _TAKE, {"organisation_id": uow.organisation_id})
        if row is None:
            break
        slug = slug or organisation_info(uow.session, organisation_id=uow.organisation_id).slug
        sent += _tell_one(uow, row, slug)
    return sent


def _tell_one(uow: UnitOfWork, row: Any, slug: str) -> int:
    tenant = {"organisation_id": uow.organisation_id}
    followers = subscriptions.next_followers(
        uow.session,
        organisation_id=uow.organisation_id,
        known_at=row.known_at,
        after=row.told_through,
        limit=BATCH,
    )
    found = (_message(uow, row, one, slug) for one in followers)
    messages = [message for message in found if message is not None]
    enqueue(uow.session, organisation_id=uow.organisation_id, now=uow.now, messages=messages)
    progress = {
        "id": row.id,
        "now": uow.now,
        "told_through": followers[-1].subscription_id if followers else None,
        "done": len(followers) < BATCH,
    }
    sql.execute(uow.session, _GO_ON, tenant | progress)
    return len(messages)


def _message(uow: UnitOfWork, row: Any, to: Follower, slug: str) -> NewMessage | None:
    """None where none of it is about what they follow."""
    items = [one for one in row.items if to.promise_id in (None, uuid.UUID(one["promise_id"]))]
    if not items:
        return None
    token = subscriptions.stop_token(
        uow.session, organisation_id=uow.organisation_id, subscription_id=to.subscription_id
    )
    page = f"p/{items[0]['slug']}" if len(items) == 1 else ""
    return NewMessage(
        kind=MessageKind.FOLLOWED_NEWS,
        channel=Channel.EMAIL,
        locale=to.locale,
        dedupe_key=f"news/{row.id}/{to.subscription_id}",
        contact_id=to.contact_id,
        params={"items": [one["news"] for one in items], "page": f"{page}?lang={to.locale}"},
        secret=f"/o/{slug}/follow/stop/{token}?lang={to.locale}",
        expires_at=uow.now + STILL_NEWS,
    )
