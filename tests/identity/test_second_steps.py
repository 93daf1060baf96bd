"""Codes and recovery codes, each good once, at the sign-in and where a factor is lost."""

import datetime as dt
import threading

import pyotp
import pytest

from promises.db.sql import one, rows
from promises.flows import change_factors, second_step
from promises.flows.second_step import Proof
from promises.flows.sign_in import Attempt, HalfWay, sign_in
from promises.identity import factor_codes, factors, members
from promises.identity.errors import CeremonyOver, FactorRefused, NotOneself
from promises.identity.session_models import ShownBy
from promises.identity.sessions import member_by_session, start_session
from promises.kernel.actors import Role
from promises.kernel.errors import NotFound, TooMany
from tests.factories.identity import PASSWORD, make_organisation
from tests.factories.second_steps import HALF_MINUTE, SITE, give_app, give_passkey, session_of
from tests.identity.second_steps import MANAGER, NOON, accepts, at
from tests.web.staff import give_password


@pytest.fixture
def made(as_application):
    return make_organisation()


class TestCodes:
    @pytest.fixture
    def app(self, made):
        with at(NOON):
            return give_app(made, MANAGER, ago=10 * HALF_MINUTE)

    @pytest.mark.parametrize("steps", [-2, -1, 0, 1, 2])
    def test_a_code_is_good_one_step_before_and_after_its_own(self, made, app, steps):
        with at(NOON):
            assert accepts(made, app.code(NOON + steps * HALF_MINUTE)) is (abs(steps) < 2)

    def test_a_code_is_accepted_once_for_ever(self, made, app):
        with at(NOON):
            assert accepts(made, app.code(NOON))
            assert not accepts(made, app.code(NOON))
        with at(NOON + HALF_MINUTE):
            assert not accepts(made, app.code(NOON))
            assert accepts(made, app.code(NOON + HALF_MINUTE))

    def test_no_code_older_than_the_last_is_accepted(self, made, app):
        with at(NOON):
            assert accepts(made, app.code(NOON + HALF_MINUTE))
            assert not accepts(made, app.code(NOON))

    def test_a_step_stays_used_when_the_app_is_another(self, made, app):
        with at(NOON):
            assert accepts(made, app.code(NOON))
            secret, member = factor_codes.new_secret(), session_of(made, MANAGER)
            with pytest.raises(FactorRefused), made.work(MANAGER) as uow:
                code = pyotp.TOTP(secret).at(NOON)
                change_factors.add_app(uow, member=member, secret=secret, code=code)
            assert accepts(made, app.code(NOON + HALF_MINUTE))

    def test_of_many_at_once_one_is_accepted(self, made, app, bare_apps):
        results = []

        def try_it():
            with bare_apps[0].app_context(), at(NOON):
                results.append(accepts(made, app.code(NOON)))

        threads = [threading.Thread(target=try_it) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(results) == [False] * 7 + [True]

    @pytest.mark.parametrize("typed", ["", "000000000", "ä23456", "12345", "½", "1" * 300])
    def test_what_is_no_code_is_refused(self, made, app, typed):
        with at(NOON):
            assert not accepts(made, typed)

    def test_the_code_may_be_typed_in_groups(self, made, app):
        with at(NOON):
            code = app.code(NOON)
            assert accepts(made, f" {code[:3]} {code[3:]} ")

    def test_a_code_is_good_for_its_member_alone(self, made, app):
        with at(NOON):
            assert not accepts(made, app.code(NOON), Role.ACCOUNTANT)

    def test_a_new_app_ends_the_old_one_and_wipes_its_secret(self, made, app):
        with at(NOON + 20 * HALF_MINUTE):
            newer = give_app(made, MANAGER)
            assert not accepts(made, app.code(NOON + 20 * HALF_MINUTE))
            assert accepts(made, newer.code(NOON + 20 * HALF_MINUTE))
        with made.work() as uow:
            kept = rows(uow.session, "SELECT ended_at, secret_sealed FROM authenticator_apps")
        assert sorted((row.ended_at is None, row.secret_sealed is None) for row in kept) == [
            (False, True), (True, False),
        ]  # fmt: skip
        assert newer.recovery == []

    def test_the_secret_stands_nowhere_in_the_clear(self, made, app, server, database):
        with server.connect(database=database.name) as connection:
            (text,) = connection.execute(
                "SELECT string_agg(a::text, ' ') FROM authenticator_apps a"
                " WHERE organisation_id = %s",
                [made.id],
            ).fetchone()
        assert app.secret not in text and app.secret.encode().hex() not in text


class TestRecoveryCodes:
    def test_ten_codes_each_good_once_for_its_member(self, made):
        app = give_app(made, MANAGER)
        assert len(set(app.recovery)) == 10

        def uses(code, role=MANAGER):
            with made.work(role) as uow:
                return factor_codes.use_recovery_code(
                    uow.session, organisation_id=made.id, now=uow.now,
                    member_id=made.members[role], code=code,
                )  # fmt: skip

        assert not uses(app.recovery[0], Role.ACCOUNTANT)
        assert uses(app.recovery[0].lower().replace("-", " "))
        assert not uses(app.recovery[0])
        with made.work(MANAGER) as uow:
            fresh = change_factors.make_codes(uow, member_id=made.members[MANAGER])
        assert not uses(app.recovery[1])
        assert uses(fresh[0])

    def test_they_stand_as_macs_only(self, made, server, database):
        codes = give_app(made, MANAGER).recovery
        with server.connect(database=database.name) as connection:
            (text,) = connection.execute(
                "SELECT string_agg(r::text, ' ') FROM recovery_codes r WHERE organisation_id = %s",
                [made.id],
            ).fetchone()
        plain = [code.replace("-", "") for code in codes]
        assert not any(code in text or code.encode().hex() in text for code in plain)

    def test_nobody_without_a_second_step_gets_any(self, made):
        with pytest.raises(NotFound), made.work(MANAGER) as uow:
            change_factors.make_codes(uow, member_id=made.members[MANAGER])


class TestSigningIn:
    def halfway(self, made, role=MANAGER):
        attempt = Attempt(give_password(made, role), PASSWORD, "192.0.2.1")
        return sign_in(made.id, attempt)

    def test_a_right_password_alone_opens_no_session(self, made):
        app = give_app(made, MANAGER)
        waits = self.halfway(made)
        assert isinstance(waits, HalfWay)
        with made.work() as uow:
            now = uow.now
        proof = Proof(code=app.code(now))
        came = second_step.finish_sign_in(made.id, token=waits.token, proof=proof)
        found = member_by_session(came.token)
        assert (found.shown_by, found.fresh) == (ShownBy.CODE, True)
        with pytest.raises(CeremonyOver):
            second_step.finish_sign_in(made.id, token=waits.token, proof=proof)

    def test_wrong_codes_are_few_a_minute_a_quarter_and_a_day(self, made):
        give_app(made, MANAGER)
        refused = []
        with at(NOON):
            waits = self.halfway(made)
        instants = [NOON + dt.timedelta(minutes=m, seconds=s) for m in range(3) for s in range(6)]
        for instant in instants:
            with at(instant), pytest.raises((FactorRefused, TooMany)) as caught:
                second_step.finish_sign_in(made.id, token=waits.token, proof=Proof(code="not it"))
            refused.append(caught.type)
        assert refused == ([FactorRefused] * 5 + [TooMany]) * 2 + [TooMany] * 6

    def test_guessing_with_the_password_in_hand_takes_decades(self):
        a_day = min(limit.hits for limit in second_step.CODE_LIMITS if limit.window_s == 86_400)
        years = 10**6 / (3 * a_day) / 365
        print(f"expected time to a hit: {years:.0f} years")
        assert years > 30

    def test_a_new_password_ends_what_waits(self, made):
        app = give_app(made, MANAGER)
        waits = self.halfway(made)
        with made.work(None) as uow:
            now = uow.now
            asked = members.request_reset(
                uow.session, organisation_id=made.id, now=now, email=give_password(made, MANAGER)
            )
            members.set_password_by_link(
                uow.session, organisation_id=made.id, now=now, token=asked.token,
                purpose=members.TokenPurpose.RESET, password_hash="another",
            )  # fmt: skip
        with pytest.raises(CeremonyOver):
            proof = Proof(code=app.code(now))
            second_step.finish_sign_in(made.id, token=waits.token, proof=proof)

    def test_a_recovery_code_lets_in_once_and_a_letter_tells(self, made):
        app = give_app(made, MANAGER)
        proof = Proof(recovery=app.recovery[3])
        came = second_step.finish_sign_in(made.id, token=self.halfway(made).token, proof=proof)
        assert member_by_session(came.token).shown_by is ShownBy.RECOVERY
        with pytest.raises(FactorRefused):
            second_step.finish_sign_in(made.id, token=self.halfway(made).token, proof=proof)
        with made.work() as uow:
            told = rows(uow.session, "SELECT params FROM messages ORDER BY created_at")
        assert [row.params["change"] for row in told] == ["app_added", "recovery_used"]


class TestLost:
    def test_an_administrator_ends_every_second_step_and_sign_in_of_another(self, made):
        give_app(made, MANAGER)
        device, _ = give_passkey(made, MANAGER)
        challenge = second_step.begin_passkey_sign_in(made.id, site=SITE)
        proof = Proof(answer=device.sign(challenge.options), token=challenge.token)
        came = second_step.sign_in_by_passkey(made.id, proof=proof, site=SITE)
        member_id = made.members[MANAGER]
        with made.work(Role.ADMINISTRATOR) as uow:
            change_factors.reset(uow, member_id=member_id)
        assert member_by_session(came.token) is None
        with made.work() as uow:
            left = factors.factors_of(uow.session, organisation_id=made.id, member_id=member_id)
            newest = rows(uow.session, "SELECT params FROM messages ORDER BY created_at")[-1]
            noted = one(
                uow.session,
                "SELECT actor_id, object_id FROM audit_records WHERE action = 'second_step_reset'",
            )
        assert (left.any, left.codes_left) == (False, 0)
        assert newest.params == {"change": "reset"}
        assert tuple(noted) == (made.members[Role.ADMINISTRATOR], member_id)

    def test_nobody_resets_their_own(self, made):
        give_app(made, Role.ADMINISTRATOR)
        with pytest.raises(NotOneself), made.work(Role.ADMINISTRATOR) as uow:
            change_factors.reset(uow, member_id=made.members[Role.ADMINISTRATOR])
        with made.work() as uow:
            held = factors.factors_of(
                uow.session, organisation_id=made.id, member_id=made.members[Role.ADMINISTRATOR]
            )
        assert held.any and held.codes_left == 10

    def test_the_last_second_step_takes_the_recovery_codes_along(self, made):
        give_app(made, MANAGER)
        _, passkey_id = give_passkey(made, MANAGER)
        member_id = made.members[MANAGER]

        def held():
            with made.work() as uow:
                return factors.factors_of(uow.session, organisation_id=made.id, member_id=member_id)

        with made.work(MANAGER) as uow:
            change_factors.remove_app(uow, member_id=member_id)
        assert held().codes_left == 10
        with pytest.raises(NotFound), made.work(MANAGER) as uow:
            change_factors.remove_app(uow, member_id=member_id)
        with made.work(MANAGER) as uow:
            change_factors.remove_passkey(uow, member_id=member_id, passkey_id=passkey_id)
        assert held() == factors.Factors(None, 0, 0)

    @pytest.mark.parametrize("how", ["app", "passkey", "another app"])
    def test_what_was_given_up_keeps_no_other_session_fresh(self, made, how):
        give_app(made, MANAGER)
        _, passkey_id = give_passkey(made, MANAGER)
        with made.work() as uow:
            token = start_session(
                uow.session, organisation_id=made.id, now=uow.now,
                member_id=made.members[MANAGER], shown_by=ShownBy.CODE,
            )  # fmt: skip
        assert member_by_session(token).fresh
        member_id = made.members[MANAGER]
        with made.work(MANAGER) as uow:
            if how == "app":
                change_factors.remove_app(uow, member_id=member_id)
            elif how == "passkey":
                change_factors.remove_passkey(uow, member_id=member_id, passkey_id=passkey_id)
        if how == "another app":
            give_app(made, MANAGER, ago=HALF_MINUTE)
        left = member_by_session(token)
        assert (left.fresh, left.shown_by) == (False, ShownBy.CODE)

    def test_of_many_at_once_one_uses_a_recovery_code(self, made, bare_apps):
        (code, *_), member_id = give_app(made, MANAGER).recovery, made.members[MANAGER]
        results = []

        def try_it():
            with bare_apps[0].app_context(), made.work(MANAGER) as uow:
                results.append(
                    factor_codes.use_recovery_code(
                        uow.session,
                        organisation_id=made.id,
                        now=uow.now,
                        member_id=member_id,
                        code=code,
                    )  # fmt: skip
                )

        threads = [threading.Thread(target=try_it) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(results) == [False] * 7 + [True]
