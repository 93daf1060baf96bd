"""No page speaks English to somebody who reads Finnish or Swedish, and no page is left out of the
tour. Fetched without a browser: what scripts add comes from the same templates."""

import re
from zoneinfo import available_timezones

import pytest
from flask.testing import FlaskClient

from promises.http.permissions import access_of
from promises.kernel.actors import Role
from tests.e2e.tour import NOT_PAGES, cookies_of, open_stops, staff_stops
from tests.pages import Page, faults
from tests.parts import VOID
from tests.web.staff import sign_in

pytestmark = pytest.mark.no_cover

WORDS_OF = {
    "title", "h1", "h2", "h3", "h4", "button", "a", "label", "legend", "th", "dt", "summary",
    "caption", "option", "p", "li", "small", "strong",
}  # fmt: skip
BOTH = {"English", "suomi", "svenska"} | {"API", "ISO", "JSON", "Latin", "Lupaus", "URI", "min"}
SAME = {
    "fi": BOTH | {"Excel", "Latvia"},
    "sv": BOTH | {"Excel", "Finland", "Partner", "Period", "Start", "Status", "Version"},
}
"""Words that are the same in English and in that language."""

OF_NO_LANGUAGE = r"https?://\S+|/\S+|Suomi|Svenska|English|[0-9A-Z]{4}|[a-z]+(_[a-z0-9]+)+"
"""Addresses, names of languages, groups of a code, names of problems."""

ZONES = available_timezones()
"""Asked for once: each time they are read from the disk."""


class Texts(Page):
    """The texts of elements in which a page speaks, without what people have written. Read
    together with what every page must be."""

    def __init__(self, html):
        super().__init__()
        self.found, self._stack = set(), []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        super().handle_starttag(tag, attributes)
        given = dict(attributes)
        if tag not in VOID:
            self._stack.append((tag, "lang" in given and tag != "html"))
        for name in ("aria-label", "placeholder", "alt"):
            self._note(given.get(name) or "")

    def handle_endtag(self, tag):
        super().handle_endtag(tag)
        while self._stack and self._stack.pop()[0] != tag:
            pass

    def handle_data(self, data):
        super().handle_data(data)
        tags = {tag for tag, _ in self._stack}
        if tags & {"script", "style", "textarea"} or any(foreign for _, foreign in self._stack):
            return
        if tags & WORDS_OF:
            self._note(data)

    def _note(self, text):
        text = " ".join(text.split())
        if len(re.findall(r"[^\W\d_]", text)) > 2:
            self.found.add(text)


@pytest.fixture(scope="module")
def stops(app, world):
    with app.app_context():
        return staff_stops(app, world) + open_stops(world)


@pytest.fixture(scope="module")
def sessions(app, world):
    return {role: sign_in(app.test_client(), world.made, role) for role in Role}


def texts(app, world, sessions, stop, lang):
    client = FlaskClient(app, app.response_class, use_cookies=True)
    jar = cookies_of(app, world, stop.visitor, sessions) | {"lupaus-lang": lang}
    for name, value in jar.items():
        client.set_cookie(name, value)
    if stop.first:
        client.get(stop.first)
    answer = client.get(stop.address(), follow_redirects=True)
    assert answer.status_code == stop.status, f"{stop} answers {answer.status_code}"
    assert f'<html lang="{lang}"' in answer.text, f"{stop} in {lang}"
    page = Texts(answer.text)
    assert faults(page) == [], f"{stop} in {lang}"
    return page.found


