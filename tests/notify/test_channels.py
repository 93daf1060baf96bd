import datetime as dt
import socket

import pytest

from promises.notify.channels import (
    EmailCarrier,
    Mailbox,
    NotSetUp,
    Outcome,
    Parcel,
    TextByMail,
)
from tests.notify.mailserver import free_port, mail_server


@pytest.fixture
def mailbox():
    with mail_server() as running:
        yield running


def carrier(port, **words):
    return EmailCarrier(Mailbox("127.0.0.1", port, "plain", **words), "lupaus@bank.example", 2.0)


def parcel(**words):
    return Parcel(
        **{
            "key": "0190",
            "recipient": "asiakas@example.com",
            "sender_name": "Kaarnalahden Säästöpankki",
            "subject": "Vuorosi on lähellä: A042",
            "body": "Hei, hyvä asiakas.\n\nhttps://promises.example/o/bank/t/" + "x" * 90 + "\n",
            "sent_at": dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC),
        }
        | words
    )


def test_a_mail_arrives_as_it_was_written(mailbox):
    result = carrier(mailbox.port).send(parcel())
    (message,) = mailbox.received
    assert result.outcome is Outcome.SENT
    assert mailbox.recipients == ["asiakas@example.com"]
    assert message["Subject"] == "Vuorosi on lähellä: A042"
    assert message["From"].addresses[0].display_name == "Kaarnalahden Säästöpankki"
    assert message["From"].addresses[0].addr_spec == "lupaus@bank.example"
    assert message["Message-ID"] == "<0190@bank.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content().replace("\r\n", "\n") == parcel().body


def test_line_breaks_in_names_make_no_new_header(mailbox):
    evil = "Bank\r\nBcc: other@example.com"
    result = carrier(mailbox.port).send(parcel(sender_name=evil, subject=evil + "\x00\x0b"))
    (message,) = mailbox.received
    assert result.outcome is Outcome.SENT
    assert mailbox.recipients == ["asiakas@example.com"]
    assert message["Bcc"] is None
    assert message["Subject"] == "Bank Bcc: other@example.com"


@pytest.mark.parametrize(
    "address",
    ["", "nobody", "a@", "a@b\r\nBcc: c@d", "a@b, c@d", "<a@b> x", "a\x00@example.com"],
)
def test_an_unusable_address_is_refused_and_nothing_is_sent(mailbox, address):
    assert carrier(mailbox.port).send(parcel(recipient=address)).outcome is Outcome.REFUSED
    assert mailbox.received == []


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [("550 asiakas@example.com unknown", Outcome.REFUSED), ("451 later", Outcome.PUT_OFF)],
)
def test_what_the_server_says_of_a_recipient_decides(mailbox, answer, outcome):
    mailbox.answer = answer
    result = carrier(mailbox.port).send(parcel())
    assert result.outcome is outcome
    assert result.detail == f"SMTP {answer[:3]}"  # and not the address that the mailbox repeats


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [("554 no", Outcome.REFUSED), ("452 full", Outcome.PUT_OFF)],
)
def test_what_the_server_says_of_the_content_decides(mailbox, answer, outcome):
    mailbox.answer_to_data = answer
    assert carrier(mailbox.port).send(parcel()).outcome is outcome


def test_nobody_listening_puts_off():
    result = carrier(free_port()).send(parcel())
    assert (result.outcome, result.detail) == (Outcome.PUT_OFF, "ConnectionRefusedError")


def test_a_silent_server_puts_off_within_the_time_limit():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mute = EmailCarrier(
            Mailbox("127.0.0.1", silent.getsockname()[1], "plain"), "lupaus@bank.example", 0.2
        )
        assert mute.send(parcel()).outcome is Outcome.PUT_OFF


def test_a_server_without_the_wanted_encryption_gets_nothing(mailbox):
    wanting = EmailCarrier(
        Mailbox("127.0.0.1", mailbox.port, "starttls"), "lupaus@bank.example", 2.0
    )
    assert wanting.send(parcel()).outcome is Outcome.PUT_OFF
    assert mailbox.received == []


def test_a_refused_sign_in_puts_off_and_sends_nothing(mailbox):
    signing_in = carrier(mailbox.port, user="lupaus", password="wrong")
    assert signing_in.send(parcel()).outcome is Outcome.PUT_OFF
    assert mailbox.received == []


def test_reach_greets_without_sending(mailbox):
    carrier(mailbox.port).reach()
    assert mailbox.received == []
    with pytest.raises(OSError):
        carrier(free_port()).reach()


def test_a_text_message_goes_to_the_gateway_under_its_number(mailbox):
    text = TextByMail(carrier(mailbox.port), "sms.localhost")
    result = text.send(parcel(recipient="+358 40 123 4567", subject="left out"))
    assert result.outcome is Outcome.SENT
    assert mailbox.recipients == ["+358401234567@sms.localhost"]
    assert mailbox.received[0]["Subject"] == ""
    assert text.send(parcel(recipient="?")).outcome is Outcome.REFUSED


def test_a_channel_that_is_not_set_up_says_so():
    result = NotSetUp("no SMS service is set up").send(parcel())
    assert (result.outcome, result.detail) == (Outcome.NO_SERVICE, "no SMS service is set up")
