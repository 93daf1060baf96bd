"""Which words the terms of a promise ask about."""

import json

from promises.rules.guarantee.wordlists import listed_words
from promises.rules.terms import parse_terms

TERMS = {
    "format": 2,
    "currency": "EUR",
    "time_zone": "Europe/Helsinki",
    "facts": {
        "arrived_at": "instant", "restored_at": "instant", "cause": "text", "other": "text",
        "waits": "intervals", "outages": "intervals",
    },
    "measures": {
        "spent": {
            "elapsed": {
                "from": "arrived_at", "to": {"or_now": "restored_at"}, "unit": "hour",
                "pauses": {"in": "waits", "reasons": ["customer", "access"]},
            }
        },
    },
    "broken_when": {"any": [
        {"compare": [{"measure": "spent"}, ">", 4]},
        {"compare": [{"measure": "spent"}, ">", 9]},
    ]},
    "exclusions": [
        {"code": "storm", "when": {"one_of": {"fact": "cause", "values": ["storm", "flood"]}}},
        {"code": "war", "when": {"one_of": {"fact": "cause", "values": ["war", "storm"]}}},
    ],
    "amount": 100,
}  # fmt: skip


def guarantee(**parts):
    return parse_terms(json.loads(json.dumps(TERMS | parts))).guarantee


def test_words_of_a_text_are_those_of_all_its_conditions():
    assert listed_words(guarantee(), "cause") == ("flood", "storm", "war")
    assert listed_words(guarantee(), "other") == ()


def test_reasons_of_intervals_are_those_that_pause():
    assert listed_words(guarantee(), "waits") == ("access", "customer")
    assert listed_words(guarantee(), "outages") == ()


def test_pauses_for_any_reason_list_none():
    measures = {
        "spent": {
            "elapsed": {
                "from": "arrived_at", "to": {"or_now": "restored_at"}, "unit": "hour",
                "pauses": {"in": "waits"},
            }
        }
    }  # fmt: skip
    assert listed_words(guarantee(measures=measures), "waits") == ()
