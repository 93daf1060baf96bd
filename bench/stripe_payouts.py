"""Refunds a second through a Stripe that answers in 50 ms: as fast as it answers, and as a share of
the 25 a second that it allows at an endpoint. Workers are processes that know nothing of each
other; each payout is one effect, in the end."""

import multiprocessing
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Barrier
from typing import Any

from bench.ground import Ground, ground
from bench.harness import Figure
from promises.db.session import unit_of_work
from promises.db.sql import rows
from promises.flows.settle_payouts import settle
from promises.identity import keys
from promises.kernel.actors import SYSTEM
from promises.payouts.rails.names import STRIPE_REFUND
from promises.payouts.rails.stripe_refund import refund_maker
from tests.conftest import bare_app
from tests.fakes.stripe_server import TEST_KEY, StripeProcess
from tests.payouts.ground import Purse

ANSWER_S = 0.05
ALLOWED = 25
PAUSE_S = 0.05
LONGEST_S = 300.0


def measure(scale: str, times: int = 1) -> list[Figure]:
    count = (75 if scale == "small" else 300) * times
    with ground() as on:
        free = _rate(on, count, workers=1, rate=None)
        one, four = (_rate(on, count, workers=workers, rate=ALLOWED) for workers in (1, 4))
    told = f"{count} payouts, the provider answers in {ANSWER_S * 1000:.0f} ms"
    notes = ("each payout asks twice: what is left of the payment, and for the refund",)
    return [
        Figure("Stripe", f"{told}, one worker", free, "/s", None, notes=notes),
        Figure("Stripe", _share(told, "one worker"), one / ALLOWED * 100, "%", 80, 95, "higher"),
        Figure("Stripe", _share(told, "four workers"), four / ALLOWED * 100, "%", 50, 80, "higher"),
    ]


def _share(told: str, who: str) -> str:
    return f"{told} and takes {ALLOWED} a second, {who}: share of what it takes"


def _rate(on: Ground, count: int, *, workers: int, rate: int | None) -> float:
    """Payouts a second, from the moment when all workers begin."""
    with on.app.app_context(), StripeProcess() as stripe:
        purse = _owing(stripe, count)
        stripe.configure(latency_s=ANSWER_S, rate=rate)
        with _workers(on, purse.made.id, stripe.url, workers) as ready:
            ready.wait()
            begun = time.monotonic()
            while _waiting(purse.made.id):
                assert time.monotonic() - begun < LONGEST_S
                time.sleep(PAUSE_S)
            took = time.monotonic() - begun
        assert len({one.payout_id for one in stripe.effects()}) == count == len(stripe.effects())
    at_once = rate or 0  # it lets through the first second's worth together
    return (count - at_once) / took


def _owing(stripe: StripeProcess, count: int) -> Purse:
    for number in range(count):
        stripe.pay(f"pi_{number}", 5000)
    purse = Purse(refund_maker(stripe.url), rail=STRIPE_REFUND, secrets={"key": TEST_KEY})
    purse.owe(count)
    return purse


@contextmanager
def _workers(on: Ground, organisation_id: uuid.UUID, address: str, count: int) -> Iterator[Barrier]:
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(count + 1)
    told: tuple[Any, ...] = (
        on.config.app_url,
        on.config.secret_key,
        organisation_id,
        address,
        ready,
    )
    started = [context.Process(target=_work, args=told, daemon=True) for _ in range(count)]
    for process in started:
        process.start()
    try:
        yield ready
    finally:
        for process in started:
            process.terminate()
            process.join()


def _work(
    url: str, secret_key: bytes, organisation_id: uuid.UUID, address: str, ready: Barrier
) -> None:
    """A worker's loop, until it is ended."""
    keys.configure(secret_key)
    rails = {STRIPE_REFUND: refund_maker(address)}
    with bare_app(url).app_context():
        ready.wait()
        while True:
            settle(organisation_id, rails)
            time.sleep(PAUSE_S)


def _waiting(organisation_id: uuid.UUID) -> int:
    with unit_of_work(organisation_id, SYSTEM) as uow:
        found = rows(uow.session, "SELECT count(*) AS n FROM payouts WHERE state <> 'paid'", {})
    return int(found[0].n)
