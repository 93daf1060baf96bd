"""What all letters are made of."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from promises.kernel.text import Message, render
from promises.notify.models import MessageKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a letter may speak of. `link` is whole, and so is the one that stops such letters;
    `zone` is that of the branch or organisation; `matter` is the kind of the ticket."""

    kind: MessageKind
    locale: str
    organisation: str
    zone: str
    link: str | None = field(default=None, repr=False)
    stop_link: str | None = field(default=None, repr=False)
    branch: str = ""
    label: str = ""
    matter: str = "visit"
    name: str = ""
    expires_at: dt.datetime | None = None
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Letter:
    subject: str
    paragraphs: tuple[str, ...]


def say(facts: Facts, msgid: str, /, **params: object) -> str:
    """The text in the reader's language, times in the zone of the letter."""
    return render(facts.locale, Message(msgid, params), facts.zone)
