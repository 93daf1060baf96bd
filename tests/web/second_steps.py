"""Being asked who it is, and showing it."""

import datetime as dt
import json

from promises.identity.passkeys import Site
from promises.kernel.actors import Role
from promises.kernel.clock import process_clock
from tests.parts import Page
from tests.web.staff import csrf_token

MANAGER = Role.MANAGER
SITE = Site("localhost", "http://localhost", "A Bank")
MINUTE = dt.timedelta(minutes=1)


def base(made):
    return f"/o/{made.slug}/staff"


def asks(answer):
    """The form of the page that asks who it is, ready to be sent back with a proof."""
    method, action, fields = next(
        form for form in Page(answer.text).forms if "held" in form[2] and form[0] == "post"
    )
    return action, fields


def shows(client, asked, **proof):
    action, fields = asks(asked)
    return client.post(action, data=fields | {f"proof-{key}": text for key, text in proof.items()})


def now():
    return process_clock.now()


def begin(client, made, path, where="staff"):
    page = f"/o/{made.slug}/sign-in" if where == "" else f"{base(made)}/account"
    token = csrf_token(client, page)
    target = f"/o/{made.slug}/{path}" if where == "" else f"{base(made)}/{path}"
    answer = client.post(target, data={"csrf_token": token})
    assert answer.status_code == 200
    return json.loads(answer.text)
