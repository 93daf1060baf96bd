"""The rail of hands: somebody pays, and enters what proves it."""

import datetime as dt

from promises.payouts.rails.base import Connection, Field, RailAccount
from promises.payouts.rails.run_files import RunRail

MANUAL = "manual"


class ManualMaker:
    """Nothing to set up; it is used where an administrator turns it on."""

    name = MANUAL
    by_run = True
    key_lives: dt.timedelta | None = None
    fields: tuple[Field, ...] = ()

    def open(self, account: RailAccount | None) -> "ManualRail":
        return ManualRail(MANUAL)


class ManualRail(RunRail):
    def test(self) -> Connection:
        return Connection(works=True)
