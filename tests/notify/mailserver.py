"""A real SMTP server on loopback, told by a test how to answer."""

import contextlib
import email
import email.policy
import socket
import threading
import time

from aiosmtpd.controller import Controller


class Server:
    """`answer` is what the server says to a recipient; `received` are parsed messages."""

    def __init__(self):
        self.received = []
        self.recipients = []
        self.answer = "250 OK"
        self.answer_to_data = "250 OK"
        self.pause = 0.0
        self.arrived = threading.Event()
        self.port = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answer

    async def handle_DATA(self, server, session, envelope):
        self.recipients += envelope.rcpt_tos
        self.received.append(
            email.message_from_bytes(envelope.content, policy=email.policy.default)
        )
        self.arrived.set()
        time.sleep(self.pause)
        return self.answer_to_data


def free_port():
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as found:
        return found.getsockname()[1]


@contextlib.contextmanager
def mail_server():
    server = Server()
    server.port = free_port()
    controller = Controller(server, hostname="127.0.0.1", port=server.port)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()
