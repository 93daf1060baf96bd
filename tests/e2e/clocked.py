"""Pages on a clock that the test sets, so that days and weeks pass in a moment. Everything else is
real: the service over loopback, its database, its flows."""

import dataclasses

from promises.db.session import inject_clock
from tests.e2e.live import PHONE, Branch


@dataclasses.dataclass
class Clocked:
    """The pages with the clock of the world that a test looks at."""

    app: object
    address: str
    world: object = None

    def __post_init__(self):
        inner = self.app.wsgi_app

        def wsgi_app(environ, start_response):
            with inject_clock(lambda: self.world.now):
                return inner(environ, start_response)

        self.app.wsgi_app = wsgi_app


class House(Branch):
    """A world on the test's clock, with everybody's browsers."""

    def __init__(self, clocked, browser, world):
        self.app, self.address, self.browser = clocked.app, clocked.address, browser
        self.contexts, self.problems = [], []
        self.world = clocked.world = world
        self.made = world.made

    def passes(self, instant):
        """The clock goes on to then; at each deadline on the way the worker does its work."""
        self.world.now = instant
        self.world.sweep_all()
        self.world.settle()

    def customer_page(self, code, lang):
        customer = self.person(PHONE, lang, script=False)
        customer.page.goto(f"/o/{self.made.slug}/t/{code}")
        return customer
