"""The carriers of this service, as its settings say."""

from email.utils import parseaddr
from ipaddress import ip_address

from config import Config, MailServer
from promises.flows.send_messages import Post
from promises.notify.channels import Carrier, EmailCarrier, Mailbox, NotSetUp, TextByMail
from promises.notify.models import Channel

CATCHER_DOMAIN = "sms.localhost"


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
