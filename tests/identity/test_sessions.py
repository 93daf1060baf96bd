"""Sign-ins end when they must: idle, old, signed out, password changed, deactivated."""

import datetime as dt

import pytest

from promises.db.session import inject_clock
from promises.identity import members, queries, sessions, tokens
from promises.identity.errors import LastAdministrator, LinkExpired, NotOneself
from promises.identity.models import TokenPurpose
from promises.identity.session_models import ShownBy
from promises.kernel.actors import SYSTEM, Role
from promises.kernel.errors import NotFound, NotSignedIn
from promises.kernel.ids import new_id
from tests.factories.identity import add_member, make_organisation

START = dt.datetime(2026, 5, 1, 9, 0, tzinfo=dt.UTC)


@pytest.fixture
def made(as_application):
    return make_organisation(branches=2)


def at(**after):
    return inject_clock(lambda: START + dt.timedelta(**after))


def sign_in(made, role=Role.CLERK):
    with at(), made.work(None) as uow:
        return sessions.start_session(
            uow.session, organisation_id=made.id, now=uow.now, member_id=made.members[role]
        )


def test_a_session_tells_who_it_is_and_what_they_may(made):
    token = sign_in(made, Role.MANAGER)
    with at(minutes=1):
        found = sessions.member_by_session(token)
    assert (found.member_id, found.role) == (made.members[Role.MANAGER], Role.MANAGER)
    assert found.organisation_id == made.id


def test_a_session_dies_when_idle_for_half_an_hour(made):
    token = sign_in(made)
    with at(minutes=29):
        assert sessions.member_by_session(token)
    with at(minutes=58):
        assert sessions.member_by_session(token)
    with at(minutes=58 + 30):
        assert sessions.member_by_session(token) is None


def test_a_session_dies_after_twelve_hours_however_busy(made):
    token = sign_in(made)
    for minutes in range(20, 12 * 60, 20):
        with at(minutes=minutes):
            assert sessions.member_by_session(token)
    with at(hours=12):
        assert sessions.member_by_session(token) is None


def test_being_seen_is_written_at_most_once_a_minute(made):
    token = sign_in(made)

    def seen():
        with made.work() as uow:
            return uow.session.connection().exec_driver_sql(
                "SELECT seen_at FROM staff_sessions"
            ).scalar_one()  # fmt: skip

    with at(seconds=59):
        sessions.member_by_session(token)
    assert seen() == START
    with at(seconds=60):
        sessions.member_by_session(token)
    assert seen() == START + dt.timedelta(seconds=60)


def test_ended_sessions_let_nobody_in(made):
    first, second = sign_in(made), sign_in(made)
    with at(), made.work() as uow:
        own = sessions.member_by_session(second).session_id
        ended = sessions.end_sessions(
            uow.session, organisation_id=made.id, now=uow.now,
            member_id=made.members[Role.CLERK], but=own,
        )  # fmt: skip
    assert ended == 1
    with at():
        assert sessions.member_by_session(first) is None
        assert sessions.member_by_session(second)


@pytest.mark.parametrize("token", ["", "x", "a" * 22 + ".b", "ä" * 22 + ".b", "a." * 80])
def test_what_is_no_token_of_ours_is_nobody(made, token):
    assert sessions.member_by_session(token) is None


def test_a_token_does_not_work_under_another_organisations_name(made):
    other = make_organisation()
    secret = sign_in(made).partition(".")[2]
    theirs = tokens.new_secret(other.id).partition(".")[0]
    with at():
        assert sessions.member_by_session(f"{theirs}.{secret}") is None


def test_tokens_stand_as_macs_only(made, server, database):
    token = sign_in(made)
    with server.connect(database=database.name) as connection:
        rows = connection.execute(
            "SELECT s::text FROM staff_sessions s WHERE organisation_id = %s", [made.id]
        ).fetchall()
    assert not any(token.partition(".")[2] in row[0] for row in rows)


def test_what_was_shown_is_fresh_for_five_minutes(made):
    token = sign_in(made, Role.MANAGER)
    with at(minutes=1):
        found = sessions.member_by_session(token)
        assert (found.shown_by, found.fresh) == (None, False)
        with made.work() as uow:
            sessions.note_shown(
                uow.session, organisation_id=made.id, now=uow.now, shown_by=ShownBy.CODE,
                session_id=found.session_id,
            )  # fmt: skip
    for seconds, fresh in ((60, True), (359, True), (360, False)):
        with at(seconds=seconds):
            found = sessions.member_by_session(token)
        assert (found.shown_by, found.fresh) == (ShownBy.CODE, fresh)


def test_nothing_is_shown_in_a_session_that_has_ended(made):
    token = sign_in(made, Role.MANAGER)
    with at(), made.work() as uow:
        found = sessions.member_by_session(token)
        common = {"organisation_id": made.id, "now": uow.now, "session_id": found.session_id}
        sessions.end_session(uow.session, **common)
        with pytest.raises(NotSignedIn):
            sessions.note_shown(uow.session, **common, shown_by=ShownBy.PASSKEY)


