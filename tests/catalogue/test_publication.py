"""Publishing versions: immutable, forward only, one in force at a time."""

import datetime as dt
import threading
import uuid
from decimal import Decimal

import psycopg
import pytest

from promises.catalogue.actions import publish_version, slug_of
from promises.catalogue.errors import (
    DraftRefused,
    ForwardOnly,
    NoSuchPromise,
    SlugTaken,
    VersionTimeTaken,
)
from promises.catalogue.queries import (
    get_version,
    list_promises,
    list_versions,
    promise_by_id,
    versions_in_force,
    versions_over_span,
)
from promises.catalogue.targets import TargetStep, load_path, target_on
from promises.db.session import unit_of_work
from promises.kernel.actors import SYSTEM, Actor, ActorKind, Role
from tests.catalogue.ground import make_ground
from tests.factories.catalogue import new_version, publish_simple_promise, simple_terms

DAY = dt.timedelta(days=1)
MANAGER = Actor(ActorKind.MEMBER, uuid.uuid4(), Role.MANAGER)


@pytest.fixture
def ground(as_application):
    return make_ground()


def publish(ground, version, actor=SYSTEM, now=None):
    with unit_of_work(ground.organisation_id, actor) as uow:
        return publish_version(
            uow.session,
            organisation_id=ground.organisation_id,
            actor=actor,
            now=now or uow.now,
            version=version,
        )


def in_force(ground, at, **changes):
    asked = {
        "branch_id": ground.branch_id,
        "service_kind_id": ground.service_kind_id,
        "ticket_kind": "visit",
    }
    with unit_of_work(ground.organisation_id, SYSTEM) as uow:
        return versions_in_force(
            uow.session, organisation_id=ground.organisation_id, at=at, **(asked | changes)
        )


def count_versions(ground):
    with unit_of_work(ground.organisation_id, SYSTEM) as uow:
        return sum(
            1
            for _ in versions_over_span(
                uow.session,
                organisation_id=ground.organisation_id,
                since=uow.now - 4000 * DAY,
                until=uow.now + 4000 * DAY,
            )
        )


def test_published_version_is_in_force_from_its_time_on(ground):
    with unit_of_work(ground.organisation_id, SYSTEM) as uow:
        now = uow.now
        made = publish_simple_promise(uow.session, organisation_id=ground.organisation_id, now=now)
    assert made.number == 1
    assert not made.applied_to_history
    assert in_force(ground, now - dt.timedelta(microseconds=1)) == ()
    (found,) = in_force(ground, now)
    assert (found.promise_id, found.version_id) == (made.promise_id, made.version_id)
    assert found.terms == simple_terms()
    assert found.valid_from == now


@pytest.mark.parametrize(
    "change",
    [{"branch_id": "other"}, {"service_kind_id": "other"}, {"ticket_kind": "complaint"}],
)
def test_versions_in_force_leave_out_tickets_out_of_scope(ground, change):
    terms = simple_terms(branches=[ground.branch_id], service_kinds=[ground.service_kind_id])
    with unit_of_work(ground.organisation_id, SYSTEM) as uow:
        now = uow.now
    publish(ground, new_version(now, terms=terms), now=now)
    assert len(in_force(ground, now)) == 1
    asked = {k: uuid.uuid4() if v == "other" else v for k, v in change.items()}
    assert in_force(ground, now, **asked) == ()


def test_version_that_drops_a_branch_does_not_revive_the_one_before(ground):
    with unit_of_work(ground.organisation_id, SYSTEM) as uow:
        now = uow.now
    made = publish(ground, new_version(now), now=now)
    narrow = simple_terms(branches=[ground.other_branch_id])
    publish(
        ground,
        new_version(
            now,
            terms=narrow,
            valid_from=now + DAY,
            promise_id=made.promise_id,
            change_reasons={"en": "The other branch closes."},
        ),
        now=now,
    )
    assert len(in_force(ground, now)) == 1
    assert in_force(ground, now + DAY) == ()
    assert len(in_force(ground, now + DAY, branch_id=ground.other_branch_id)) == 1


def test_new_version_takes_over_at_its_time_and_the_old_one_stays(ground):
    with unit_of_work(ground.organisation_id, SYSTEM) as uow:
        now = uow.now
    first = publish(ground, new_version(now), now=now)
    second = publish(
        ground,
        new_version(
            now, terms=simple_terms(seconds=720), valid_from=now + DAY, promise_id=first.promise_id
        ),
        now=now,
    )
    assert second.number == 2
    just_before = now + DAY - dt.timedelta(microseconds=1)
    assert in_force(ground, just_before)[0].version_id == first.version_id
    assert in_force(ground, now + DAY)[0].version_id == second.version_id
    with unit_of_work(ground.organisation_id, SYSTEM) as uow:
        newest, oldest = list_versions(
            uow.session, organisation_id=ground.organisation_id, promise_id=first.promise_id
        )
        assert oldest == get_version(
            uow.session, organisation_id=ground.organisation_id, version_id=first.version_id
        )
    assert (oldest.terms.rule.limit_seconds, oldest.valid_to) == (900, now + DAY)
    assert (newest.terms.rule.limit_seconds, newest.valid_to) == (720, None)


