"""The public figures as data: JSON, CSV, feed, badge and card."""

import csv
import datetime as dt
import io
import json
import re
import types
from pathlib import Path
from xml.etree import ElementTree

import pytest

from promises.flows.decide_proposal import publish
from promises.flows.pause_promise import pause_promise
from promises.kernel.actors import Role
from promises.kernel.zones import local_date
from promises.public import reading
from tests.catalogue.ground import make_ground
from tests.factories.catalogue import new_version
from tests.reporting.cases import Case, Cases

DAY = dt.timedelta(days=1)
LATE = dt.timedelta(minutes=20)
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(scope="module")
def ground(app):
    with app.app_context():
        return make_ground()


@pytest.fixture(scope="module")
def promise(app, ground):
    """60 kept cases in 60 days, two broken, one of them paid."""
    with app.app_context(), ground.made.work(Role.MANAGER) as uow:
        today = local_date(uow.now, "Europe/Helsinki")
        cases = Cases(uow, ground)
        cases.add(*[Case(today - n * DAY, "kept", dt.timedelta(minutes=5)) for n in range(60)])
        cases.add(
            Case(today - 4 * DAY, "broken", LATE, money="redeemed"),
            Case(today - 50 * DAY, "broken", LATE, money="owed", evidence="imported"),
            Case(today - 2 * DAY, "excluded"),
        )
        return cases.promise


@pytest.fixture
def nothing_kept(monkeypatch):
    """No answer from the memory of the process."""
    monkeypatch.setattr(reading, "FRESH_SECONDS", -1.0)
    monkeypatch.setattr(reading, "SETTLED_SECONDS", -1.0)


@pytest.fixture
def get(client, ground):
    return lambda rest, **rest_of: client.get(f"/o/{ground.slug}/{rest}", **rest_of)


def test_json_of_a_promise_says_windows_money_evidence_and_days(get, promise, nothing_kept):
    response = get(f"p/{promise.slug}.json")
    assert response.mimetype == "application/json"
    document = response.json
    assert document["schema"] == "lupaus.figures/1"
    found = document["promise"]
    assert found["state"] == "in_force"
    assert found["sentence"]["sv"].startswith("Vi betjänar dig inom 15")
    windows = found["figures"]["windows"]
    assert {name: one["kept"] for name, one in windows.items()} == {
        "24h": windows["24h"]["kept"], "30d": 30, "90d": 60, "12m": 60, "ever": 60,
    }  # fmt: skip
    assert windows["30d"] == {
        "kept": 30, "broken": 1, "excluded": 1, "open": 0, "commitments": 32, "cases": 31,
        "kept_rate": "0.9677", "interval_95": {"low": "0.8380", "high": "0.9943"},
    }  # fmt: skip
    assert windows["90d"]["kept_rate"] == "0.9677"
    assert windows["24h"]["kept_rate"] is None
    assert found["figures"]["money"]["owed"] == {"count": 1, "amount_minor": 1000}
    assert found["figures"]["money"]["redeemed"] == {"count": 1, "amount_minor": 1000}
    quality = found["figures"]["evidence_12m"]
    assert (quality["live"], quality["imported"], quality["excluded"]) == (62, 1, 1)
    assert found["figures"]["days_without_breach"]["days"] == 4
    assert len(found["figures"]["daily"]) == 90
    assert sum(one["kept"] for one in found["figures"]["daily"]) == 60
    assert found["versions"][0]["number"] == 1


def test_json_of_the_organisation_holds_every_promise_and_nobodys_data(get, promise, nothing_kept):
    text = get("figures.json").text
    found = json.loads(text)
    assert [one["slug"] for one in found["promises"]] == [promise.slug]
    assert found["service_level_30d"].keys() == {
        "breaches_found_by_the_clock", "found_within_5_s", "found_within_60_s", "messages",
        "handed_over_within_10_s",
    }  # fmt: skip
    assert not re.search(r"ticket|customer|contact|member", text.replace("customers", ""))