def test_a_counter_of_another_branch_or_organisation_is_not_to_be_picked(made):
    other = make_organisation()
    with made.work(None) as uow:
        clerk = add_member(uow, role=Role.CLERK, branch_id=made.branch_id)
        token = sessions.start_session(
            uow.session, organisation_id=made.id, now=uow.now, member_id=clerk
        )
    session_id = sessions.member_by_session(token).session_id
    for counter_id in (made.branches[1].counter_ids[0], other.counter_id, new_id()):
        with pytest.raises(NotFound), made.work() as uow:
            sessions.pick_counter(
                uow.session, organisation_id=made.id, session_id=session_id, counter_id=counter_id
            )
    assert sessions.member_by_session(token).counter_id is None
    with made.work() as uow:
        sessions.pick_counter(
            uow.session, organisation_id=made.id, session_id=session_id, counter_id=made.counter_id
        )
    assert sessions.member_by_session(token).counter_id == made.counter_id


def test_a_one_time_token_works_once_in_its_time_for_its_purpose(made):
    with at(), made.work(None) as uow:
        common = {"organisation_id": made.id, "now": uow.now}
        member_id = made.members[Role.CLERK]
        token = tokens.grant(
            uow.session, **common, purpose=TokenPurpose.RESET,
            valid_for=dt.timedelta(hours=1), member_id=member_id,
        )  # fmt: skip
        with pytest.raises(LinkExpired):
            tokens.use(uow.session, **common, purpose=TokenPurpose.INVITE, token=token)
        late = START + dt.timedelta(hours=1)
        with pytest.raises(LinkExpired):
            tokens.look(
                uow.session, organisation_id=made.id, now=late, purpose=TokenPurpose.RESET,
                token=token,
            )  # fmt: skip
        look = tokens.look(uow.session, **common, purpose=TokenPurpose.RESET, token=token)
        used = tokens.use(uow.session, **common, purpose=TokenPurpose.RESET, token=token)
        assert look.id == used.id
        with pytest.raises(LinkExpired):
            tokens.use(uow.session, **common, purpose=TokenPurpose.RESET, token=token)


def test_a_new_link_ends_the_old_one(made):
    with made.work(None) as uow:
        common = {"organisation_id": made.id, "now": uow.now}
        email = queries.member_by_id(
            uow.session, organisation_id=made.id, member_id=made.members[Role.CLERK]
        ).email
        first = members.request_reset(uow.session, **common, email=email)
        second = members.request_reset(uow.session, **common, email=email.upper())
        with pytest.raises(LinkExpired):
            members.holder_of(uow.session, **common, purpose=TokenPurpose.RESET, token=first.token)
        holder = members.holder_of(
            uow.session, **common, purpose=TokenPurpose.RESET, token=second.token
        )
        assert holder.email == email
        assert members.request_reset(uow.session, **common, email="nobody@example.fi") is None


def test_the_last_administrator_stays(made):
    with made.work(Role.MANAGER) as uow:
        common = {"organisation_id": made.id, "actor": uow.actor, "now": uow.now}
        admin = made.members[Role.ADMINISTRATOR]
        with pytest.raises(LastAdministrator):
            members.deactivate_member(uow.session, **common, member_id=admin)
        with pytest.raises(LastAdministrator):
            members.change_member(
                uow.session, **common, member_id=admin, role=Role.MANAGER, branch_id=None
            )
        second = add_member(uow, role=Role.ADMINISTRATOR)
        members.deactivate_member(uow.session, **common, member_id=admin)
        with pytest.raises(LastAdministrator):
            members.deactivate_member(uow.session, **common, member_id=second)


def test_nobody_deactivates_themselves(made):
    with made.work(Role.ADMINISTRATOR) as uow:
        add_member(uow, role=Role.ADMINISTRATOR)
        with pytest.raises(NotOneself):
            members.deactivate_member(
                uow.session, organisation_id=made.id, actor=uow.actor, now=uow.now,
                member_id=uow.actor.id,
            )  # fmt: skip


def test_deactivation_ends_links_and_sessions_and_forgets_the_password(made):
    token = sign_in(made, Role.CLERK)
    with made.work(Role.ADMINISTRATOR) as uow:
        common = {"organisation_id": made.id, "now": uow.now}
        row = queries.member_by_id(
            uow.session, organisation_id=made.id, member_id=made.members[Role.CLERK]
        )
        row.password_hash = "anything"
        link = members.request_reset(uow.session, **common, email=row.email)
        members.deactivate_member(uow.session, **common, actor=uow.actor, member_id=row.id)
        assert row.password_hash is None
        with pytest.raises(LinkExpired):
            members.holder_of(uow.session, **common, purpose=TokenPurpose.RESET, token=link.token)
    with at():
        assert sessions.member_by_session(token) is None


def test_the_actor_of_a_session_is_the_member(made):
    token = sign_in(made, Role.ACCOUNTANT)
    with at():
        actor = sessions.member_by_session(token).actor
    assert (actor.id, actor.role) == (made.members[Role.ACCOUNTANT], Role.ACCOUNTANT)
    assert actor != SYSTEM
