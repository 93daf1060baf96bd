"""A manager with an app for codes and a passkey; nobody else has a second step."""

from promises.kernel.actors import Role
from tests.factories.second_steps import give_app, give_passkey


def fill(world):
    give_app(world.made, Role.MANAGER)
    _, passkey_id = give_passkey(world.made, Role.MANAGER, name="Work phone")
    return {"passkey_id": passkey_id}
