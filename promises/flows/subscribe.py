"""Following promises by e-mail: somebody asks, confirms, stops."""

import uuid

from promises.catalogue.queries import promise_by_id, promise_by_slug
from promises.db.session import UnitOfWork
from promises.identity.queries import organisation_info
from promises.notify import subscriptions
from promises.notify.subscriptions import TOKEN, Wish


def ask(uow: UnitOfWork, *, address: str, locale: str, promise_slug: str | None = None) -> None:
    """Send the address a link that confirms, for one promise or for all. Nothing tells whether it
    follows already. Raises NoSuchPromise, and Refused where it is no e-mail address."""
    info = None
    if promise_slug is not None:
        info = promise_by_slug(
            uow.session, organisation_id=uow.organisation_id, slug=promise_slug, at=uow.now
        )
    slug = organisation_info(uow.session, organisation_id=uow.organisation_id).slug
    wish = Wish(
        address=address,
        locale=locale,
        promise_id=None if info is None else info.promise_id,
        titles={} if info is None else info.titles,
        page=f"/o/{slug}/follow/{TOKEN}?lang={locale}",
    )
    subscriptions.ask_to_follow(
        uow.session, organisation_id=uow.organisation_id, now=uow.now, wish=wish
    )


def look(uow: UnitOfWork, *, token: str) -> dict[str, str]:
    """The titles of the promise that the link is for, by language; empty for all promises. Raises
    LinkExpired."""
    asked = subscriptions.look_at_wish(
        uow.session, organisation_id=uow.organisation_id, now=uow.now, token=token
    )
    return _titles(uow, asked.promise_id)


def confirm(uow: UnitOfWork, *, token: str) -> None:
    """Raises LinkExpired, also for a link that was used."""
    subscriptions.confirm(
        uow.session, organisation_id=uow.organisation_id, now=uow.now, token=token
    )


def stop(uow: UnitOfWork, *, token: str) -> None:
    """Erases the address. Safe to repeat. Raises LinkExpired for a token that is none of ours."""
    subscriptions.stop(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        token=token,
    )


def check_stop(uow: UnitOfWork, *, token: str) -> None:
    """Raises LinkExpired for a token that is none of ours."""
    subscriptions.check_stop_token(uow.session, organisation_id=uow.organisation_id, token=token)


def _titles(uow: UnitOfWork, promise_id: uuid.UUID | None) -> dict[str, str]:
    if promise_id is None:
        return {}
    return promise_by_id(
        uow.session, organisation_id=uow.organisation_id, promise_id=promise_id, at=uow.now
    ).titles
