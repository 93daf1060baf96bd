"""The catalogues are complete, and collecting texts loses no translation."""

import re

import pytest

from promises.cli.catalogues import catalogue_path, collect, load, untranslated, update
from promises.kernel.text import LOCALES

PLACEHOLDER = re.compile(r"%\((\w+)\)")


@pytest.fixture(scope="module")
def texts():
    return collect()


def forms(value):
    return value if isinstance(value, tuple) else (value,)


@pytest.mark.parametrize("locale", ["fi", "sv"])
def test_every_text_is_translated(texts, locale):
    catalog = load(locale)
    missing = [m.id for m in texts if m.id and catalog.get(m.id, m.context) is None]
    missing += [m.id for m in untranslated(catalog)]
    assert missing == []


@pytest.mark.parametrize("locale", ["fi", "sv"])
def test_translations_carry_the_same_values_as_the_text(locale):
    wrong = []
    for message in load(locale):
        allowed = [set(PLACEHOLDER.findall(form)) for form in forms(message.id)]
        for form in forms(message.string):
            if message.id and form and set(PLACEHOLDER.findall(form)) not in allowed:
                wrong.append(message.id)
    assert wrong == []


@pytest.mark.parametrize("locale", LOCALES)
def test_catalogue_holds_only_texts_in_use(texts, locale):
    assert [m.id for m in load(locale) if m.id and texts.get(m.id, m.context) is None] == []


def test_update_keeps_translations_adds_new_texts_and_drops_unused_ones(tmp_path):
    texts = collect()
    update("fi", texts, tmp_path)
    text = next(m.id for m in texts if isinstance(m.id, str) and m.id)
    catalog = load("fi", tmp_path)
    assert len(catalog) == len(texts)
    path = catalogue_path("fi", tmp_path)
    path.write_text(
        path.read_text().replace(f'msgid "{text}"\nmsgstr ""', f'msgid "{text}"\nmsgstr "käännös"')
        + '\nmsgid "a text of long ago"\nmsgstr "vanha"\n'
    )
    left = update("fi", texts, tmp_path)
    updated = load("fi", tmp_path)
    assert updated[text].string == "käännös"
    assert updated.get("a text of long ago") is None
    assert left == len(texts) - 1


def test_update_without_changes_writes_the_same_file(tmp_path):
    texts = collect()
    update("sv", texts, tmp_path)
    before = catalogue_path("sv", tmp_path).read_bytes()
    update("sv", texts, tmp_path)
    assert catalogue_path("sv", tmp_path).read_bytes() == before