def test_each_promise_is_listed_with_its_own_version(ground):
    with unit_of_work(ground.organisation_id, SYSTEM) as uow:
        now = uow.now
    made = [
        publish(ground, new_version(now, terms=simple_terms(seconds=n), slug=f"in-{n}"), now=now)
        for n in (60, 120, 180)
    ]
    later = new_version(
        now, terms=simple_terms(seconds=30), valid_from=now + DAY, promise_id=made[0].promise_id
    )
    publish(ground, later, now=now)
    with unit_of_work(ground.organisation_id, SYSTEM) as uow:
        for at, first in ((now, 60), (now + DAY, 30)):
            found = list_promises(uow.session, organisation_id=ground.organisation_id, at=at)
            assert [(one.slug, one.version.terms.rule.limit_seconds) for one in found] == [
                ("in-180", 180),
                ("in-120", 120),
                ("in-60", first),
            ]
            by_id = promise_by_id(
                uow.session,
                organisation_id=ground.organisation_id,
                promise_id=made[0].promise_id,
                at=at,
            )
            assert by_id == found[2]


def test_versions_over_span_names_each_with_its_end(ground):
    with unit_of_work(ground.organisation_id, SYSTEM) as uow:
        now = uow.now
    first = publish(ground, new_version(now, valid_from=now - 10 * DAY), now=now)
    second = publish(
        ground, new_version(now, valid_from=now + DAY, promise_id=first.promise_id), now=now
    )

    def over(since, until):
        with unit_of_work(ground.organisation_id, SYSTEM) as uow:
            found = versions_over_span(
                uow.session, organisation_id=ground.organisation_id, since=since, until=until
            )
        return [(one.version_id, one.valid_from, one.valid_to) for one in found]

    one = (first.version_id, now - 10 * DAY, now + DAY)
    two = (second.version_id, now + DAY, None)
    assert over(now - 20 * DAY, now - 11 * DAY) == []
    assert over(now - 20 * DAY, now - 10 * DAY) == [one]
    assert over(now, now + 2 * DAY) == [one, two]
    assert over(now + DAY, now + 2 * DAY) == [two]


def test_first_version_from_the_past_is_marked_as_applied_to_history(ground):
    with unit_of_work(ground.organisation_id, SYSTEM) as uow:
        now = uow.now
    made = publish(ground, new_version(now, valid_from=now - 30 * DAY), now=now)
    assert made.applied_to_history
    (found,) = in_force(ground, now - 29 * DAY)
    assert found.applied_to_history
    assert found.published_at == now


def test_later_version_from_the_past_is_refused(ground):
    with unit_of_work(ground.organisation_id, SYSTEM) as uow:
        now = uow.now
    made = publish(ground, new_version(now - DAY), now=now - DAY)
    with pytest.raises(ForwardOnly):
        publish(
            ground,
            new_version(now, valid_from=now - dt.timedelta(seconds=1), promise_id=made.promise_id),
            now=now,
        )
    assert count_versions(ground) == 1


def test_two_versions_from_the_same_instant_are_refused(ground):
    with unit_of_work(ground.organisation_id, SYSTEM) as uow:
        now = uow.now
    made = publish(ground, new_version(now), now=now)
    with pytest.raises(VersionTimeTaken):
        publish(ground, new_version(now, promise_id=made.promise_id), now=now)
    assert count_versions(ground) == 1


def test_slug_of_another_promise_is_refused(ground):
    with unit_of_work(ground.organisation_id, SYSTEM) as uow:
        now = uow.now
    publish(ground, new_version(now, slug="served-in-15"), now=now)
    with pytest.raises(SlugTaken) as refusal:
        publish(ground, new_version(now, slug="served-in-15"), now=now)
    assert refusal.value.params == {"slug": "served-in-15"}
    assert count_versions(ground) == 1


def test_promises_of_one_title_get_addresses_of_their_own(ground):
    with unit_of_work(ground.organisation_id, SYSTEM) as uow:
        now = uow.now
    slugs = [publish(ground, new_version(now, title="In time"), now=now).slug for _ in range(3)]
    assert slugs == ["in-time", "in-time-2", "in-time-3"]


