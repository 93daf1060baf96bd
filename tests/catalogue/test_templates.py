"""Every template: it parses, its blanks stand in its terms, and it judges cases as it should."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from promises.catalogue.templates.library import BlankKind, template_of, templates
from promises.catalogue.templates.places import NoSuchPlace, put, value_at
from promises.kernel.text import LOCALES
from promises.rules.facts import EventKind, FactEvent, Facts
from promises.rules.guarantee.trial import try_terms
from promises.rules.judge import judge_committed
from promises.rules.terms import dump_terms, parse_terms
from promises.web.forms.editor_words import LABELS, NOTES, OPTIONS, STATED, UNITS

HELSINKI = ZoneInfo("Europe/Helsinki")
TICK = timedelta(microseconds=1)
# Monday to Friday; closed on Good Friday, Easter Monday and from Christmas Eve on.
CLOSED = ("2026-04-03", "2026-04-06", "2026-12-24", "2026-12-25")
BRANCH = {
    "format": 1,
    "zone": "Europe/Helsinki",
    "weekly": [[["09:00", "17:00"]]] * 5 + [[], []],
    "exceptions": {day: [] for day in CLOSED},
}


def at(text):
    """A local time of Helsinki as the engine takes it."""
    return datetime.fromisoformat(text).replace(tzinfo=HELSINKI).isoformat()


def judged(slug, facts, **changes):
    template = template_of(slug)
    terms = template.start("EUR", "Europe/Helsinki")
    for name, answer in changes.items():
        blank = next(one for one in template.blanks if one.name == name)
        blank.write(terms, answer)
    return try_terms(dump_terms(parse_terms(terms)), facts, {"branch": BRANCH})


CASES = [
    (one["template"], one["answers"], one["facts"], one["outcome"], one["amount_minor"])
    for one in json.loads((Path(__file__).parent / "template_cases.json").read_text())
]


@pytest.mark.parametrize(("slug", "changes", "facts", "outcome", "amount"), CASES)
def test_template_judges_the_case(slug, changes, facts, outcome, amount):
    found = judged(slug, facts, **changes)
    assert (found["outcome"], found["amount_minor"]) == (outcome, amount)


def test_weekly_word_is_owed_once_for_each_silent_week():
    facts = {"arrived_at": at("2026-03-02 12:00"), "period_start": at("2026-03-02 12:00")}
    kept = judged("weekly-word", facts | {"word_at": at("2026-03-09 23:59")})
    silent = judged("weekly-word", facts | {"now": at("2026-03-10 00:00")})
    assert (kept["outcome"], silent["outcome"], silent["amount_minor"]) == ("kept", "broken", 500)


@pytest.mark.parametrize("slug", ["served-15-minutes", "teller-5-minutes"])
@pytest.mark.parametrize(("boundary", "late", "state"), [
    ("inclusive", timedelta(0), "kept"), ("inclusive", TICK, "broken"),
    ("exclusive", -TICK, "kept"), ("exclusive", timedelta(0), "broken"),
])  # fmt: skip
def test_waiting_template_keeps_its_boundary(slug, boundary, late, state):
    document = template_of(slug).start("EUR", "Europe/Helsinki")
    put(document, "/limit/boundary", boundary)
    terms = parse_terms(document)
    came = datetime(2026, 3, 2, 10, tzinfo=HELSINKI)
    end = came + timedelta(seconds=terms.rule.limit_seconds) + late
    events = (FactEvent(EventKind.ARRIVED, came), FactEvent(terms.rule.until, end))
    facts = Facts("visit", None, None, events)
    assert judge_committed(terms, facts, end).state.value == state


def test_there_are_twenty_and_every_one_is_judged():
    judged_here = {case[0] for case in CASES}
    slugs = {one.slug for one in templates()}
    assert len(slugs) == 20
    assert slugs - judged_here == {"served-15-minutes", "teller-5-minutes", "weekly-word"}
    for slug in judged_here:
        assert sum(case[0] == slug for case in CASES) >= 2, slug


@pytest.mark.parametrize("template", templates(), ids=lambda one: one.slug)
def test_template_is_whole_and_speaks_three_languages(template):
    terms = template.start("SEK", "Europe/Stockholm")
    parsed = parse_terms(terms)
    assert parsed.currency == "SEK"
    assert all(blank.fits(terms) for blank in template.blanks)
    for words in (template.titles, template.answers, template.way_of_working):
        assert sorted(words) == sorted(LOCALES) and all(words.values())
    assert "…" not in "".join(template.suggested(terms).values())
    assert template.source.name and template.source.publisher and template.source.where
    assert set(template.stated) <= STATED.keys()
    assert template.source.note in ("", *NOTES)
    assert terms["format"] == 1 or any(blank.main for blank in template.blanks)


@pytest.mark.parametrize("template", templates(), ids=lambda one: one.slug)
def test_blanks_have_words_and_keep_what_is_written(template):
    terms = template.start("EUR", "Europe/Helsinki")
    for blank in template.blanks:
        assert blank.label in LABELS
        if blank.kind is BlankKind.NUMBER:
            assert blank.unit in UNITS
        if blank.kind is BlankKind.CHOICE:
            assert {one.name for one in blank.options} <= OPTIONS.keys()
            for option in blank.options:
                changed = json.loads(json.dumps(terms))
                blank.write(changed, option.name)
                assert blank.read(changed) == option.name
                parse_terms(changed)
        before = blank.read(terms)
        blank.write(terms, before)
        assert blank.read(terms) == before
    assert dump_terms(parse_terms(terms)) == dump_terms(
        parse_terms(template.start("EUR", "Europe/Helsinki"))
    )


def test_amounts_of_a_currency_without_cents_are_whole():
    template = template_of("delivery-late-weeks")
    terms = template.start("JPY", "Asia/Tokyo")
    assert value_at(terms, "/steps/0/cap") == 160
    waiting = template_of("served-15-minutes").start("KWD", "Asia/Kuwait")
    assert value_at(waiting, "/amount/amount_minor") == 10_000


def test_title_follows_the_answers():
    template = template_of("complaint-2-business-days")
    terms = template.start("EUR", "Europe/Helsinki")
    put(terms, "/deadlines/answer_before/add", 5)
    assert template.suggested(terms)["fi"] == "Valitukseesi vastataan 5 arkipäivässä"


def test_blank_of_which_the_place_is_gone_is_left_out():
    template = template_of("complaint-2-business-days")
    terms = template.start("EUR", "Europe/Helsinki")
    terms["deadlines"] = {"other": terms["deadlines"]["answer_before"]}
    terms["amount"] = {"largest": [1, 2]}
    assert [one.name for one in template.blanks if one.fits(terms)] == []


@pytest.mark.parametrize("place", ["", "x", "/a/b", "/list/7", "/list/x", "/list/0/deep"])
def test_place_that_is_not_there_is_refused(place):
    document = {"list": [1]}
    with pytest.raises(NoSuchPlace):
        put(document, place, 1)
    assert document == {"list": [1]}


def test_places_with_odd_keys_are_found():
    document = {"a/b": {"c~d": 1}}
    assert value_at(document, "/a~1b/c~0d") == 1
    put(document, "/a~1b/c~0d", None)
    assert document == {"a/b": {}}
