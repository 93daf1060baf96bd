"""Following promises by e-mail: asked, confirmed, told, stopped, forgotten."""

import datetime as dt

import pytest

from promises.flows import subscribe
from promises.flows.decide_proposal import publish
from promises.flows.pause_promise import pause_promise
from promises.flows.send_messages import Post, send_due
from promises.flows.tell_subscribers import Told, tell_subscribers
from promises.identity import keys
from promises.identity.errors import LinkExpired
from promises.kernel.actors import Role
from promises.kernel.errors import Refused
from promises.notify.channels import EmailCarrier, Mailbox
from promises.notify.models import Channel
from promises.notify.subscriptions import LETTERS_A_DAY
from tests.factories.catalogue import new_version
from tests.flows.ground import World
from tests.notify.mailserver import mail_server

pytestmark = pytest.mark.usefixtures("as_application")

BASE = "https://promises.example"


@pytest.fixture
def world():
    return World()


def ask(world, address="maija@example.fi", **more):
    with world.work(None) as uow:
        subscribe.ask(uow, address=address, locale="fi", **more)


def secrets(world):
    """The paths that the letters of the outbox lead to, oldest first."""
    with world.work(None) as uow:
        key = keys.organisation_key(uow.session, organisation_id=world.made.id, purpose="contact")
    found = world.rows("SELECT secret_sealed FROM messages ORDER BY created_at, id")
    return [keys.unseal(key, row.secret_sealed) for row in found if row.secret_sealed]


def token(path):
    return path.partition("?")[0].rpartition("/")[2]


def follow(world, address="maija@example.fi", **more):
    ask(world, address, **more)
    with world.work(None) as uow:
        subscribe.confirm(uow, token=token(secrets(world)[-1]))


def tell(world):
    with world.work(None) as uow:
        return tell_subscribers(uow)


def subscriptions(world):
    return world.rows("SELECT * FROM subscriptions ORDER BY asked_at")


def test_nothing_is_sent_before_the_address_is_confirmed(world):
    ask(world)
    assert [row.confirmed_at for row in subscriptions(world)] == [None]
    pause(world)
    assert tell(world) == Told(0, 0)
    path = secrets(world)[0]
    with world.work(None) as uow:
        assert subscribe.look(uow, token=token(path)) == {}
    with world.work(None) as uow:
        subscribe.confirm(uow, token=token(path))
    with pytest.raises(LinkExpired), world.work(None) as uow:
        subscribe.confirm(uow, token=token(path))
    assert [row.token_mac for row in subscriptions(world)] == [None]


def test_address_is_sealed_and_stands_in_no_other_row(world):
    ask(world, "Maija.Meikäläinen@Example.FI")
    with world.work(None) as uow:
        raw = uow.session.connection().exec_driver_sql("SELECT s::text, c::text, m::text FROM"
            " subscriptions s JOIN contacts c ON c.id = s.contact_id"
            " JOIN messages m ON m.contact_id = c.id").one()  # fmt: skip
    assert not [text for text in raw if "maija" in text.casefold()]
    assert token(secrets(world)[0]) not in " ".join(raw)


def test_asking_again_sends_a_new_link_and_enough_is_enough(world):
    for _ in range(LETTERS_A_DAY + 2):
        ask(world)
    paths = secrets(world)
    assert len(paths) == LETTERS_A_DAY
    assert len(subscriptions(world)) == 1
    with pytest.raises(LinkExpired), world.work(None) as uow:
        subscribe.confirm(uow, token=token(paths[0]))
    with world.work(None) as uow:
        subscribe.confirm(uow, token=token(paths[-1]))
    ask(world)  # who follows already gets no letter, and nobody is told
    assert len(secrets(world)) == LETTERS_A_DAY


def test_what_is_no_address_is_refused_and_leaves_nothing(world):
    with pytest.raises(Refused):
        ask(world, "not an address")
    assert subscriptions(world) == []
    assert world.rows("SELECT * FROM contacts") == []


