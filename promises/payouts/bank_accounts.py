"""A bank account as a customer types it: checked, and what is wrong with it said plainly."""

from dataclasses import dataclass, field

from schwifty import IBAN
from schwifty.exceptions import (
    InvalidChecksumDigits,
    InvalidCountryCode,
    InvalidLength,
    SchwiftyException,
)

from promises.kernel.errors import FieldProblem, Refused
from promises.kernel.text import N_

LONGEST_NAME = 70
"""What a credit transfer carries of a name."""

LONGEST_IBAN = 34
_SHORTEST_IBAN = 15
_JOINED = frozenset({"AL", "MD", "ME", "MK", "RS"})
"""Countries that have come to the area since the list that `schwifty` has."""

_FORGIVEN = frozenset(" \t\u00a0\u202f-–.")


@dataclass(frozen=True, slots=True)
class BankAccount:
    """An account in the SEPA zone and its holder, as typed by somebody and found sound."""

    iban: str = field(repr=False)
    holder: str = field(repr=False)


def checked_account(iban: str, holder: str) -> BankAccount:
    """Blanks and dashes are forgiven, anything else that is wrong is named.

    Raises Refused with the fields `iban` and `holder`.
    """
    plain = "".join(sign for sign in iban if sign not in _FORGIVEN).upper()
    name = " ".join(holder.split())
    problems = [*_wrong_iban(plain), *_wrong_name(name)]
    if problems:
        raise Refused(problems)
    return BankAccount(plain, name)


def _wrong_iban(plain: str) -> list[FieldProblem]:
    message, params = _iban_problem(plain)
    return [] if message is None else [FieldProblem("iban", message, params)]


def _iban_problem(plain: str) -> tuple[str | None, dict[str, object]]:
    if not plain:
        return N_("Give the account number."), {}
    if not plain.isascii() or not plain.isalnum():
        return N_("An account number holds only letters and digits."), {}
    if not plain[:2].isalpha():
        return N_("An account number begins with two letters for the country, such as FI."), {}
    if len(plain) < _SHORTEST_IBAN:
        return N_("This account number is too short. Check that all of it is there."), {}
    try:
        found = IBAN(plain)
    except InvalidCountryCode:
        return N_("No account numbers begin with %(letters)s."), {"letters": plain[:2]}
    except InvalidLength:
        return _wrong_length(plain)
    except InvalidChecksumDigits:
        return N_("One of the characters is not right. Compare them with your card or bank."), {}
    except SchwiftyException:
        return N_("Some characters do not fit this country. Check the letters O and I."), {}
    if not found.in_sepa_zone and found.country_code not in _JOINED:
        return N_("This account is outside the euro payments area. Choose another way."), {}
    return None, {}


def _wrong_length(plain: str) -> tuple[str, dict[str, object]]:
    right = IBAN(plain, allow_invalid=True).spec.iban_length
    return (
        N_("This account number has %(n)s characters; one from %(letters)s has %(right)s."),
        {"n": len(plain), "letters": plain[:2], "right": right},
    )


def _wrong_name(name: str) -> list[FieldProblem]:
    if not name:
        return [FieldProblem("holder", N_("Give the name of the account's holder."))]
    if len(name) > LONGEST_NAME:
        message = N_("Give the name in at most %(most)s characters.")
        return [FieldProblem("holder", message, {"most": LONGEST_NAME})]
    if not name.isprintable() or not any(sign.isalpha() for sign in name):
        return [FieldProblem("holder", N_("Give the name as your bank knows it."))]
    return []
