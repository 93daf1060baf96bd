"""What anybody sees of an organisation's promises."""

import datetime as dt
import re
from decimal import Decimal

import pytest

from promises.catalogue.targets import TargetStep
from promises.db.session import inject_clock
from promises.flows.decide_proposal import publish
from promises.flows.end_promise import end_promise
from promises.kernel.actors import Role
from promises.kernel.zones import local_date
from promises.public import reading
from tests.catalogue.ground import make_ground
from tests.factories.catalogue import new_version, simple_terms
from tests.reporting.cases import Case, Cases

DAY = dt.timedelta(days=1)
LARGEST = 90_000  # of 100,000: the sheet is shared with the staff's pages


@pytest.fixture
def ground(app):
    with app.app_context():
        return make_ground()


@pytest.fixture
def promise(app, ground):
    """97 kept and 3 broken cases over 100 days, one of them open."""
    with app.app_context(), ground.made.work(Role.MANAGER) as uow:
        today = local_date(uow.now, "Europe/Helsinki")
        cases = Cases(uow, ground, before_limit="kept", after_limit="not_owed")
        cases.add(*[Case(today - n * DAY, "kept", dt.timedelta(minutes=5)) for n in range(97)])
        late = dt.timedelta(minutes=20)
        cases.add(
            Case(today - 4 * DAY, "broken", late, money="redeemed"),
            Case(today - 50 * DAY, "broken", late, money="owed", evidence="unverified"),
            Case(today - 95 * DAY, "broken", late, money="refused"),
            Case(today, "open"),
        )
        return cases.promise


def page(ground, rest=""):
    return f"/o/{ground.slug}/{rest}"


def tile(text, label):
    found = re.search(rf'stat-label">{label}</p>\s*<p class="stat-value">([^<]*)', text)
    assert found, label
    return found[1]


def line(text, label):
    found = re.search(rf"<dt>{label}</dt><dd>([^<]*)", text)
    assert found, label
    return found[1]


def test_public_page_tells_how_the_promise_is_kept(client, ground, promise):
    text = client.get(page(ground, f"p/{promise.slug}")).text
    assert "We serve you within 15\u00a0min, or we pay you €10." in text
    assert tile(text, "Kept in the last 30 days") == "96.7%"
    assert "of 31 cases; 95 per cent sure: 83.8% to 99.4%" in text
    assert tile(text, "Kept in the last 12 months") == "97%"
    assert "Last 90 days: Kept in 97.8% of 92 cases" in text
    assert tile(text, "Days without a breach") == "4"
    assert line(text, "Owed, not yet handed over") == "€10.00"
    assert line(text, "Redeemed") == "€10.00"
    counts = [line(text, label) for label in ("Kept", "Broken", "Excluded", "Still open")]
    assert counts == ["97", "3", "0", "1"]
    assert line(text, "Altogether") == "101"
    assert line(text, "Refused with a reason") == "€10.00"
    assert "1 rest on times that were noted late, and 0 on imported records." in text
    assert "Exactly 15\u00a0min is still in time." in text
    assert "If you leave before that, the promise counts as kept." in text
    assert "but no compensation is owed." in text
    assert "Applied to imported history" in text
    assert text.count('<tr><th scope="row">') == 90


def test_below_thirty_cases_counts_are_shown_and_no_share(app, client, ground):
    with app.app_context(), ground.made.work(Role.MANAGER) as uow:
        today = local_date(uow.now, "Europe/Helsinki")
        cases = Cases(uow, ground)
        cases.add(*[Case(today, "kept", dt.timedelta(0)) for _ in range(28)])
        cases.add(Case(today, "broken"))
    text = client.get(page(ground, f"p/{cases.promise.slug}")).text
    assert tile(text, "Kept in the last 30 days") == "28 of 29"
    assert "%" not in re.sub(r"<script.*?</script>|<svg.*?</svg>", "", text, flags=re.S)


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("fi", "Palvelu 15 minuutissa"),
        ("sv", "You are served within 15 minutes"),
        ("en", "You are served within 15 minutes"),
    ],
)
def test_public_pages_are_in_the_visitors_language(client, ground, promise, lang, words):
    for rest in ("", f"p/{promise.slug}"):
        response = client.get(page(ground, rest), headers={"Accept-Language": "fi"})
        assert response.headers["Vary"].count("Accept-Language") == 1
        text = client.get(page(ground, f"{rest}?lang={lang}")).text
        assert f'<html lang="{lang}"' in text
        assert words in text


