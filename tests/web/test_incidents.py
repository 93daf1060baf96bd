"""Incidents of money: told once, understood, and settled by a second person on evidence."""

import pytest

from promises.compensation.errors import OwnEvidence
from promises.flows import money_incidents
from promises.kernel.actors import Role
from promises.kernel.errors import NotFound
from promises.kernel.ids import new_id
from promises.payouts.accounts import pause_rail
from promises.payouts.errors import (
    DecideThePayout,
    EvidenceMissing,
    IncidentClosed,
    NoteMissing,
    NotUnderReview,
    OtherAmountPaid,
    ReviewOwnApproval,
    StillPaused,
)
from promises.payouts.incidents import Incident, close_incident, open_incident
from promises.payouts.rail_models import IncidentKind
from promises.payouts.rails.base import Trouble
from promises.web.incident_words import incident_meaning, incident_next, incident_title
from tests.parts import check_page
from tests.payouts.ground import Purse
from tests.web.staff import post, sign_in


@pytest.fixture(scope="module")
def shared(app):
    with app.app_context():
        return Purse()


@pytest.fixture
def purse(app, shared):
    with app.app_context():
        yield shared


@pytest.fixture
def manager(client, purse):
    sign_in(client, purse.made, Role.MANAGER)
    return client


def page(purse, rest="incidents"):
    return f"/o/{purse.made.slug}/staff/payouts/{rest}"


def unclear(purse):
    """A payout of which the provider shows something else than was asked for."""
    (payout_id,) = purse.owe()
    purse.provider.plans[payout_id].append("lost_after")
    purse.settle()
    purse.rows(
        "UPDATE payouts SET amount_minor = amount_minor + 1 WHERE id = %(p)s RETURNING id",
        p=payout_id,
    )
    purse.later(seconds=10)
    purse.settle()
    purse.rows(
        "UPDATE payouts SET amount_minor = amount_minor - 1 WHERE id = %(p)s RETURNING id",
        p=payout_id,
    )
    assert purse.payout(payout_id).state == "needs_review"
    return payout_id


def incident_of(purse, ref):
    (found,) = [one for one in purse.incidents() if one.ref == str(ref)]
    return found


def opened(purse, kind=IncidentKind.UNKNOWN_EFFECT):
    with purse.work(None) as uow:
        ref = f"re_{new_id().hex}"
        open_incident(
            uow.session, organisation_id=purse.made.id, now=uow.now,
            incident=Incident(kind, purse.rail, ref, None, 1000, "EUR", {"provider_ref": ref}),
        )  # fmt: skip
    return incident_of(purse, ref)


def review(purse, payout_id, *, was_paid=True, evidence="Seen in the list of refunds.", role=None):
    with purse.work(role or Role.MANAGER) as uow:
        money_incidents.review(uow, payout_id=payout_id, was_paid=was_paid, evidence=evidence)


def test_payout_of_another_amount_is_not_decided_before_the_difference_is_settled(manager, purse):
    (payout_id,) = purse.owe()
    purse.provider.plans[payout_id].append("lost_after")
    purse.settle()
    ((ref, effect),) = purse.provider.of(payout_id)
    effect.amount_minor = 900
    purse.later(seconds=10)
    purse.settle()
    found = incident_of(purse, ref)
    assert (found.kind, found.payout_id, found.amount_minor) == ("other_amount", payout_id, 900)
    books = purse.balances()
    for decision in ("paid", "nothing"):
        with purse.at(purse.now):
            answer = post(
                manager, page(purse, f"{payout_id}/review"),
                {"decision": decision, "evidence": "Seen in the list."}, page=page(purse),
            )  # fmt: skip
        assert answer.status_code == 409
        assert "A payment of another amount was found." in check_page(answer).text
        with pytest.raises(OtherAmountPaid):
            review(purse, payout_id, was_paid=decision == "paid")
    assert (purse.payout(payout_id).state, purse.balances()) == ("needs_review", books)
    assert incident_of(purse, payout_id).closed_at is None
    close(purse, found.id)
    review(purse, payout_id)
    assert purse.payout(payout_id).state == "paid"


