import contextlib
import datetime as dt
import http.client
import smtplib

import pytest

from promises.notify.channels import EmailCarrier, Mailbox, Outcome, Parcel, TextByMail
from promises.simulation.catcher import Catch, catching, listen
from promises.simulation.catcher_page import preferred_locale


@pytest.fixture
def ports():
    smtp, pages = listen(0), listen(0)
    numbers = smtp.getsockname()[1], pages.getsockname()[1]
    with catching(smtp, pages):
        yield numbers


def get(port, path="/", **headers):
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as page:
        page.request("GET", path, headers=headers)
        answer = page.getresponse()
        return answer.status, answer.read().decode(), dict(answer.getheaders())


def parcel(**words):
    return Parcel(
        **{
            "key": "1",
            "recipient": "asiakas@example.com",
            "sender_name": "Säästöpankki",
            "subject": "Vuorosi: A001",
            "body": "Katso: http://127.0.0.1:8000/o/x/t/abc\n<script>alert(1)</script>",
            "sent_at": dt.datetime(2026, 3, 2, tzinfo=dt.UTC),
        }
        | words
    )


def test_mail_and_text_messages_show_on_the_page(ports):
    carrier = EmailCarrier(Mailbox("127.0.0.1", ports[0], "plain"), "lupaus@localhost")
    text = TextByMail(carrier, "sms.localhost")
    assert carrier.send(parcel()).outcome is Outcome.SENT
    assert text.send(parcel(recipient="+358401234567")).outcome is Outcome.SENT
    status, page, headers = get(ports[1])
    assert status == 200
    assert "<h2>Vuorosi: A001</h2>" in page
    assert "+358401234567@sms.localhost" in page
    assert '<a href="http://127.0.0.1:8000/o/x/t/abc"' in page
    assert "<script>" not in page
    assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_an_empty_catch_says_so_in_the_readers_language(ports):
    assert "Nothing has been sent yet." in get(ports[1])[1]
    assert '<html lang="sv">' in get(ports[1], **{"Accept-Language": "sv-FI,sv;q=0.9"})[1]


@pytest.mark.parametrize(("path", "host", "status"), [("/x", None, 404), ("/", "evil.test", 421)])
def test_nothing_else_is_served(ports, path, host, status):
    headers = {"Host": host} if host else {}
    assert get(ports[1], path, **headers)[0] == status


def test_a_huge_mail_is_refused(ports):
    with smtplib.SMTP("127.0.0.1", ports[0]) as smtp, pytest.raises(smtplib.SMTPException):
        smtp.sendmail("a@b.fi", ["c@d.fi"], b"x" * 2_000_000)
    assert "Nothing has been sent yet." in get(ports[1])[1]


def test_only_the_newest_are_kept():
    catch = Catch(kept=2)
    for number in range(3):
        catch.add(["a@b.fi"], f"Subject: {number}\r\n\r\nhello".encode())
    assert [mail.subject for mail in catch.mails()] == ["2", "1"]


def test_a_mail_that_is_not_text_or_lies_about_its_charset_shows_without_a_body():
    catch = Catch()
    catch.add(["a@b.fi"], b"Subject: x\r\nContent-Type: image/png\r\n\r\n\x89PNG")
    catch.add(["a@b.fi"], b"Content-Type: text/plain; charset=none-such\r\n\r\nhello")
    catch.add(["a@b.fi"], b"")
    assert [mail.body for mail in catch.mails()][2] == ""


@pytest.mark.parametrize(
    ("accepted", "locale"), [("", "en"), ("de,fi;q=0.5", "fi"), ("EN-gb", "en"), ("*", "en")]
)
def test_the_language_is_the_first_that_we_speak(accepted, locale):
    assert preferred_locale(accepted) == locale
