"""What the banks' reason codes mean for us (external code set of ISO 20022)."""

from promises.payouts.rails.base import Trouble

_TROUBLES = {
    Trouble.ACCOUNT_CLOSED: ("AC04", "AC07"),
    Trouble.DETAILS_WRONG: ("AC01", "AC02", "AC03", "RC01", "BE01", "BE04", "BE05", "RR02", "RR03"),
    Trouble.NO_FUNDS: ("AM04", "AM23"),
    Trouble.BLOCKED: ("AC06", "AG01", "AG02", "RR01", "RR04", "FR01", "MD07", "DNOR", "CNOR"),
}
_BY_CODE = {code: trouble for trouble, codes in _TROUBLES.items() for code in codes}


def trouble_of(reason: str | None) -> Trouble:
    """OTHER for codes that tell a customer nothing, such as MS03 (no reason given)."""
    return _BY_CODE.get(reason or "", Trouble.OTHER)
