"""Money: whole minor units with a currency. Never a float."""

from dataclasses import dataclass
from decimal import Decimal

# ISO 4217, the active currencies that money is really paid in (no metals, funds or test codes).
_ACTIVE = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN
    BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL
    GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF
    KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN
    MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD
    SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH
    UGX USD UYU UZS VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
_WITHOUT_MINOR = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_WITH_THREE_DIGITS = "BHD IQD JOD KWD LYD OMR TND"

CURRENCIES = frozenset(_ACTIVE.split())
_MINOR_DIGITS = dict.fromkeys(_WITHOUT_MINOR.split(), 0) | dict.fromkeys(
    _WITH_THREE_DIGITS.split(), 3
)


def is_currency(code: object) -> bool:
    return isinstance(code, str) and code in CURRENCIES


def minor_digits(currency: str) -> int:
    """How many decimals the currency has: 2 for EUR, 0 for JPY, 3 for KWD. KeyError if unknown."""
    if currency not in CURRENCIES:
        raise KeyError(currency)
    return _MINOR_DIGITS.get(currency, 2)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units; may be negative (a reversal). Two currencies never mix."""

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.amount_minor) is not int:
            raise TypeError("money counts whole minor units")
        if not is_currency(self.currency):
            raise ValueError(f"no such currency: {self.currency!r}")

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount_minor + other.amount_minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount_minor - other.amount_minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount_minor, self.currency)

    @property
    def major(self) -> Decimal:
        """The amount in whole units, exact and with all decimals: 1000 cents → Decimal('10.00')."""
        return Decimal(self.amount_minor).scaleb(-minor_digits(self.currency))

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not add up")
