"""The ways by which a message leaves the house, all behind one small interface.

A carrier is called with no transaction open. It answers what became of the try and never raises
for what the other side does. `detail` goes into the delivery log: codes and class names only, as
a mail server's own words often quote the address.
"""

import datetime as dt
import enum
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Protocol

TIMEOUT_S = 10.0


class Outcome(enum.StrEnum):
    """What became of one try, as the delivery log names it."""

    SENT = "sent"
    PUT_OFF = "put_off"  # a fault that may pass; tried again
    REFUSED = "refused"  # the other side will never take it
    GIVEN_UP = "given_up"  # the last try was put off as well
    NO_SERVICE = "no_service"  # this channel is not set up
    ERASED = "erased"  # the address is gone
    TOO_LATE = "too_late"  # the moment has passed


@dataclass(frozen=True, slots=True)
class Result:
    outcome: Outcome
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Parcel:
    """A letter that is ready to go. `key` is the same at every try, so that a reader's mail program
    can recognise a repetition. A text message has no subject. Whoever follows news has a
    `stop_link`, which the mail program can press."""

    key: str
    recipient: str = field(repr=False)
    sender_name: str
    subject: str
    body: str = field(repr=False)
    sent_at: dt.datetime
    stop_link: str | None = field(default=None, repr=False)


class Carrier(Protocol):
    """A way of sending."""

    def send(self, parcel: Parcel) -> Result:
        """Try once, within bounded time."""
        ...


@dataclass(frozen=True, slots=True)
class NotSetUp:
    """Stands where no service is: says so in the log instead of keeping silent."""

    detail: str

    def send(self, parcel: Parcel) -> Result:
        return Result(Outcome.NO_SERVICE, self.detail)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mail server that takes our mail. `security` is plain, starttls or tls."""

    host: str
    port: int
    security: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class EmailCarrier:
    """E-mail by SMTP. `sender` is a bare address."""

    server: Mailbox
    sender: str
    timeout_s: float = TIMEOUT_S

    def send(self, parcel: Parcel) -> Result:
        try:
            message = self._message(parcel)
        except (ValueError, IndexError, HeaderParseError) as error:
            return Result(Outcome.REFUSED, f"unusable address: {type(error).__name__}")
        try:
            with self._connected() as smtp:
                smtp.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            code = max(code for code, _ in error.recipients.values())
            return _answered(code)
        except smtplib.SMTPDataError as error:
            return _answered(error.smtp_code)
        except smtplib.SMTPResponseException as error:
            # greeting, sign-in or sender: a fault of the set-up, which somebody will mend
            return Result(Outcome.PUT_OFF, f"{type(error).__name__} {error.smtp_code}")
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            return Result(Outcome.PUT_OFF, type(error).__name__)
        return Result(Outcome.SENT)

    def reach(self) -> None:
        """Greet the server and sign in, sending nothing. Raises SMTPException or OSError."""
        with self._connected() as smtp:
            smtp.noop()

    def _message(self, parcel: Parcel) -> EmailMessage:
        recipient = Address(addr_spec=parcel.recipient)
        if not recipient.domain or not parcel.recipient.isprintable():
            raise ValueError("not an address")
        message = EmailMessage(policy=SMTP)
        message["From"] = Address(one_line(parcel.sender_name), addr_spec=self.sender)
        message["To"] = recipient
        message["Subject"] = one_line(parcel.subject)
        message["Date"] = format_datetime(parcel.sent_at)
        message["Message-ID"] = f"<{parcel.key}@{self.sender.partition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        if parcel.stop_link is not None:
            message["List-Unsubscribe"] = f"<{parcel.stop_link}>"
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
        message.set_content(parcel.body, cte="quoted-printable")
        return message

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        server = self.server
        if server.security == "tls":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=self.timeout_s,
                context=ssl.create_default_context(),
            )  # fmt: skip
        else:
            smtp = smtplib.SMTP(server.host, server.port, timeout=self.timeout_s)
        with smtp:
            if server.security == "starttls":
                smtp.starttls(context=ssl.create_default_context())
            if server.user is not None:
                smtp.login(server.user, server.password or "")
            yield smtp


@dataclass(frozen=True, slots=True)
class TextByMail:
    """Text messages through a gateway that takes them as mail to number@domain."""

    email: EmailCarrier
    domain: str

    def send(self, parcel: Parcel) -> Result:
        number = "".join(c for c in parcel.recipient if c.isascii() and (c.isdigit() or c == "+"))
        if not number:
            return Result(Outcome.REFUSED, "unusable number")
        return self.email.send(
            Parcel(
                key=parcel.key,
                recipient=f"{number}@{self.domain}",
                sender_name=parcel.sender_name,
                subject="",
                body=parcel.body,
                sent_at=parcel.sent_at,
            )
        )


def one_line(text: str) -> str:
    """For a header: no line break and no other control character, whatever a name holds."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _answered(code: int) -> Result:
    outcome = Outcome.REFUSED if code >= 500 else Outcome.PUT_OFF
    return Result(outcome, f"SMTP {code}")
