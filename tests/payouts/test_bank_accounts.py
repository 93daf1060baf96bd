"""What customers type as their account: forgiven, or refused with what is wrong."""

import pytest

from promises.kernel.errors import Refused
from promises.kernel.text import render
from promises.payouts.bank_accounts import checked_account

SOUND = "FI2112345600000785"


@pytest.mark.parametrize(
    "typed",
    ["fi21 1234 5600 0007 85", "FI21-1234-5600-0007-85", "  FI21\u00a01234\u202f560000 0785"],
)
def test_blanks_dashes_and_small_letters_are_forgiven(typed):
    account = checked_account(typed, "  Väinö   Öljymäki ")
    assert (account.iban, account.holder) == (SOUND, "Väinö Öljymäki")
    assert SOUND not in repr(account)
    assert "Väinö" not in repr(account)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (" ", "Give the account number."),
        ("FI21 1234 5600 0007 8?", "only letters and digits"),
        ("ÅL21 1234 5600 0007 85", "only letters and digits"),
        ("1234 5600 0007 8500", "begins with two letters"),
        ("FI21 1234", "too short"),
        ("XX21 1234 5600 0007 85", "No account numbers begin with XX."),
        ("FI21 1234 5600 0007 855", "has 19 characters; one from FI has 18."),
        ("FI22 1234 5600 0007 85", "One of the characters is not right."),
        ("FI21 1234 56OO 0007 85", "Check the letters O and I."),
        ("TR33 0006 1005 1978 6457 8413 26", "outside the euro payments area"),
    ],
)
def test_what_is_wrong_with_a_number_is_named(typed, said):
    with pytest.raises(Refused) as refused:
        checked_account(typed, "Anna")
    (problem,) = refused.value.problems
    assert problem.field == "iban"
    assert said in render("en", problem.text)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "Give the name of the account's holder."),
        ("12 34", "as your bank knows it"),
        ("Anna\u200b\u0007", "as your bank knows it"),
        ("A" * 71, "at most 70 characters"),
    ],
)
def test_what_is_wrong_with_a_name_is_named(name, said):
    with pytest.raises(Refused) as refused:
        checked_account(SOUND, name)
    (problem,) = refused.value.problems
    assert problem.field == "holder"
    assert said in render("en", problem.text)


@pytest.mark.parametrize(
    "typed",
    [
        "SE45 5000 0000 0583 9825 7466",
        "GB82 WEST 1234 5698 7654 32",
        "FR14 2004 1010 0505 0001 3M02 606",
        "AL47 2121 1009 0000 0002 3569 8741",
        "MD24 AG00 0225 1000 1310 4168",
        "ME25 5050 0001 2345 6789 51",
        "MK07 2501 2000 0058 984",
        "RS35 2600 0560 1001 6113 79",
    ],
)
def test_accounts_of_the_whole_payments_area_are_taken(typed):
    assert checked_account(typed, "Anna").iban == typed.replace(" ", "")
