"""Value added tax inside a gross sum: pure, in whole minor units and basis points."""

import enum
from dataclasses import dataclass

MOST_RATE_BP = 5000
"""No country asks for half of the price; with it a part is always smaller than the whole."""


class TaxTreatment(enum.StrEnum):
    """What a compensation is to the tax authority. Only the first has VAT in it."""

    PRICE_REDUCTION = "price_reduction"  # less to pay for what was bought: the VAT on it falls too
    DAMAGES = "damages"  # it makes up for harm
    GOODWILL_UNCLASSIFIED = "goodwill_unclassified"  # the accountant has not decided


@dataclass(frozen=True, slots=True)
class Vat:
    """A treatment with its rate in basis points (2550 is 25.5 %); without VAT the rate is 0."""

    treatment: TaxTreatment
    rate_bp: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.rate_bp <= MOST_RATE_BP:
            raise ValueError("a rate is between nothing and half")
        if self.rate_bp and self.treatment is not TaxTreatment.PRICE_REDUCTION:
            raise ValueError("only a price reduction has a rate")

    def part_of(self, gross_minor: int) -> int:
        """The VAT in a gross sum, a half rounded up."""
        whole = 10_000 + self.rate_bp
        return (2 * gross_minor * self.rate_bp + whole) // (2 * whole)


UNDECIDED = Vat(TaxTreatment.GOODWILL_UNCLASSIFIED)
