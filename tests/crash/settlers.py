"""Workers that settle payouts for ever, to be killed: a process imports everything and forks them.

    python -m tests.crash.settlers '{"url": …, "organisation_id": …, "rail": …, …}'

Each worker says its pid; one that dies is followed by the next. They end with their input.
"""

import datetime as dt
import json
import os
import signal
import sys
import threading
import time
import uuid

import psycopg
from sqlalchemy.exc import SQLAlchemyError

from promises.db.base import db
from promises.flows import settle_payouts
from promises.identity import keys
from promises.payouts import claiming
from promises.payouts.rails import account_call
from promises.payouts.rails.stripe_credit import credit_maker
from promises.payouts.rails.stripe_outbound import outbound_maker
from promises.payouts.rails.stripe_refund import refund_maker
from tests.conftest import bare_app
from tests.flows.ground import RAILS

MAKERS = {
    "stripe_refund": refund_maker,
    "stripe_credit": credit_maker,
    "stripe_outbound": outbound_maker,
    "account_call": lambda _: account_call.AccountCallMaker(),
}
PATIENCE_S = (1.0, 0.5)
PAUSE_S = 0.05


def maker_of(rail, address):
    maker = MAKERS[rail](address)
    if hasattr(maker, "timeout_s"):
        maker.timeout_s = PATIENCE_S
    return maker


def settle_for_ever(told):
    """A shorter lease than in earnest, so that the dead are followed within the test."""
    claiming.LEASE = dt.timedelta(seconds=told["lease_s"])
    settle_payouts.CALL_WITHIN_S = told["lease_s"] / 2
    account_call.TIMEOUTS = PATIENCE_S
    keys.configure(bytes.fromhex(told["secret"]))
    rails = RAILS | {told["rail"]: maker_of(told["rail"], told["address"])}
    with bare_app(told["url"]).app_context():
        while True:
            try:
                settle_payouts.settle(uuid.UUID(told["organisation_id"]), rails)
            except (psycopg.Error, SQLAlchemyError):
                db.engine.dispose()
            time.sleep(PAUSE_S)


def keep(told):
    """One worker, and after its death the next."""
    while True:
        child = os.fork()
        if child == 0:
            settle_for_ever(told)
        os.write(sys.stdout.fileno(), f"{child}\n".encode())  # whole, whoever else speaks
        os.waitpid(child, 0)


def end_with_input():
    sys.stdin.read()
    os.killpg(0, signal.SIGKILL)


def main():
    told = json.loads(sys.argv[1])
    os.setpgid(0, 0)
    for _ in range(told["workers"] - 1):
        if os.fork() == 0:
            break
    else:
        threading.Thread(target=end_with_input, daemon=True).start()
    keep(told)


if __name__ == "__main__":
    main()