def test_manager_says_that_it_was_paid(manager, purse):
    payout_id = unclear(purse)
    shown = check_page(manager.get(page(purse)))
    assert "A payout that no rule can settle" in shown.text
    with purse.at(purse.now):
        for silent in ({}, {"decision": ""}):
            answer = post(
                manager, page(purse, f"{payout_id}/review"),
                silent | {"evidence": "Refund re_1 in the list."}, page=page(purse),
            )  # fmt: skip
            assert answer.status_code == 400
            assert purse.payout(payout_id).state == "needs_review"
        answer = post(
            manager, page(purse, f"{payout_id}/review"),
            {"decision": "paid", "evidence": "Refund re_1 in the list."}, page=page(purse),
        )  # fmt: skip
    assert answer.status_code == 303
    assert purse.payout(payout_id).state == "paid"
    closed = incident_of(purse, payout_id)
    assert closed.closed_by == purse.made.members[Role.MANAGER]
    assert closed.closing_note == "Refund re_1 in the list."
    decision = purse.one("SELECT * FROM payout_decisions WHERE payout_id = %(p)s", p=payout_id)
    assert (decision.was_paid, decision.evidence) == (True, "Refund re_1 in the list.")
    assert purse.rows("SELECT * FROM audit_records WHERE action = 'payout_reviewed'")
    assert purse.unbalanced() == []
    gone = check_page(manager.get(page(purse), query_string={"show": "closed"}))
    assert "Refund re_1 in the list." in gone.text


def test_nothing_was_paid_opens_the_debt_again(purse):
    payout_id = unclear(purse)
    review(purse, payout_id, was_paid=False)
    assert purse.payout(payout_id).state == "failed"
    debt = purse.debt(payout_id)
    assert (debt.state, "payment" in debt.holds) == ("owed", True)
    assert purse.unbalanced() == []
    with pytest.raises(NotUnderReview):
        review(purse, payout_id)


def test_whoever_approved_or_took_part_does_not_decide(purse):
    payout_id = unclear(purse)
    member = purse.made.members[Role.MANAGER]
    purse.rows(
        "INSERT INTO compensation_decisions (organisation_id, id, compensation_id, kind, holds,"
        " reason, actor_kind, actor_id, decided_at) SELECT organisation_id, gen_random_uuid(),"
        " compensation_id, 'approved', '{}', '', 'member', %(m)s, now() FROM payouts"
        " WHERE id = %(p)s RETURNING id",
        m=member,
        p=payout_id,
    )
    with pytest.raises(ReviewOwnApproval):
        review(purse, payout_id)
    with pytest.raises(OwnEvidence):
        review(purse, payout_id, role=Role.CLERK)
    with pytest.raises(EvidenceMissing):
        review(purse, payout_id, evidence="  ")
    with pytest.raises(NotFound):
        review(purse, new_id())
    assert purse.payout(payout_id).state == "needs_review"
    assert incident_of(purse, payout_id).closed_at is None
    with pytest.raises(DecideThePayout):
        close(purse, incident_of(purse, payout_id).id)


def close(purse, incident_id, note="Looked at."):
    with purse.work(Role.MANAGER) as uow:
        money_incidents.close(uow, incident_id=incident_id, note=note)


def test_incident_is_closed_once_with_a_note(manager, purse):
    incident = opened(purse)
    refused = post(
        manager, page(purse, f"incidents/{incident.id}/close"), {"note": " "}, page=page(purse)
    )
    assert (refused.status_code, "Write what you found out." in refused.text) == (422, True)
    with pytest.raises(NoteMissing):
        close(purse, incident.id, note="")
    answer = post(
        manager, page(purse, f"incidents/{incident.id}/close"), {"note": "By hand."},
        page=page(purse),
    )  # fmt: skip
    assert answer.status_code == 303
    with pytest.raises(IncidentClosed):
        close(purse, incident.id)
    with pytest.raises(NotFound):
        close(purse, new_id())
    assert incident_of(purse, incident.ref).closing_note == "By hand."
    foreign = f"incidents/{new_id()}/close"
    assert post(manager, page(purse, foreign), {"note": "x"}, page=page(purse)).status_code == 404


def test_pause_is_ended_before_its_incident_is_closed(manager, purse):
    incident = opened(purse, IncidentKind.RAIL_PAUSED)
    with purse.work(None) as uow:
        pause_rail(
            uow.session, organisation_id=purse.made.id, now=uow.now, rail=purse.rail,
            trouble=Trouble.ACCESS_REFUSED, changed_at=purse.rail_state().changed_at,
        )  # fmt: skip
    answer = post(
        manager, page(purse, f"incidents/{incident.id}/close"), {"note": "Seen."},
        page=page(purse),
    )  # fmt: skip
    assert answer.status_code == 409
    assert "Once it works, this closes by itself." in check_page(answer).text
    with pytest.raises(StillPaused):
        close(purse, incident.id)
    assert incident_of(purse, incident.ref).closed_at is None
    assert purse.rail_state().paused_at is not None
    purse.works_again()
    close(purse, incident.id)
    assert incident_of(purse, incident.ref).closed_at is not None


