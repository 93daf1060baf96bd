"""The page for the morning: the last open day, and one thing to do."""

import datetime as dt
import re

import pytest

from promises.flows.improve import start_action
from promises.flows.tag_cause import tag_cause
from promises.improvement.actions import NewAction
from promises.improvement.causes import ensure_start
from promises.improvement.causes_queries import list_causes
from promises.kernel.actors import Role
from promises.kernel.zones import local_date
from promises.reporting.team_talk import ThingKind, team_talk
from tests.catalogue.ground import make_ground
from tests.reporting.cases import Case, Cases
from tests.web.staff import sign_in

DAY = dt.timedelta(days=1)
SOON, LATE = dt.timedelta(minutes=5), dt.timedelta(minutes=20)


@pytest.fixture
def ground(app):
    with app.app_context():
        return make_ground()


def add(app, ground, *cases):
    """`cases`: (days ago, state, hour)."""
    with app.app_context(), ground.made.work(Role.MANAGER) as uow:
        today = local_date(uow.now, "Europe/Helsinki")
        made = Cases(uow, ground)
        waits = {"kept": SOON, "broken": LATE, "excluded": None}
        stored = made.add(
            *(Case(today - ago * DAY, state, waits[state], hour=hour) for ago, state, hour in cases)
        )
        return made.promise.promise_id, [one.breach_id for one in stored if one.breach_id]


def talk_of(app, ground):
    with app.app_context(), ground.made.work() as uow:
        return team_talk(
            uow.session,
            organisation_id=ground.organisation_id,
            branch_id=ground.branch_id,
            zones={one.id: "Europe/Helsinki" for one in ground.made.branches},
            now=uow.now,
            today=local_date(uow.now, "Europe/Helsinki"),
        )


def stat(text, label):
    return re.search(
        rf'stat-label">{label}</p>\s*<p class="stat-value">(?:<a[^>]*>)?([^<]*)', text
    )[1]


def test_talk_is_about_the_last_day_with_customers_and_thanks_where_nothing_stands_out(
    app, client, ground
):
    assert talk_of(app, ground) is None
    sign_in(client, ground.made, Role.CLERK)
    page = f"/o/{ground.slug}/staff/team-talk"
    assert "Nobody came here lately" in client.get(page).text
    kept = [(3, "kept", 12)] * 4
    add(app, ground, *kept, (3, "broken", 12), (3, "excluded", 12), (0, "kept", 0), (20, "kept", 9))
    talk = talk_of(app, ground)
    assert (talk.card.kept, talk.card.broken, talk.card.excluded) == (4, 1, 1)
    assert talk.thing.kind is ThingKind.THANKS
    text = client.get(page).text
    assert [stat(text, label).strip() for label in ("Kept", "Broken", "Excluded")] == [
        "4",
        "1",
        "1",
    ]
    assert "Thank each other." in text
    assert "Half of them were served within 5\u00a0min" in text
    href = re.search(r'href="([^"]*cases\?state=broken[^"]*)"', text)[1].replace("&amp;", "&")
    assert client.get(href).text.count('<tr role="row">') == 2  # its head and the one case


def test_hour_that_breaks_most_is_the_thing_to_do(app, client, ground):
    add(app, ground, *[(1, "broken", 9)] * 3, (2, "kept", 9))
    talk = talk_of(app, ground)
    assert talk.thing.kind is ThingKind.HOUR
    assert (talk.thing.hour.broken, talk.thing.hour.kept) == (3, 0)
    sign_in(client, ground.made, Role.CLERK)
    text = client.get(f"/o/{ground.slug}/staff/team-talk").text
    assert re.search(r"day 1[12]:00–1[23]:00: let one more counter be open\.", text)


def test_open_action_against_the_cause_that_broke_most_comes_first(app, client, ground):
    promise_id, breaches = add(app, ground, *[(1, "broken", 9)] * 3)
    with app.app_context(), ground.made.work(Role.MANAGER) as uow:
        tenant = {"organisation_id": ground.organisation_id}
        ensure_start(uow.session, **tenant, now=uow.now)
        rare, often = list_causes(uow.session, **tenant)[:2]
        for breach_id, cause in zip(breaches, (rare, often, often), strict=True):
            tag_cause(uow, breach_id=breach_id, cause_id=cause.cause_id)
        for cause, what in ((rare, "Look for more paper."), (often, "Two desks from nine on.")):
            action = NewAction(
                promise_id, what, ground.made.members[Role.CLERK], uow.now.date() + DAY,
                cause_id=cause.cause_id,
            )  # fmt: skip
            start_action(uow, action=action)
    thing = talk_of(app, ground).thing
    assert (thing.kind, thing.action.what, thing.cause.count) == (
        ThingKind.ACTION, "Two desks from nine on.", 2,
    )  # fmt: skip
    sign_in(client, ground.made, Role.CLERK)
    assert "Two desks from nine on." in client.get(f"/o/{ground.slug}/staff/team-talk").text
