"""VAT inside a gross sum, against exact fractions; and the table of what each fact moves."""

from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promises.ledger.accounts import BY_RAIL, KINDS, Account, code_of, kind_of, read_code
from promises.ledger.facts import SIDES, PostingKind, sides_of
from promises.ledger.vat import MOST_RATE_BP, UNDECIDED, TaxTreatment, Vat

PRICE = TaxTreatment.PRICE_REDUCTION


def test_ten_euros_at_the_finnish_rate_split_as_the_tax_office_does():
    assert Vat(PRICE, 2550).part_of(1000) == 203


@given(st.integers(1, 10**15), st.integers(0, MOST_RATE_BP))
def test_vat_is_the_exact_part_with_a_half_rounded_up(gross, rate):
    exact = Fraction(gross) * rate / (10_000 + rate)
    vat = Vat(PRICE, rate).part_of(gross)
    assert vat == floor(exact + Fraction(1, 2))
    assert 0 <= vat < gross


def test_half_a_cent_is_rounded_up():
    assert Vat(PRICE, 5000).part_of(3) == 1  # exactly 1
    assert Vat(PRICE, 2500).part_of(5) == 1  # exactly 1
    assert Vat(PRICE, 2500).part_of(2) == 0  # 0.4
    assert Vat(PRICE, 1111).part_of(5) == 0  # below a half
    assert Vat(PRICE, 2000).part_of(3) == 1  # 0.5


@pytest.mark.parametrize("rate", [-1, MOST_RATE_BP + 1])
def test_rate_that_no_country_has_is_refused(rate):
    with pytest.raises(ValueError, match="rate"):
        Vat(PRICE, rate)


def test_only_a_price_reduction_has_a_rate():
    with pytest.raises(ValueError, match="price reduction"):
        Vat(TaxTreatment.DAMAGES, 2550)


@pytest.mark.parametrize("kind", list(PostingKind))
@pytest.mark.parametrize("rail", ["", "sepa"])
@pytest.mark.parametrize("vat", [None, UNDECIDED, Vat(PRICE, 2550)])
def test_whatever_happens_the_entries_sum_to_zero(kind, rail, vat):
    sides = sides_of(kind, rail, vat)
    assert sum(side.of_sum for side in sides) == 0
    assert sum(side.of_vat for side in sides) == 0
    assert len({side.code for side in sides}) == len(sides)
    for side in sides:
        kind_of(side.code)


def test_every_fact_and_every_account_is_in_the_tables():
    assert set(SIDES) == set(PostingKind)
    assert set(KINDS) == set(Account)
    assert {account for pair in SIDES.values() for account in pair} | {
        Account.SALES_ADJUSTMENT,
        Account.VAT_PAYABLE,
    } == set(Account)


@pytest.mark.parametrize("account", list(Account))
@pytest.mark.parametrize("rail", ["", "stripe_refund"])
def test_code_tells_the_account_and_the_rail(account, rail):
    shown = rail if account in BY_RAIL else ""
    assert read_code(code_of(account, rail)) == (account, shown)
