"""`flask terms`: terms read and tried on typed cases. Nothing is stored."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from promises.cli.refusals import told
from promises.rules.guarantee.facts import Unreadable, read_instant
from promises.rules.guarantee.trial import try_terms
from promises.rules.terms import parse_terms

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_CASE_KEYS = frozenset({"why", "facts", "history", "expected"})


@click.group("terms")
def terms_group() -> None:
    """Read terms, and try them on cases."""


@terms_group.command("check")
@click.argument("terms", type=FILE)
def check_command(terms: Path) -> None:
    """Say what is wrong with the document TERMS, by place."""
    with told():
        parse_terms(_read(terms))
    click.echo("These terms can be published.")


@terms_group.command("try")
@click.argument("terms", type=FILE)
@click.argument("facts", type=FILE)
@click.option("--calendars", type=FILE, help="calendars by name; otherwise none")
@click.option("--history", type=FILE, help="a list of earlier awards; otherwise none")
def try_command(terms: Path, facts: Path, calendars: Path | None, history: Path | None) -> None:
    """Judge what FACTS tells by TERMS, and print the answer as JSON.

    FACTS is one case, or a list of cases. A case is the facts themselves, or an object with
    `facts` and, where wanted, `history` and `expected`. Ends with code 1 where an answer is not
    as expected.
    """
    document, given = _read(terms), _read(facts)
    books = {} if calendars is None else _read(calendars)
    before = [] if history is None else _read(history)
    if not isinstance(books, Mapping) or not isinstance(before, list):
        raise click.ClickException("Calendars are an object by name, the history is a list.")
    cases = [_case(one, before) for one in (given if isinstance(given, list) else [given])]
    with told():
        answers = [
            _compared(try_terms(document, case["facts"], books, case["history"]), case["expected"])
            for case in cases
        ]
    shown = answers if isinstance(given, list) else answers[0]
    click.echo(json.dumps(shown, indent=1, ensure_ascii=False))
    if any("unlike" in one for one in answers):
        raise click.exceptions.Exit(1)


def _read(file: Path) -> Any:
    """JSON in which no name stands twice: the first of two would be lost in silence."""
    try:
        return json.loads(file.read_text(encoding="utf-8"), object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise click.ClickException(f"{file} is not JSON: {error}") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the name {name!r} stands twice in one object")
        found[name] = value
    return found


def _case(given: object, history: list[Any]) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise click.ClickException("A case is an object with a value for each fact.")
    plain = not (isinstance(given.get("facts"), Mapping) and given.keys() <= _CASE_KEYS)
    case = {"facts": given} if plain else given
    return {
        "facts": case["facts"],
        "history": case.get("history", history),
        "expected": case.get("expected", {}),
    }


def _compared(answer: dict[str, Any], expected: Mapping[str, Any]) -> dict[str, Any]:
    """The answer, with what was expected where it is another under `unlike`."""
    unlike = {name: value for name, value in expected.items() if not _same(answer, name, value)}
    return {**answer, "unlike": unlike} if unlike else answer


def _same(answer: Mapping[str, Any], name: str, expected: object) -> bool:
    """Instants are the same with any offset; of an object only the named entries are compared."""
    found = answer.get(name)
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        return all(_same(found, one, value) for one, value in expected.items())
    return _instant(found) == _instant(expected)


def _instant(value: object) -> object:
    if isinstance(value, str) and "T" in value:
        try:
            return read_instant(value)
        except Unreadable:
            return value
    return value