def test_unconfirmed_address_is_forgotten_after_seven_days(world):
    ask(world)
    world.later(days=6, hours=23)
    assert tell(world).forgotten == 0
    world.later(hours=1)
    assert tell(world).forgotten == 1
    assert subscriptions(world) == []
    contact = world.one("SELECT address_sealed, address_index FROM contacts")
    assert (contact.address_sealed, contact.address_index) == (None, b"")


def pause(world):
    with world.work(Role.MANAGER) as uow:
        pause_promise(
            uow, promise_id=world.published.promise_id, branch_id=None,
            starts_at=uow.now, ends_at=uow.now + dt.timedelta(hours=4),
            reasons={"fi": "Sähkökatko.", "en": "No power."},
        )  # fmt: skip


def test_news_reach_those_who_follow_once_in_their_language(world):
    follow(world)
    world.later(minutes=1)
    with world.work(Role.MANAGER) as uow:
        other = publish(uow, version=new_version(uow.now, slug="other", title="Other"))
    follow(world, "other@example.fi", promise_slug="other")
    world.later(minutes=1)
    pause(world)
    # the new promise and the pause, to who follows all
    assert [tell(world).letters for _ in range(2)] == [2, 0]
    assert other.promise_id != world.published.promise_id
    world.later(hours=4)
    assert [tell(world).letters for _ in range(2)] == [1, 0]  # the pause is over
    with mail_server() as server:
        mailbox = Mailbox("127.0.0.1", server.port, "plain")
        post = Post({Channel.EMAIL: EmailCarrier(mailbox, "promises@bank.example")}, BASE)
        with world.at(world.now):
            send_due(world.made.id, post)
        letters = [one for one in server.received if "List-Unsubscribe" in one]
        subjects = [one["Subject"] for one in letters]
    assert [one.partition(":")[0] for one in subjects] == [
        "Uusi lupaus", "Lupaus on tauolla", "Tauko on päättynyt"
    ]  # fmt: skip
    body = letters[1].get_content()
    assert "Sähkökatko." in body
    assert f"{BASE}/o/{world.made.slug}/p/" in body
    assert letters[1]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    stop_link = letters[1]["List-Unsubscribe"].strip("<>")
    assert stop_link in body
    with world.work(None) as uow:
        subscribe.stop(uow, token=token(stop_link))
        subscribe.stop(uow, token=token(stop_link))
    assert len(subscriptions(world)) == 1
    assert world.one("SELECT count(*) AS n FROM contacts WHERE erased_at IS NOT NULL").n == 1


def test_a_stranger_cannot_stop_the_letters_of_others(world):
    follow(world)
    with pytest.raises(LinkExpired), world.work(None) as uow:
        subscribe.stop(uow, token=token(secrets(world)[0]))
    assert len(subscriptions(world)) == 1


def test_month_is_told_in_one_letter_in_the_morning_after_it(world):
    follow(world)
    ticket = world.take()
    world.call()
    world.log(ticket.ticket_id, "service_started")
    tell(world)
    world.now = dt.datetime(2026, 4, 1, 2, 0, tzinfo=dt.UTC)  # five in Helsinki
    assert tell(world).letters == 0
    world.later(hours=2)
    assert [tell(world).letters for _ in range(2)] == [1, 0]
    row = world.one("SELECT params FROM messages WHERE kind = 'followed_news'"
                    " ORDER BY created_at DESC LIMIT 1")  # fmt: skip
    (item,) = row.params["items"]
    assert (item["month_on"], item["counts"]) == ("2026-03-01", [1, 0, 0])


def test_batch_that_was_cut_off_goes_on_where_it_was(world, monkeypatch):
    monkeypatch.setattr("promises.flows.tell_subscribers.BATCH", 2)
    for number in range(3):
        follow(world, f"one{number}@example.fi")
    world.later(minutes=1)
    pause(world)
    assert [tell(world).letters for _ in range(3)] == [2, 1, 0]
    told = world.one("SELECT count(DISTINCT contact_id) AS n FROM messages"
                     " WHERE kind = 'followed_news'")  # fmt: skip
    assert told.n == 3
