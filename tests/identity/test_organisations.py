"""Making an organisation and its places."""

import pytest

from promises.db.session import unit_of_work, unscoped
from promises.identity import actions, queries
from promises.identity.errors import LetterTaken, NameTaken, SlugTaken
from promises.identity.models import DirectoryEntry
from promises.kernel.actors import SYSTEM, Role
from promises.kernel.errors import NotFound, Refused
from promises.kernel.ids import new_id
from tests.factories.identity import make_organisation


def test_make_organisation_gives_places_and_people(as_application):
    made = make_organisation(branches=2, kinds=("A", "B"))
    with made.work() as uow:
        branches = queries.list_branches(uow.session, organisation_id=made.id)
        assert [branch.name for branch in branches] == ["Branch 1", "Branch 2"]
        counters = queries.list_counters(
            uow.session, organisation_id=made.id, branch_id=made.branch_id
        )
        assert [counter.name for counter in counters] == ["1", "2"]
        kinds = queries.service_kinds_of_branch(
            uow.session, organisation_id=made.id, branch_id=made.branches[1].id
        )
        assert [kind.letter for kind in kinds] == ["A", "B"]
        assert set(made.members) == set(Role)
    assert queries.organisation_by_slug(made.slug).id == made.id


def test_create_organisation_with_a_taken_slug_changes_nothing(as_application):
    first = make_organisation()
    second = new_id()
    request = actions.NewOrganisation(slug=first.slug, name="Another")
    with pytest.raises(SlugTaken), unit_of_work(second, SYSTEM) as uow:
        actions.create_organisation(
            uow.session, organisation_id=second, actor=SYSTEM, now=uow.now, request=request
        )
    with unscoped() as (session, _now):
        assert session.get(DirectoryEntry, first.slug).organisation_id == first.id
    with pytest.raises(NotFound):
        queries.organisation_by_id(second)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"slug": "Not A Slug"}, "slug"),
        ({"name": "  "}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"locale": "de"}, "locale"),
        ({"currency": "XXX"}, "currency"),
        ({"time_zone": "Europe/Nowhere"}, "time_zone"),
    ],
)
def test_create_organisation_names_what_is_wrong(as_application, changes, field):
    organisation_id = new_id()
    values = {"slug": "fine-slug", "name": "Fine"} | changes
    with pytest.raises(Refused) as refused, unit_of_work(organisation_id, SYSTEM) as uow:
        actions.create_organisation(
            uow.session,
            organisation_id=organisation_id,
            actor=SYSTEM,
            now=uow.now,
            request=actions.NewOrganisation(**values),
        )
    assert [problem.field for problem in refused.value.problems] == [field]
    with pytest.raises(NotFound):
        queries.organisation_by_slug(values["slug"])


def test_a_branch_of_another_organisation_is_not_found(as_application):
    ours, theirs = make_organisation(), make_organisation()
    with ours.work() as uow, pytest.raises(NotFound):
        queries.branch_by_id(uow.session, organisation_id=ours.id, branch_id=theirs.branch_id)
    with ours.work() as uow, pytest.raises(NotFound):
        queries.branch_by_id(uow.session, organisation_id=theirs.id, branch_id=theirs.branch_id)


def test_names_and_letters_are_taken_once(as_application):
    made = make_organisation()
    with made.work() as uow:
        common = {"organisation_id": made.id, "actor": uow.actor, "now": uow.now}
        with pytest.raises(NameTaken):
            actions.add_counter(uow.session, **common, branch_id=made.branch_id, name="1")
        with pytest.raises(LetterTaken):
            actions.add_service_kind(uow.session, **common, letter="A", names={"en": "Loans"})
        with pytest.raises(SlugTaken):
            actions.add_branch(
                uow.session,
                **common,
                settings=actions.BranchSettings(name="Branch 1", time_zone="Europe/Helsinki"),
            )
    with made.work() as uow:
        assert len(queries.list_branches(uow.session, organisation_id=made.id)) == 1


def test_a_closed_counter_of_the_name_reopens(as_application):
    made = make_organisation()
    with made.work() as uow:
        common = {"organisation_id": made.id, "actor": uow.actor, "now": uow.now}
        actions.close_counter(uow.session, **common, counter_id=made.counter_id)
        left = queries.list_counters(uow.session, organisation_id=made.id)
        assert [counter.name for counter in left] == ["2"]
        again = actions.add_counter(uow.session, **common, branch_id=made.branch_id, name="1")
        assert again.id == made.counter_id
        assert again.closed_at is None


def test_names_sort_as_finnish_does():
    names = ["Öhman", "Zorn", "aalto", "Äijä", "Åberg"]
    assert sorted(names, key=queries.name_key) == ["aalto", "Zorn", "Åberg", "Äijä", "Öhman"]
