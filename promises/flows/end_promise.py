"""The end of a promise, announced in time and in public."""

import datetime as dt
import uuid
from collections.abc import Mapping

from promises.audit.actions import record
from promises.catalogue.actions import end_promise as store_end
from promises.db.session import UnitOfWork


def end_promise(
    uow: UnitOfWork, *, promise_id: uuid.UUID, ends_at: dt.datetime, reasons: Mapping[str, str]
) -> dt.datetime:
    """From `ends_at` on the promise is made to nobody new; open commitments and debts stay, and so
    does its public page. Where it cannot wait for the notice, it is paused until then.

    The reasons, by language, are public. Raises NoSuchPromise, AlreadyEnding, DraftRefused,
    NoticeTooShort.
    """
    ended = store_end(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        promise_id=promise_id,
        ends_at=ends_at,
        reasons=reasons,
    )
    record(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        action="promise_ended",
        object_kind="promise",
        object_id=promise_id,
        details={"ends_at": ended.isoformat()},
    )
    return ended
