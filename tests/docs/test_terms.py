"""What docs/terms.md shows is what the engine reads."""

import json
import re
from pathlib import Path

from promises.rules.terms import dump_terms, parse_terms

TEXT = (Path(__file__).parents[2] / "docs" / "terms.md").read_text()


def keys_of(document, prefix=""):
    for name, value in document.items():
        path = f"{prefix}{name}"
        if isinstance(value, dict) and name != "per_customer":
            yield from keys_of(value, f"{path}.")
        else:
            yield path


def test_example_is_read_and_written_back_unchanged():
    (example,) = re.findall(r"```json\n(.*?)```", TEXT, re.S)
    document = json.loads(example)
    assert dump_terms(parse_terms(document)) == document


def test_every_key_that_can_be_chosen_is_explained():
    document = dump_terms(parse_terms(json.loads(re.findall(r"```json\n(.*?)```", TEXT, re.S)[0])))
    fixed = {"measure.kind", "measure.from", "amount.kind"}
    explained = set(re.findall(r"^\| `([a-z_.]+)` \|", TEXT, re.M))
    assert set(keys_of(document)) - fixed == explained
