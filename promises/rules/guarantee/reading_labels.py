"""What people call the names of the terms, in each language."""

from collections.abc import Mapping

from promises.kernel.documents import Section, pointer_to
from promises.kernel.text import LOCALES, N_
from promises.rules.guarantee.reading import Reader, below

LONGEST_LABEL = 80


def read_labels(reader: Reader, top: Section, names: frozenset[str]) -> None:
    """Checks `labels`: each belongs to a name of the terms and is said in one language at least.
    They change nothing that is owed, so the guarantee keeps them in its document alone."""
    value = top.get("labels")
    if value is None:
        return
    if not isinstance(value, Mapping):
        top.refuse("labels", N_("This must be an object with named fields."))
        return
    for name, body in value.items():
        place = pointer_to(below(top, "labels"), name)
        if name not in names:
            reader.refuse(place, N_("Nothing in these terms has this name."))
        section = reader.section(body, place, (), LOCALES)
        said = [locale for locale in LOCALES if section.get(locale) is not None]
        if not said:
            reader.refuse(place, N_("A label needs a text in one language at least."))
        for locale in said:
            _check(section, locale)


def _check(section: Section, locale: str) -> None:
    text = section.get(locale)
    if not isinstance(text, str) or not text.strip() or not text.isprintable():
        section.refuse(locale, N_("This must be a text."))
    elif len(text) > LONGEST_LABEL:
        section.refuse(locale, N_("Keep a label to %(most)s characters."), most=LONGEST_LABEL)