def test_csv_holds_the_windows_and_every_day_of_a_year_and_no_formula(get, promise, nothing_kept):
    response = get(f"p/{promise.slug}.csv")
    assert response.mimetype == "text/csv"
    found = list(csv.DictReader(io.StringIO(response.text)))
    assert [one["row"] for one in found[:5]] == ["24h", "30d", "90d", "12m", "ever"]
    days = found[5:]
    assert len(days) == 365
    assert sum(int(one["kept"]) for one in days) == int(found[3]["kept"]) == 60
    assert sum(int(one["broken"]) for one in days) == int(found[3]["broken"]) == 2
    cells = [cell for one in found for cell in one.values()]
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]


def test_feed_tells_versions_pauses_and_months_with_lasting_ids(
    app, get, ground, promise, nothing_kept
):
    with app.app_context(), ground.made.work(Role.MANAGER) as uow:
        other = Cases(uow, ground).promise
        pause_promise(
            uow, promise_id=other.promise_id, branch_id=ground.branch_id, starts_at=uow.now,
            ends_at=None, reasons={"fi": "Sali remontoidaan.", "en": "The hall is renewed."},
        )  # fmt: skip
    first = ElementTree.fromstring(get("feed.atom?lang=en").text)
    again = ElementTree.fromstring(get("feed.atom?lang=fi").text)
    titles = [one.findtext(f"{ATOM}title") for one in first.iter(f"{ATOM}entry")]
    assert any(title.startswith("A promise is paused: ") for title in titles)
    assert any(title.startswith("A new promise: ") for title in titles)
    assert [title for title in titles if re.search(r" in \w+ 20\d\d$", title)]
    texts = [one.findtext(f"{ATOM}content") for one in again.iter(f"{ATOM}entry")]
    assert any("Sali remontoidaan." in text for text in texts)
    ids = [one.findtext(f"{ATOM}id") for one in first.iter(f"{ATOM}entry")]
    assert len(set(ids)) == len(ids)
    assert ids == [one.findtext(f"{ATOM}id") for one in again.iter(f"{ATOM}entry")]
    mine = ElementTree.fromstring(get(f"p/{promise.slug}/feed.atom").text)
    assert not [one for one in mine.iter(f"{ATOM}title") if "paused" in (one.text or "")]


@pytest.mark.parametrize(
    ("lang", "said"),
    [("fi", "Lupaus pidetty: 96,7\xa0% (31)"), ("sv", "Löftet hölls: 96,7\xa0% (31)"),
     ("en", "Promise kept: 96.7% (31)")],
)  # fmt: skip
def test_badge_says_the_share_and_its_count_in_words(get, promise, nothing_kept, lang, said):
    response = get(f"p/{promise.slug}/badge.svg?lang={lang}")
    assert response.mimetype == "image/svg+xml"
    drawing = ElementTree.fromstring(response.text)
    assert drawing.get("role") == "img"
    assert drawing.get("aria-label").endswith(said)
    assert "style" not in response.text
    assert len(response.data) < 2000
    days = get(f"p/{promise.slug}/badge.svg?lang=en&show=days")
    assert "Days without a breach: 4" in days.text


def test_card_may_be_framed_by_others_and_no_other_page_may(get, promise, nothing_kept):
    card = get(f"p/{promise.slug}/embed?lang=sv")
    assert "frame-ancestors *" in card.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in card.headers
    assert "<script" not in card.text
    assert "Set-Cookie" not in card.headers
    assert 'lang="sv"' in card.text
    for rest in ("", f"p/{promise.slug}", "follow"):
        page = get(rest)
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
        assert page.headers["X-Frame-Options"] == "DENY"


