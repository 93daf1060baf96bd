import dataclasses

import pytest

from config import MailServer, load_config
from promises.notify.channels import EmailCarrier, NotSetUp, TextByMail
from promises.notify.models import Channel
from promises.worker.post import post_office


@pytest.fixture
def config(server):
    return dataclasses.replace(load_config(), base_url="https://promises.example")


def test_without_settings_nothing_is_set_up_and_says_so(config):
    post = post_office(config)
    assert post.base_url == "https://promises.example"
    assert post.carriers == {
        Channel.EMAIL: NotSetUp("no mail server is set up"),
        Channel.SMS: NotSetUp("no SMS service is set up"),
    }


@pytest.mark.parametrize(
    ("host", "demo", "texts"),
    [
        ("127.0.0.1", True, True),
        ("localhost", True, True),
        ("mail.example", True, False),
        ("127.0.0.1", False, False),
    ],
)
def test_text_messages_go_to_the_catcher_of_a_demonstration_only(config, host, demo, texts):
    mail = MailServer(host, 1025)
    sender = "Lupaus <lupaus@bank.example>"
    post = post_office(dataclasses.replace(config, mail=mail, demo=demo, mail_from=sender))
    email = post.carriers[Channel.EMAIL]
    assert isinstance(email, EmailCarrier)
    assert email.sender == "lupaus@bank.example"
    assert isinstance(post.carriers[Channel.SMS], TextByMail) is texts
