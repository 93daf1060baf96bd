"""The delivery log as the administrator's browser shows it."""

import pytest

from promises.db.session import unit_of_work
from promises.kernel.actors import SYSTEM, Role
from promises.notify.actions import NewMessage, claim_next, enqueue, record_try
from promises.notify.channels import Outcome, Result
from promises.notify.models import Channel, MessageKind
from tests.factories.identity import make_organisation
from tests.parts import check_page
from tests.web.staff import sign_in

pytestmark = pytest.mark.usefixtures("as_application")


def put(made, count, result=None):
    with unit_of_work(made.id, SYSTEM) as uow:
        common = {"organisation_id": made.id, "now": uow.now}
        messages = [
            NewMessage(
                kind=MessageKind.RESET, channel=Channel.EMAIL, locale="en",
                member_id=made.members[Role.CLERK], dedupe_key=f"{result} {number}",
                secret="/o/somewhere/reset/secret",
            )
            for number in range(count)
        ]  # fmt: skip
        enqueue(uow.session, messages=messages, **common)
        if result is not None:
            claimed = claim_next(uow.session, **common)
            record_try(uow.session, claimed=claimed, result=result, **common)


def page(client, made, role=Role.ADMINISTRATOR, **query):
    sign_in(client, made, role)
    return client.get(f"/o/{made.slug}/staff/messages", query_string=query)


def test_log_shows_what_became_of_each_message_and_no_address(client):
    made = make_organisation()
    put(made, 1, Result(Outcome.REFUSED, "SMTP 550"))
    put(made, 1, Result(Outcome.NO_SERVICE, "no mail server is set up"))
    text = check_page(page(client, made)).text
    assert "It was refused for good. (SMTP 550)" in text
    assert "No service is set up for this channel." in text
    assert "secret" not in text
    assert "@" not in text


def test_long_log_goes_on_on_the_next_page(client):
    made = make_organisation()
    put(made, 51)
    first = page(client, made)
    assert first.text.count("New password") == 50
    after = first.text.partition("after=")[2].partition('"')[0]
    assert page(client, made, after=after).text.count("New password") == 1
    assert page(client, made, after="nonsense").status_code == 200


def test_empty_log_says_so(client):
    assert "Nothing was sent yet." in check_page(page(client, make_organisation())).text


def test_clerk_may_not_read_the_log(client):
    assert page(client, make_organisation(), Role.CLERK).status_code == 403


def test_another_organisations_messages_do_not_show(client):
    made = make_organisation()
    put(make_organisation(), 1)
    assert "Nothing was sent yet." in page(client, made).text
