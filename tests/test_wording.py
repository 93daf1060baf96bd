"""Plain, calm and kind: words that must not stand in any text for people, in any language."""

import re

import pytest

from promises.cli.catalogues import collect, load

BANNED = {
    "en": ("please", "oops", "whoops", "invalid", "illegal", "forbidden", "prohibited",
           "you forgot", "an error occurred", "organization", "organizations"),
    "fi": ("ole hyvä", "olkaa hyvä", "hups", "oho", "virheellinen", "virheellisiä", "kelvoton",
           "epäkelpo", "laiton", "kielletty", "unohdit"),
    "sv": ("vänligen", "var god", "var vänlig", "hoppsan", "oj", "ogiltig", "ogiltigt", "ogiltiga",
           "felaktig", "felaktigt", "olaglig", "förbjuden", "förbjudet", "du glömde"),
}  # fmt: skip


def texts(locale):
    """Every text of a language: the source's own, or the translations there are."""
    catalogue = collect() if locale == "en" else load(locale)
    for message in catalogue:
        shown = message.id if locale == "en" else message.string
        yield from filter(None, shown if isinstance(shown, tuple) else (shown,))


def found(locale, text):
    words = "|".join(re.escape(word) for word in BANNED[locale])
    return re.findall(rf"(?<!\w)(?:{words})(?!\w)", text, flags=re.IGNORECASE)


@pytest.mark.parametrize("locale", sorted(BANNED))
def test_no_text_scolds_or_begs(locale):
    assert [text for text in texts(locale) if found(locale, text)] == []


def test_banned_words_are_found_as_words_only():
    assert found("en", "Please, try again") == ["Please"]
    assert found("en", "This pleases everybody") == []
    assert found("sv", "Vad god var god") == ["var god"]
    assert found("fi", "hupsu") == []