def data_texts(world):
    """Everything that people, not the service, have written in this organisation."""
    found = world.rows(
        "SELECT name AS t FROM organisations UNION SELECT name FROM branches"
        " UNION SELECT name FROM members UNION SELECT email FROM members"
        " UNION SELECT name FROM devices UNION SELECT name FROM api_keys"
        " UNION SELECT name FROM passkeys"
        " UNION SELECT name FROM import_mappings UNION SELECT filename FROM imports"
        " UNION SELECT external_ref FROM tickets UNION SELECT title FROM proposals"
        " UNION SELECT way_of_working FROM proposals UNION SELECT text FROM problems"
        " UNION SELECT needs FROM proposals UNION SELECT reason FROM proposal_changes"
        " UNION SELECT text FROM proposal_comments"
        " UNION SELECT reason FROM problems UNION SELECT note FROM problem_evidence"
        " UNION SELECT segment FROM problem_evidence UNION SELECT body FROM feedback_answers"
        " UNION SELECT filename FROM feedback_imports UNION SELECT body FROM staff_survey_texts"
        " UNION SELECT column_name FROM feedback_row_problems"
        " UNION SELECT reason FROM decisions UNION SELECT reason FROM annulments"
        " UNION SELECT way_of_working FROM promise_versions"
        " UNION SELECT team_reward FROM promise_versions"
        " UNION SELECT end_reason FROM promises UNION SELECT last4 FROM vouchers"
        " UNION SELECT last4 FROM api_keys UNION SELECT slug FROM organisations"
        " UNION SELECT body FROM matter_texts UNION SELECT name FROM partners"
        " UNION SELECT slug FROM partners"
        " UNION SELECT v.value FROM promises, jsonb_each_text(titles) v"
        " UNION SELECT v.value FROM service_kinds, jsonb_each_text(names) v"
        " UNION SELECT v.value FROM promise_pauses, jsonb_each_text(reasons) v"
        " UNION SELECT v.value FROM promise_changes, jsonb_each_text(reasons) v"
        " UNION SELECT v.value FROM promise_ends, jsonb_each_text(reasons) v"
        " UNION SELECT sentence FROM promise_reviews"
        " UNION SELECT name FROM ledger_chart_entries"
        " UNION SELECT v.value FROM promise_reviews, jsonb_each_text(public_texts) v"
        " UNION SELECT v.value FROM drafts, jsonb_each_text(answers) v"
        " UNION SELECT v.value FROM causes, jsonb_each_text(names) v"
        " UNION SELECT v.value FROM improvement_actions, jsonb_each_text(public_texts) v"
        " UNION SELECT words FROM goodwill_gifts UNION SELECT decision_reason FROM goodwill_gifts"
        " UNION SELECT v.value FROM version_gestures, jsonb_each_text(words) v"
        " UNION SELECT reason FROM return_assumptions"
        " UNION SELECT reason FROM compensation_decisions"
        " UNION SELECT message_id FROM payout_runs UNION SELECT message_id FROM bank_files"
        " UNION SELECT upper(encode(content_hash, 'hex')) FROM payout_runs"
        " UNION SELECT upper(left(encode(content_hash, 'hex'), 8)) FROM payout_runs"
        " UNION SELECT what FROM improvement_actions UNION SELECT text FROM chart_notes"
    )
    return {" ".join(row.t.split()) for row in found if row.t and row.t.strip()}


def test_nothing_is_left_in_english(app, world, stops, sessions):
    with app.app_context():
        written = sorted(data_texts(world), key=len, reverse=True)
    every = re.compile("|".join(re.escape(text) for text in written if len(text) > 1))
    left = set()
    for stop in (one for one in stops if not one.again):
        english = texts(app, world, sessions, stop, "en")
        for lang in ("fi", "sv"):
            same = english & texts(app, world, sessions, stop, lang)
            left |= {
                f"{lang}: {text}  ({stop})"
                for text in same
                if re.search(r"[^\W\d_]{3}", every.sub("", text)) and not _same(stop, lang, text)
            }
    assert sorted(left) == []


def _same(stop, lang, text):
    """Addresses, zones, codes, languages by their own names, and words that both languages have."""
    if text in ZONES or re.fullmatch(OF_NO_LANGUAGE, text):
        return True
    if stop.path.endswith("/problems") and re.fullmatch("[a-z]+", text):
        return True  # the names of problems are part of the API
    return not (set(re.findall(r"[^\W\d_]{3,}", text)) - SAME[lang])


def test_tour_leaves_no_page_out(app, stops):
    """Every address that answers with a page to somebody is stopped at."""
    adapter = app.url_map.bind("localhost")
    seen = set()
    for stop in stops:
        if stop.status == 200:
            path = stop.address().partition("?")[0]
            seen.add(adapter.match(path, method="GET")[0])
    pages = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "GET" in rule.methods
        and access_of(app, rule.endpoint, "GET") is not None
        and not str(rule).startswith(("/api/", "/static/"))
    }
    assert pages - seen - NOT_PAGES == set()