def test_files_are_for_everybody_cached_and_answered_304(get, promise):
    for rest in ("figures.json", "feed.atom", f"p/{promise.slug}.json", f"p/{promise.slug}.csv",
                 f"p/{promise.slug}/badge.svg?lang=fi", f"p/{promise.slug}/embed"):  # fmt: skip
        first = get(rest, headers={"Accept-Language": "sv"})
        assert first.headers["Access-Control-Allow-Origin"] == "*", rest
        assert first.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert first.headers["Cache-Control"].startswith("public, max-age=10")
        assert "Vary" not in first.headers
        assert "Set-Cookie" not in first.headers
        again = get(rest, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["Access-Control-Allow-Origin"] == "*"


DOCUMENT = Path(__file__).parents[2] / "docs" / "public-data.md"


def contains(found, told):
    """Whether the answer holds all that the document shows of it."""
    if isinstance(told, dict):
        return all(name in found and contains(found[name], told[name]) for name in told)
    return found == told or isinstance(told, str)


def test_document_of_the_data_shows_what_is_answered(get, ground, promise, nothing_kept):
    text = DOCUMENT.read_text()
    shown = re.findall(r"GET /o/\{slug\}/(\S+)\n```\n```(\w+)\n(.*?)```", text, re.S)
    assert [kind for _, kind, _ in shown] == ["json", "csv"]
    for path, kind, told in shown:
        answer = get(path.replace("{promise}", promise.slug))
        if kind == "json":
            assert contains(answer.json, json.loads(told))
            assert answer.json["schema"] in told
            described = set(re.findall(r"`(\w+)`", text))
            figures = answer.json["promise"]["figures"]
            assert figures.keys() <= described | {"windows"}
            assert figures["windows"].keys() <= described
        else:
            assert answer.text.splitlines()[0] == told.strip()
    for address in re.findall(r"^\| `(/\S*?)`(?:, `(/\S+?)`)? \|", text, re.M):
        for one in filter(None, address):
            assert get(one[1:].replace("{promise}", promise.slug)).status_code == 200


def test_breach_is_on_page_json_and_badge_within_a_minute(app, get, ground, promise, monkeypatch):
    """Two clocks: the process's memory runs out, and what a cache may keep is added to it."""
    ticks = [reading.process_clock.monotonic()]
    clock = types.SimpleNamespace(monotonic=lambda: ticks[0])
    monkeypatch.setattr(reading, "process_clock", clock)
    rest = (f"p/{promise.slug}", f"p/{promise.slug}.json", f"p/{promise.slug}/badge.svg?show=days")
    before = [get(one).headers["ETag"] for one in rest]
    with app.app_context(), ground.made.work(Role.MANAGER) as uow:
        today = local_date(uow.now, "Europe/Helsinki")
        broken = Cases(uow, ground)
        broken.promise = promise
        broken.add(Case(today, "broken", LATE, hour=0))
    stale = max(int(n) for n in re.findall(r"\d+", reading.CACHED)) + 10
    ticks[0] += 60 - stale
    page, document, badge = (get(one) for one in rest)
    assert [one.headers["ETag"] for one in (page, document, badge)] != before
    assert re.search(r"Days without a breach</p>\s*<p class=\"stat-value\">0<", page.text)
    assert document.json["promise"]["figures"]["windows"]["30d"]["broken"] == 2
    assert "Days without a breach: 0" in badge.text


def test_promise_to_come_has_words_and_no_figures(app, get, ground, nothing_kept):
    with app.app_context(), ground.made.work(Role.MANAGER) as uow:
        soon = new_version(uow.now, valid_from=uow.now + DAY, slug="soon", title="Soon")
        publish(uow, version=soon)
    found = get("p/soon.json").json["promise"]
    assert (found["state"], found["figures"]) == ("scheduled", None)
    assert get("p/soon.csv").text.count("\n") == 1
    assert "to come" in get("p/soon/badge.svg?lang=en").text
    assert "This promise holds from" in get("p/soon/embed?lang=en").text
