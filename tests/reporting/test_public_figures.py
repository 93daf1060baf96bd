"""One truth: page, JSON, CSV, scorecard and API say what a plain recount of the rows says."""

import collections
import csv
import datetime as dt
import io
import re

import pytest

from promises.db.session import inject_clock
from promises.identity.access import NewKey, issue_api_key
from promises.identity.models import Scope
from promises.kernel.actors import Role
from promises.kernel.zones import local_date
from promises.public import reading
from promises.reporting.money import money_figures
from promises.reporting.rates import KeptRate
from promises.reporting.scorecard import Selection, daily_series, scorecard
from tests.desk.imports.ground import History, mapping, needs_technion, technion, utc
from tests.factories.catalogue import publish_simple_promise
from tests.factories.world import FullWorld

STATES = ("kept", "broken", "excluded", "open")
DAY = dt.timedelta(days=1)


@pytest.fixture
def nothing_kept(monkeypatch):
    monkeypatch.setattr(reading, "FRESH_SECONDS", -1.0)
    monkeypatch.setattr(reading, "SETTLED_SECONDS", -1.0)


def commitments(work):
    with work(None) as uow:
        return uow.session.connection().exec_driver_sql(
            "SELECT c.id, p.slug, c.state, c.evidence, c.day_on, c.started_at, c.promise_id"
            " FROM commitments c JOIN promises p ON p.id = c.promise_id"
        ).all()  # fmt: skip


def recount(rows, first=None, last=None):
    chosen = [one for one in rows if (first is None or first <= one.day_on <= last)]
    states = collections.Counter(one.state for one in chosen)
    return {state: states[state] for state in STATES}


def counted(document):
    return {state: document[state] for state in STATES}


def compare(client, slug, rows, now, zone):
    """JSON, CSV and page of one promise beside the recount; returns the document."""
    today = local_date(now, zone)
    base = f"/o/{slug}/p/{rows[0].slug}"
    found = client.get(f"{base}.json").json["promise"]["figures"]
    windows = found["windows"]
    for name, days in (("30d", 30), ("90d", 90), ("12m", 365)):
        first = today - (days - 1) * DAY
        assert counted(windows[name]) == recount(rows, first, today), name
    assert counted(windows["ever"]) == recount(rows)
    lately = [one for one in rows if now - DAY < one.started_at <= now]
    assert counted(windows["24h"]) == recount(lately)
    bars = {one["on"]: counted(one) for one in found["daily"]}
    for n in range(90):
        day = today - n * DAY
        assert bars[day.isoformat()] == recount(rows, day, day)
    listed = list(csv.DictReader(io.StringIO(client.get(f"{base}.csv").text)))
    by_row = {one["row"]: {state: int(one[state]) for state in STATES} for one in listed[:5]}
    assert by_row == {name: counted(one) for name, one in windows.items()}
    year = [{state: int(one[state]) for state in STATES} for one in listed[5:]]
    assert {state: sum(one[state] for one in year) for state in STATES} == by_row["12m"]
    last = [one for one in rows if today - 364 * DAY <= one.day_on <= today]
    quality = found["evidence_12m"]
    kinds = collections.Counter(one.evidence for one in last)
    assert quality["cases"] == len(last)
    assert (quality["live"], quality["noted_late"], quality["imported"]) == tuple(
        kinds[kind] for kind in ("live", "unverified", "imported")
    )
    text = client.get(f"{base}?lang=en").text
    for label, state in (("Kept", "kept"), ("Broken", "broken"), ("Still open", "open")):
        shown = re.search(rf"<dt>{label}</dt><dd>([\d,]+)<", text)
        assert int(shown[1].replace(",", "")) == recount(rows)[state]
    return found


def share(counts):
    rate = KeptRate(counts["kept"], counts["broken"])
    return None if rate.cases < 30 else f"{rate.kept * 10_000 // rate.cases / 10_000:.4f}"


@pytest.fixture(scope="module")
def world(app):
    with app.app_context():
        return FullWorld()


def test_public_figures_agree_with_rows_scorecard_and_api(app, client, world, nothing_kept):
    with app.app_context():
        rows = commitments(world.made.work)
        by_promise = collections.defaultdict(list)
        for one in rows:
            by_promise[one.slug].append(one)
        with world.made.work(Role.ADMINISTRATOR) as uow:
            tenant = {"organisation_id": world.made.id}
            _id, key = issue_api_key(
                uow.session, **tenant, actor=uow.actor, now=uow.now,
                request=NewKey(name="figures", scopes=tuple(Scope)),
            )  # fmt: skip
            now = uow.now
    today = local_date(now, "Europe/Helsinki")
    assert len(by_promise) > 2
    for listed in by_promise.values():
        found = compare(client, world.made.slug, listed, now, "Europe/Helsinki")
        promise_id = listed[0].promise_id
        span = Selection(promise_id, None, today - 29 * DAY, today)
        with app.app_context(), world.made.work(None) as uow:
            card = scorecard(uow.session, **tenant, selection=span)
            series = daily_series(uow.session, **tenant, selection=span)
            money = money_figures(
                uow.session, **tenant, currency="EUR", selection=Selection(promise_id)
            )
        assert counted(found["windows"]["30d"]) == {state: getattr(card, state) for state in STATES}
        assert sum(one.broken for one in series) == found["windows"]["30d"]["broken"]
        for stage, one in found["money"].items():
            staff = getattr(money, stage)
            assert (one["count"], one["amount_minor"]) == (staff.count, staff.amount.amount_minor)
        assert found["windows"]["ever"]["kept_rate"] == share(recount(listed))
        answer = client.get(
            f"/api/v1/promises/{promise_id}/figures", headers={"Authorization": f"Bearer {key}"}
        )
        assert answer.json["windows"] == {
            name: one for name, one in found["windows"].items() if name != "24h"
        } | {"24h": answer.json["windows"]["24h"]}
    whole = client.get(f"/o/{world.made.slug}/figures.json").json["promises"]
    ever = sum(one["figures"]["windows"]["ever"]["kept"] for one in whole if one["figures"])
    assert ever == recount(rows)["kept"]


@needs_technion
def test_public_figures_agree_on_real_imported_calls(app, client, nothing_kept):
    zone = "Asia/Jerusalem"
    with app.app_context():
        history = History(time_zone=zone)
        with history.made.work(Role.ADMINISTRATOR) as uow:
            publish_simple_promise(
                uow.session, organisation_id=history.made.id, now=uow.now, actor=uow.actor,
                valid_from=utc("1999-01-01 00:00:00"), slug="within-300", seconds=300,
            )  # fmt: skip
        name = "sample_1999-03-11.csv"
        history.bring(technion(name), mapping("technion_sample"), name=name)
        rows = commitments(history.made.work)
    assert len(rows) == 2112
    that_day = utc("1999-03-11 21:00:00")
    with inject_clock(lambda: that_day):
        found = compare(client, history.made.slug, rows, that_day, zone)
    assert found["windows"]["30d"]["kept"] == 945
    assert found["windows"]["30d"]["broken"] == 373
    assert found["evidence_12m"]["imported"] == 2112
