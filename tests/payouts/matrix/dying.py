"""Workers that die at a named point of settling, for tests of kills: real processes, ended without
a farewell.

    python -m tests.payouts.matrix.dying '{"url": …, "organisation_id": …, "points": […], …}'

For each point and line of its input a fork settles with the fault built in, here and nowhere in the
product; how it ended is a line of the output.
"""

import datetime as dt
import json
import os
import sys
import traceback
import uuid

from promises.db.session import inject_clock
from promises.flows import settle_payouts
from promises.identity import keys
from promises.payouts.rails.stripe_refund import refund_maker
from tests.conftest import bare_app
from tests.flows.ground import RAILS

DIED = 9


def die(*_, **__):
    os._exit(DIED)


class DyingRail:
    """Dies before or after the call that has an effect."""

    def __init__(self, rail, *, after):
        self.rail, self.after = rail, after
        self.find, self.look = rail.find, rail.look

    def submit(self, request):
        if self.after:
            self.rail.submit(request)
        die()


class DyingMaker:
    by_run = False

    def __init__(self, maker, *, after):
        self.maker, self.after = maker, after
        self.name, self.key_lives = maker.name, maker.key_lives

    def open(self, account):
        return DyingRail(self.maker.open(account), after=self.after)


def take_in_and_die(*given):
    """Everything is written and nothing committed."""
    take_in(*given)
    die()


take_in = settle_payouts.take_in


def build_in(point, maker):
    """The fault of this process; the maker to settle with."""
    if point == "before the call":
        return DyingMaker(maker, after=False)
    if point == "after the call":
        return DyingMaker(maker, after=True)
    if point == "before the commit":
        settle_payouts.take_in = take_in_and_die
    if point == "after the commit":
        settle_payouts._look_all = die
    return maker


def settle(told, point):
    keys.configure(bytes.fromhex(told["secret"]))
    maker = build_in(point, refund_maker(told["stripe"]))
    rails = RAILS | {maker.name: maker}
    instant = dt.datetime.fromisoformat(told["now"])
    with bare_app(told["url"]).app_context(), inject_clock(lambda: instant):
        settle_payouts.settle(uuid.UUID(told["organisation_id"]), rails)


def main():
    told = json.loads(sys.argv[1])
    for point in told["points"]:
        sys.stdin.readline()
        child = os.fork()
        if child == 0:
            try:
                settle(told, point)
            except Exception:  # noqa: BLE001  its exit code tells
                traceback.print_exc()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