def test_payout_that_stays_unknown_for_a_day_is_for_a_person(purse):
    (payout_id,) = purse.owe()
    purse.provider.plans[payout_id].append("lost_after")
    purse.provider.sights[payout_id].extend(["blind", "blind"])
    purse.settle()
    purse.later(hours=23)
    purse.settle()
    assert purse.payout(payout_id).state == "unknown"
    purse.later(hours=1)
    purse.settle()
    row = purse.payout(payout_id)
    assert (row.state, row.trouble) == ("needs_review", "too_old")
    assert incident_of(purse, payout_id).kind == "needs_review"
    assert purse.debt(payout_id).state == "released"
    review(purse, payout_id)
    assert purse.payout(payout_id).state == "paid"
    assert purse.unbalanced() == []


def test_payout_that_does_not_arrive_within_a_week_is_for_a_person(purse):
    (payout_id,) = purse.owe()
    purse.settle()
    purse.later(hours=7 * 24 - 1)
    purse.settle()
    assert purse.payout(payout_id).state == "submitted"
    purse.later(hours=25)
    purse.settle()
    row = purse.payout(payout_id)
    assert (row.state, row.trouble) == ("needs_review", "silent")
    assert incident_of(purse, payout_id).kind == "needs_review"
    review(purse, payout_id, was_paid=False)
    assert (purse.payout(payout_id).state, purse.debt(payout_id).state) == ("failed", "owed")
    assert purse.unbalanced() == []


def letters(purse):
    return purse.rows(
        "SELECT params ->> 'incident' AS kind, member_id FROM messages"
        " WHERE kind = 'money_incident' ORDER BY created_at, id"
    )


def tell(purse):
    with purse.work(None) as uow:
        return money_incidents.tell_incidents(uow)


def test_people_are_written_to_once_for_each_kind(purse):
    tell(purse)
    before = len(letters(purse))
    for _ in range(2):
        opened(purse, IncidentKind.MISSING_EFFECT)
    opened(purse, IncidentKind.WRONG_MODE)
    assert tell(purse) == 4
    new = letters(purse)[before:]
    members = purse.made.members
    assert {(one.kind, one.member_id) for one in new} == {
        ("missing_effect", members[Role.MANAGER]),
        ("missing_effect", members[Role.ACCOUNTANT]),
        ("wrong_mode", members[Role.MANAGER]),
        ("wrong_mode", members[Role.ADMINISTRATOR]),
    }
    assert tell(purse) == 0


def test_what_is_closed_before_the_letter_is_not_written_about(purse):
    incident = opened(purse)
    with purse.work(None) as uow:
        assert close_incident(
            uow.session, organisation_id=purse.made.id, now=uow.now, kind=incident_kind(incident),
            ref=incident.ref, closed_by=None, note="",
        )  # fmt: skip
    assert tell(purse) == 0


def incident_kind(incident):
    return IncidentKind(incident.kind)


def test_list_goes_on_page_by_page(manager, purse, monkeypatch):
    monkeypatch.setattr("promises.web.incidents.PAGE", 2)
    for _ in range(3):
        opened(purse)
    first = manager.get(page(purse))
    assert "after=" in first.text
    following = first.text.split("after=")[1].split('"')[0].split("&")[0]
    assert check_page(manager.get(page(purse), query_string={"after": following}))


@pytest.mark.parametrize("role", [Role.ACCOUNTANT, Role.ADMINISTRATOR])
def test_who_may_read_does_not_therefore_decide(client, purse, role):
    payout_id = unclear(purse)
    sign_in(client, purse.made, role)
    assert "A manager decides this" in check_page(client.get(page(purse))).text
    token = {"page": f"/o/{purse.made.slug}/staff/account"}
    review_it = page(purse, f"{payout_id}/review")
    answer = post(client, review_it, {"decision": "paid", "evidence": "x"}, **token)
    assert answer.status_code == 403
    assert purse.payout(payout_id).state == "needs_review"


def test_clerks_see_none_of_it(client, purse):
    sign_in(client, purse.made, Role.CLERK)
    assert client.get(page(purse)).status_code == 403
    assert client.get(page(purse, "reconciliations")).status_code == 403


def test_every_kind_says_what_it_means_and_what_to_do(app):
    with app.test_request_context():
        for kind in IncidentKind:
            said = {incident_title(kind), incident_meaning(kind), incident_next(kind)}
            assert len(said) == 3
            assert all(said)
