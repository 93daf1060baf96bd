from decimal import Decimal

import pytest

from promises.kernel.money import CURRENCIES, Money, is_currency, minor_digits


def test_money_adds_subtracts_and_negates_in_one_currency():
    assert Money(1000, "EUR") + Money(250, "EUR") == Money(1250, "EUR")
    assert Money(1000, "EUR") - Money(1250, "EUR") == Money(-250, "EUR")
    assert -Money(5, "EUR") == Money(-5, "EUR")


def test_money_of_two_currencies_does_not_add_up():
    with pytest.raises(ValueError, match="do not add up"):
        Money(1, "EUR") + Money(1, "SEK")
    with pytest.raises(ValueError, match="do not add up"):
        Money(1, "EUR") - Money(1, "SEK")


@pytest.mark.parametrize("amount", [1.0, Decimal(1), "1", True, None])
def test_money_refuses_what_is_not_a_whole_number(amount):
    with pytest.raises(TypeError, match="whole minor units"):
        Money(amount, "EUR")


@pytest.mark.parametrize("currency", ["eur", "EURO", "XXX", "", None, 978])
def test_money_refuses_an_unknown_currency(currency):
    with pytest.raises(ValueError, match="no such currency"):
        Money(1, currency)


@pytest.mark.parametrize(
    ("money", "major"),
    [
        (Money(1000, "EUR"), "10.00"),
        (Money(-5, "EUR"), "-0.05"),
        (Money(12, "JPY"), "12"),
        (Money(12345, "KWD"), "12.345"),
        (Money(0, "SEK"), "0.00"),
    ],
)
def test_money_major_keeps_all_decimals(money, major):
    assert str(money.major) == major


def test_minor_digits_of_an_unknown_currency_is_a_key_error():
    with pytest.raises(KeyError, match="'EURO'"):
        minor_digits("EURO")


def test_currencies_are_three_capital_letters():
    assert all(len(code) == 3 and code.isupper() and code.isascii() for code in CURRENCIES)
    assert {"EUR", "SEK", "NOK", "DKK", "GBP", "USD"} <= CURRENCIES
    assert is_currency("EUR")
    assert not is_currency(["EUR"])
