"""SEPA: a file of 5,000 payments, written and validated, beside text put together by hand."""

import datetime as dt
import uuid
from importlib.resources import files

from lxml import etree

from bench.floors import payment_file as floor
from bench.harness import Figure, cpu, interleave, percentile, quiet_gc, wall
from promises.kernel.money import Money
from promises.payouts.rails.sepa.writing import Payment, PaymentFile, write_payments

PAYMENTS = 5_000
LIMIT_S = 3.0
NOON = dt.datetime(2026, 3, 2, 12, 0, tzinfo=dt.UTC)


def measure(scale: str, times: int = 1) -> list[Figure]:
    head = PaymentFile("RUN1", NOON, NOON.date(), "Honkarannan säästöpankki", "FI2112345600000785")
    payments = [
        Payment(
            f"P{number}",
            uuid.UUID(int=number, version=4),
            Money(1_000 + number, "EUR"),
            "FI2112345600000785",
            "Väinö Öljymäki",
            "Hyvitys asiakaslupauksesta",
        )
        for number in range(PAYMENTS)
    ]
    assert write_payments(head, payments) == floor.write(head, payments)
    schema = etree.XMLSchema(
        etree.fromstring((files("sepaxml") / "schemas" / "pain.001.001.09.xsd").read_bytes())
    )

    def build_and_validate() -> None:
        schema.assertValid(etree.fromstring(write_payments(head, payments)))

    rounds = times * (3 if scale == "small" else 15)
    with quiet_gc():
        found = interleave(
            lambda: cpu(lambda: write_payments(head, payments)),
            lambda: cpu(lambda: floor.write(head, payments)),
            rounds=rounds,
        )
        whole = [wall(build_and_validate) for _ in range(rounds)]
    return [
        Figure(
            "SEPA",
            f"{PAYMENTS:,} payments written, beside text put together by hand, processor time",
            found.ratio,
            "×",
            20,
            10,
            quartiles=found.quartiles,
        ),
        Figure(
            "SEPA",
            f"{PAYMENTS:,} payments written and validated by the schema of ISO 20022",
            percentile(whole, 0.5),
            "s",
            LIMIT_S,
            1.0,
            notes=(f"slowest of {rounds}: {max(whole):.2f} s",),
        ),
    ]
