import pytest

from promises.rules.sentences import LONGEST_SENTENCE, sentence_problems


def kinds(text):
    return [message.msgid.split(".")[0][:40] for message in sentence_problems(text)]


VAGUE = "“%(word)s” cannot be measured"
NO_NUMBER = "There is no number in it"
NO_UNIT = "The number stands without a unit that ca"
ZERO = "Nobody can keep a limit of zero"


@pytest.mark.parametrize(
    "text",
    [
        "We serve you within 15 minutes, or we pay you 10 €.",
        "We serve you in 15min",
        "You hear from us in an hour.",
        "We call you back within two working days.",
        "Half an hour is the longest you wait.",
        "Served in a quarter of an hour",
        "At most 3 people stand before you.",
        "Palvelemme sinut viidessätoista minuutissa tai maksamme 10 €.",
        "Palvelemme sinut 15 minuutin kuluessa.",
        "Vastaamme kahden arkipäivän sisällä.",
        "Pääset palveltavaksi vartissa.",
        "Puolessa tunnissa luukulle.",
        "Soitamme takaisin 1,5 h kuluessa",
        "Vi betjänar dig inom 15 minuter, annars betalar vi 10 €.",
        "Vi svarar inom två arbetsdagar.",
        "Vi ringer tillbaka inom en timme.",
        "En kvart är det längsta du väntar.",
        "We smile, and serve you within\n15 minutes.",
    ],
)
def test_sentence_that_can_be_measured_has_no_problems(text):
    assert sentence_problems(text) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Always smile.", [VAGUE, NO_NUMBER]),
        ("Surprise the customer!", [VAGUE, NO_NUMBER]),
        ("We answer as soon as possible.", [VAGUE, NO_NUMBER]),
        ("We answer as soon as possible, or we pay 10 €.", [VAGUE, NO_UNIT]),
        ("Hymyilemme aina.", [VAGUE, NO_NUMBER]),
        ("Yllätämme asiakkaan.", [VAGUE, NO_NUMBER]),
        ("Palvelemme mahdollisimman nopeasti.", [VAGUE, NO_NUMBER]),
        ("Vi ler alltid.", [VAGUE, NO_NUMBER]),
        ("Vi överraskar kunden.", [VAGUE, NO_NUMBER]),
        ("Have a nice day.", [NO_NUMBER]),
        ("We care about you.", [NO_NUMBER]),
        ("We pay 10 €.", [NO_UNIT]),
        ("You are served before 15.00.", [NO_UNIT]),
        ("We are 100 % there for you.", [NO_UNIT]),
        ("Five stars for everyone.", [NO_UNIT]),
        ("We serve you in 0 minutes.", [ZERO]),
        ("Palvelemme 0,0 minuutissa.", [ZERO]),
        ("", ["Write the promise as a sentence"]),
        (" \n\t", ["Write the promise as a sentence"]),
        ("Within 15 minutes\x00", ["The sentence holds characters that canno"]),
        ("Within 15 \ud800 minutes", ["The sentence holds characters that canno"]),
        ("5 minutes " * 31, ["Keep the promise to %(most)s characters"]),
    ],
)
def test_sentence_that_is_vague_is_refused_with_the_reason(text, expected):
    assert kinds(text) == expected


def test_sentence_problem_names_the_vague_words():
    problem = sentence_problems("Palvelemme mahdollisimman nopeasti")[0]
    assert problem.params == {"word": "mahdollisimman nopeasti"}


def test_sentence_of_the_greatest_length_is_read():
    text = "15 minutes ".ljust(LONGEST_SENTENCE, "a")
    assert sentence_problems(text) == ()
    assert kinds(text + "a") == ["Keep the promise to %(most)s characters"]
