"""Long enough, not guessable, slow to check."""

import pytest

from promises.identity import passwords

WORDS = ("Matti Meikäläinen", "matti.m@keskuspankki.fi", "Keskuspankki Oy", "keskuspankki")


@pytest.mark.parametrize(
    "password",
    [
        "fourteen signs",
        "passwordpassword",
        "Salasana12345678",
        "aaaaaaaaaaaaaaaaaaaa",
        "abababababababab",
        "qwertyuiop asdfghjkl",
        "123456789012345",
        "Keskuspankki2026!!",
        "matti meikäläinen 1",
        "keskuspankki keskuspankki",
        "x" * 257,
        "a quiet\x00 birch tree",
    ],
)
def test_short_long_and_guessable_passwords_are_refused(password):
    assert passwords.password_problems(password, WORDS)


@pytest.mark.parametrize(
    "password",
    [
        "quiet birch by the lake",
        "hiljainen koivu rannalla",
        "kort-lång-blå-häst-7",
        "密码密码很长的密码句子可以很安全的吧",
        "correct horse battery staple",
        "z" * 3 + "Vk9!pQ2w#Lx7$Rt",
        "w8j f2k q0m z5r t1v " * 12,
    ],
)
def test_any_long_phrase_is_welcome(password):
    assert passwords.password_problems(password, WORDS) == []


def test_a_hash_opens_for_its_password_in_either_form_of_its_signs():
    stored = passwords.hash_password("pa\u0308iva\u0308 paistaa taas")
    assert "päivä" not in stored
    assert passwords.verify_password(stored, "päivä paistaa taas")
    assert not passwords.verify_password(stored, "Päivä paistaa taas")
    assert not passwords.needs_rehash(stored)


def test_without_a_stored_hash_no_password_is_right():
    assert not passwords.verify_password(None, "quiet birch by the lake")
    assert not passwords.verify_password("no hash", "quiet birch by the lake")


def test_a_weaker_hash_asks_to_be_made_again():
    from argon2 import PasswordHasher

    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("x")
    assert passwords.needs_rehash(weak)


def test_no_more_than_two_are_hashed_at_once():
    with passwords._Place(), passwords._Place():
        assert not passwords._places.acquire(timeout=0)
    assert passwords._places.acquire(timeout=0)
    passwords._places.release()


def test_nobody_takes_as_long_as_somebody():
    """Else the time would tell who has an account. The fastest of a few runs: load only adds."""
    from time import perf_counter

    stored = passwords.hash_password("quiet birch by the lake")
    passwords.verify_password(None, "warm up")

    def fastest(known):
        taken = []
        for _ in range(4):
            start = perf_counter()
            passwords.verify_password(known, "not the right one")
            taken.append(perf_counter() - start)
        return min(taken)

    assert fastest(None) > 0.6 * fastest(stored)
