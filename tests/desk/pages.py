"""A clerk's browser without JavaScript, at the counter of an organisation whose clock is set."""

import re

from promises.kernel.actors import Role
from tests.flows.ground import World
from tests.parts import check_page
from tests.web.staff import sign_in


class Counter:
    """Presses the buttons of the page as they stand there, hidden fields and all."""

    def __init__(self, client, *, role=Role.CLERK, world=None, counter=0, **terms):
        self.client = client
        self.world = world or World(**terms)
        self.role = role
        with self.world.at(self.world.now):
            sign_in(client, self.world.made, role)
        if role is Role.CLERK:
            self.post("counter/pick", counter_id=self.world.made.counter_ids[counter])

    def address(self, path):
        return f"/o/{self.world.made.slug}/staff/{path}"

    def get(self, path="counter", **query):
        with self.world.at(self.world.now):
            return self.client.get(self.address(path), query_string=query)

    def page(self, path="counter", **query):
        return check_page(self.get(path, **query))

    def live(self, etag=None, **query):
        with self.world.at(self.world.now):
            headers = {"X-Live": "1"} | ({"If-None-Match": etag} if etag else {})
            return self.client.get(
                self.address("counter/live"), query_string=query, headers=headers
            )

    def post(self, path, **fields):
        """With the token of a page; whatever the page itself would send is given in `fields`."""
        with self.world.at(self.world.now):
            page = self.client.get(self.address("counter/pick"))
            token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
            fields = {name: str(value) for name, value in fields.items()}
            data = fields | ({"csrf_token": token[1]} if token else {})
            return self.client.post(self.address(path), data=data)

    def press(self, path, *, what=None, index=0, page=None, **fields):
        """The button on the counter's page that posts to `path` (and does `what`), then the page
        that it leads to."""
        shown = page or self.page()
        target = self.address(path)
        found = [
            hidden
            for _method, action, hidden in shown.forms
            if action == target and (what is None or hidden.get("what") == what)
        ]
        assert found, f"no button posts {what or ''} to {path}"
        with self.world.at(self.world.now):
            answer = self.client.post(target, data=found[index] | fields)
        assert answer.status_code == 303, answer.text
        with self.world.at(self.world.now):
            return check_page(self.client.get(answer.headers["Location"]))
