"""What app.py hands to the worker."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from ipaddress import ip_address

from flask import Flask

from config import Config, MailServer
from promises.flows.send_messages import Post
from promises.notify.channels import Carrier, EmailCarrier, Mailbox, NotSetUp, TextByMail
from promises.notify.models import Channel
from promises.payouts.rails.base import Rails
from promises.worker.queue import TaskRunner

EXTENSION = "lupaus.worker"
CATCHER_DOMAIN = "sms.localhost"


@dataclass(frozen=True)
class Wiring:
    """`make_app` builds the service as the worker's database role; `jobs` by task name."""

    make_app: Callable[[], Flask]
    rails: Rails
    jobs: Mapping[str, TaskRunner]


def post_office(config: Config) -> Post:
    """Carriers for what is set up. The local catcher of a demonstration takes text messages too;
    elsewhere there is no SMS service, and the delivery log says so."""
    email: Carrier = NotSetUp("no mail server is set up")
    sms: Carrier = NotSetUp("no SMS service is set up")
    if config.mail is not None:
        email = carrier = email_carrier(config.mail, config.mail_from)
        if config.demo and _is_loopback(config.mail.host):
            sms = TextByMail(carrier, CATCHER_DOMAIN)
    return Post({Channel.EMAIL: email, Channel.SMS: sms}, config.base_url)


def email_carrier(server: MailServer, sender: str) -> EmailCarrier:
    mailbox = Mailbox(server.host, server.port, server.security, server.user, server.password)
    return EmailCarrier(mailbox, parseaddr(sender)[1])


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
