"""Shares that say how much they know: never without the count behind them."""

from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction

FEWEST_FOR_SHARE = 30
"""Below this many cases a share says more than is known; then the counts are shown."""

_Z = Decimal("1.959963984540054")  # two-sided 95 per cent of the normal distribution


@dataclass(frozen=True, slots=True)
class KeptRate:
    """kept / (kept + broken); excluded and open cases are left out.

    `low` and `high` bound the share with 95 per cent confidence (Wilson's interval).
    """

    kept: int
    broken: int

    @property
    def cases(self) -> int:
        return self.kept + self.broken

    @property
    def share(self) -> Fraction | None:
        """Exact; None without a case."""
        return Fraction(self.kept, self.cases) if self.cases else None

    @property
    def shown(self) -> Fraction | None:
        """The share where it may be shown; None below 30 cases."""
        return self.share if self.cases >= FEWEST_FOR_SHARE else None

    @property
    def low(self) -> Decimal:
        return self._bounds()[0]

    @property
    def high(self) -> Decimal:
        return self._bounds()[1]

    def _bounds(self) -> tuple[Decimal, Decimal]:
        if not self.cases:
            return Decimal(0), Decimal(1)
        with localcontext(prec=28):
            n, p = Decimal(self.cases), Decimal(self.kept) / self.cases
            square = _Z * _Z / n
            middle = p + square / 2
            reach = _Z * (p * (1 - p) / n + square / (4 * n)).sqrt()
            low, high = (middle - reach) / (1 + square), (middle + reach) / (1 + square)
        return max(low, Decimal(0)), min(high, Decimal(1))


def room_for_breaches(rate: KeptRate, target: Fraction) -> int:
    """How many more cases could break, nothing else kept, with the target still met; negative:
    how many kept cases in a row it takes until it is met again, as a negative number."""
    kept, cases = rate.kept, rate.cases
    if target <= 0:
        return cases
    allowed = int(Fraction(kept) / target) - cases
    if allowed >= 0 or target >= 1:
        return allowed
    missing = (target * cases - kept) / (1 - target)
    return -int(-(-missing // 1))