def test_promise_of_another_organisation_gets_no_version(ground):
    other = make_ground()
    with unit_of_work(ground.organisation_id, SYSTEM) as uow:
        now = uow.now
    made = publish(ground, new_version(now), now=now)
    with pytest.raises(NoSuchPromise):
        publish(other, new_version(now, valid_from=now + DAY, promise_id=made.promise_id), now=now)
    with unit_of_work(other.organisation_id, SYSTEM) as uow, pytest.raises(NoSuchPromise):
        get_version(uow.session, organisation_id=other.organisation_id, version_id=made.version_id)
    assert count_versions(other) == 0
    assert count_versions(ground) == 1


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"titles": {}}, "titles"),
        ({"titles": {"xx": "A title"}}, "titles"),
        ({"titles": {"en": "  "}}, "titles.en"),
        ({"titles": {"en": "x" * 161}}, "titles.en"),
        ({"way_of_working": ""}, "way_of_working"),
        ({"team_reward": "a\x00b"}, "team_reward"),
        ({"slug": "Not a slug"}, "slug"),
        ({"terms": simple_terms(currency="SEK")}, "currency"),
        ({"terms": simple_terms(branches=[uuid.uuid4()])}, "branches"),
        ({"terms": simple_terms(service_kinds=[uuid.uuid4()])}, "service_kinds"),
        (
            {
                "target_path": (
                    TargetStep(dt.date(2026, 6, 1), Decimal("0.97")),
                    TargetStep(dt.date(2026, 6, 1), Decimal("0.99")),
                )
            },
            "target_path",
        ),
        ({"target_path": (TargetStep(dt.date(2026, 6, 1), Decimal("1.01")),)}, "target_path"),
    ],
)
def test_version_with_an_unusable_part_is_refused_and_named(ground, change, named):
    with unit_of_work(ground.organisation_id, SYSTEM) as uow:
        now = uow.now
    with pytest.raises(DraftRefused) as refusal:
        publish(ground, new_version(now, **change), now=now)
    assert [problem.field for problem in refusal.value.problems] == [named]
    assert count_versions(ground) == 0


def test_target_path_is_stored_and_read_exactly(ground):
    path = (
        TargetStep(dt.date(2026, 6, 1), Decimal("0.97")),
        TargetStep(dt.date(2026, 12, 1), Decimal("0.995")),
    )
    with unit_of_work(ground.organisation_id, SYSTEM) as uow:
        now = uow.now
    made = publish(ground, new_version(now, target_path=path, team_reward="Cake"), MANAGER, now)
    with unit_of_work(ground.organisation_id, SYSTEM) as uow:
        found = get_version(
            uow.session, organisation_id=ground.organisation_id, version_id=made.version_id
        )
    assert (found.target_path, found.team_reward) == (path, "Cake")
    assert found.published_by == MANAGER.id
    assert target_on(path, dt.date(2026, 5, 31)) is None
    assert target_on(path, dt.date(2026, 6, 1)) == Decimal("0.97")
    assert target_on(path, dt.date(2027, 1, 1)) == Decimal("0.995")


@pytest.mark.parametrize("broken", [[{"from": "2026-06-01"}], [{"from": "June", "share": "1"}]])
def test_target_path_that_is_none_is_refused(broken):
    with pytest.raises(ValueError):
        load_path(broken)


@pytest.mark.parametrize(
    "statement", ["UPDATE promise_versions SET limit_us = 1", "DELETE FROM promise_versions"]
)
@pytest.mark.parametrize("url", ["app_url", "worker_url"])
def test_published_version_cannot_be_changed_by_any_login_role(ground, request, url, statement):
    with unit_of_work(ground.organisation_id, SYSTEM) as uow:
        now = uow.now
    made = publish(ground, new_version(now), now=now)
    address = request.getfixturevalue(url).replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(address) as connection:
        connection.execute(f"SET app.organisation_id = '{ground.organisation_id}'")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)
    assert in_force(ground, now)[0].version_id == made.version_id


def test_two_managers_publishing_one_promise_at_once_get_different_numbers(ground, as_application):
    with unit_of_work(ground.organisation_id, SYSTEM) as uow:
        now = uow.now
    made = publish(ground, new_version(now), now=now)
    numbers, start = [], threading.Barrier(2)

    def run(days):
        with as_application.app_context():
            start.wait(120)
            version = new_version(now, valid_from=now + days * DAY, promise_id=made.promise_id)
            numbers.append(publish(ground, version, now=now).number)

    threads = [threading.Thread(target=run, args=(days,)) for days in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == [2, 3]


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Palvelemme 15 minuutissa", "palvelemme-15-minuutissa"),
        ("Älä jonota – jäät kotiin", "ala-jonota-jaat-kotiin"),
        ("…", "promise"),
        ("x" * 80, "x" * 60),
    ],
)
def test_slug_of_a_title_is_plain(title, slug):
    assert slug_of(title) == slug
