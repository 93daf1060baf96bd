from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from promises.kernel import text
from promises.kernel.money import Money
from promises.kernel.text import (
    LOCALES,
    N_,
    NN_,
    Message,
    Moment,
    format_count,
    format_date,
    format_datetime,
    format_duration,
    format_money,
    format_percent,
    format_time,
    load_catalog,
    ntranslate,
    render,
    translate,
)

PO = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Language: fi\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

msgid "Hello"
msgstr "Hei"

msgid "Owed: %(amount)s"
msgstr "Hyvitys: %(amount)s"

#, fuzzy
msgid "Unsure"
msgstr "Epävarma"

msgid "Untranslated"
msgstr ""

#, python-format
msgid "%(n)s ticket"
msgid_plural "%(n)s tickets"
msgstr[0] "%(n)s vuoronumero"
msgstr[1] "%(n)s vuoronumeroa"

msgid "half"
msgid_plural "halves"
msgstr[0] "puolikas"
msgstr[1] ""
"""
AT = datetime(2026, 10, 25, 0, 30, 5, 250_000, tzinfo=UTC)


@pytest.fixture
def finnish(tmp_path, monkeypatch):
    """Catalogs of our own: a Finnish one, and no Swedish file at all."""
    folder = tmp_path / "fi" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "messages.po").write_text(PO, encoding="utf-8")
    monkeypatch.setattr(text, "TRANSLATIONS", tmp_path)
    text._catalog.cache_clear()
    yield
    text._catalog.cache_clear()


def test_load_catalog_leaves_out_fuzzy_and_untranslated_messages(tmp_path):
    path = tmp_path / "messages.po"
    path.write_text(PO, encoding="utf-8")
    assert load_catalog(path) == {
        "Hello": "Hei",
        "Owed: %(amount)s": "Hyvitys: %(amount)s",
        "%(n)s ticket": ("%(n)s vuoronumero", "%(n)s vuoronumeroa"),
    }


def test_load_catalog_without_a_file_is_empty(tmp_path):
    assert load_catalog(tmp_path / "none.po") == {}


def test_translate_uses_the_catalog_and_falls_back_to_english(finnish):
    assert translate("fi", "Hello") == "Hei"
    assert translate("fi", "Unsure") == "Unsure"
    assert translate("sv", "Hello") == "Hello"
    assert translate("en", "Hello") == "Hello"
    assert translate("fi", "Owed: %(amount)s", amount=Money(1000, "EUR")) == "Hyvitys: 10,00\u00a0€"


def test_translate_leaves_per_cent_signs_alone_without_params():
    assert translate("en", "100 % kept") == "100 % kept"


def test_translate_refuses_an_unknown_language():
    with pytest.raises(ValueError, match="no such language"):
        translate("de", "Hello")


@pytest.mark.parametrize(
    ("locale", "n", "expected"),
    [
        ("fi", 0, "0 vuoronumeroa"),
        ("fi", 1, "1 vuoronumero"),
        ("fi", 2, "2 vuoronumeroa"),
        ("fi", 1234, "1\u00a0234 vuoronumeroa"),
        ("sv", 1, "1 ticket"),
        ("sv", 0, "0 tickets"),
        ("en", 21, "21 tickets"),
        ("en", -1, "-1 tickets"),
    ],
)
def test_ntranslate_takes_the_singular_for_exactly_one(finnish, locale, n, expected):
    assert ntranslate(locale, *NN_("%(n)s ticket", "%(n)s tickets"), n) == expected


def test_ntranslate_with_half_a_translation_shows_english(finnish):
    assert ntranslate("fi", "half", "halves", 1) == "half"


def test_render_of_a_plural_message_shows_its_singular(finnish):
    assert render("fi", Message(N_("%(n)s ticket"), {"n": 1})) == "1 vuoronumero"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain", "plain"),
        (1234, "1,234"),
        (Decimal("0.125"), "0.125"),
        (Money(1000, "EUR"), "€10.00"),
        (timedelta(minutes=4, seconds=30), "4\u00a0min 30\u00a0s"),
        (AT, "25 Oct 2026, 03:30"),
        (Moment(AT), "25 Oct 2026, 03:30:05"),
        (date(2026, 1, 2), "2 Jan 2026"),
        (Message("in %(s)s", {"s": timedelta(seconds=1)}), "in 1\u00a0s"),
        (None, "None"),
    ],
)
def test_render_shows_each_type_of_value_in_the_locale(value, shown):
    assert render("en", Message("%(value)s", {"value": value}), "Europe/Helsinki") == shown


@pytest.mark.parametrize(
    ("locale", "money", "trim", "shown"),
    [
        ("fi", Money(373_000, "EUR"), False, "3 730,00 €"),
        ("sv", Money(373_000, "EUR"), False, "3 730,00 €"),
        ("en", Money(373_000, "EUR"), False, "€3,730.00"),
        ("fi", Money(1000, "EUR"), True, "10 €"),
        ("fi", Money(1050, "EUR"), True, "10,50 €"),
        ("fi", Money(-1050, "EUR"), False, "-10,50 €"),
        ("en", Money(5, "JPY"), False, "JP¥5"),
        ("fi", Money(12_345, "KWD"), False, "12,345 KWD"),
        ("fi", Money(12_000, "IQD"), False, "12,000 IQD"),
    ],
)
def test_format_money_has_the_decimals_of_the_currency(locale, money, trim, shown):
    assert format_money(locale, money, trim=trim).replace("\u00a0", " ") == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"),
        (270, "4 min 30 s"),
        (900, "15 min"),
        (3661, "1 h 1 min 1 s"),
        (2 * 86_400 + 3600, "2 d 1 h"),
        (-5, "-5 s"),
        (timedelta(minutes=15, microseconds=1), "15 min 0.000001 s"),
        (timedelta(milliseconds=1500), "1.5 s"),
        (timedelta(seconds=10), "10 s"),
        (timedelta(seconds=-90), "-1 min 30 s"),
    ],
)
def test_format_duration_names_every_unit_that_is_not_zero(seconds, shown):
    assert format_duration("en", seconds).replace("\u00a0", " ") == shown


@pytest.mark.parametrize(
    ("locale", "shown"), [("fi", "1 pv 2 t 3 min 4,5 s"), ("sv", "1 d 2 h 3 min 4,5 s")]
)
def test_format_duration_uses_the_units_of_the_language(locale, shown):
    span = timedelta(days=1, hours=2, minutes=3, seconds=4.5)
    assert format_duration(locale, span).replace("\u00a0", " ") == shown


@pytest.mark.parametrize(
    ("share", "digits", "shown"),
    [
        (Fraction(9996, 10_000), 1, "99.9%"),
        (Fraction(9999, 10_000), 0, "99%"),
        (Fraction(1), 1, "100%"),
        (Fraction(2, 3), 1, "66.6%"),
        (Decimal("0.29"), 0, "29%"),
        (Fraction(93, 100), 1, "93%"),
        (Fraction(0), 1, "0%"),
    ],
)
def test_format_percent_is_cut_and_never_rounded_up(share, digits, shown):
    assert format_percent("en", share, digits) == shown


def test_format_percent_in_finnish_has_a_space_and_a_comma():
    assert format_percent("fi", Fraction(937, 1000)) == "93,7\u00a0%"


def test_format_percent_refuses_a_float():
    with pytest.raises(TypeError, match="Fraction"):
        format_percent("en", 0.29)


def test_format_count_groups_digits():
    assert format_count("en", 1_234_567) == "1,234,567"
    assert format_count("fi", 1_234_567) == "1\u00a0234\u00a0567"


@pytest.mark.parametrize(
    ("locale", "day", "time", "both"),
    [
        ("fi", "25.10.2026", "3.30.05", "25.10.2026 3.30"),
        ("sv", "25 okt. 2026", "03:30:05", "25 okt. 2026 03:30"),
        ("en", "25 Oct 2026", "03:30:05", "25 Oct 2026, 03:30"),
    ],
)
def test_formats_show_the_clock_of_the_zone(locale, day, time, both):
    assert format_date(locale, AT, "Europe/Helsinki") == day
    assert format_date(locale, date(2026, 10, 25)) == day
    assert format_time(locale, AT, "Europe/Helsinki", seconds=True) == time
    assert format_datetime(locale, AT, "Europe/Helsinki") == both


def test_formats_refuse_naive_times():
    with pytest.raises(ValueError, match="not an instant"):
        format_datetime("fi", datetime(2026, 1, 1), "UTC")  # noqa: DTZ001  refused


@pytest.mark.parametrize("locale", LOCALES)
def test_every_language_of_ours_has_formats(locale):
    assert format_duration(locale, 1)
    assert format_money(locale, Money(1, "EUR"))
    assert translate(locale, "no such text anywhere") == "no such text anywhere"


LATE = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)
"""In Helsinki the second of March."""


def test_times_in_messages_are_utc_unless_a_zone_is_given():
    message = text.Message("%(at)s", {"at": LATE})
    assert text.render("fi", message) == text.format_datetime("fi", LATE, "UTC")
    assert text.render("fi", message, "Europe/Helsinki") != text.render("fi", message)
    shown = text.ntranslate("en", "%(n)s at %(at)s", "%(n)s at %(at)s", 2, at=LATE)
    assert shown == "2 at " + text.format_datetime("en", LATE, "UTC")


def test_messages_show_any_other_value_as_its_text():
    assert text.translate("en", "%(what)s", what=Path("a") / "b") == str(Path("a") / "b")


def test_date_of_an_instant_is_that_of_the_zone():
    assert text.format_date("fi", LATE) == "1.3.2026"
    assert text.format_date("fi", LATE, "Europe/Helsinki") == "2.3.2026"
    assert text.format_datetime("fi", LATE, "Europe/Helsinki").startswith("2.3.2026")


def test_time_of_day_has_no_seconds_unless_asked_for():
    assert text.format_time("fi", LATE, "UTC") == "22.30"
    assert text.format_time("fi", LATE, "UTC", seconds=True) == "22.30.00"


def test_share_has_one_decimal_unless_told_otherwise():
    assert text.format_percent("en", Fraction(1, 3)) == "33.3%"
