"""Passkeys: each made and shown once, by its member, in its time."""

import pytest

from promises.db.sql import one
from promises.flows import change_factors, second_step
from promises.flows.second_step import Proof
from promises.identity import ceremonies, members, passkeys
from promises.identity.errors import CeremonyOver, PasskeyRefused, TooManyPasskeys, WrongCredentials
from promises.identity.session_models import ShownBy
from promises.identity.sessions import member_by_session
from promises.kernel.actors import Role
from promises.kernel.errors import NotFound, Refused
from tests.factories.authenticator import Authenticator
from tests.factories.identity import add_member, make_organisation
from tests.factories.second_steps import SITE, give_passkey, session_of
from tests.identity.second_steps import MANAGER, NOON, add, adding, at, count_passkeys


@pytest.fixture
def made(as_application):
    return make_organisation()


@pytest.fixture(scope="module")
def shared(bare_apps):
    with bare_apps[0].app_context():
        return make_organisation()


LIES = [
    {"verified": False},
    {"host": "evil.example"},
    {"origin": "http://evil.example"},
    {"origin": "http://localhost:81"},
    {"challenge": "AAAA"},
    {"kind": "webauthn.other"},
]


class TestPasskeys:
    @pytest.mark.parametrize("lie", LIES, ids=str)
    def test_a_false_answer_adds_none_and_uses_the_challenge_up(self, shared, as_application, lie):
        member, challenge = adding(shared)
        device = Authenticator(SITE.origin)
        with pytest.raises(PasskeyRefused):
            add(shared, member, challenge, device.make(challenge.options, **lie))
        with pytest.raises(CeremonyOver):
            add(shared, member, challenge, device.make(challenge.options))
        assert count_passkeys(shared) == 0

    @pytest.mark.parametrize(
        "answer", ["", "{}", "[]", "null", "7", "{", "[" * 5000, '{"id":1}', '"x"', "x" * 30_000,
                   '{"id":"AA","rawId":"AA","type":"public-key","response":{}}',
                   '{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"",'
                   '"attestationObject":"AAAA","authenticatorData":"AA","signature":"AA"}}'],
        ids=range(12),
    )  # fmt: skip
    def test_rubbish_is_refused_and_never_an_error(self, shared, as_application, answer):
        member, challenge = adding(shared)
        with pytest.raises(PasskeyRefused):
            add(shared, member, challenge, answer)
        asked = second_step.begin_passkey_sign_in(shared.id, site=SITE)
        with pytest.raises(PasskeyRefused):
            proof = Proof(answer=answer or "?", token=asked.token)
            second_step.sign_in_by_passkey(shared.id, proof=proof, site=SITE)

    def test_a_challenge_is_good_for_its_session_and_ten_minutes(self, made):
        with at(NOON):
            member, challenge = adding(made)
            stranger = session_of(made, MANAGER)
            answer = Authenticator(SITE.origin).make(challenge.options)
            with pytest.raises(CeremonyOver):
                add(made, stranger, challenge, answer)
        with at(NOON + ceremonies.LASTS), pytest.raises(CeremonyOver):
            add(made, member, challenge, answer)

    def test_one_passkey_is_one_members(self, made):
        device, _ = give_passkey(made, MANAGER)
        member, challenge = adding(made)
        with pytest.raises(PasskeyRefused):
            add(made, member, challenge, device.make(challenge.options))
        assert challenge.options["excludeCredentials"]

    def test_there_are_at_most_ten_and_each_has_a_name(self, made):
        member, challenge = adding(made)
        with pytest.raises(Refused):
            add(made, member, challenge, Authenticator(SITE.origin).make(challenge.options), " ")
        for _ in range(passkeys.MOST):
            give_passkey(made, MANAGER)
        with pytest.raises(TooManyPasskeys):
            adding(made)

    def sign_in(self, made, device, **lies):
        challenge = second_step.begin_passkey_sign_in(made.id, site=SITE)
        assert challenge.options.get("allowCredentials", []) == []
        proof = Proof(answer=device.sign(challenge.options, **lies), token=challenge.token)
        return second_step.sign_in_by_passkey(made.id, proof=proof, site=SITE)

    def test_it_signs_in_without_a_password_and_the_sign_in_is_fresh(self, made):
        device, _ = give_passkey(made, MANAGER)
        came = self.sign_in(made, device)
        found = member_by_session(came.token)
        assert found.member_id == made.members[MANAGER]
        assert (found.shown_by, found.fresh) == (ShownBy.PASSKEY, True)

    @pytest.mark.parametrize("lie", [*LIES, {"handle": b"somebody else"}], ids=str)
    def test_a_false_answer_lets_nobody_in(self, made, lie):
        device, _ = give_passkey(made, MANAGER)
        with pytest.raises(PasskeyRefused):
            self.sign_in(made, device, **lie)
        with made.work() as uow:
            assert one(uow.session, "SELECT used_at FROM passkeys").used_at is None

    def test_an_answer_is_good_once(self, made):
        device, _ = give_passkey(made, MANAGER, counts=False)
        challenge = second_step.begin_passkey_sign_in(made.id, site=SITE)
        proof = Proof(answer=device.sign(challenge.options), token=challenge.token)
        second_step.sign_in_by_passkey(made.id, proof=proof, site=SITE)
        with pytest.raises(CeremonyOver):
            second_step.sign_in_by_passkey(made.id, proof=proof, site=SITE)

    def test_a_counter_that_goes_back_is_a_copy_and_refused(self, made):
        device, _ = give_passkey(made, MANAGER)
        self.sign_in(made, device)
        self.sign_in(made, device)
        device.count = 1
        with pytest.raises(PasskeyRefused):
            self.sign_in(made, device)
        device.counts, device.count = False, 0
        with pytest.raises(PasskeyRefused):
            self.sign_in(made, device)

    def test_a_device_without_a_counter_is_taken_as_it_is(self, made):
        device, _ = give_passkey(made, MANAGER, counts=False)
        self.sign_in(made, device)
        assert self.sign_in(made, device)

    def test_neither_an_ended_passkey_nor_one_of_another_organisation_lets_in(self, made):
        device, passkey_id = give_passkey(made, MANAGER)
        with pytest.raises(PasskeyRefused):
            self.sign_in(make_organisation(), device)
        with pytest.raises(NotFound), made.work(Role.ACCOUNTANT) as uow:
            change_factors.remove_passkey(
                uow, member_id=made.members[Role.ACCOUNTANT], passkey_id=passkey_id
            )
        assert self.sign_in(made, device)
        with made.work(MANAGER) as uow:
            change_factors.remove_passkey(
                uow, member_id=made.members[MANAGER], passkey_id=passkey_id
            )
        with pytest.raises(PasskeyRefused):
            self.sign_in(made, device)

    def test_somebody_deactivated_does_not_come_in(self, made):
        with made.work(None) as uow:
            add_member(uow, role=Role.ADMINISTRATOR)
        device, _ = give_passkey(made, MANAGER)
        with made.work(Role.ADMINISTRATOR) as uow:
            members.deactivate_member(
                uow.session, organisation_id=made.id, actor=uow.actor, now=uow.now,
                member_id=made.members[MANAGER],
            )  # fmt: skip
        with pytest.raises(WrongCredentials):
            self.sign_in(made, device)
