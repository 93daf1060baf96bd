"""Pages on a clock that the test sets, so that days and weeks pass in a moment. Everything else is
real: the service over loopback, its database, its flows."""

import dataclasses

from promises.db.session import inject_clock
from tests.e2e.live import PHONE, Branch


@dataclasses.dataclass
class Clocked:
    """The pages with the clock of the world that a test looks at. Stands before the application
    and leaves it as it was: other tests use the same one."""

    app: object
    world: object = None
    address: str = ""

    def __call__(self, environ, start_response):
        with inject_clock(lambda: self.world.now):
            return self.app(environ, start_response)


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
