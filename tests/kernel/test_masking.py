"""Personal data in free text is found by its shape; what only looks a little like it stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promises.kernel.masking import MASK, mask_personal

HIDDEN = (
    "anna.maria+pankki@posti.example", "040 123 4567", "+358 40 1234567", "(09) 123-4567",
    "0401234567", "FI21 1234 5600 0007 85", "FI2112345600000785", "131052-308T", "010101A123N",
    "4111 1111 1111 1111",
)  # fmt: skip
LEFT = (
    "3.11.2026", "2026-11-03", "11/03/2026", "30 minuuttia", "klo 12.30", "10 €", "A042",
    "Odotin 15 min 2 kertaa", "vuosi 2026", "@keskusta", "1234",
)  # fmt: skip


@pytest.mark.parametrize("secret", HIDDEN)
def test_what_has_the_shape_of_personal_data_is_hidden_wherever_it_stands(secret):
    for text in ("{}", "Soita {}.", "({}) kiitos", "a, {}, b", "rivi\n{}\nrivi"):
        masked = mask_personal(text.format(secret))
        assert secret not in masked
        assert MASK in masked
        assert masked.count("rivi") == text.count("rivi")


@pytest.mark.parametrize("plain", LEFT)
def test_dates_times_sums_and_numbers_of_tickets_stay(plain):
    assert mask_personal(f"Kävin {plain} siellä") == f"Kävin {plain} siellä"


@given(st.text(max_size=60))
def test_masking_twice_is_masking_once(text):
    once = mask_personal(text)
    assert mask_personal(once) == once