def test_organisations_page_shows_promises_in_force_to_come_and_ended(app, client, ground, promise):
    with app.app_context(), ground.made.work(Role.MANAGER) as uow:
        soon = new_version(uow.now, valid_from=uow.now + DAY, slug="soon", title="Soon")
        publish(uow, version=soon)
        earlier = uow.now - 3 * DAY
    with app.app_context(), inject_clock(lambda: earlier), ground.made.work(Role.MANAGER) as uow:
        gone = publish(uow, version=new_version(uow.now, slug="gone", title="Gone"))
        end_promise(
            uow,
            promise_id=gone.promise_id,
            ends_at=uow.now + 2 * DAY,
            reasons={"en": "Nobody needed it."},
        )
    text = client.get(page(ground)).text
    assert text.index(f"/p/{promise.slug}") < text.index("/p/soon") < text.index("/p/gone")
    assert "96.7%" in text
    assert "This promise holds from" in text
    assert "This promise ended on" in text
    assert "Nobody needed it." in client.get(page(ground, "p/gone")).text


def test_versions_are_told_with_what_changed(app, client, ground, promise):
    with app.app_context(), ground.made.work(Role.MANAGER) as uow:
        today = local_date(uow.now, "Europe/Helsinki")
        publish(
            uow,
            version=new_version(
                uow.now,
                promise_id=promise.promise_id,
                terms=simple_terms(
                    seconds=720, boundary="exclusive", before_limit="kept", after_limit="not_owed"
                ),
                target_path=(TargetStep(today, Decimal("0.97")),),
            ),
        )
    text = client.get(page(ground, f"p/{promise.slug}")).text
    assert "We serve you in under 12\u00a0min" in text
    assert "We serve you within 15\u00a0min" in text
    assert "Exactly 12\u00a0min is already too late." in text
    assert "Our target today: at least 97% kept." in text
    assert text.index("Version 2") < text.index("Version 1")


def test_reader_who_has_the_page_gets_a_304_until_something_changes(
    app, client, ground, promise, monkeypatch
):
    monkeypatch.setattr(reading, "FRESH_SECONDS", -1.0)
    monkeypatch.setattr(reading, "SETTLED_SECONDS", -1.0)
    for rest in ("", f"p/{promise.slug}"):
        first = client.get(page(ground, rest))
        assert first.headers["Cache-Control"].startswith("public, max-age=")
        etag = first.headers["ETag"]
        again = client.get(page(ground, rest), headers={"If-None-Match": etag})
        assert (again.status_code, again.data) == (304, b"")
        with app.app_context(), ground.made.work(Role.MANAGER) as uow:
            today = local_date(uow.now, "Europe/Helsinki")
            broken = Cases(uow, ground)
            broken.promise = promise
            broken.add(Case(today, "broken", dt.timedelta(hours=1)))
        changed = client.get(page(ground, rest), headers={"If-None-Match": etag})
        assert changed.status_code == 200
        assert changed.headers["ETag"] != etag


def test_figures_are_read_once_for_many_readers(app, client, ground, promise, monkeypatch):
    read = []
    genuine = reading.public_figures
    monkeypatch.setattr(
        reading, "public_figures", lambda *rest, **named: read.append(1) or genuine(*rest, **named)
    )
    for _ in range(5):
        client.get(page(ground, f"p/{promise.slug}"))
    assert len(read) == 1


def test_language_travels_in_the_links_and_no_cookie_is_set(client, ground, promise):
    response = client.get(page(ground, "?lang=sv"))
    assert "Set-Cookie" not in response.headers
    assert response.headers["Cache-Control"].startswith("public")
    assert "Accept-Language" not in response.headers["Vary"]
    assert f'href="/o/{ground.slug}/p/{promise.slug}?lang=sv"' in response.text
    for lang in ("fi", "sv", "en"):
        assert f'hreflang="{lang}" href="' in response.text


def test_public_page_is_small_and_needs_no_session(client, ground, promise):
    response = client.get(page(ground, f"p/{promise.slug}"))
    assert "Set-Cookie" not in response.headers
    assert "no-store" not in response.headers["Cache-Control"]
    weight = len(response.data)
    for path in set(re.findall(r'(?:src|href)="(/static/[^"]+)"', response.text)):
        with client.get(path) as part:
            weight += len(part.data)
    assert weight < LARGEST


def test_unknown_promise_and_organisation_are_not_there(app, client, ground, promise):
    with app.app_context():
        other = make_ground()
    assert client.get(page(ground, "p/nothing-here")).status_code == 404
    assert client.get(page(other, f"p/{promise.slug}")).status_code == 404
    assert client.get("/o/nobody-has-this/").status_code == 404
    assert "promise" in client.get(page(other)).text


def test_organisation_without_a_promise_says_so(client, ground):
    assert "No promise is in force right now." in client.get(page(ground)).text
