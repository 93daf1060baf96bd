"""Those who follow the promises: one confirmed, one who has not used the link yet."""

from promises.flows import subscribe
from promises.identity import keys
from promises.notify import subscriptions


def fill(world):
    ask(world, "follower@example.fi")
    with world.work(None) as uow:
        subscribe.confirm(uow, token=last_token(world))
    ask(world, "waiting@example.fi", promise_slug=world.promise_slug)
    world.follow_token = last_token(world)
    with world.work(None) as uow:
        world.stop_token = subscriptions.stop_token(
            uow.session, organisation_id=world.made.id,
            subscription_id=world.one(
                "SELECT id FROM subscriptions WHERE confirmed_at IS NOT NULL"
            ).id,
        )  # fmt: skip
    slug = world.promise_slug
    world.open_pages += [
        "/follow", f"/follow?promise={slug}", "/follow/asked", f"/follow/{world.follow_token}",
        "/follow/confirmed", f"/follow/stop/{world.stop_token}", "/follow/stopped",
    ]  # fmt: skip
    return {}


def ask(world, address, **more):
    with world.work(None) as uow:
        subscribe.ask(uow, address=address, locale="fi", **more)


def last_token(world):
    """Of the newest letter that asks for a confirmation."""
    sealed = world.one(
        "SELECT secret_sealed FROM messages WHERE kind = 'follow_asked'"
        " ORDER BY created_at DESC, id DESC LIMIT 1"
    ).secret_sealed
    with world.work(None) as uow:
        key = keys.organisation_key(uow.session, organisation_id=world.made.id, purpose="contact")
    return keys.unseal(key, sealed).partition("?")[0].rpartition("/")[2]
