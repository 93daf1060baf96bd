"""`make i18n`: collects every text for people from code and templates into the catalogues.

Existing translations stay; texts that nobody uses any more go; new ones come in untranslated.
"""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

from promises.kernel.text import LOCALES, TRANSLATIONS

PACKAGE = Path(__file__).resolve().parents[1]
KEYWORDS = DEFAULT_KEYWORDS | {
    "N_": None,
    "NN_": (1, 2),
    "Message": (1,),
    "translate": (2,),
    "ntranslate": (2, 3),
}
METHODS = [("**.py", "python"), ("**/templates/**.*", "jinja2")]
SOURCE = "en"


def collect() -> Catalog:
    """Every text in the product, with the files that use it."""
    catalog = Catalog(project="Lupaus", charset="utf-8")
    found = extract_from_dir(
        PACKAGE, METHODS, {"**/templates/**.*": {"encoding": "utf-8", "silent": "false"}},
        keywords=KEYWORDS, comment_tags=("Translators:",), strip_comment_tags=True,
    )  # fmt: skip
    for file, _line, msgid, comments, context in found:
        catalog.add(
            msgid, locations=[(f"promises/{file}", 0)], auto_comments=comments, context=context
        )
    return catalog


def catalogue_path(locale: str, folder: Path = TRANSLATIONS) -> Path:
    return folder / locale / "LC_MESSAGES" / "messages.po"


def load(locale: str, folder: Path = TRANSLATIONS) -> Catalog:
    """The catalogue of a language, empty where there is none yet."""
    path = catalogue_path(locale, folder)
    if not path.exists():
        made = Catalog(
            locale=locale, project="Lupaus", version="1", charset="utf-8", fuzzy=False,
            header_comment=f"# The texts of Lupaus in {Locale(locale).english_name}.",
            last_translator="", language_team="", msgid_bugs_address="-",
        )  # fmt: skip
        # one fixed day: a date that changes with every run would hide the real changes
        made.creation_date = made.revision_date = datetime(2026, 11, 22, tzinfo=UTC)
        return made
    with path.open("rb") as file:
        return read_po(file, locale=locale)


def update(locale: str, texts: Catalog, folder: Path = TRANSLATIONS) -> int:
    """Bring one catalogue up to date with `texts`; returns how many it leaves untranslated."""
    catalog = load(locale, folder)
    texts.creation_date = catalog.creation_date
    catalog.update(texts, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    path = catalogue_path(locale, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalog, width=100, sort_output=True, include_lineno=False)
    return 0 if locale == SOURCE else len(list(untranslated(catalog)))


def untranslated(catalog: Catalog) -> Iterator[Message]:
    """Texts that would show in English."""
    for message in catalog:
        forms = message.string if isinstance(message.string, tuple) else (message.string,)
        if message.id and (message.fuzzy or not all(forms)):
            yield message


def main() -> int:
    texts = collect()
    for locale in LOCALES:
        left = update(locale, texts)
        print(f"{locale}: {len(texts)} texts, {left} without translation")
    return 0


if __name__ == "__main__":
    sys.exit(main())
