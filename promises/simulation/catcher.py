"""The local mail catcher: takes all mail on loopback, keeps the newest, sends none on.

A reader sees it on a page of its own. Nothing is written to disk.
"""

import asyncio
import email
import socket
import threading
from collections import deque
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default
from http.server import ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from promises.simulation.catcher_page import make_handler

LOOPBACK = "127.0.0.1"
KEPT = 200
LARGEST = 1_000_000


@dataclass(frozen=True, slots=True)
class CaughtMail:
    """`to` as the sender handed it over, so that blind copies would show as well."""

    number: int
    to: tuple[str, ...]
    sender: str
    subject: str
    date: str
    body: str


class Catch:
    """The newest mails, newest first. Safe to use from several threads."""

    def __init__(self, kept: int = KEPT) -> None:
        self._lock = threading.Lock()
        self._mails: deque[CaughtMail] = deque(maxlen=kept)
        self._count = 0

    def add(self, recipients: list[str], content: bytes) -> None:
        message = email.message_from_bytes(content, policy=default)
        with self._lock:
            self._count += 1
            self._mails.appendleft(
                CaughtMail(
                    number=self._count,
                    to=tuple(recipients),
                    sender=str(message.get("From", "")),
                    subject=str(message.get("Subject", "")),
                    date=str(message.get("Date", "")),
                    body=_text_of(message),
                )
            )

    def mails(self) -> list[CaughtMail]:
        with self._lock:
            return list(self._mails)


def _text_of(message: EmailMessage) -> str:
    part = message.get_body(preferencelist=("plain",))
    if part is None:
        return ""
    try:
        return str(part.get_content())
    except (LookupError, ValueError):  # a charset that nobody knows, or that it is not in
        return ""


class _Handler:
    """What aiosmtpd calls when a mail has come in."""

    def __init__(self, catch: Catch) -> None:
        self._catch = catch

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        content: Any = envelope.content
        self._catch.add(list(envelope.rcpt_tos), bytes(content))
        return "250 Caught"


class _OnSocket(Controller):
    """Serves a socket that listens already."""

    def __init__(self, handler: _Handler, listening: socket.socket) -> None:
        host, port = listening.getsockname()
        super().__init__(handler, hostname=host, port=port, data_size_limit=LARGEST)
        self._listening = listening

    def _create_server(self) -> Awaitable[asyncio.AbstractServer]:
        return self.loop.create_server(self._factory_invoker, sock=self._listening)


@contextmanager
def catching(smtp: socket.socket, http: socket.socket) -> Iterator[Catch]:
    """Serve these listening loopback sockets for as long as the block lasts, then close them."""
    catch = Catch()
    pages = ThreadingHTTPServer(
        http.getsockname(), make_handler(catch.mails), bind_and_activate=False
    )
    pages.socket.close()
    pages.socket = http
    pages.daemon_threads = True
    serving = threading.Thread(target=pages.serve_forever, daemon=True)
    mail = _OnSocket(_Handler(catch), smtp)
    mail.start()
    serving.start()
    try:
        yield catch
    finally:
        mail.stop()
        pages.shutdown()
        pages.server_close()


def listen(port: int) -> socket.socket:
    """A listening loopback socket. Raises OSError where the port is taken."""
    return socket.create_server((LOOPBACK, port))
